"""`locate`: the line a reader should look at."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool.errors import YamlError
from gitops_tool.yamlload import locate

PATH = PurePosixPath("f.yaml")
FILE = """\
# a comment
a:
  b:
    - c: 1
      d:
      - {x: y}
  empty:
shared: &s {k: v}
merged:
  <<: *s
  alias: *s
é: "🚀" # end
---
second: [1, 2]
""".encode()


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ((), "f.yaml:2:1"),
        (("a",), "f.yaml:2:1"),
        (("a", "b"), "f.yaml:3:3"),
        (("a", "b", 0), "f.yaml:4:7"),
        (("a", "b", 0, "c"), "f.yaml:4:10"),
        (("a", "b", 0, "d", 0, "x"), "f.yaml:6:13"),
        (("a", "empty"), "f.yaml:7:3"),
        (("a", "b", 0, "missing", "more"), "f.yaml:4:7"),
        (("a", "b", 7), "f.yaml:3:3"),
        (("a", "b", "c"), "f.yaml:3:3"),
        (("shared",), "f.yaml:8:9"),
        (("merged", "k"), "f.yaml:8:16"),
        (("merged", "alias"), "f.yaml:11:10"),
        (("merged", "alias", "k"), "f.yaml:8:16"),
        (("é",), "f.yaml:12:4"),
        (("nowhere",), "f.yaml:2:1"),
    ],
)
def test_a_value_is_found_or_its_longest_prefix(pointer: tuple[str | int, ...], place: str) -> None:
    assert str(locate(FILE, 0, pointer, PATH)) == place


def test_documents_are_counted_from_0() -> None:
    assert str(locate(FILE, 1, ("second", 1), PATH)) == "f.yaml:14:13"
    assert str(locate(FILE, 9, ("second",), PATH)) == "f.yaml:14:9"


def test_a_byte_order_mark_and_crlf_shift_nothing() -> None:
    stored = b"\xef\xbb\xbf" + FILE.replace(b"\n", b"\r\n")
    for pointer in ((), ("a", "b", 0, "c"), ("é",)):
        assert locate(stored, 0, pointer, PATH) == locate(FILE, 0, pointer, PATH)


def test_a_file_without_documents_has_its_first_line() -> None:
    assert str(locate(b"# nothing\n", 0, ("a",), PATH)) == "f.yaml:1:1"


def test_merge_keys_that_multiply_are_searched_once_each() -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}" for n in range(1, 2000))]
    assert str(locate("\n".join(lines).encode(), 0, ("a1999", "nowhere"), PATH)).startswith("f.yaml:2000:")


def test_what_is_not_yaml_is_refused() -> None:
    with pytest.raises(YamlError, match=r"f\.yaml:1:4: not valid YAML"):
        locate(b"a: @b\n", 0, ("a",), PATH)
