"""Lazy patterns are compiled on first use, and every one in the package compiles."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

import gitops_tool
from gitops_tool.patterns import _Lazy, lazy_pattern


def test_behaves_as_a_compiled_pattern() -> None:
    word = lazy_pattern(r"(?P<first>[a-z])[a-z]*", re.IGNORECASE)
    found = word.fullmatch("Word")
    assert found is not None
    assert found["first"] == "W"
    assert word.sub("-", "one two") == "- -"
    assert [match[0] for match in word.finditer("a bc")] == ["a", "bc"]
    assert word.split("1a2") == ["1", "a", "2"]
    assert word.pattern == r"(?P<first>[a-z])[a-z]*"
    assert lazy_pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_is_compiled_on_first_use() -> None:
    broken = lazy_pattern("(")
    with pytest.raises(re.error):
        broken.match("")


def test_every_pattern_of_the_package_compiles() -> None:
    """What is broken would come to light in the middle of a command only."""
    names = [found.name for found in pkgutil.walk_packages(gitops_tool.__path__, "gitops_tool.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith("__main__")]
    patterns = {id(value): value for module in modules for value in vars(module).values() if isinstance(value, _Lazy)}
    assert len(patterns) > 80
    for pattern in patterns.values():
        assert pattern.pattern
