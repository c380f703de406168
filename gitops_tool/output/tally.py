"""The counts of a validation: overlays, objects, findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.validate.fingerprints import merged, report_fingerprints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops_tool.model import ResourceId
    from gitops_tool.validate import Report


@record
class Tally:
    """How much there is of what.

    An object is invalid with a finding of severity error, one that a baseline knows included; else
    skipped if there is no schema for it; else valid. A mistake in a base counts once, however many overlays show it.
    """

    overlays: int
    objects: int
    invalid: int
    skipped: int
    findings: Counter[Severity]
    suppressed: int
    known: int

    @classmethod
    def of(cls, reports: Sequence[Report]) -> Tally:
        """Count what reports hold."""
        names = report_fingerprints(reports)
        sorts = [split_objects(report) for report in reports]
        return cls(
            overlays=len(reports),
            objects=sum(report.resources for report in reports),
            invalid=sum(len(invalid) for invalid, _ in sorts),
            skipped=sum(len(skipped) for _, skipped in sorts),
            findings=Counter(one.finding.severity for one in merged(reports)),
            suppressed=sum(report.suppressed for report in reports),
            known=len({names[finding] for report in reports for finding in report.known}),
        )

    @property
    def valid(self) -> int:
        """How many objects were checked and are without an error."""
        return self.objects - self.invalid - self.skipped


def split_objects(report: Report) -> tuple[set[ResourceId], set[ResourceId]]:
    """Return the invalid and the skipped objects of a report; see `Tally`."""
    errors = (finding for finding in (*report.findings, *report.known) if finding.severity is Severity.ERROR)
    blamed = {finding.resource for finding in errors if finding.resource is not None}
    if not blamed and report.is_checked:
        return set(), set()
    invalid = blamed & {item.id for item in report.objects}
    return invalid, {item.id for item in report.objects if not item.has_schema} - invalid
