"""Runs programs: an argument list, a time limit, no shell, no secret in any message."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from gitops_tool.errors import ToolError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class Child(subprocess.Popen[bytes]):
    """A program that was started, for the rooms that may not import subprocess."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the program's end; see `subprocess.Popen.wait`.

        Which looks with a time limit only now and then, a millisecond or two too late. Linux can tell at once. But it
        tells of programs that cannot be waited for yet, such as one that is traced: what is left of the time is theirs.
        """
        if timeout is not None and self.returncode is None:
            end = time.monotonic() + timeout
            _watch(self.pid, timeout)
            timeout = max(0.0, end - time.monotonic())
        return super().wait(timeout)


def _watch(pid: int, timeout: float) -> None:
    """Wait until a process has ended, or so many seconds are over; return at once where that cannot be told."""
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):  # macOS; an old kernel, or one that forbids it
        return
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(max(0.0, timeout) * 1000)
    finally:
        os.close(descriptor)


GO_WITHOUT_COLLECTION = {"GOGC": "off", "GOMEMLIMIT": "512MiB"}
"""Environment of a short-lived program in Go: no garbage collection up to so much memory saves a fifth of its time."""

_GRACE = 2.0
"""Seconds that a program gets between SIGTERM and SIGKILL."""

# Up to the last "@" of the authority: people write passwords with an "@" in them as they are.
_CREDENTIALS = lazy_pattern(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s]+@")
_TOKENS = lazy_pattern(r"\b(?:glpat|gldt|glcbt|gloas|glrt|ghp|gho|ghu|ghs|ghr|github_pat)[-_][A-Za-z0-9_.-]{8,}")


@record
class Completed:
    """A program's end: its exit status and what it printed."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def error_text(self) -> str:
        """What the program wrote to stderr, readable and without credentials."""
        return redact(self.stderr.decode("utf-8", "replace").strip())


def redact(text: str) -> str:
    """Replace credentials in URLs and tokens of the common forges by `***`."""
    return _TOKENS.sub("***", _CREDENTIALS.sub(r"\g<scheme>***@", text))


def run(
    args: Sequence[str],
    *,
    timeout: float,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    detached: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> Completed:
    """Run a program to its end and collect what it prints.

    Args:
        args: the program and its arguments; never a shell's text.
        timeout: seconds until the program and its children are killed.
        stdin: what the program reads.
        cwd: the folder it runs in; the caller's own if None.
        env: its whole environment; the caller's own if None.
        detached: let it finish when this process is killed; for programs that hold locks.
        meanwhile: done while the program runs.

    Raises:
        ToolError: the program is missing, cannot be started, or took longer than `timeout`.
    """
    with start(args, cwd=cwd, env=env, detached=detached) as child:
        rest = _feed(child, stdin)
        try:
            meanwhile()
        except BaseException:
            stop(child)
            raise
        return finish(child, args, stdin=rest, timeout=timeout)


def start(
    args: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    detached: bool = False,
    inherit: Sequence[int] = (),
) -> Child:
    """Start a program with pipes on its three streams; see `run` for the arguments.

    `inherit` are file descriptors that the program keeps open while it runs.

    Raises:
        ToolError: the program is missing or cannot be started.
    """
    try:
        return Child(
            list(args),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env,
            start_new_session=detached,
            pass_fds=tuple(inherit),
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise ToolError(f'the folder "{cwd}" is gone') from error
        raise ToolError(f'"{args[0]}" was not found') from error
    except OSError as error:
        raise ToolError(f'"{args[0]}" cannot be started: {error.strerror}') from error


def _feed(child: Child, data: bytes) -> bytes:
    """Give a program as much of its input as it takes at once, and return the rest."""
    pipe = child.stdin
    if pipe is None or not data:
        return data
    os.set_blocking(pipe.fileno(), False)
    try:
        rest = data[os.write(pipe.fileno(), data) :]
    except (BlockingIOError, BrokenPipeError):
        rest = data
    os.set_blocking(pipe.fileno(), True)
    if not rest:
        pipe.close()
        child.stdin = None  # for `communicate`, which would flush it
    return rest


def finish(child: Child, args: Sequence[str], *, timeout: float, stdin: bytes = b"") -> Completed:
    """Feed a started program, wait for its end and collect what it prints.

    Raises:
        ToolError: it took longer than `timeout` seconds and was killed.
    """
    try:
        stdout, stderr = child.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        stop(child)
        raise ToolError(f'"{args[0].rpartition("/")[2]}" did not end within {timeout:g} seconds') from error
    except BaseException:
        stop(child)
        raise
    return Completed(child.returncode, stdout, stderr)


def stop(child: Child) -> None:
    """End a program, and the group of one that leads its own; first politely, so that git removes its locks."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        _signal(child, signal_number)
        try:
            child.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            continue
        return


def _signal(child: Child, signal_number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # it has ended; macOS answers the second
        if os.getpgid(child.pid) == child.pid:
            os.killpg(child.pid, signal_number)
            return
    child.send_signal(signal_number)
