"""Edits laid over a tree one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import LayoutError
from gitops_tool.model import Edit, Location
from gitops_tool.tree import DIRECTORY, PatchedTree, is_file, mode_at, read, resolve

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

    @property
    def sorted_edits(self) -> tuple[Edit, ...]:
        """The files that differ, by path."""
        return tuple(edit for _, edit in sorted(self._edits.items()))

    def put(self, files: Iterable[tuple[PurePosixPath, bytes | None]]) -> None:
        """Give files another content; None takes a file away."""
        for path, after in files:
            known = self._edits.get(path)
            before = known.before if known else read(self.tree, path) if is_file(self.tree, path) else None
            self._edits[path] = Edit(path, before, after)
            if before == after:
                del self._edits[path]

    def create(self, path: PurePosixPath, data: bytes) -> None:
        """Put a file where nothing is.

        Raises:
            LayoutError: something is there, or a part of its way is a file.
            TreeError: a link on its way leads out of the repository.
        """
        now = self.now
        real = resolve(now, path)
        for place in (real, *real.parents):
            mode = mode_at(now, place)
            if mode is not None and (mode != DIRECTORY or place == real):
                raise LayoutError("this is in the way of a new file", location=Location(place))
        self.put([(real, data)])

    def change(self, path: PurePosixPath, edit: Callable[[bytes], bytes]) -> None:
        """Replace a file's bytes by what a function makes of them."""
        real = resolve(self.now, path)
        self.put([(real, edit(read(self.now, real)))])
