"""Repositories without a checkout: bare, shallow, partial clones in the user's cache, which many jobs may share."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gitops_tool.errors import GitError, PushRejectedError, UsageError
from gitops_tool.git.command import Git
from gitops_tool.git.lock import exclusive
from gitops_tool.git.partial import ReadAhead
from gitops_tool.git.remote import Credentials, check_url, credentials, without_user
from gitops_tool.git.repo import GitRepo
from gitops_tool.process import redact

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_REMOTE = "origin"
_MOST_PACKS = 50
"""Every fetch and every bump leaves one; with more of them git looks for objects in too many places."""


def with_mirror(url: str, folder: Path, deadline: float, action: Callable[[GitRepo], _T]) -> _T:
    """Do something with a clone of a repository; one that turns out to be damaged is made again, once.

    Args:
        url: where the repository is.
        folder: the folder of all clones, in the cache.
        deadline: when to stop waiting for others that make the clone, on `time.monotonic`'s clock.
        action: what to do; done again if the clone was damaged.

    Raises:
        GitError: the URL is refused, the server cannot be reached, or `action` failed for another reason.
        UsageError: the URL holds a password.
    """
    url = _plain(url)
    path = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"
    for is_last in (False, True):
        repo = _opened(url, path, deadline, again=is_last)
        try:
            return action(repo)
        except PushRejectedError:
            raise
        except GitError:
            repo.close()
            if is_last or _is_sound(repo.git):
                raise
        finally:
            repo.close()
    raise AssertionError("the last try returns or raises")


def _plain(url: str) -> str:
    """Return the URL that names a repository, without the user.

    Raises:
        UsageError: it holds a password, which every user of the machine could read in the process list.
        GitError: it is refused.
    """
    check_url(url)
    if Credentials.from_url(url):
        raise UsageError(
            f'the URL "{redact(url)}" holds a password, which the list of processes shows to everybody',
            hint="put it into the environment as GITOPS_TOKEN, and the user as GITOPS_USER",
        )
    if Path(url).is_absolute():
        return Path(url).as_uri()  # git copies a plain path whole
    return without_user(url)


def _opened(url: str, path: Path, deadline: float, *, again: bool) -> GitRepo:
    """Open the clone, made if it is missing, not a repository any more, or to be made again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = credentials([url])
    with exclusive(path.with_suffix(".lock"), deadline):
        if again or not _is_repository(Git(path.parent), path):
            _remove(path)
            _clone(url, path, secrets)
        git = Git(path, secrets)
        if len(list((path / "objects/pack").glob("*.pack"))) > _MOST_PACKS:
            git.run("gc", "--quiet", "--prune=1.hour.ago")
    return GitRepo(git, None, path, path, ReadAhead(git, _REMOTE))


def _is_repository(git: Git, path: Path) -> bool:
    if not path.is_dir():
        return False
    done = git.run(f"--git-dir={path}", "rev-parse", "--is-bare-repository", accept=range(256))
    return done.returncode == 0 and done.stdout == b"true\n"


def _is_sound(git: Git) -> bool:
    """Whether every object that is there is whole, and every one that refers to it, too."""
    return git.run("fsck", "--no-dangling", "--no-progress", accept=range(256)).returncode == 0


def _clone(url: str, path: Path, secrets: dict[str, str]) -> None:
    """Clone the newest commit without its files, whole or not at all."""
    scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        Git(path.parent, secrets).run(
            *("clone", "--quiet", "--bare", "--depth=1", "--no-tags", "--filter=blob:none", "--template="),
            *("--end-of-options", url, str(scratch / "git")),
        )
        # A branch of its own would be one more thing to keep up to date; HEAD still names the default branch.
        git = Git(scratch / "git")
        for ref in git.text("for-each-ref", "--format=%(refname)", "refs/heads/").split():
            git.run("update-ref", "-d", ref)
        (scratch / "git").rename(path)
    except OSError as error:
        raise GitError(f'cannot write "{path}": {error.strerror}', hint="is the disk full?") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove(path: Path) -> None:
    """Put a clone out of the way; a job that still reads it fails, and then makes use of the new one."""
    if path.exists() or path.is_symlink():
        trash = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
        path.rename(trash / "git")
        shutil.rmtree(trash, ignore_errors=True)
