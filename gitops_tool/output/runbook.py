"""A runbook as text, Markdown and JSON, with the commands ready to be copied."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.wording import harmless

if TYPE_CHECKING:
    from gitops_tool.runbook import Command, Result, Runbook


def runbook_text(runbook: Runbook) -> str:
    """Return the steps, each command on a line of its own."""
    lines = [_heading(runbook)]
    for step in runbook.steps:
        lines += ["", step.title]
        for command in step.commands:
            lines += [*([f"  ({command.note})"] if command.note else []), f"  {command.text}"]
    return "\n".join(lines) + "\n"


def runbook_markdown(runbook: Runbook) -> str:
    """Return the steps as sections with code blocks."""
    lines = [f"# Runbook of {_heading(runbook)}"]
    for step in runbook.steps:
        lines += ["", f"## {step.title}", "", "```sh"]
        for command in step.commands:
            lines += [*([f"# {command.note}"] if command.note else []), command.text]
        lines.append("```")
    return "\n".join(lines) + "\n"


def result_text(result: Result) -> str:
    """Return what a command answered, below the command."""
    lines = [f"$ {result.command.text}", *(line.rstrip() for line in harmless(result.output, keep="\n\t").splitlines())]
    if not result.output.strip():
        lines += harmless(result.error, keep="\n\t").splitlines()
    if result.exit_code:
        usual = ", which is usual" if result.command.may_fail else ""
        lines.append(f"(ended with {result.exit_code}{usual})")
    return "\n".join(lines) + "\n"


def runbook_json(runbook: Runbook, results: Sequence[Result]) -> str:
    """Return the steps, with the answers of those that ran, as one JSON document."""
    answers = {result.command: result for result in results}
    document = {
        "version": 1,
        "app": runbook.app,
        "environment": runbook.environment,
        "cluster": runbook.cluster,
        "steps": [
            {"title": step.title, "commands": [_command(one, answers.get(one)) for one in step.commands]}
            for step in runbook.steps
        ],
        "leftOut": list(runbook.left_out),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _command(command: Command, result: Result | None) -> dict[str, Any]:
    return {
        "command": command.text,
        "args": list(command.args),
        "effect": command.effect.value,
        "note": command.note or None,
        "result": {
            "exitCode": result.exit_code,
            "output": result.output,
            "error": result.error,
            "seconds": round(result.seconds, 3),
        }
        if result
        else None,
    }


def _heading(runbook: Runbook) -> str:
    where = f", cluster {runbook.cluster}" if runbook.cluster else ""
    return f"{runbook.app}({runbook.environment}){where}"


def summary(results: Sequence[Result]) -> Iterator[str]:
    """Yield how many commands ran, and which failed."""
    bad = [result for result in results if result.is_bad]
    yield f"{len(results)} commands ran, {len(bad)} failed" if bad else f"{len(results)} commands ran"
    yield from (f"failed: {result.command.text}" for result in bad)
