"""Opens what a reading command looks at: a commit, or the files of the repository around a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.records import record

if TYPE_CHECKING:
    from pathlib import Path

    from gitops_tool.git import GitRepo
    from gitops_tool.git.changes import PathChange
    from gitops_tool.model import Revision
    from gitops_tool.tree import Tree


@record
class Opened:
    """A tree to look at.

    `repo` is None outside a git repository, `revision` None for the working tree; `folder` is where the
    user stands, from the repository's root.
    """

    tree: Tree
    repo: GitRepo | None
    revision: Revision | None
    folder: PurePosixPath

    def tip(self) -> Revision | None:
        """Return the commit whose history leads here: the one that is looked at, else HEAD; None if there is none."""
        from gitops_tool.errors import GitError

        if self.revision is not None or self.repo is None:
            return self.revision
        try:
            return self.repo.head()
        except GitError:
            return None


@contextmanager
def opened(folder: Path, rev: str | None) -> Iterator[Opened]:
    """Open a commit, or the files as they are now; a bare repository's are those of HEAD.

    Raises:
        GitError: a commit is asked for, and there is no repository or no such commit.
    """
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo
    from gitops_tool.tree import ROOT, DirTree

    try:
        repo = GitRepo.open(folder)
    except GitError:
        if rev is not None:
            raise
        yield Opened(DirTree(folder), None, None, ROOT)
        return
    try:
        inside = PurePosixPath(os.path.relpath(folder.resolve(), repo.root)) if repo.root else ROOT
        if rev is None and repo.root is not None:
            yield Opened(DirTree(repo.root), repo, None, inside)
        else:
            revision = repo.resolve(rev or "HEAD")
            yield Opened(repo.tree(revision), repo, revision, inside)
    finally:
        repo.close()


def commit_of(here: Opened) -> str | None:
    """Return the commit that is looked at, or that the files were checked out from; None outside a repository."""
    from gitops_tool.errors import GitError

    try:
        return (here.revision or here.repo.head()).sha if here.repo else None
    except GitError:  # no commit yet
        return None


def changes_since(here: Opened, ref: str) -> tuple[Tree, tuple[PathChange, ...]]:
    """Return the tree where a history left that of another commit, and what changed since.

    Raises:
        GitError: there is no repository, no such commit, or no common history.
    """
    from gitops_tool.errors import GitError
    from gitops_tool.git.changes import changed_paths, merge_base

    repo = here.repo
    if repo is None:
        raise GitError("this is not a git repository: nothing is known about changes")
    base = merge_base(repo, repo.resolve(ref), here.revision or repo.head())
    return repo.tree(base), changed_paths(repo, base, here.revision)


def default_ref(here: Opened, argument: str) -> str:
    """Return what to compare with when nobody says: the merge request's base, else the default branch.

    Raises:
        UsageError: neither is known; `argument` is what to name instead.
        GitError: there is no repository.
    """
    from gitops_tool.errors import GitError, UsageError

    base = os.environ.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    if base:
        return base
    if here.repo is None:
        raise GitError("this is not a git repository: nothing is known about changes")
    name = "refs/remotes/origin/HEAD"
    if here.repo.has(name):
        return name
    raise UsageError(
        f"there is no default branch to compare with: name a {argument}",
        hint="or tell git which one it is: git remote set-head origin --auto",
    )
