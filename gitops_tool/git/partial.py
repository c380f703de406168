"""Brings the blobs that a partial clone lacks, many in one fetch instead of one at a time as they are read.

A file is rarely read alone: with it come all of the largest directory around it that has a limited number of files.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from gitops_tool.tree import FILES, ROOT, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import PurePosixPath

    from gitops_tool.git.command import Git
    from gitops_tool.tree import Tree

READ_AHEAD = 256
"""Files that come along with one; a directory with more of them is not fetched for the sake of one file."""


class ReadAhead:
    """Fetches missing blobs of one remote, whole directories at once.

    Args:
        git: runs git in the partial clone.
        remote: the name of the remote that has the blobs.
    """

    def __init__(self, git: Git, remote: str) -> None:
        self._git = git
        self._remote = remote
        self._present: set[str] = set()
        """Ids of the directories whose files are all here, and of files that were brought."""

    def around(self, tree: Tree, path: PurePosixPath) -> None:
        """Bring the files around one; where they are too many, git itself brings the one when it is read.

        Raises:
            GitError: the server cannot be reached, or does not have them.
        """
        if any(tree.oid(parent) in self._present for parent in path.parents):
            return
        region = path.parent
        if not _is_small(tree, region):
            return
        while region != ROOT and _is_small(tree, region.parent):
            region = region.parent
        self.below(tree, region)

    def below(self, tree: Tree, region: PurePosixPath) -> None:
        """Bring every file of a directory.

        Raises:
            GitError: the server cannot be reached, or does not have them.
        """
        oid = tree.oid(region)
        if oid in self._present:
            return
        arguments = ("rev-list", "--objects", "--no-walk", "--missing=print", oid)
        missing = [line[1:] for line in self._git.run(*arguments).stdout.split(b"\n") if line.startswith(b"?")]
        self._fetch(missing)
        self._present.add(oid)

    def blobs(self, oids: Iterable[str]) -> None:
        """Bring files by their ids, such as those of older commits, all in one fetch.

        Raises:
            GitError: the server cannot be reached, or does not have them.
        """
        unknown = [oid for oid in dict.fromkeys(oids) if oid not in self._present]
        self._fetch([oid.encode() for oid in unknown])
        self._present.update(unknown)

    def _fetch(self, oids: Sequence[bytes]) -> None:
        if oids:
            self._git.run(
                *("-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head"),
                *("--no-auto-maintenance", "--no-recurse-submodules", "--filter=blob:none", "--stdin", self._remote),
                stdin=b"\n".join(oids) + b"\n",
                detached=True,
            )


def _is_small(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether a directory has few enough files to bring them all; looks no further than that takes."""
    files = (path for path, mode in walk(tree, directory) if mode in FILES)
    return len(list(islice(files, READ_AHEAD + 1))) <= READ_AHEAD
