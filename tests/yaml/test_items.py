"""Items of lists and values of mappings: added, taken out and set, every other byte as it was."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
import yaml

from gitops_tool.errors import YamlError
from gitops_tool.yamledit.items import add_item, remove_item, remove_value, set_value

PATH = PurePosixPath("argocd/project.yaml")
KIND = {"group": "", "kind": "Service"}

ADDED = {
    "below the last text": ("r:\n  - a.yaml\n", ("r",), "b.yaml", "r:\n  - a.yaml\n  - b.yaml\n"),
    "dashes at the margin": ("r:\n- a\nz: 1\n", ("r",), "b", "r:\n- a\n- b\nz: 1\n"),
    "behind a comment on the line": ("r:\n  - a # one\n# two\n", ("r",), "b", "r:\n  - a # one\n  - b\n# two\n"),
    "no newline at the end": ("r:\n  - a", ("r",), "b", "r:\n  - a\n  - b"),
    "CRLF": ("r:\r\n  - a\r\n", ("r",), "b", "r:\r\n  - a\r\n  - b\r\n"),
    "a byte order mark": ("\ufeffr:\n  - a\n", ("r",), "b", "\ufeffr:\n  - a\n  - b\n"),
    "in the quotes of the others": ("r:\n  - 'a'\n", ("r",), "b", "r:\n  - 'a'\n  - 'b'\n"),
    "what is no text unquoted": ("r:\n  - a\n", ("r",), "on", 'r:\n  - a\n  - "on"\n'),
    "a flow list": ("r: [a, b]\n", ("r",), "c", "r: [a, b, c]\n"),
    "a flow list over lines": ("r: [\n  a,\n  b\n]\n", ("r",), "c", "r: [\n  a,\n  b,\n  c\n]\n"),
    "an empty list": ("r: []\nz: 1\n", ("r",), "a", "r:\n  - a\nz: 1\n"),
    "nothing": ("r:\nz:\n- 1\n", ("r",), "a", "r:\n- a\nz:\n- 1\n"),
    "no such key": ("spec:\n  a: 1\nz: 1\n", ("spec", "r"), "a", "spec:\n  a: 1\n  r:\n    - a\nz: 1\n"),
    "a mapping": (
        "spec:\n  l:\n    - group: apps\n      kind: Deployment\n",
        ("spec", "l"),
        KIND,
        'spec:\n  l:\n    - group: apps\n      kind: Deployment\n    - group: ""\n      kind: Service\n',
    ),
    "a mapping with wide dashes": (
        "l:\n-   group: ''\n    kind: Pod\n",
        ("l",),
        KIND,
        "l:\n-   group: ''\n    kind: Pod\n-   group: ''\n    kind: Service\n",
    ),
    "mappings in flow style": (
        "l:\n  - {group: apps, kind: Deployment}\n",
        ("l",),
        KIND,
        'l:\n  - {group: apps, kind: Deployment}\n  - {group: "", kind: Service}\n',
    ),
    "JSON": ('{"l": [{"group": "x"}]}', ("l",), {"group": "y"}, '{"l": [{"group": "x"}, {"group": "y"}]}'),
}


@pytest.mark.parametrize(("before", "pointer", "item", "after"), ADDED.values(), ids=ADDED)
def test_an_item_is_added(before: str, pointer: tuple[str, ...], item: str | dict[str, str], after: str) -> None:
    assert add_item(before.encode(), pointer, item, path=PATH).decode() == after


@pytest.mark.parametrize(
    ("before", "pointer", "item"),
    [case[:3] for name, case in ADDED.items() if name not in {"no such key", "nothing"}],
    ids=[name for name in ADDED if name not in {"no such key", "nothing"}],
)
def test_taking_the_added_item_out_gives_the_same_bytes(
    before: str, pointer: tuple[str, ...], item: str | dict[str, str]
) -> None:
    after = add_item(before.encode(), pointer, item, path=PATH)
    values = yaml.safe_load(after.decode("utf-8-sig"))
    for key in pointer:
        values = values[key]
    assert values[-1] == item
    assert remove_item(after, (*pointer, len(values) - 1), path=PATH).decode() == before


REMOVED = {
    "the first": ("r:\n  - a\n  - b\n", ("r", 0), "r:\n  - b\n"),
    "the middle one with its comment": ("r:\n  - a\n  - b # why\n  - c\n", ("r", 1), "r:\n  - a\n  - c\n"),
    "the only one": ("r:\n  - a\nz: 1\n", ("r", 0), "r: []\nz: 1\n"),
    "a mapping": ("r:\n  - a: 1\n    b: 2\n  - a: 3\n", ("r", 0), "r:\n  - a: 3\n"),
    "of a flow list": ("r: [a, b, c]\n", ("r", 0), "r: [b, c]\n"),
    "a comment above stays": ("r:\n  # these\n  - a\n  - b\n", ("r", 0), "r:\n  # these\n  - b\n"),
}


@pytest.mark.parametrize(("before", "pointer", "after"), REMOVED.values(), ids=REMOVED)
def test_an_item_is_taken_out(before: str, pointer: tuple[str | int, ...], after: str) -> None:
    assert remove_item(before.encode(), pointer, path=PATH).decode() == after


def test_a_value_is_set_or_added_and_taken_out_again() -> None:
    before = b"spec:\n  project: a # mine\n  destination:\n    server: x\nz: 1\n"
    changed = set_value(before, ("spec", "project"), "b", path=PATH)
    assert changed == before.replace(b"project: a", b"project: b")
    added = set_value(before, ("spec", "destination", "namespace"), "on", path=PATH)
    assert added == before.replace(b"server: x\n", b'server: x\n    namespace: "on"\n')
    assert remove_value(added, ("spec", "destination", "namespace"), path=PATH) == before


REFUSED = {
    "an alias": ("a: &a\n  - x\nr: *a\n", ("r",), '"r" is an alias of the anchor "a" on line 1'),
    "an anchor with an alias": ("a: &a\n  - x\nr: *a\n", ("a",), '"a" carries the anchor "a"'),
    "a mapping": ("r:\n  a: 1\n", ("r",), '"r" is not a list'),
    "a text": ("r: a\n", ("r",), '"r" is not a list'),
    "no parent": ("r: a\n", ("spec", "l"), 'the document is a mapping without "spec"'),
}


@pytest.mark.parametrize(("before", "pointer", "message"), REFUSED.values(), ids=REFUSED)
def test_what_would_reach_further_is_refused(before: str, pointer: tuple[str, ...], message: str) -> None:
    with pytest.raises(YamlError) as refused:
        add_item(before.encode(), pointer, "x", path=PATH)
    assert refused.value.message.startswith(message)


@pytest.mark.parametrize("before", ["r: # why\n  - a\n", "r:\n  # why\n  - a\n"])
def test_the_only_item_below_a_comment_is_not_taken_out(before: str) -> None:
    with pytest.raises(YamlError, match="a comment stands between"):
        remove_item(before.encode(), ("r", 0), path=PATH)
