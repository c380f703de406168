"""What an overlay ran before: its versions, newest first, read from the history of the branch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from gitops_tool.changes.targets import candidates
from gitops_tool.errors import GitError, GitopsError, UsageError
from gitops_tool.git.log import branch_log, shallow_commits
from gitops_tool.git.objects import GitTree
from gitops_tool.model import Revision
from gitops_tool.records import record
from gitops_tool.status import overlay_history

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.git import GitRepo
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree

_ROLLED_BACK = re.compile(r"^Gitops-Rolled-Back: (.+?)\r?$", re.MULTILINE)
ROLLED_BACK = "Gitops-Rolled-Back"


@record
class State:
    """Versions by key, and the last commit that had them; `tree` holds its files.

    `bad` are names with versions that a later rollback took away.
    """

    revision: Revision
    tree: Tree
    versions: Mapping[str, ImageRef]
    bad: frozenset[str]


def image_versions(tree: Tree, overlay: Overlay) -> Mapping[str, ImageRef]:
    """Return the versions of an overlay's images by entry; none where it cannot be read."""
    try:
        return {one.entry: one.version for one in candidates(tree, overlay.path)}
    except GitopsError:
        return {}


def image_states(tree: Tree, overlay: Overlay) -> Iterator[State]:
    """Yield what an overlay ran up to a commit, newest first, the present included, until it was created.

    Args:
        tree: the files of the commit.
        overlay: whose images.

    Raises:
        GitError: the files are not those of a commit, or the history cannot be read.
    """
    repo, start = _origin(tree)
    versions = image_versions(tree, overlay)
    bad: frozenset[str] = frozenset()
    yield State(start, tree, versions, bad)
    for landed, changes in groupby(overlay_history(repo, start, [overlay]), key=lambda change: change.landed):
        together = list(changes)
        bad |= _rolled_back(landed.message, *(change.commit.message for change in together))
        before = dict(versions) | {change.entry: change.previous for change in together}
        versions = {entry: version for entry, version in before.items() if version is not None}
        if not landed.parents or not versions:
            return
        parent = Revision(landed.parents[0])
        yield State(parent, repo.tree(parent), versions, bad)


def value_states(
    tree: Tree, files: Sequence[PurePosixPath], read: Callable[[Tree], Mapping[str, ImageRef]]
) -> Iterator[State]:
    """Yield the versions that some files held up to a commit, newest first, the present ones included.

    Args:
        tree: the files of the commit.
        files: where the versions are.
        read: tells them from a tree; none where they cannot be read.

    Raises:
        GitError: the files are not those of a commit, or the history cannot be read.
    """
    repo, start = _origin(tree)
    versions = read(tree)
    bad: frozenset[str] = frozenset()
    yield State(start, tree, versions, bad)
    for logged in branch_log(repo, start, files):
        bad |= _rolled_back(logged.commit.message)
        if not logged.commit.parents:
            return
        parent = Revision(logged.commit.parents[0])
        past = repo.tree(parent)
        earlier = read(past)
        if not earlier:
            return
        if earlier != versions:
            yield State(parent, past, earlier, bad)
        versions = earlier


def _rolled_back(*messages: str) -> frozenset[str]:
    """Return what commits say was rolled back from."""
    return frozenset(name for message in messages for name in _ROLLED_BACK.findall(message))


def not_in_history(tree: Tree, message: str, hint: str) -> GitopsError:
    """Return the error for a version that was not found: nobody's mistake where the clone lacks history.

    Args:
        tree: the files of the commit from which the search began.
        message: what was not found.
        hint: what to do about it if the history is all there.
    """
    repo, _ = _origin(tree)
    if not shallow_commits(repo):
        return UsageError(message, hint=hint)
    way_out = "this clone is shallow, older versions are not in it: git fetch --unshallow; in GitLab CI, GIT_DEPTH: 0"
    return GitError(message, hint=way_out)


def _origin(tree: Tree) -> tuple[GitRepo, Revision]:
    if not isinstance(tree, GitTree) or tree.origin is None:
        raise GitError("versions of the past are in the history", hint="leave --no-commit out")
    repo, start = tree.origin
    repo.complete_history()
    return repo, start


def state_at(tree: Tree, name: str, read: Callable[[Tree], Mapping[str, ImageRef]]) -> State | None:
    """Return what ran at a commit that the branch holds, by any name git knows; None if there is none.

    Raises:
        GitError: the commit is not on the branch.
    """
    repo, start = _origin(tree)
    try:
        revision = repo.resolve(name)
    except GitError:
        return None
    if not repo.is_ancestor(revision, start):
        raise GitError(f'commit "{revision}" is not one of the branch\'s own', hint="see `git log`")
    past = repo.tree(revision)
    return State(revision, past, read(past), frozenset())
