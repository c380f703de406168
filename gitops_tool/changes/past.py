"""What an overlay ran before: its versions, newest first, read from the history of the branch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gitops_tool.changes.targets import candidates
from gitops_tool.errors import GitError, GitopsError
from gitops_tool.git.history import touching
from gitops_tool.git.objects import GitTree
from gitops_tool.graph import closure
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Overlay, Revision
    from gitops_tool.tree import Tree

_ROLLED_BACK = re.compile(r"^Gitops-Rolled-Back: (.+?)\r?$", re.MULTILINE)
ROLLED_BACK = "Gitops-Rolled-Back"


@record
class State:
    """The versions of an overlay's images, by entry, and the last commit that had them; `tree` holds its files.

    `bad` are the images that a later rollback took away, with their versions.
    """

    revision: Revision
    tree: Tree
    versions: Mapping[str, ImageRef]
    bad: frozenset[str]


def versions_of(tree: Tree, overlay: Overlay) -> Mapping[str, ImageRef]:
    """Return the versions of an overlay's images by entry; none where it cannot be read."""
    try:
        return {one.entry: one.version for one in candidates(tree, overlay.path)}
    except GitopsError:
        return {}


def past_states(tree: Tree, overlay: Overlay) -> Iterator[State]:
    """Yield what an overlay ran up to a commit, newest first, the present included.

    Args:
        tree: the files of the commit.
        overlay: whose versions.

    Raises:
        GitError: the files are not those of a commit, or the history cannot be read.
    """
    if not isinstance(tree, GitTree) or tree.origin is None:
        raise GitError("versions of the past are in the history", hint="leave --no-commit out")
    repo, start = tree.origin
    paths = [overlay.path, *closure(tree, overlay.path).files]
    bad: frozenset[str] = frozenset()
    later: Mapping[str, ImageRef] | None = None
    for revision, message in touching(repo, start, paths):
        past = repo.tree(revision)
        versions = versions_of(past, overlay)
        if versions != later:
            yield State(revision, past, versions, bad)
        later = versions
        bad |= frozenset(_ROLLED_BACK.findall(message))


def state_at(tree: Tree, overlay: Overlay, name: str) -> State | None:
    """Return what an overlay ran at a commit that the branch holds, by any name git knows; None if there is none.

    Raises:
        GitError: the commit is not on the branch.
    """
    if not isinstance(tree, GitTree) or tree.origin is None:
        return None
    repo, start = tree.origin
    try:
        revision = repo.resolve(name)
    except GitError:
        return None
    if not repo.is_ancestor(revision, start):
        raise GitError(f'commit "{revision}" is not one of the branch\'s own', hint="see `git log`")
    past = repo.tree(revision)
    return State(revision, past, versions_of(past, overlay), frozenset())
