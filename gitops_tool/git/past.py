"""The files of a commit, taken back commit by commit, so that a long history is read without opening each tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import GitError, TreeError
from gitops_tool.git.objects import read_blobs
from gitops_tool.tree import DIRECTORY, FILES, LINK, ROOT, PatchedTree, mode_at, object_id, tree_object, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import PurePosixPath

    from gitops_tool.git.command import Git
    from gitops_tool.git.log import FileChange
    from gitops_tool.git.objects import GitTree, ObjectReader
    from gitops_tool.git.partial import ReadAhead
    from gitops_tool.tree import Tree

_Entries = dict[str, tuple[int, str]]


class PastTree:
    """The files at a commit of a walk back through the history; see `gitops_tool.tree.Tree`.

    It is right about the paths whose changes are undone; about others it knows what `base`, where the walk
    began, knew.
    """

    def __init__(self, git: Git, reader: ObjectReader, base: GitTree, ahead: ReadAhead | None = None) -> None:
        self._ahead = ahead
        self._git = git
        self._reader = reader
        self._base = base
        self.oid_length = base.oid_length
        self._changed: dict[PurePosixPath, _Entries] = {}
        self._blobs: dict[str, bytes] = {}

    def moment(self) -> Tree:
        """Return the files at this point as a tree of its own, to be used up to the next `undo`.

        What other modules remember of a tree would be wrong after a step back.
        """
        return PatchedTree(self, ())

    def undo(self, changes: Iterable[FileChange]) -> None:
        """Go back to before a commit."""
        for change in changes:
            if change.old_mode:
                self._put(change.path, change.old_mode, change.old_oid)
            else:
                self._drop(change.path)

    def _put(self, path: PurePosixPath, mode: int, oid: str) -> None:
        directory = path.parent
        entries = self._entries(directory)
        was_there = path.name in entries
        entries[path.name] = (mode, oid)
        if was_there:
            return
        while directory != ROOT and self.modes(directory.parent).get(directory.name) != DIRECTORY:
            self._entries(directory.parent)[directory.name] = (DIRECTORY, "")
            directory = directory.parent

    def _drop(self, path: PurePosixPath) -> None:
        self._entries(path.parent).pop(path.name, None)
        directory = path.parent
        while directory != ROOT and not self.modes(directory):
            if self.modes(directory.parent).get(directory.name) == DIRECTORY:
                self._entries(directory.parent).pop(directory.name)
            directory = directory.parent

    def _entries(self, directory: PurePosixPath) -> _Entries:
        if directory not in self._changed:
            oids = self._base.oids(directory)
            self._changed[directory] = {name: (mode, oids[name]) for name, mode in self._base.modes(directory).items()}
        return self._changed[directory]

    def preload(self, oids: Iterable[str]) -> None:
        """Read contents at once that `blob` will be asked for; those loaded before are forgotten."""
        known = self._blobs
        wanted = dict.fromkeys(oids)
        self._blobs = {oid: known[oid] for oid in wanted if oid in known}
        unknown = [oid for oid in wanted if oid not in known]
        if self._ahead:
            self._ahead.blobs(unknown)
        self._blobs |= read_blobs(self._git, unknown)

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names with their git file modes; see `Tree`."""
        changed = self._changed.get(path)
        return self._base.modes(path) if changed is None else {name: mode for name, (mode, _) in changed.items()}

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id; see `Tree`."""
        if path == ROOT:
            return object_id("tree", tree_object(self, path), digits=self.oid_length)
        changed = self._changed.get(path.parent)
        mode, oid = (changed or {}).get(path.name, (0, ""))
        if changed is None and mode_at(self, path) != DIRECTORY:
            return self._base.oid(path)
        if changed is not None and not mode:
            raise TreeError(f'"{path}" does not exist')
        return oid if oid and mode != DIRECTORY else object_id("tree", tree_object(self, path), digits=self.oid_length)

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids of a directory's names; see `Tree`."""
        return {name: self.oid(path / name) for name in self.modes(path)}

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; see `Tree`."""
        if mode_at(self, path) not in {*FILES, LINK}:
            raise TreeError(f'"{path}" is not a file')
        return self.content(self.oid(path))

    def content(self, oid: str) -> bytes:
        """Return a file's bytes by their id.

        Raises:
            GitError: they are missing.
        """
        if oid not in self._blobs:
            found = self._reader.get(oid)
            if found is None:
                raise GitError(f'object "{oid}" is missing', hint="the repository is damaged: run `git fsck`")
            self._blobs[oid] = found[2]
        return self._blobs[oid]

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that hold one of the texts; see `Tree`."""
        files = (path for path, mode in walk(self, under) if mode in FILES)
        return sorted(path for path in files if any(needle.encode() in self.blob(path) for needle in needles))
