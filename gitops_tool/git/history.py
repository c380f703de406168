"""Reads history through GitPython; imported only here and when it is needed, as its import takes 130 ms."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath

    from gitops_tool.model import Revision


def last_commit(git_dir: Path, path: PurePosixPath, old: Revision | None, new: Revision) -> str:
    """Describe the newest commit after `old`, up to `new`, that touched a file: id, subject and author.

    In a shallow clone the commit may be missing; then `new` itself is described as the place to look from.
    """
    import git

    span = f"{old.sha}..{new.sha}" if old else new.sha
    with git.Repo(git_dir) as repo:
        for commit in repo.iter_commits(span, paths=str(path), max_count=1):
            return f'{commit.hexsha[:9]} "{commit.summary!s}" ({commit.author.name})'
    return f"a commit before {new}"
