"""What several tests of Argo CD's rules need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitops_tool.git import GitRepo
from gitops_tool.git.revisions import LocalRevisions

from .shop import clone_shop

Clone = Callable[..., LocalRevisions]


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    """Clone a shop with a past, with options of git's; what the clone knows of it."""
    opened: list[GitRepo] = []

    def make(*options: str) -> LocalRevisions:
        opened.append(clone_shop(tmp_path, *options))
        return LocalRevisions(opened[-1])

    yield make
    for repo in opened:
        repo.close()
