"""Which files differ between a commit and another one, or the files as they are now."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.background import Background
from gitops_tool.errors import GitError
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.git.repo import GitRepo
    from gitops_tool.model import Revision

_DIFF = ("--name-status", "--no-renames", "-z")


class ChangeKind(StrEnum):
    """What happened to a path; a rename removes one and adds another."""

    ADDED = "A"
    REMOVED = "D"
    MODIFIED = "M"
    RETYPED = "T"
    """A file became a link, or the other way round."""


@record
class PathChange:
    """One path that differs."""

    path: PurePosixPath
    kind: ChangeKind


def changed_paths(repo: GitRepo, old: Revision, new: Revision | None) -> tuple[PathChange, ...]:
    """Return what differs between two commits, or between one and the working tree, in order.

    In the working tree, files count that git does not track yet, but not those that it ignores.

    Raises:
        GitError: git cannot tell.
    """
    if new is not None:
        return changed_tracked_paths(repo, old, new)
    with Background(lambda: untracked_paths(repo)) as untracked:
        tracked = changed_tracked_paths(repo, old, None)
        found = {change.path: change for change in (*tracked, *untracked.result())}
    return tuple(found[path] for path in sorted(found))


def changed_tracked_paths(repo: GitRepo, old: Revision, new: Revision | None) -> tuple[PathChange, ...]:
    """Return what differs as `changed_paths` does, without the files that git does not track yet."""
    if new is not None:
        done = repo.git.run("diff-tree", "-r", *_DIFF, "--end-of-options", old.sha, new.sha)
    else:
        done = repo.git.run("diff", *_DIFF, "--no-ext-diff", "--no-relative", "--end-of-options", old.sha, "--")
    return _read_changes(done.stdout)


def untracked_paths(repo: GitRepo) -> tuple[PathChange, ...]:
    """Return the files of the working tree that git does not track yet, but for those that it ignores."""
    listing = repo.git.run("ls-files", "--others", "--exclude-standard", "-z").stdout
    return tuple(PathChange(_path(name), ChangeKind.ADDED) for name in listing.split(b"\0") if name)


def merge_base(repo: GitRepo, one: Revision, other: Revision) -> Revision:
    """Return the commit where two histories parted.

    Raises:
        GitError: they have none in common, or it is missing in a shallow clone.
    """
    if one == other:
        return one
    sha = repo.git.text("merge-base", "--end-of-options", one.sha, other.sha, accept=(0, 1))
    if not sha:
        raise GitError(
            f"commits {one} and {other} have no common ancestor here",
            hint="a shallow clone lacks it: fetch more of the history (GIT_DEPTH in GitLab CI)",
        )
    return repo.resolve(sha)


def _read_changes(listing: bytes) -> tuple[PathChange, ...]:
    """Read pairs of a status and a path, each ended by NUL."""
    words = listing.split(b"\0")
    pairs = zip(words[::2], words[1::2], strict=False)
    return tuple(PathChange(_path(name), _kind(status)) for status, name in pairs)


def _kind(status: bytes) -> ChangeKind:
    # "U" is a path with a merge conflict.
    letter = status.decode()[:1]
    return ChangeKind.MODIFIED if letter == "U" else ChangeKind(letter)


def _path(name: bytes) -> PurePosixPath:
    return PurePosixPath(os.fsdecode(name))
