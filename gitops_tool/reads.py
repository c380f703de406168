"""What a piece of work looked at in a tree, so that its result can be kept until one of these changes."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.records import field, record
from gitops_tool.tree import DIRECTORY, mode_at

if TYPE_CHECKING:
    from gitops_tool.records import field, record
from gitops_tool.tree import Tree


@record(frozen=False)
class Reads:
    """What was looked at.

    `contents` are the files that were read; `names` by directory those of which it was asked what stands there, if
    anything; of `listed` directories all names count. `everything` says that no list tells: they were searched, say.
    """

    contents: set[PurePosixPath] = field(default_factory=set)
    names: dict[PurePosixPath, set[str]] = field(default_factory=dict)
    listed: set[PurePosixPath] = field(default_factory=set)
    everything: bool = False


class RecordingTree:
    """A tree that notes what is asked of it; see `gitops_tool.tree.Tree`."""

    def __init__(self, base: Tree) -> None:
        self.base = base
        self.oid_length = base.oid_length
        self.reads = Reads()
        self._modes: dict[PurePosixPath, _Names] = {}

    def modes(self, path: PurePosixPath) -> Mapping[str, int]:
        """Return a directory's names; a name that is asked for is noted, and the directory if all names are."""
        found = self._modes.get(path)
        if found is None:
            found = self._modes[path] = _Names(self.base.modes(path), path, self.reads)
        return found

    def oid(self, path: PurePosixPath) -> str:
        """Return git's object id; see `Tree`. That of a directory is of everything below."""
        self.reads.contents.add(path)
        if mode_at(self.base, path) == DIRECTORY:
            self.reads.everything = True
        return self.base.oid(path)

    def oids(self, path: PurePosixPath) -> Mapping[str, str]:
        """Return git's object ids of a directory's names; see `Tree`."""
        self.reads.everything = True
        return self.base.oids(path)

    def blob(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; see `Tree`."""
        self.reads.contents.add(path)
        return self.base.blob(path)

    def search(self, needles: Sequence[str], under: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that hold one of the texts; see `Tree`."""
        self.reads.everything = True
        return self.base.search(needles, under)


class _Names(Mapping[str, int]):
    """The names of a directory, noted as they are asked for."""

    __slots__ = ("_asked", "_modes", "_path", "_reads")

    def __init__(self, modes: Mapping[str, int], path: PurePosixPath, reads: Reads) -> None:
        self._modes = modes
        self._path = path
        self._reads = reads
        self._asked = reads.names.setdefault(path, set())

    def __getitem__(self, name: str) -> int:
        self._asked.add(name)
        return self._modes[name]

    def __iter__(self) -> Iterator[str]:
        self._reads.listed.add(self._path)
        return iter(self._modes)

    def __len__(self) -> int:
        self._reads.listed.add(self._path)
        return len(self._modes)

    def items(self) -> ItemsView[str, int]:
        """Return all names with their modes."""
        self._reads.listed.add(self._path)
        return self._modes.items()
