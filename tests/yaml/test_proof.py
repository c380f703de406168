"""The proof behind every edit catches edits that are wrong; it is fed some here."""

from __future__ import annotations

import pytest

from gitops_tool.errors import YamlError
from gitops_tool.yamledit.entries import KUSTOMIZATION
from gitops_tool.yamledit.patch import Meaning, Patch, Splice, apply
from gitops_tool.yamlload.nodes import Stream, parse, scalar_signature
from gitops_tool.yamlload.source import read_source

FILE = "images:\n- name: app\n  newTag: v1 # c\nlast: 'x'\n"


def stream(text: str = FILE) -> Stream:
    return parse(read_source(text.encode(), KUSTOMIZATION))


def patch(old: str, new: str, value: str, style: str = "", text: str = FILE) -> Patch:
    """Replace the first `old` by `new`, and claim that the tag is then `value`."""
    start = text.index(old)
    event = next(index for index, entry in enumerate(stream(text).signatures) if "v1" in entry)
    return Patch((Splice(start, start + len(old), new),), (Meaning(event, 1, (scalar_signature(value, style),)),))


def test_a_right_edit_passes() -> None:
    assert apply(stream(), patch("v1", "v2", "v2")) == FILE.replace("v1", "v2").encode()


@pytest.mark.parametrize(
    ("old", "new", "value", "style", "message"),
    [
        ("v1", "v2\n  digest: x", "v2", "", ":3:11: the edit is refused: it would change more than the value"),
        ("v1", "v3", "v2", "", ":3:11: the edit is refused: it would change more than the value"),
        ("v1", "'v2'", "v2", '"', ":3:11: the edit is refused: it would change more than the value"),
        ("app", "apq", "v1", "", ":2:9: the edit is refused: it would change more than the value"),
        ("'x'", "'y'", "v1", "", ":4:7: the edit is refused: it would change more than the value"),
        ("v1", "1.10", "1.10", "", ":3:11: the edit is refused: the new value would not be read as a string"),
        ("v1", "y", "y", "", ":3:11: the edit is refused: the new value would not be read as a string"),
        ("v1", "{a: b", "v2", "", ":3:11: the edit is refused: the result would be not valid YAML: "),
        ("v1 # c", "v2 &c: d", "v2", "", ":3:11: the edit is refused: the result would be not valid YAML: "),
    ],
)
def test_a_wrong_edit_is_refused(old: str, new: str, value: str, style: str, message: str) -> None:
    with pytest.raises(YamlError) as caught:
        apply(stream(), patch(old, new, value, style))
    assert str(caught.value).startswith(f"{KUSTOMIZATION}{message}")
    assert caught.value.hint == "the file is left as it is; edit this place by hand"


def test_what_only_yaml_1_2_reads_differently_is_refused() -> None:
    """To libyaml and Go U+0085 ends the line and the comment; to YAML 1.2 it does not."""
    text = "a: v1\nb: c\n"
    wrong = Patch(
        (Splice(text.index("v1"), len("a: v1\n"), "v2 # c\x85"),),
        (Meaning(4, 1, (scalar_signature("v2", ""),)),),
    )
    with pytest.raises(YamlError, match=r":1:4: the edit is refused: YAML 1\.2 would read the result differently"):
        apply(stream(text), wrong)


def test_a_large_file_is_proven_by_libyaml_alone_and_quickly() -> None:
    text = FILE + "".join(f"key{number}: value\n" for number in range(8_000))
    assert apply(stream(text), patch("v1", "v2", "v2", text=text)) == text.replace("v1", "v2").encode()
    with pytest.raises(YamlError, match="it would change more than the value"):
        apply(stream(text), patch("app", "apq", "v1", text=text))
