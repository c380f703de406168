"""The validate way: tree -> apps -> renders -> schemas and rules -> reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Severity
from gitops_tool.records import record, replace
from gitops_tool.schemas import SchemaEngine
from gitops_tool.validate.built_in import REMOTE_BASE
from gitops_tool.validate.selection import Unchecked
from gitops_tool.validate.validator import Report

if TYPE_CHECKING:
    from typing import Any

    from gitops_tool.validate.baseline import BaselineEntry
    from gitops_tool.validate.work import Base, Work


@record
class Result:
    """What a validation found, overlay by overlay, and what it did not look at, with the reason.

    `complete` tells whether the overlays are all of the repository; `stale` are entries of a baseline that
    nothing was found for; `kustomize` is the version that rendered, `schemas` the program that checked schemas.
    `shard` is what the report of a shard holds for the one who merges; see `shards`.
    """

    reports: tuple[Report, ...]
    unchecked: tuple[Unchecked, ...] = ()
    complete: bool = False
    stale: tuple[BaselineEntry, ...] = ()
    kustomize: str = ""
    schemas: SchemaEngine = SchemaEngine.EMBEDDED
    shard: Mapping[str, Any] | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the overlays."""
        return tuple(finding for report in self.reports for finding in report.findings)

    def at_least(self, severity: Severity) -> Result:
        """Return the result without the findings that are less bad."""
        reports = (
            replace(report, findings=tuple(f for f in report.findings if f.severity.is_at_least(severity)))
            for report in self.reports
        )
        return replace(self, reports=tuple(reports))


def result_of(work: Work, base: Base | None = None) -> Result:
    """Render and check overlays; one that cannot be rendered is a finding.

    Args:
        work: the overlays, what renders and checks them, and what is known from earlier.
        base: what to compare with, so that the rules on changes can be asked.

    Raises:
        ToolError: an engine is missing or does not work.
        ConfigError: a target Kubernetes version is not known.
    """
    reports, skipped = work.reports(base)
    return Result(
        reports,
        (*skipped_overlays(reports), *skipped),
        work.selection.complete,
        kustomize=work.renderer.engine.version,
        schemas=SchemaEngine.KUBECONFORM if work.validator.schemas.kubeconform else SchemaEngine.EMBEDDED,
    )


def skipped_overlays(reports: Iterable[Report]) -> Iterator[Unchecked]:
    """Yield the overlays that were left out because a part of them is not in the repository."""
    for report in reports:
        for finding in report.findings:
            if finding.rule == REMOTE_BASE:
                yield Unchecked(report.overlay.path, finding.message)
