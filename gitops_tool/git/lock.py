"""A lock beside the repository: one writer of this tool at a time on this machine."""

from __future__ import annotations

import fcntl
import os
import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitops_tool.errors import GitError, RaceLostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL = 0.02
"""Seconds between two looks at a taken lock, at least."""


@contextmanager
def exclusive(path: Path, deadline: float) -> Iterator[int]:
    """Hold the lock file at `path`; yields its descriptor.

    The kernel frees the lock when the last process that has the descriptor ends, so a killed holder leaves
    nothing behind, and a git that outlives it keeps the lock until it is done.

    Args:
        path: the lock file; made if it is missing, never removed.
        deadline: when to give up, on `time.monotonic`'s clock.

    Raises:
        RaceLostError: the deadline passed first.
        GitError: the file cannot be made.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise GitError(f'cannot write "{path}": {error.strerror}', hint="is the repository read-only?") from error
    try:
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                raise RaceLostError(
                    f'another process holds "{path}"', hint="wait for the other `gitops`, or give more --timeout"
                )
            time.sleep(random.uniform(_POLL, 3 * _POLL))  # noqa: S311 - jitter, not a secret
        yield descriptor
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Try to take the lock once."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
