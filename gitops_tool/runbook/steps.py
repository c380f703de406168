"""A runbook: steps with commands, and which of these change nothing."""

from __future__ import annotations

import shlex
from enum import StrEnum

from gitops_tool.records import record


class Effect(StrEnum):
    """What a command does."""

    READS = "reads"
    """Asks the API server and ends by itself."""
    WAITS = "waits"
    """Changes nothing, but goes on until it is stopped, or opens a shell or a port."""
    STARTS = "starts"
    """Starts a pod, or a program inside one."""


@record
class Command:
    """A command. `may_fail` says that a failure is a usual answer, such as for the logs of a pod that never died."""

    args: tuple[str, ...]
    effect: Effect = Effect.READS
    note: str = ""
    may_fail: bool = False

    @property
    def text(self) -> str:
        """The command as a shell takes it."""
        return shlex.join(self.args)

    @property
    def is_run(self) -> bool:
        """Whether it is run without anybody looking: kubectl, and nothing but reading."""
        return self.effect is Effect.READS and self.args[0] == "kubectl"


@record
class Step:
    """What to look at, and how."""

    title: str
    commands: tuple[Command, ...]


@record
class Runbook:
    """The steps for an app in an environment.

    `cluster` is the API server's URL or the cluster's name in Argo CD; `left_out` are objects whose names no API
    server would take.
    """

    app: str
    environment: str
    cluster: str | None
    steps: tuple[Step, ...]
    left_out: tuple[str, ...] = ()
