"""The git generator's `files` are what the real git lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gitops_tool.applicationsets.repository import PathPattern, Repository
from gitops_tool.tree import DirTree

from .expanding import tree_of

FILES = (
    *("root.yaml", "a/one.yaml", "a/two.json", "a/b/one.yaml", "a/b/c/one.yaml", "a b/x.yaml", "é/x.yaml"),
    *("a/[x].yaml", "a/*.yaml", "a/-.yaml", ".hidden/x.yaml", "A/one.yaml", "ab/one.yaml", "a/b.yaml", "a/b/!x.yaml"),
)
PATTERNS = (
    *("a/one.yaml", "a/*.yaml", "a/**", "**/one.yaml", "*one.yaml", "*.yaml", "*", "**", ".", "./a/*", "a", "a/"),
    *("a/b/", "a/one.yaml/", "a/?ne.yaml", "a/[ot]*", "a/[!o]*", "a/[^o]*", "a/[x].yaml", "a/\\[x\\].yaml", "a/["),
    *("a/\\*.yaml", "a//one.yaml", "a/./one.yaml", "a/b/../one.yaml", "A/*", "é/*", "a */x.yaml", ".*/x.yaml"),
    *("*/[[:alpha:]]*.yaml", "*/[[:punct:]]*", "a/[a-c]*/*", "a/[c-a]*", "nothing/*", "a/**/one.yaml", "*/*/*/*"),
    *("a/.", "[a]b/*", "a/b*", "/a", ".."),
)


def test_files_are_those_of_git(repository: Callable[..., Any]) -> None:
    checkout = repository(dict.fromkeys(FILES, "x: y\n"))
    here = Repository(DirTree(checkout.path), lambda _url, _revision: True)
    for pattern in PATTERNS:
        try:
            listed = checkout.git("ls-files", "-z", "--", pattern)
        except AssertionError:
            with pytest.raises(ValueError, match="outside the repository"):
                here.files([PathPattern(pattern)])
            continue
        assert [str(path) for path in here.files([PathPattern(pattern)])] == sorted(filter(None, listed.split("\0"))), (
            pattern
        )


def test_excluded_files_are_left_out_wherever_the_entry_stands() -> None:

    here = Repository(tree_of(dict.fromkeys(("a/1.yaml", "a/2.yaml", "b/1.yaml"), "")), lambda _url, _revision: True)
    entries = [PathPattern("a/1*", exclude=True), PathPattern("*.yaml")]
    assert [str(path) for path in here.files(entries)] == ["a/2.yaml", "b/1.yaml"]


@pytest.mark.parametrize("revision", ["v1.2.0", "1.x", "0a1b2c3d", "refs/tags/v1", ">=1.0"])
def test_a_tag_or_commit_is_not_what_lies_here(revision: str) -> None:

    assert Repository(tree_of({}), lambda _url, _revision: True).holds("u", revision) is False
