"""Edits laid over a tree one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.model import Edit
from gitops_tool.tree import PatchedTree, is_file, read

if TYPE_CHECKING:
    from gitops_tool.tree import Tree


class Draft:
    """What a change has done to a tree so far; a file that is changed twice is one edit."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._edits: dict[PurePosixPath, Edit] = {}

    @property
    def now(self) -> Tree:
        """The tree with the edits so far."""
        return PatchedTree(self.tree, self.edits) if self._edits else self.tree

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The files that differ, in the order they were first changed."""
        return tuple(self._edits.values())

    def put(self, files: Iterable[tuple[PurePosixPath, bytes | None]]) -> None:
        """Give files another content; None takes a file away."""
        for path, after in files:
            known = self._edits.get(path)
            before = known.before if known else read(self.tree, path) if is_file(self.tree, path) else None
            self._edits[path] = Edit(path, before, after)
            if before == after:
                del self._edits[path]
