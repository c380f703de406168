"""A remote as the rest of the program sees it: branches come from it, and commits go to it."""

from __future__ import annotations

import hashlib
import os
import signal
from typing import TYPE_CHECKING

from gitops_tool.git import remote as remotes
from gitops_tool.git.lock import exclusive
from gitops_tool.process import redact
from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Self

    from gitops_tool.git.command import Running
    from gitops_tool.git.repo import GitRepo
    from gitops_tool.model import Revision
    from gitops_tool.process import Completed


class Fetching:
    """A fetch under way. Leaving the `with` statement before its end stops it.

    Args:
        running: git's part of it.
        repo: the repository that it is for.
        tracking: the ref that it updates.
    """

    def __init__(self, running: Running, repo: GitRepo, tracking: str) -> None:
        self._running = running
        self._repo = repo
        self._tracking = tracking

    def __enter__(self) -> Self:
        """Do nothing: git has been started."""
        return self

    def __exit__(self, *error: object) -> None:
        """Stop git if nobody asked for the tip."""
        self._running.__exit__(*error)

    def tip(self, timeout: float) -> Revision:
        """Wait for the end and return the branch's tip; see `Remote.fetch`."""
        self._running.result(timeout)
        return self._repo.resolve(self._tracking)


@record
class Replacement:
    """How a branch is replaced.

    `instead_of` is the commit that it must hold now, empty if it must not be there; `options` are for the server.
    """

    instead_of: str
    options: Sequence[str] = ()


class Remote:
    """A configured remote of a repository. `display` is where pushes go, to be printed.

    Args:
        repo: the repository.
        name: the remote's name.
        urls: where pushes go and where fetches come from, as they are configured, or the one that is for both.

    Raises:
        GitError: a URL is refused.
    """

    def __init__(self, repo: GitRepo, name: str, urls: Sequence[str]) -> None:
        for url in urls:
            remotes.check_url(url)
        self.name = name
        self.display = redact(urls[0])
        self._repo = repo
        self._environment = remotes.credentials(urls)
        self._fetched = False

    @property
    def url(self) -> str:
        """Where fetches come from, as it is configured; may hold credentials."""
        return self._repo.settings.get(f"remote.{self.name}.url", "")

    def turn(self, branch: str, folder: Path, deadline: float) -> AbstractContextManager[int]:
        """Hold this machine's lock for pushes to one branch, whatever clone they come from."""
        folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(f"{self.url or self.display}\0{branch}".encode()).hexdigest()[:32]
        return exclusive(folder / f"{name}.lock", deadline)

    def fetch(self, branch: str, lock: int, timeout: float) -> Revision:
        """Bring a branch up to date and return its tip.

        Raises:
            GitError: there is no such branch, or the server cannot be reached or refuses; in its own words.
        """
        with self.begin_fetch(branch, lock) as fetching:
            return fetching.tip(timeout)

    def begin_fetch(self, branch: str, lock: int) -> Fetching:
        """Start to bring a branch up to date; see `fetch`."""
        remotes.check_branch(branch)
        tracking = self._tracking(branch)
        # Of a clone in the cache, only the tip is of use; after a lost race the commits in between tell who was faster.
        # One whose whole history was asked for once keeps it.
        is_shallow = self._repo.ahead is not None and (self._repo.common_dir / "shallow").exists()
        depth = ("--depth=1",) if is_shallow and not self._fetched else ()
        self._fetched = True
        running = self._repo.git.begin(
            *("fetch", *depth, "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
            *("--no-recurse-submodules", "--end-of-options", self.name, f"+refs/heads/{branch}:{tracking}"),
            detached=True,
            inherit=(lock,),
            env=self._environment,
        )
        return Fetching(running, self._repo, tracking)

    def last_fetched(self, branch: str) -> Revision | None:
        """Return the tip of a branch as it was when it was fetched last; None if it never was."""
        remotes.check_branch(branch)
        return self._repo.find(self._tracking(branch))

    def branch(self, branch: str, lock: int, timeout: float) -> Revision | None:
        """Fetch a branch, None if there is none of that name.

        Raises:
            GitError: the server cannot be reached or refuses; in its own words.
        """
        remotes.check_branch(branch)
        done = self._repo.git.run(
            *("ls-remote", "--end-of-options", self.name, f"refs/heads/{branch}"),
            timeout=timeout,
            env=self._environment,
        )
        return self.fetch(branch, lock, timeout) if done.stdout.strip() else None

    def push(
        self,
        branch: str,
        revision: Revision,
        lock: int,
        timeout: float,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> remotes.PushResult:
        """Push one commit to a branch, without force; the answer says how it went.

        Args:
            branch: the branch there.
            revision: the commit.
            lock: the descriptor of the held lock, which git inherits.
            timeout: seconds.
            meanwhile: done while git pushes.

        Raises:
            GitError: git cannot be started, or takes too long.
        """
        with self._pushing(branch, revision, lock) as pushing:
            meanwhile()
            return _answer(pushing.result(timeout))

    def replace_branch(
        self, branch: str, revision: Revision, lock: int, timeout: float, with_what: Replacement
    ) -> remotes.PushResult:
        """Have a branch hold one commit instead of what it holds; see `push`."""
        options = [f"--push-option={option}" for option in with_what.options]
        lease = f"--force-with-lease=refs/heads/{branch}:{with_what.instead_of}"
        with self._pushing(branch, revision, lock, lease, *options) as pushing:
            return _answer(pushing.result(timeout))

    def _pushing(self, branch: str, revision: Revision, lock: int, *options: str) -> Running:
        remotes.check_branch(branch)
        return self._repo.git.begin(
            *("push", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", *options),
            *("--end-of-options", self.name, f"{revision.sha}:refs/heads/{branch}"),
            detached=True,
            inherit=(lock,),
            env=self._environment,
            accept=range(-signal.SIGPIPE, 256),
        )

    def _tracking(self, branch: str) -> str:
        return f"refs/remotes/{self.name}/{branch}"


def _answer(done: Completed) -> remotes.PushResult:
    return remotes.read_push(done.returncode, os.fsdecode(done.stdout), os.fsdecode(done.stderr))
