"""Runs the commands of a runbook that only read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from gitops_tool import process
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.runbook.kubectl import Kubectl
from gitops_tool.runbook.steps import Command, Runbook, Step

_REACHED = 10
"""Seconds in which the API server has to answer at all."""


@record
class Result:
    """How a command ended. `exit_code` is None if it did not end in time; `seconds` is how long it took."""

    command: Command
    exit_code: int | None
    output: str
    error: str
    seconds: float

    @property
    def is_bad(self) -> bool:
        """Whether it failed, and nobody would expect that."""
        return self.exit_code != 0 and not self.command.may_fail


def run(runbook: Runbook, kubectl: Path, context: str | None, timeout: float) -> Iterator[tuple[Step, Result]]:
    """Run what only reads, in the order of the steps.

    Args:
        runbook: the steps.
        kubectl: the program.
        context: the context that the commands name, for the first look whether the API server answers.
        timeout: seconds for each command.

    Raises:
        ToolError: the API server does not answer; then nothing else is asked.
    """
    _reach(kubectl, context)
    for step in runbook.steps:
        for command in step.commands:
            if command.is_run:
                yield step, _ran(command, kubectl, timeout)


def _reach(kubectl: Path, context: str | None) -> None:
    question = Kubectl(context)("get", "--raw", "/version", f"--request-timeout={_REACHED}s")
    done = process.run((str(kubectl), *question[1:]), timeout=_REACHED * 3)
    if done.returncode != 0:
        reason = done.error_text.splitlines()[-1] if done.error_text else f"kubectl ended with {done.returncode}"
        hint = "is it the right context (--context), and is the network there? without --run the commands are printed"
        raise ToolError(f"the cluster does not answer: {reason}", hint=hint)


def _ran(command: Command, kubectl: Path, timeout: float) -> Result:
    began = time.monotonic()
    try:
        done = process.run((str(kubectl), *command.args[1:]), timeout=timeout)
    except ToolError as error:
        return Result(command, None, "", error.message, time.monotonic() - began)
    output = process.redact(done.stdout.decode("utf-8", "replace"))
    return Result(command, done.returncode, output, done.error_text, time.monotonic() - began)
