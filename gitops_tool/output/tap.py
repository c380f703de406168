"""A validation as TAP 13, the Test Anything Protocol: https://testanything.org/tap-version-13-specification.html."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.output.verdicts import Outcome, Verdict, verdicts

if TYPE_CHECKING:
    from gitops_tool.model import Finding, ResourceId
    from gitops_tool.validate.run import Result


def result_tap(result: Result) -> str:
    """Return a validation as a plan and a line for each object and each error, details in YAML blocks."""
    points = [(str(report.overlay.path), verdict) for report in result.reports for verdict in verdicts(report)]
    lines = ["TAP version 13", f"1..{len(points)}" if points else "1..0 # SKIP nothing to validate"]
    for number, (overlay, verdict) in enumerate(points, start=1):
        lines += _point(number, overlay, verdict)
    return "\n".join(lines) + "\n"


def _point(number: int, overlay: str, verdict: Verdict) -> Iterator[str]:
    status = "not ok" if verdict.outcome is Outcome.FAILED else "ok"
    about = f" {_object(verdict.resource)}" if verdict.resource else ""
    rule = f" {verdict.findings[0].rule}" if verdict.outcome is Outcome.FAILED else ""
    directive = " # SKIP no schema" if verdict.outcome is Outcome.SKIPPED else ""
    yield f"{status} {number} - {_plain(f'{overlay}:{about}{rule}')}{directive}"
    if verdict.findings:
        yield "  ---"
        for finding in verdict.findings:
            yield from _block(finding)
        yield "  ..."


def _object(resource: ResourceId) -> str:
    return "/".join(filter(None, (resource.api_version, resource.kind, resource.namespace, resource.name)))


def _block(finding: Finding) -> Iterator[str]:
    """Yield a finding as an item of a YAML list; JSON's strings are YAML's."""
    values = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "at": str(finding.location),
        "hint": finding.hint,
    }
    lead = "  - "
    for name, value in values.items():
        if value is not None:
            yield f"{lead}{name}: {json.dumps(value)}"
            lead = "    "


def _plain(text: str) -> str:
    """Keep a description on one line and free of directives."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text).replace("#", "\\#")
