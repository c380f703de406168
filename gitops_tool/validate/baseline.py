"""Baselines: the findings that a repository has lived with so far, so that only new ones count."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError
from gitops_tool.records import as_dict, record, replace
from gitops_tool.validate.fingerprints import fingerprints, merged, object_name

if TYPE_CHECKING:
    from gitops_tool.model import Finding
    from gitops_tool.validate.run import Result
    from gitops_tool.validate.validator import Report

VERSION = 1


@record
class BaselineEntry:
    """A finding to live with. Only the fingerprint counts; the rest is for the people who read the file."""

    fingerprint: str
    rule: str
    path: str
    object: str
    message: str


def baseline_text(result: Result) -> str:
    """Return the baseline that holds every finding of a result."""
    entries = [
        BaselineEntry(
            one.fingerprint,
            one.finding.rule,
            str(one.finding.location.path),
            object_name(one.finding),
            one.finding.message,
        )
        for one in merged(result.reports)
    ]
    ordered = sorted(
        entries, key=lambda entry: (entry.path, entry.rule, entry.object, entry.message, entry.fingerprint)
    )
    document = {"version": VERSION, "findings": [as_dict(entry) for entry in ordered]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_baseline(text: str, name: str) -> Mapping[str, BaselineEntry]:
    """Return the entries of a baseline by fingerprint.

    Raises:
        ConfigError: it is not a baseline.
    """
    hint = "write it anew with --write-baseline"
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigError(f'"{name}" is not a baseline: {error}', hint=hint) from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise ConfigError(f'"{name}" is not a baseline of version {VERSION}', hint=hint)
    findings = document.get("findings")
    entries = [_entry(item) for item in findings] if isinstance(findings, list) else [None]
    if None in entries:
        raise ConfigError(f'"{name}" is not a baseline: "findings" does not hold findings', hint=hint)
    return {entry.fingerprint: entry for entry in entries if entry}


def _entry(item: Any) -> BaselineEntry | None:
    names = ("fingerprint", "rule", "path", "object", "message")
    if not isinstance(item, dict) or not all(isinstance(item.get(name), str) for name in names):
        return None
    return BaselineEntry(*(item[name] for name in names))


def without_known(result: Result, baseline: Mapping[str, BaselineEntry], *, complete: bool) -> Result:
    """Set aside the findings that a baseline knows.

    Args:
        result: what was found.
        baseline: the entries by fingerprint.
        complete: whether everything was validated, so that what was not found is mended.
    """
    names = fingerprints(result.findings)
    reports = tuple(_split(report, names, baseline) for report in result.reports)
    stale = tuple(entry for name, entry in baseline.items() if name not in names.values()) if complete else ()
    return replace(result, reports=reports, stale=stale)


def _split(report: Report, names: Mapping[Finding, str], baseline: Mapping[str, BaselineEntry]) -> Report:
    new = tuple(finding for finding in report.findings if names[finding] not in baseline)
    known = tuple(finding for finding in report.findings if names[finding] in baseline)
    return replace(report, findings=new, known=known)
