"""Trees: read-only views of files, whatever they come from.

A tree is a directory, a git commit (see `gitops_tool.git`), or another tree with edits laid over it.
Every entry has git's object id, so equal content has equal ids in all three.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Protocol

from gitops_tool.errors import TreeError
from gitops_tool.model import Edit, Location

ROOT = PurePosixPath()
MAX_LINKS = 40
"""Symbolic links followed on one path before it counts as a loop, as in Linux."""

FILE = 0o100644
EXECUTABLE = 0o100755
LINK = 0o120000
DIRECTORY = 0o040000
SUBMODULE = 0o160000
FILES = frozenset({FILE, EXECUTABLE})
"""The modes of regular files."""


class Tree(Protocol):
    """A read-only view of files. Symbolic links are not followed; see `resolve`."""

    oid_length: int
    """Digits of an object id: 40 (SHA-1) or 64 (SHA-256)."""

    def __hash__(self) -> int:
        """Return a hash: a tree never changes, so what was found out about one can be kept."""
        ...

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names with their git file modes; empty if there is no such directory."""
        ...

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id of what stands at a path.

        Raises:
            TreeError: nothing does.
        """
        ...

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids of the names that `modes` returns."""
        ...

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes, or a link's target.

        Raises:
            TreeError: there is no such file.
        """
        ...

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files below a directory whose bytes hold one of the texts, in order."""
        ...


def mode_at(tree: Tree, path: PurePosixPath) -> int | None:
    """Return the git file mode of what stands at a path, None if nothing does. Does not follow links."""
    return DIRECTORY if path == ROOT else tree.modes(path.parent).get(path.name)


def normalize(path: PurePosixPath) -> PurePosixPath:
    """Take `.` and `..` out of a path from the root.

    Raises:
        TreeError: the path leads out of the tree.
    """
    parts: list[str] = []
    for part in path.parts:
        if part == "/" or (part == ".." and not parts):
            raise TreeError(f'"{path}" leads out of the repository')
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)


def resolve(tree: Tree, path: PurePosixPath) -> PurePosixPath:
    """Follow every symbolic link on a path; what need not exist is kept as it is.

    Raises:
        TreeError: a link leads out of the tree, or in circles.
    """
    return _resolve(tree, path)[0]


def links_on(tree: Tree, path: PurePosixPath) -> Sequence[PurePosixPath]:
    """Return the symbolic links that a path goes through, in order."""
    return _resolve(tree, path)[1]


@lru_cache(1024)  # an overlay's few directories are walked down again and again
def _resolve(tree: Tree, path: PurePosixPath) -> tuple[PurePosixPath, Sequence[PurePosixPath]]:
    pending = list(reversed(path.parts))
    done = ROOT
    links: list[PurePosixPath] = []
    if len(pending) > 1 and ".." not in pending:
        done, known = _resolve(tree, path.parent)
        links = [*known]
        del pending[1:]
    while pending:
        part = pending.pop()
        if part == "/" or (part == ".." and done == ROOT):
            raise TreeError(f'"{path}" leads out of the repository', location=Location(links[-1]) if links else None)
        if part == "..":
            done = done.parent
            continue
        here = done / part
        if tree.modes(done).get(part) != LINK:
            done = here
            continue
        links.append(here)
        if len(links) > MAX_LINKS:
            raise TreeError(f'"{path}" is a loop of symbolic links', location=Location(links[0]))
        target = PurePosixPath(os.fsdecode(tree.blob(here)))
        pending.extend(reversed(target.parts))
    return done, links


def read(tree: Tree, path: PurePosixPath) -> bytes:
    """Return a file's bytes, links followed.

    Raises:
        TreeError: there is no such file, it is not a regular file, or a link leads out of the tree.
    """
    real = resolve(tree, path)
    mode = mode_at(tree, real)
    if mode is None:
        raise TreeError(f'"{path}" does not exist')
    if mode not in FILES:
        raise TreeError(f'"{path}" is not a file')
    return tree.blob(real)


def is_file(tree: Tree, path: PurePosixPath) -> bool:
    """Whether a regular file stands at a path, links followed."""
    return mode_at(tree, resolve(tree, path)) in FILES


def is_directory(tree: Tree, path: PurePosixPath) -> bool:
    """Whether a directory stands at a path, links followed."""
    return mode_at(tree, resolve(tree, path)) == DIRECTORY


def walk(tree: Tree, under: PurePosixPath = ROOT) -> Iterator[tuple[PurePosixPath, int]]:
    """Yield path and mode of everything below a directory that is not a directory; links are not followed."""
    pending = [under]
    while pending:
        directory = pending.pop()
        children = sorted(tree.modes(directory).items())
        yield from ((directory / name, mode) for name, mode in children if mode != DIRECTORY)
        pending.extend(directory / name for name, mode in reversed(children) if mode == DIRECTORY)


def object_id(kind: str, data: bytes, *, digits: int = 40) -> str:
    """Return git's id of an object: SHA-1 in 40 digits, or SHA-256 in 64."""
    algorithm = hashlib.sha256 if digits == 64 else hashlib.sha1
    return algorithm(f"{kind} {len(data)}\0".encode() + data, usedforsecurity=False).hexdigest()


def tree_object(tree: Tree, path: PurePosixPath) -> bytes:
    """Return a directory as the bytes of git's tree object: in git's order, a directory as if its name ended in `/`."""
    return _tree_object(tree.modes(path), tree.oids(path))


def _tree_object(modes: Mapping[str, int], oids: Mapping[str, str]) -> bytes:
    names = sorted(modes, key=lambda name: os.fsencode(f"{name}/" if modes[name] == DIRECTORY else name))
    return b"".join(b"%o %s\0%s" % (modes[name], os.fsencode(name), bytes.fromhex(oids[name])) for name in names)


class EmptyTree:
    """A tree without files, for what has no past."""

    def __init__(self, oid_length: int = 40) -> None:
        self.oid_length = oid_length

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return no names; see `Tree`."""
        return {}

    def oid(self, path: PurePosixPath) -> str:
        """Return the id of a tree without entries; see `Tree`."""
        if path != ROOT:
            raise TreeError(f'"{path}" does not exist')
        return object_id("tree", b"", digits=self.oid_length)

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return no ids; see `Tree`."""
        return {}

    def blob(self, path: PurePosixPath) -> bytes:
        """Return nothing; see `Tree`."""
        raise TreeError(f'"{path}" does not exist')

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return no files; see `Tree`."""
        return []


class PatchedTree:
    """A tree with edits laid over it; nothing is written anywhere."""

    def __init__(self, base: Tree, edits: Sequence[Edit]) -> None:
        self.base = base
        self.oid_length = base.oid_length
        self.edits = {edit.path: edit for edit in edits}
        self.touched = {parent for path in self.edits for parent in path.parents}
        """The directories whose ids the edits change."""
        self._modes: dict[PurePosixPath, Mapping[str, int]] = {}
        self._objects: dict[PurePosixPath, bytes] = {}

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names with the edits applied; see `Tree`."""
        if path not in self.touched:
            return self.base.modes(path)
        if path not in self._modes:
            self._modes[path] = self._patched(path)
        return self._modes[path]

    def _patched(self, path: PurePosixPath) -> Mapping[str, int]:
        names = dict(self.base.modes(path))
        for edit in self.edits.values():
            if edit.path.parent == path and edit.after is not None:
                names[edit.path.name] = EXECUTABLE if names.get(edit.path.name) == EXECUTABLE else FILE
            elif edit.path.parent == path:
                names.pop(edit.path.name, None)
        for child in self.touched:
            if child.parent == path and child != ROOT:
                names.pop(child.name, None)
                if self.modes(child):
                    names[child.name] = DIRECTORY
        return names

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id with the edits applied; see `Tree`."""
        if path in self.touched:
            return object_id("tree", self.directory(path), digits=self.oid_length)
        edit = self.edits.get(path)
        return self.base.oid(path) if edit is None else object_id("blob", self.blob(path), digits=self.oid_length)

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids with the edits applied; see `Tree`."""
        if path not in self.touched:
            return self.base.oids(path)
        names, before = self.modes(path), self.base.oids(path)
        new = {entry.name for entry in (*self.edits, *self.touched) if entry.parent == path and entry != ROOT}
        return {name: self.oid(path / name) if name in new else before[name] for name in names}

    def directory(self, path: PurePosixPath) -> bytes:
        """Return a directory that the edits change as the bytes of git's tree object."""
        if path not in self._objects:
            self._objects[path] = tree_object(self, path)
        return self._objects[path]

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes with the edits applied; see `Tree`."""
        edit = self.edits.get(path)
        if edit is None:
            return self.base.blob(path)
        if edit.after is None:
            raise TreeError(f'"{path}" does not exist')
        return edit.after

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that hold one of the texts, with the edits applied; see `Tree`."""
        found = [path for path in self.base.search(needles, under) if path not in self.edits]
        found += [
            path
            for path, edit in self.edits.items()
            if path.is_relative_to(under) and edit.after is not None and _holds(edit.after, needles)
        ]
        return sorted(found)


class DirTree:
    """The files of a directory as they are now; `.git` is not part of it.

    A file is read once, so that one run sees one content.
    """

    oid_length = 40

    def __init__(self, root: Path) -> None:
        self.root = root
        self._modes: dict[PurePosixPath, dict[str, int]] = {}
        self._blobs: dict[PurePosixPath, bytes] = {}

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names; see `Tree`."""
        if path.is_absolute():
            raise TreeError(f'"{path}" leads out of the repository')
        if path not in self._modes:
            self._modes[path] = self._scan(path)
        return self._modes[path]

    def _scan(self, path: PurePosixPath) -> dict[str, int]:
        if path != ROOT and self.modes(path.parent).get(path.name) != DIRECTORY:
            return {}  # a link to a directory is a link, as in git
        try:
            with os.scandir(self.root / path) as found:
                modes = {item.name: _git_mode(item.stat(follow_symlinks=False).st_mode) for item in found}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise TreeError(f'"{path}" cannot be read: {error.strerror}') from error
        return {name: mode for name, mode in modes.items() if mode and name != ".git"}

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id, computed from the content; git knows no empty directories. See `Tree`."""
        if mode_at(self, path) != DIRECTORY:
            return object_id("blob", self.blob(path))
        modes = self.modes(path).items()
        held = {name: mode for name, mode in modes if mode != DIRECTORY or any(walk(self, path / name))}
        return object_id("tree", _tree_object(held, self.oids(path)))

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids, computed from the content; see `Tree`."""
        return {name: self.oid(path / name) for name in self.modes(path)}

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; see `Tree`."""
        if path not in self._blobs:
            target = self.root / path
            try:
                self._blobs[path] = os.fsencode(target.readlink()) if target.is_symlink() else target.read_bytes()
            except FileNotFoundError as error:
                raise TreeError(f'"{path}" does not exist') from error
            except OSError as error:
                raise TreeError(f'"{path}" cannot be read: {error.strerror}') from error
        return self._blobs[path]

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that hold one of the texts; see `Tree`."""
        files = (path for path, mode in walk(self, under) if mode in FILES)
        return sorted(path for path in files if _holds(self.blob(path), needles))


def _holds(data: bytes, needles: Sequence[str]) -> bool:
    return any(needle.encode() in data for needle in needles)


def _git_mode(mode: int) -> int:
    """Return git's file mode for the system's, 0 for what git does not track (a pipe, a device)."""
    if stat.S_ISDIR(mode):
        return DIRECTORY
    if stat.S_ISLNK(mode):
        return LINK
    if stat.S_ISREG(mode):
        return EXECUTABLE if mode & stat.S_IXUSR else FILE
    return 0
