"""Finds the commits that people wrote behind the merges that landed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.git.log import written_log
from gitops_tool.model import Revision
from gitops_tool.records import replace
from gitops_tool.status.changes import how

if TYPE_CHECKING:
    from gitops_tool.git import GitRepo
    from gitops_tool.git.log import Commit, FileChange
    from gitops_tool.status.changes import VersionChange

_CLOCKS = 600
"""Seconds that the clock of who wrote a commit may be ahead of the server's that merged it."""

_MOST_PATHS = 100

_Written = Mapping[tuple[PurePosixPath, str], Sequence["Commit"]]
"""The commits that wrote a content to a path, newest first."""


def with_authors(
    repo: GitRepo, changes: Sequence[VersionChange], files: Mapping[str, Sequence[FileChange]]
) -> Iterator[VersionChange]:
    """Yield changes, each with the commit that wrote what its merge landed; the merge itself where none can be found.

    Args:
        repo: the repository.
        changes: newest first.
        files: what each merge changed.

    Raises:
        GitError: git cannot read the history.
    """
    merges = [change.landed for change in changes if len(change.landed.parents) > 1]
    if not merges:
        yield from changes
        return
    written = _written(repo, merges, files)
    taken = {change.landed.sha for change in changes}
    by_merge: dict[str, Commit | None] = {}
    for change in changes:
        merge = change.landed
        if len(merge.parents) > 1 and merge.sha not in by_merge:
            by_merge[merge.sha] = _author(merge, files.get(merge.sha, ()), written, taken)
        author = by_merge.get(merge.sha)
        if author is None:
            yield change
            continue
        taken.add(author.sha)
        kind = how(author.message, change.overlay, change.version, appeared=change.previous is None)
        yield replace(change, commit=author, how=kind)


def _written(repo: GitRepo, merges: Sequence[Commit], files: Mapping[str, Sequence[FileChange]]) -> _Written:
    """Read what was written between the oldest of some merges and the newest."""
    paths = sorted({change.path for merge in merges for change in files.get(merge.sha, ())})
    asked = paths if len(paths) <= _MOST_PATHS else []
    found: dict[tuple[PurePosixPath, str], list[Commit]] = {}
    for logged in written_log(repo, Revision(merges[0].sha), merges[-1].parents[0], asked):
        for change in logged.changes:
            found.setdefault((change.path, change.oid), []).append(logged.commit)
    return found


def _author(merge: Commit, files: Sequence[FileChange], written: _Written, taken: set[str]) -> Commit | None:
    """Return the newest commit before a merge that wrote one of its files and landed with no other change."""
    for change in files:
        for commit in written.get((change.path, change.oid), ()):
            if commit.sha not in taken and commit.time <= merge.time + _CLOCKS:
                return commit
    return None
