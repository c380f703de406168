"""Git's objects: read through one `git cat-file --batch`, written by git's plumbing beside index and files."""

from __future__ import annotations

import hashlib
import os
import re
import struct
import threading
import zlib
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import GitError, TreeError
from gitops_tool.tree import DIRECTORY, ROOT, SUBMODULE, PatchedTree, mode_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from gitops_tool.git.command import Git
    from gitops_tool.git.partial import ReadAhead
    from gitops_tool.git.repo import GitRepo
    from gitops_tool.model import Revision
    from gitops_tool.process import Child

_TREE, _BLOB = 2, 3
"""The kinds of objects in a pack."""

MAX_BLOB_SIZE = 64 * 1024 * 1024
"""Bytes of the largest file that is read; a manifest of that size is a mistake."""


_REMEMBERED = 256
"""Contents that are kept: an overlay's files are read to find its image, twice to render it, and for its findings."""


class ObjectReader:
    """Reads objects through one long-lived `git cat-file --batch-command` process; safe to share among threads."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._child: Child | None = None
        self._lock = threading.Lock()

    def get(self, spec: str) -> tuple[str, bytes, bytes] | None:
        """Return id, type and content of the object that a name stands for; None if there is none.

        Raises:
            GitError: the object cannot be read.
        """
        with self._lock:
            found = self._ask(spec)
            if found is None:
                return None
            oid, kind, size = found
            if size > MAX_BLOB_SIZE:
                self.close()  # instead of reading it to its end
                raise GitError(f'object "{oid}" is {size} bytes large', hint=f"the limit is {MAX_BLOB_SIZE} bytes")
            content = self._stream().read(size)
            self._stream().read(1)
        return oid, kind, content

    def _ask(self, spec: str) -> tuple[str, bytes, int] | None:
        """Ask for an object and read the line that its content follows."""
        if "\n" in spec:
            raise GitError(f"{spec!r} is not the name of an object")
        if self._child is None:
            self._child = self._git.start("cat-file", "--batch-command", "--buffer")
        pipe = self._child.stdin
        if pipe is None:
            raise GitError("git cat-file has no input")
        try:
            pipe.write(os.fsencode(f"contents {spec}\nflush\n"))
            pipe.flush()
        except BrokenPipeError as error:
            raise GitError("git cat-file ended unexpectedly") from error
        answer = self._stream().readline()
        words = answer.rsplit(b" ", 2)
        if answer.endswith((b" missing\n", b" ambiguous\n")):
            return None
        if len(words) != 3:
            raise GitError(f'git cat-file cannot read "{spec}"')
        return words[0].decode(), words[1], int(words[2])

    def _stream(self) -> IO[bytes]:
        stream = self._child.stdout if self._child else None
        if stream is None:
            raise GitError("git cat-file has no output")
        return stream

    def close(self) -> None:
        """End the process, so that the next read starts a new one."""
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None


MAX_PRELOADED = 1024 * 1024
"""Bytes of the largest content that `read_blobs` returns."""


def read_blobs(git: Git, oids: Sequence[str]) -> dict[str, bytes]:
    """Return many contents by their ids, read in one go; those that are missing or large are left out.

    Raises:
        GitError: git cannot read objects.
    """
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    if not asked:
        return {}
    sizes = git.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked).stdout.split(b"\n")
    small = [
        words[0]
        for line in sizes
        if (words := line.split()) and words[-1].isdigit() and int(words[-1]) <= MAX_PRELOADED
    ]
    data = git.run("cat-file", "--batch=%(objectsize)", "--buffer", stdin=b"\n".join([*small, b""])).stdout
    found: dict[str, bytes] = {}
    start = 0
    for oid in small:
        newline = data.index(b"\n", start)
        end = newline + 1 + int(data[start:newline])
        found[oid.decode()] = data[newline + 1 : end]
        start = end + 1
    return found


class GitTree:
    """The files of a commit; see `gitops_tool.tree.Tree`.

    Args:
        git: runs git in the repository.
        reader: reads its objects.
        root: the id of the commit's tree.
        ahead: brings what a partial clone lacks.
        origin: the repository and the commit, for those who look back from here.
    """

    def __init__(
        self,
        git: Git,
        reader: ObjectReader,
        root: str,
        ahead: ReadAhead | None = None,
        origin: tuple[GitRepo, Revision] | None = None,
    ) -> None:
        self.root = root
        self.origin = origin
        self.oid_length = len(root)
        self._git = git
        self._reader = reader
        self._ahead = ahead
        self._content = lru_cache(_REMEMBERED)(self._read)
        self._modes: dict[PurePosixPath, dict[str, int]] = {}
        self._oids: dict[PurePosixPath, dict[str, bytes]] = {}
        self._searching = threading.Lock()
        self._found: dict[tuple[frozenset[str], PurePosixPath], list[PurePosixPath]] = {}

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names with their git file modes; see `Tree`."""
        if path not in self._modes:
            self._load(path)
        return self._modes[path]

    def _load(self, path: PurePosixPath) -> None:
        if path.is_absolute():
            raise TreeError(f'"{path}" leads out of the repository')
        data = b""
        if path == ROOT or self.modes(path.parent).get(path.name) == DIRECTORY:
            data = self._content(self.oid(path))
        modes, names, oids = _tree_entries(data, self.oid_length // 2)
        # Before `_modes`, which other threads look at first.
        self._oids[path] = dict(zip(names, oids, strict=True))
        self._modes[path] = dict(zip(names, modes, strict=True))

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id; see `Tree`."""
        if path == ROOT:
            return self.root
        if path.name not in self.modes(path.parent):
            raise TreeError(f'"{path}" does not exist')
        return self._oids[path.parent][path.name].hex()

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids of a directory's names; see `Tree`."""
        self.modes(path)
        return {name: oid.hex() for name, oid in self._oids[path].items()}

    def _read(self, oid: str) -> bytes:
        found = self._reader.get(oid)
        if found is None:
            raise GitError(f'object "{oid}" is missing', hint="the repository is damaged: run `git fsck`")
        return found[2]

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; see `Tree`."""
        oid = self.oid(path)
        if mode_at(self, path) in {DIRECTORY, SUBMODULE}:
            raise TreeError(f'"{path}" is not a file')
        if self._ahead:
            self._ahead.around(self, path)
        return self._content(oid)

    def has_links(self) -> bool:
        """Whether there is a symbolic link or a submodule anywhere."""
        listing = self._git.run("ls-tree", "-r", "-z", "--full-tree", self.root).stdout
        return any(b"\0" + mode in b"\0" + listing for mode in (b"120000 ", b"160000 "))

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that hold one of the texts, found by `git grep`; see `Tree`."""
        asked = (frozenset(needles), under)
        with self._searching:  # who asks for the same meanwhile waits for the answer
            if asked not in self._found:
                if self._ahead and mode_at(self, under) is not None:
                    self._ahead.below(self, under)
                self._found[asked] = self._search(needles, [] if under == ROOT else [str(under)])
            return list(self._found[asked])

    def search_named(self, needles: Sequence[str], names: Sequence[str]) -> list[PurePosixPath]:
        """Return the files of some names, wherever they lie, that hold one of the texts; in order."""
        return self._search(needles, [f":(glob)**/{name}" for name in names], literal=False)

    def _search(self, needles: Sequence[str], scope: Sequence[str], *, literal: bool = True) -> list[PurePosixPath]:
        patterns = [word for needle in needles for word in ("-e", needle)]
        options = ("-l", "-z", "-F", "--no-recurse-submodules", *patterns, self.root)
        env = {} if literal else {"GIT_LITERAL_PATHSPECS": "0"}
        done = self._git.run("grep", *options, "--", *scope, accept=(0, 1), env=env)
        names = [name.partition(b":")[2] for name in done.stdout.split(b"\0") if name]
        return sorted(PurePosixPath(os.fsdecode(name)) for name in names)


def _tree_entries(data: bytes, oid_bytes: int) -> tuple[list[int], list[str], Sequence[bytes]]:
    """Read git's tree object: octal mode, space, name, NUL and the id's bytes, again and again.

    Returns the modes, names and ids of the entries, in order. With as little as can be done for each, for a directory
    may have 10,000.
    """
    found = re.findall(rb"([0-7]+) ([^\0]+)\0(.{%d})" % oid_bytes, data, re.DOTALL)
    if not found:
        return [], [], ()
    modes, names, oids = zip(*found, strict=True)
    known = {mode: int(mode, 8) for mode in set(modes)}
    return [known[mode] for mode in modes], [os.fsdecode(name) for name in names], oids


def write_tree(git: Git, tree: PatchedTree) -> str:
    """Write the blobs and trees that a patched tree adds, and return the id of its root.

    They are the very bytes that the ids were computed from: git cannot write anything else under these ids.

    Raises:
        GitError: git cannot write.
    """
    blobs = [(_BLOB, edit.after) for edit in tree.edits.values() if edit.after is not None]
    trees = [(_TREE, tree.directory(path)) for path in tree.touched if path == ROOT or tree.modes(path)]
    git.run("unpack-objects", "-q", stdin=_pack([*blobs, *trees], tree.oid_length))
    return tree.oid(ROOT)


def _pack(objects: Sequence[tuple[int, bytes]], oid_length: int) -> bytes:
    """Return objects in git's pack format, for git to take apart: https://git-scm.com/docs/pack-format."""
    algorithm = hashlib.sha256 if oid_length == 64 else hashlib.sha1
    parts = [b"PACK" + struct.pack(">II", 2, len(objects))]
    for kind, content in objects:
        parts += [_pack_entry_header(kind, len(content)), zlib.compress(content, 1)]
    data = b"".join(parts)
    return data + algorithm(data, usedforsecurity=False).digest()


def _pack_entry_header(kind: int, size: int) -> bytes:
    """Return an object's kind and size: 4 bits of the size in the first byte, 7 in each that follows."""
    header = bytearray()
    byte, size = kind << 4 | size & 0x0F, size >> 4
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)
