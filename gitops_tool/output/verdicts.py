"""A validation as verdicts, one for each object and one for each error: what test reports are made of."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Severity
from gitops_tool.output.tally import split_objects
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.model import ResourceId
    from gitops_tool.validate import Report


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@record
class Verdict:
    """One check: an object without an error, or one error of an object or of an overlay.

    `name` is unique in its report; `findings` are the error that failed, or what else there is to say.
    """

    name: str
    outcome: Outcome
    findings: tuple[Finding, ...]
    resource: ResourceId | None


def verdicts(report: Report) -> Iterator[Verdict]:
    """Yield the verdicts of one overlay: object by object, then what is about the overlay as a whole."""
    taken: set[str] = set()
    for verdict in _verdicts(report):
        name, number = verdict.name, 1
        while name in taken:
            number += 1
            name = f"{verdict.name} #{number}"
        taken.add(name)
        yield (verdict if name == verdict.name else Verdict(name, verdict.outcome, verdict.findings, verdict.resource))


def _verdicts(report: Report) -> Iterator[Verdict]:
    by_object: dict[ResourceId | None, list[Finding]] = {item.id: [] for item in report.objects}
    for finding in report.findings:
        key = finding.resource if finding.resource in by_object else None
        by_object.setdefault(key, []).append(finding)
    _, skipped = split_objects(report)
    for item in report.objects:
        found = by_object.pop(item.id, None)  # the same object twice is one
        if found is None:
            continue
        errors, others = _split(found)
        yield from (_failure(f"{item.id} {error.rule}", error) for error in errors)
        if not errors:
            outcome = Outcome.SKIPPED if item.id in skipped else Outcome.PASSED
            yield Verdict(str(item.id), outcome, others, item.id)
    for finding in by_object.get(None, []):
        if finding.severity is Severity.ERROR:
            yield _failure(f"{report.overlay.path} {finding.rule}", finding)


def _split(findings: list[Finding]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    errors = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
    return errors, tuple(finding for finding in findings if finding.severity is not Severity.ERROR)


def _failure(name: str, error: Finding) -> Verdict:
    return Verdict(name, Outcome.FAILED, (error,), error.resource)
