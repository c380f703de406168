"""Paths that people write, and markers: which scalar they mean."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_tool.errors import UsageError, YamlError
from gitops_tool.yamledit.paths import Select, Step, find_marked, find_value, parse_path, value_at, written_path

FILE = PurePosixPath("f.yaml")
DATA = b"""\
a:
  "x.y": {z: [1, {name: web, v: v1, meta: {n: '7'}}]}
  image: r/web:v1 # gitops: image web
  empty:
  t: 'v1'   # gitops: tag web production
  other: v1 # gitops: tag web-api
  text: "# gitops: tag web"
  block: |
    x # gitops: tag web
flow: {tag: v1} # gitops: tag web
"""
SEVERAL = b"kind: A\nv: 1\n---\nkind: B\nv: 2\nw: {x: 3}\n"


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a.b", ("a", "b")),
        ("a[0].b[12]", ("a", 0, "b", 12)),
        ("[0]", (0,)),
        ("a[name=web].v", ("a", Select("name", "web"), "v")),
        ("a[meta.n='x y'].v", ("a", Select("meta.n", "x y"), "v")),
        ('data."a.b"', ("data", "a.b")),
        ("data.'it''s'", ("data", "it's")),
        ('data."a\\"b"[0]', ("data", 'a"b', 0)),
        ("p[name=image.tag].value", ("p", Select("name", "image.tag"), "value")),
    ],
)
def test_a_path_is_read(text: str, steps: tuple[Step, ...]) -> None:
    assert parse_path(text) == steps


@pytest.mark.parametrize("text", ["", "a.", ".a", "a..b", "a[", "a[x]", 'a"b"', "a]b", "a[0]b", "a=b", "a[-1]"])
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(UsageError, match="is not a YAML path"):
        parse_path(text)


@given(st.lists(st.one_of(st.text(min_size=1), st.integers(0, 99)), min_size=1).map(tuple))
def test_a_written_path_is_read_back(pointer: tuple[str | int, ...]) -> None:
    assert parse_path(written_path(pointer)) == pointer


@pytest.mark.parametrize(
    ("data", "text", "value", "line"),
    [
        (DATA, 'a."x.y".z[name=web].v', "v1", 2),
        (DATA, 'a."x.y".z[meta.n=7].v', "v1", 2),
        (DATA, 'a."x.y".z[0]', "1", 2),
        (DATA, "a.empty", "", 4),
        (SEVERAL, "[kind=B].v", "2", 5),
        (SEVERAL, "[0].v", "1", 2),
        (SEVERAL, "w.x", "3", 6),
        (b"- {n: a}\n- {n: b}\n", "[1].n", "b", 2),
    ],
)
def test_the_value_is_found(data: bytes, text: str, value: str, line: int) -> None:
    place = find_value(data, text, FILE)
    assert (place.value, place.location.line) == (value, line)
    assert value_at(data, place.document, place.pointer, FILE) == place


@pytest.mark.parametrize(
    ("data", "text", "error"),
    [
        (DATA, "a.imag", 'f.yaml:2:3: "a" has no "imag"'),
        (DATA, "a", 'f.yaml:2:3: "a" is a mapping, not a scalar'),
        (DATA, "a.image.x", 'f.yaml:3:10: "a.image" is not a mapping, it has no "x"'),
        (DATA, "a[0]", 'f.yaml:2:3: "a" is not a list'),
        (DATA, 'a."x.y".z[9]', 'f.yaml:2:15: "a.x.y.z" has 2 items, none with index "9"'),
        (SEVERAL, "v", 'f.yaml:5:4: the file holds 2 documents, and 2 of them have "v"'),
        (SEVERAL, "u", 'f.yaml: the file holds 2 documents, and none of them has "u"'),
        (SEVERAL, "[kind=C].v", 'f.yaml:1:1: the file has no item with "kind=C"'),
        (b"- {n: a}\n- {n: a}\n", "[n=a].n", 'f.yaml:2:3: the document has several items with "n=a"'),
        (b"", "a", "f.yaml: the file is empty"),
    ],
)
def test_a_value_that_is_not_found(data: bytes, text: str, error: str) -> None:
    with pytest.raises(YamlError) as caught:
        find_value(data, text, FILE)
    assert str(caught.value) == error


def test_markers_stand_behind_a_value_and_not_inside_one() -> None:
    marked = [(one.part, one.environment, one.path) for one in find_marked(DATA, "web", FILE)]
    assert marked == [("image", None, "a.image"), ("tag", "production", "a.t"), ("tag", None, "flow.tag")]
    assert find_marked(SEVERAL.replace(b"v: 2", b"v: 2 # gitops: tag web"), "web", FILE)[0].path == "[1].v"


def test_a_marker_beside_nothing_is_an_error() -> None:
    with pytest.raises(YamlError) as caught:
        find_marked(b"a: v1\n# gitops: tag web\n", "web", FILE)
    assert str(caught.value) == 'f.yaml:2:1: the marker "# gitops: tag web" stands beside no value'
