"""Fixtures: a repository of one app, `web`, and how to make others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from .branch import Branch, shop


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Branch]:
    """Make a repository whose first commit holds files."""

    def make(files: Mapping[str, str | bytes], *options: str) -> Branch:
        branch = Branch(tmp_path / "repository")
        branch.folder.mkdir()
        branch.git("init", "--quiet", *options)
        branch.commit(files, "first")
        return branch

    return make


@pytest.fixture
def web(make: Callable[..., Branch]) -> Branch:
    return make(shop("web"))
