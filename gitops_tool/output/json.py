"""Results as JSON for programs; the shapes are described in `schemas/output/`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.output.rendered import edit_lines, resource_diff
from gitops_tool.output.tally import Tally
from gitops_tool.records import as_dict
from gitops_tool.validate.fingerprints import report_fingerprints

if TYPE_CHECKING:
    from gitops_tool.affected import Affected
    from gitops_tool.changes import Setting
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.pipeline import Outcome
    from gitops_tool.rules.documentation import Description
    from gitops_tool.validate.run import Result
    from gitops_tool.validate.schema_listing import SchemaListing

VERSION = 1


def outcome_json(outcome: Outcome) -> str:
    """Return what a mutating command did, or would do, as one JSON document."""
    plan = outcome.plan
    document = {
        "version": VERSION,
        "status": outcome.status.value,
        "base": plan.base.sha if plan.base else None,
        "revision": outcome.revision.sha if outcome.revision else None,
        "branch": outcome.branch,
        "attempts": outcome.attempts,
        "mergeRequest": outcome.request,
        "changes": [_setting(setting) for setting in plan.proposal.settings],
        "edits": [{"path": str(edit.path), "diff": edit_lines(edit)} for edit in plan.proposal.edits],
        "rendered": [
            {
                "app": effect.overlay.app,
                "environment": effect.overlay.environment,
                "resources": effect.resources,
                "suppressed": effect.suppressed,
                "diffs": [
                    {"resource": str(diff.id), "change": diff.kind, "diff": resource_diff(diff)}
                    for diff in effect.diffs
                ],
            }
            for effect in plan.effects
        ],
        "unrendered": [
            {"app": overlay.app, "environment": overlay.environment, "reason": reason}
            for overlay, reason in plan.proposal.unrendered
        ],
        "removed": [
            {
                "resource": str(one.id),
                "app": one.overlay.app,
                "environment": one.overlay.environment,
                "application": one.application or None,
                "fate": one.fate.value,
                "reason": one.reason,
                "loss": one.loss,
            }
            for one in plan.removed()
        ],
        "findings": [finding_dict(finding) for finding in plan.findings],
        "notes": [*plan.notes, *outcome.notes],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _setting(setting: Setting) -> dict[str, Any]:
    return {
        "app": setting.overlay.app,
        "environment": setting.overlay.environment,
        "path": str(setting.overlay.path),
        "kind": setting.kind,
        "name": setting.name,
        "old": setting.old_text or None,
        "new": setting.new_text,
        "changed": not setting.is_done,
    }


def finding_dict(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": str(finding.location.path),
        "line": finding.location.line or None,
        "column": finding.location.column or None,
        "rendered": finding.rendered,
        "resource": str(finding.resource) if finding.resource else None,
        "hint": finding.hint,
    }


def result_json(result: Result) -> str:
    """Return what a validation found as one JSON document."""
    tally = Tally.of(result.reports)
    names = report_fingerprints(result.reports)
    document: dict[str, Any] = {
        "version": VERSION,
        "kustomize": result.kustomize,
        "schemaEngine": result.schemas.value,
        "summary": {
            "overlays": tally.overlays,
            "objects": tally.objects,
            "valid": tally.valid,
            "invalid": tally.invalid,
            "skipped": tally.skipped,
            "findings": {severity.value: tally.findings[severity] for severity in Severity},
            "suppressed": tally.suppressed,
            "baseline": tally.known,
        },
        "overlays": [
            {
                "app": report.overlay.app,
                "environment": report.overlay.environment or None,
                "path": str(report.overlay.path),
                "resources": report.resources,
                "suppressed": report.suppressed,
                "baseline": len(report.known),
                "findings": [finding_dict(f) | {"fingerprint": names[f]} for f in report.findings],
            }
            for report in result.reports
        ],
        "unchecked": [{"path": str(one.path), "reason": one.reason} for one in result.unchecked],
        "stale": [as_dict(entry) for entry in result.stale],
    }
    if result.shard is not None:
        document["shard"] = dict(result.shard)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def rules_json(descriptions: Sequence[Description]) -> str:
    """Return the list of rules as one JSON document."""
    rules = [
        {"id": one.id, "family": one.family.value, "severity": one.severity.value, "summary": one.summary}
        for one in descriptions
    ]
    return json.dumps({"version": VERSION, "rules": rules}, indent=2, ensure_ascii=False) + "\n"


def description_json(description: Description) -> str:
    """Return all there is to say about one rule as one JSON document."""
    return json.dumps({"version": VERSION, **as_dict(description)}, indent=2, ensure_ascii=False) + "\n"


def affected_json(affected: Sequence[Affected], removed: Sequence[Overlay]) -> str:
    """Return the overlays that a change reaches, and those that it removed, as one JSON document."""
    document = {
        "version": VERSION,
        "overlays": [_overlay(one.overlay) | {"because": [str(path) for path in one.because]} for one in affected],
        "removed": [_overlay(overlay) for overlay in removed],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def schemas_json(listing: SchemaListing) -> str:
    """Return the schemas that there are, and those that are missing, as one JSON document."""
    document = {
        "version": VERSION,
        "kubernetesVersion": listing.kubernetes_version,
        "kubernetesVersions": list(listing.kubernetes_versions),
        "schemas": [
            {
                "apiVersion": one.api_version,
                "kind": one.kind,
                "source": one.source.value,
                "path": None if one.path is None else str(one.path),
                "objects": one.objects,
            }
            for one in listing.known
        ],
        "missing": [
            {
                "apiVersion": one.api_version,
                "kind": one.kind,
                "kubernetesVersion": one.kubernetes_version,
                "objects": one.objects,
                "overlays": [str(path) for path in one.overlays],
            }
            for one in listing.missing
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _overlay(overlay: Overlay) -> dict[str, Any]:
    return {"app": overlay.app, "environment": overlay.environment or None, "path": str(overlay.path)}
