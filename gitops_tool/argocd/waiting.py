"""Waits until an Application is where it should be, or will not get there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from gitops_tool.argocd.state import State, Verdict, verdict
from gitops_tool.errors import ToolError
from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE = 15.0
"""Seconds that an Application may look degraded, or Argo CD may not answer, before that counts: both pass at times."""


class Source(Protocol):
    """Where the state of Applications comes from."""

    def application(self, name: str, namespace: str) -> Mapping[str, Any]:
        """Return an Application."""
        ...


@record
class Wanted:
    """What is waited for: an Application at a commit. `timeout` and `interval` are in seconds."""

    name: str
    namespace: str
    revision: str
    timeout: float
    interval: float = 3.0


@record
class Waited:
    """How the waiting ended: the last verdict and state; `timed_out` if it had to stop before the end."""

    wanted: Wanted
    verdict: Verdict
    state: State
    seconds: float
    timed_out: bool = False


def wait(
    source: Source,
    wanted: Wanted,
    contains: Callable[[str, str], bool | None],
    report: Callable[[State], None] = lambda _: None,
) -> Waited:
    """Ask again and again until the answer is final.

    Args:
        source: is asked.
        wanted: what is waited for.
        contains: see `verdict`.
        report: is told every new state.

    Raises:
        ToolError: Argo CD cannot be asked, also not a little later.
    """
    begin = time.monotonic()
    told: State | None = None
    trouble: float | None = None
    while True:
        now = time.monotonic()
        pause = min(wanted.interval, max(0.0, begin + wanted.timeout - now))
        try:
            state = State.read(source.application(wanted.name, wanted.namespace))
        except ToolError:
            trouble = now if trouble is None else trouble
            # An answer that it is not there, or not for us, is one at once; what was there may come back.
            if told is None or now - trouble >= PATIENCE or pause == 0:
                raise
            time.sleep(pause)
            continue
        if state != told:
            report(state)
            told = state
        found = verdict(state, wanted.revision, contains)
        trouble = None if found is not Verdict.DEGRADED else now if trouble is None else trouble
        lasting = trouble is not None and now - trouble >= PATIENCE
        final = found not in {Verdict.PENDING, Verdict.DEGRADED} or (found is Verdict.DEGRADED and lasting)
        if final or now - begin >= wanted.timeout:
            return Waited(wanted, found, state, now - begin, timed_out=not final)
        time.sleep(pause)
