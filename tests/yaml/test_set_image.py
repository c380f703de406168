"""`set_image` on the case file, byte for byte, and the promises that hold for every case."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from yaml_cases import Case, read_cases

import gitops_tool
from gitops_tool.errors import ImageError, YamlError
from gitops_tool.yamledit import set_image

CASES = read_cases(Path(__file__).with_name("set_image.cases"))
EDITED = [case for case in CASES if case.after is not None]
REFUSED = [case for case in CASES if case.after is None]
DIGEST = f"sha256:{'1' * 64}"


def bump(case: Case, before: bytes) -> bytes:
    return set_image(before, case.asked.get("name", "app"), tag=case.asked.get("tag"), digest=case.asked.get("digest"))


@pytest.mark.parametrize("case", EDITED, ids=str)
def test_the_edited_file_is_exactly(case: Case) -> None:
    assert bump(case, case.before) == case.after


@pytest.mark.parametrize("case", EDITED, ids=str)
def test_a_second_edit_changes_nothing(case: Case) -> None:
    assert case.after is not None
    assert bump(case, case.after) == case.after


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_the_refusal_says_exactly(case: Case) -> None:
    with pytest.raises(YamlError) as caught:
        bump(case, case.before)
    hint = f"{caught.value.hint}\n" if caught.value.hint else ""
    assert f"{caught.value}\n{hint}" == case.refusal
    assert caught.value.line > 0
    assert caught.value.column > 0


def test_the_table_is_as_large_as_promised() -> None:
    assert len(EDITED) >= 80
    assert len(REFUSED) >= 25
    assert len({case.title for case in CASES}) == len(CASES)


def test_a_value_that_is_set_already_gives_the_same_bytes() -> None:
    before = b"\xef\xbb\xbfimages:\r\n- name: app\r\n  newTag: v1\r\n"
    assert set_image(before, "app", tag="v1") == before


def test_the_package_exports_it() -> None:
    assert gitops_tool.set_image is set_image
    assert gitops_tool.YamlError is YamlError


def test_an_error_names_the_file_it_is_told() -> None:
    with pytest.raises(YamlError, match=r"^apps/web/kustomization\.yaml:1:1: "):
        set_image(b"resources: []\n", "app", tag="v1", path=PurePosixPath("apps/web/kustomization.yaml"))


@pytest.mark.parametrize(
    ("tag", "digest", "message"),
    [
        (None, None, "neither a tag nor a digest is given"),
        ("", None, "a tag is empty"),
        ("-v1", None, '"-v1" is not a valid tag: it begins with "-"'),
        ("v1\nx: y", None, '"v1\\nx: y" is not a valid tag: U+000A is not one of letters, digits, "_", "." and "-"'),
        ("v1", "sha256:12", '"sha256:12" is not a valid digest: sha256 needs 64 lower-case hexadecimal digits'),
    ],
)
def test_what_is_no_version_is_refused_before_the_file_is_read(
    tag: str | None, digest: str | None, message: str
) -> None:
    with pytest.raises(ImageError) as caught:
        set_image(b"\xff not YAML", "app", tag=tag, digest=digest)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused_by_name(encoding: str) -> None:
    with pytest.raises(YamlError, match=r"the file is UTF-(16|32)"):
        set_image("images: [{name: app, newTag: v1}]\n".encode(encoding), "app", tag="v2")


def test_a_byte_that_is_not_utf_8_is_refused_at_its_place() -> None:
    with pytest.raises(YamlError) as caught:
        set_image("images: []\n# für\n".encode("latin-1"), "app", tag="v2")
    assert str(caught.value) == "kustomization.yaml:2:4: byte 0xfc is not UTF-8"


def test_a_block_scalar_elsewhere_keeps_every_byte() -> None:
    script = b"".join(b"      line %d:  # not a comment \t\n\n" % number for number in range(200))
    before = b"patches:\n- patch: |+2\n" + script + b"images:\n- {name: app, newTag: 'v1'}\n"
    assert set_image(before, "app", tag="v2") == before.replace(b"'v1'", b"'v2'")
