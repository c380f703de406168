"""One git invocation: fixed options, a clean environment, git's own words when it fails."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.errors import GitError, ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import Self

LOCAL_TIMEOUT = 120.0
"""Seconds for a command that stays on this machine."""

_OPTIONS = (
    *("-c", "user.useConfigOnly=true"),  # never a made-up name@host as the author of production's history
    *("-c", "core.quotePath=false"),
    *("-c", "i18n.commitEncoding=UTF-8"),
    *("-c", "advice.detachedHead=false"),
)


class Running:
    """A git command under way. Leaving the `with` statement before its end stops it.

    Args:
        child: the process.
        args: the sub-command and its arguments.
        accept: exit statuses that are not failures.
    """

    def __init__(self, child: process.Child, args: Sequence[str], accept: Sequence[int]) -> None:
        self._child = child
        self._args = args
        self._accept = accept

    def __enter__(self) -> Self:
        """Do nothing: the command has been started."""
        return self

    def __exit__(self, *error: object) -> None:
        """Stop the command if nobody asked for its result."""
        with self._child:
            if self._child.returncode is None:
                process.stop(self._child)

    def result(self, timeout: float = LOCAL_TIMEOUT, stdin: bytes = b"") -> process.Completed:
        """Wait for the command's end.

        Raises:
            GitError: git failed, or was not done after so many seconds; the message is git's own.
        """
        try:
            done = process.finish(self._child, ("git", *self._args), stdin=stdin, timeout=timeout)
        except ToolError as error:
            raise GitError(f"git {self._args[0]}: {error.message}", hint="is the server reachable?") from error
        if done.returncode not in self._accept:
            raise GitError(f"git {self._args[0]}: {own_words(done)}")
        return done


class Git:
    """Runs git in one folder.

    Args:
        folder: where git starts to look for the repository.
        extra: environment variables on top of this process's own, such as credentials.
    """

    def __init__(self, folder: Path, extra: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "LC_ALL": "C",
            "LANGUAGE": "C",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_LITERAL_PATHSPECS": "1",
        }
        self.env |= extra or {}
        if not sys.stdin or not sys.stdin.isatty():
            self.env["GIT_TERMINAL_PROMPT"] = "0"

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        timeout: float = LOCAL_TIMEOUT,
        detached: bool = False,
        inherit: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> process.Completed:
        """Run one git command.

        Args:
            args: the sub-command and its arguments.
            stdin: what git reads.
            timeout: seconds.
            detached: let git finish when this process is killed.
            inherit: file descriptors that git keeps open while it runs.
            env: environment variables for this command alone.
            accept: exit statuses that are not failures.

        Raises:
            GitError: git failed; the message is git's own.
        """
        with self.begin(*args, detached=detached, inherit=inherit, env=env, accept=accept) as running:
            return running.result(timeout, stdin)

    def begin(
        self,
        *args: str,
        detached: bool = False,
        inherit: Sequence[int] = (),
        env: Mapping[str, str] | None = None,
        accept: Sequence[int] = (0,),
    ) -> Running:
        """Start one git command whose result is wanted later; see `run`."""
        return Running(self.start(*args, detached=detached, inherit=inherit, env=env), args, accept)

    def start(
        self, *args: str, detached: bool = False, inherit: Sequence[int] = (), env: Mapping[str, str] | None = None
    ) -> process.Child:
        """Start one git command with pipes on its streams; see `run`.

        Raises:
            GitError: git is not installed.
        """
        command = ("git", "-C", str(self.folder), *_OPTIONS, *args)
        environment = {**self.env, **(env or {})}
        try:
            return process.start(command, env=environment, detached=detached, inherit=inherit)
        except ToolError as error:
            raise GitError(error.message, hint="install git 2.36 or newer") from error

    def text(self, *args: str, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> str:
        """Run one git command and return what it prints, without the final newline."""
        return os.fsdecode(self.run(*args, stdin=stdin, accept=accept).stdout).rstrip("\n")


def author(folder: Path) -> str | None:
    """Return whom git would name as a commit's author, `Name <address>`; None if git does not know."""
    done = Git(folder).run("var", "GIT_AUTHOR_IDENT", accept=range(256))
    name = os.fsdecode(done.stdout).rpartition("> ")[0]
    text = f"{name}>".encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if done.returncode == 0 and name else None


def own_words(done: process.Completed) -> str:
    """Return git's reason, without its `fatal: ` and without hints for its own command line."""
    lines = [line for line in done.error_text.splitlines() if line and not line.startswith("hint:")]
    text = "\n".join(lines).strip()
    for prefix in ("fatal: ", "error: "):
        text = text.removeprefix(prefix)
    return text or f"exit status {done.returncode}"
