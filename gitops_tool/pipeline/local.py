"""Carries a plan out on this machine: files, a commit on the checked-out branch, or nothing at all."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool.changes import Change
from gitops_tool.errors import GitError
from gitops_tool.git import GitRepo
from gitops_tool.pipeline.plan import Outcome, Status, make_plan, refuse_errors
from gitops_tool.schemas import SchemaEngine
from gitops_tool.tree import DirTree, EmptyTree, PatchedTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops_tool.model import Edit
    from gitops_tool.pipeline.publish import PushOptions

LOCK_TIMEOUT = 120.0
"""Seconds to wait for another run in the same repository."""


def write_files(change: Change, root: Path, engine: SchemaEngine = SchemaEngine.AUTO) -> Outcome:
    """Apply a change to the files of a folder, without git.

    Raises:
        GitopsError: the change is refused, or a file cannot be written; no file is half-written.
    """
    plan = make_plan(change, DirTree(root), None, engine)
    refuse_errors(plan)
    if not plan.proposal.edits:
        return Outcome(Status.UNCHANGED, plan)
    _put(plan.proposal.edits, root)
    return Outcome(Status.WRITTEN, plan)


def _put(edits: Sequence[Edit], root: Path) -> None:
    try:
        _write(edits, root)
    except OSError as error:
        message = f'cannot write "{error.filename or root}": {error.strerror}'
        raise GitError(message, hint="is the folder read-only or full?") from error


def _write(edits: Sequence[Edit], root: Path) -> None:
    """Bring every new content to the disk under another name, then put all in place."""
    ready: dict[Path, Path] = {}
    made: list[Path] = []
    try:
        for edit in edits:
            if edit.after is not None:
                target = root / edit.path
                made += _made_folders(target.parent)
                ready[target] = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
                _fill(ready[target], edit.after, target)
    except OSError:
        for scratch in ready.values():
            scratch.unlink(missing_ok=True)
        for folder in reversed(made):
            folder.rmdir()
        raise
    for target, scratch in ready.items():
        scratch.replace(target)
    for edit in edits:
        if edit.after is None:
            (root / edit.path).unlink(missing_ok=True)
            _remove_empty((root / edit.path).parent, root)


def _made_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; returns the ones that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _remove_empty(folder: Path, root: Path) -> None:
    """Remove a folder and those above it as far as they are empty, as git does."""
    with contextlib.suppress(OSError):
        while folder != root:
            folder.rmdir()
            folder = folder.parent


def _fill(scratch: Path, data: bytes, target: Path) -> None:
    """Write a file to the disk, with the permissions of the one it is to replace, or of any new file."""
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        if target.exists():
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777)


def commit(
    repo: GitRepo,
    change: Change,
    *,
    sign: bool = False,
    timeout: float = LOCK_TIMEOUT,
    engine: SchemaEngine = SchemaEngine.AUTO,
) -> Outcome:
    """Commit a change on the checked-out branch; index and files follow.

    Raises:
        FindingsError: the change is refused.
        GitError: a touched file has uncommitted changes, or HEAD is detached; nothing happened.
    """
    with repo.lock(time.monotonic() + timeout) as lock:
        repo.mend()
        branch = repo.branch
        if branch is None:
            raise GitError(
                "HEAD is detached: there is no branch to commit on",
                hint="git switch BRANCH, or use --push --branch BRANCH",
            )
        head = repo.head()
        plan = make_plan(change, repo.tree(head), head, engine)
        if not plan.proposal.edits:
            return Outcome(Status.UNCHANGED, plan)
        refuse_errors(plan)
        revision = repo.commit(head, plan.tree, plan.proposal.message, sign=sign)
        repo.fast_forward(branch, head, revision, lock)
    return Outcome(Status.COMMITTED, plan, revision, branch)


def first_commit(
    repo: GitRepo, root: Path, change: Change, *, sign: bool = False, engine: SchemaEngine = SchemaEngine.AUTO
) -> Outcome:
    """Make new files the first commit of a repository; others that lie there are not part of it.

    Raises:
        FindingsError: the change is refused.
        GitError: a file cannot be written, or the branch has a commit meanwhile.
    """
    with repo.lock(time.monotonic() + LOCK_TIMEOUT) as lock:
        branch = repo.branch
        if branch is None:
            raise GitError("HEAD is detached: there is no branch to commit on", hint="git switch -c main")
        plan = make_plan(change, DirTree(root), None, engine)
        refuse_errors(plan)
        tree = PatchedTree(EmptyTree(repo.oid_length), plan.proposal.edits)
        revision = repo.commit(None, tree, plan.proposal.message, sign=sign)
        _put(plan.proposal.edits, root)
        repo.begin(branch, revision, [edit.path for edit in plan.proposal.edits], lock)
    return Outcome(Status.COMMITTED, plan, revision, branch)


def dry_run(
    repo: GitRepo, change: Change, options: PushOptions | None, engine: SchemaEngine = SchemaEngine.AUTO
) -> Outcome:
    """Plan a change over the tip of the remote branch, or over HEAD without `options`, and stop there."""
    if options is None:
        base = repo.head()
    else:
        branch = repo.push_branch(options.remote) if options.branch is None else options.branch
        with repo.lock(time.monotonic() + options.timeout) as lock:
            base = repo.remote(options.remote).fetch(branch, lock, options.timeout)
    plan = make_plan(change, repo.tree(base), base, engine)
    return Outcome(Status.PLANNED if plan.proposal.edits else Status.UNCHANGED, plan)


def dry_run_of_files(change: Change, root: Path, engine: SchemaEngine = SchemaEngine.AUTO) -> Outcome:
    """Plan a change over the files of a folder, and stop there."""
    plan = make_plan(change, DirTree(root), None, engine)
    return Outcome(Status.PLANNED if plan.proposal.edits else Status.UNCHANGED, plan)
