"""Findings as workflow commands, which GitHub Actions shows at the lines of a pull request.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.validate.fingerprints import merged

if TYPE_CHECKING:
    from gitops_tool.model import Finding
    from gitops_tool.validate.run import Result

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _MESSAGE | str.maketrans({":": "%3A", ",": "%2C"})


def result_github(result: Result) -> str:
    """Return what a validation found, a command a line; empty if that is nothing."""
    return "".join(f"{_command(one.finding)}\n" for one in merged(result.reports))


def _command(finding: Finding) -> str:
    location = finding.location
    properties = {"file": location.path, "line": location.line, "col": location.column, "title": finding.rule}
    listed = ",".join(f"{name}={str(value).translate(_PROPERTY)}" for name, value in properties.items() if value)
    text = finding.message + (f"\nhint: {finding.hint}" if finding.hint else "")
    return f"::{_COMMANDS[finding.severity]} {listed}::{text.translate(_MESSAGE)}"
