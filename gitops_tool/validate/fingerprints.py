"""Tells findings apart over time, and brings together what is one mistake to a reader.

A base is rendered by many overlays, and its mistake is found in each. A fingerprint is the same for all of
these, and stays the same when lines are inserted above.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Overlay, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.validate.validator import Report

_PLACE = lazy_pattern(r"\b(line|column) \d+")


@record
class MergedFinding:
    """One mistake at one place, with every overlay that it shows in, and the finding of each."""

    fingerprint: str
    finding: Finding
    places: tuple[tuple[Overlay, Finding], ...]


def object_name(finding: Finding) -> str:
    """Return `Kind/name` of the object a finding is about: its namespace differs between environments."""
    resource = finding.resource
    return f"{resource.kind}/{resource.name}" if resource else ""


def fingerprints(findings: Iterable[Finding]) -> Mapping[Finding, str]:
    """Return the fingerprint of each finding: rule, path, object and message, without line and column.

    What agrees in all of these at several places of a file is numbered from the top.
    """
    places: dict[tuple[str, ...], set[tuple[int, int]]] = {}
    keys: dict[Finding, tuple[str, ...]] = {}
    for finding in findings:
        message = _PLACE.sub(r"\1", finding.message)
        keys[finding] = (finding.rule, str(finding.location.path), object_name(finding), message)
        places.setdefault(keys[finding], set()).add((finding.location.line, finding.location.column))
    numbers = {(key, place): number for key, found in places.items() for number, place in enumerate(sorted(found))}
    return {
        finding: _digest(key, numbers[key, (finding.location.line, finding.location.column)])
        for finding, key in keys.items()
    }


def _digest(key: tuple[str, ...], number: int) -> str:
    parts = [*key, str(number)] if number else key
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def report_fingerprints(reports: Iterable[Report]) -> Mapping[Finding, str]:
    """Return the fingerprint of every finding, numbered together with those that a baseline knows."""
    return fingerprints(finding for report in reports for finding in (*report.findings, *report.known))


def merged(reports: Sequence[Report]) -> tuple[MergedFinding, ...]:
    """Return each mistake once, by its place; of several severities the worst counts."""
    found = [(report.overlay, finding) for report in reports for finding in report.findings]
    names = report_fingerprints(reports)
    places: dict[str, list[tuple[Overlay, Finding]]] = {}
    for overlay, finding in found:
        places.setdefault(names[finding], []).append((overlay, finding))
    order = list(Severity)
    result = [
        MergedFinding(name, min((finding for _, finding in where), key=lambda f: order.index(f.severity)), tuple(where))
        for name, where in places.items()
    ]
    return tuple(sorted(result, key=lambda one: (one.finding.location, one.finding.rule, one.finding.message)))
