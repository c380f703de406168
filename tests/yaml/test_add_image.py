"""`add_image` on the case file, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from yaml_cases import Case, read_cases

from gitops_tool.errors import ImageError, YamlError
from gitops_tool.yamledit import add_image, read_images

CASES = read_cases(Path(__file__).with_name("add_image.cases"))
ADDED = [case for case in CASES if case.after is not None]
REFUSED = [case for case in CASES if case.after is None]


def add(case: Case) -> bytes:
    asked = case.asked
    return add_image(
        case.before, "app", new_name=asked.get("new name"), tag=asked.get("tag"), digest=asked.get("digest")
    )


@pytest.mark.parametrize("case", ADDED, ids=str)
def test_the_file_with_the_entry_is_exactly(case: Case) -> None:
    assert add(case) == case.after


@pytest.mark.parametrize("case", ADDED, ids=str)
def test_the_entry_reads_back_and_all_else_is_as_before(case: Case) -> None:
    after = add(case)
    asked = case.asked
    entry = next(entry for entry in read_images(after) if entry.name == "app")
    assert (entry.new_name, entry.new_tag, entry.digest) == (
        asked.get("new name"),
        asked.get("tag"),
        asked.get("digest"),
    )
    before, loaded = (next(iter(yaml.safe_load_all(data))) for data in (case.before, after))
    assert loaded["images"][:-1] == (before.pop("images", None) or [])
    del loaded["images"]
    assert loaded == before


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_the_refusal_says_exactly(case: Case) -> None:
    with pytest.raises(YamlError) as caught:
        add(case)
    hint = f"{caught.value.hint}\n" if caught.value.hint else ""
    assert f"{caught.value}\n{hint}" == case.refusal


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ImageError, match='"App" is not a valid image name: it must be lower case'):
        add_image(b"resources: []\n", "App", tag="v1")
    with pytest.raises(ImageError, match="neither a tag nor a digest is given"):
        add_image(b"resources: []\n", "app")
