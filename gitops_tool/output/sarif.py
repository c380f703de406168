"""Findings as SARIF 2.1.0, for code scanning: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitops_tool import __version__
from gitops_tool.model import Severity
from gitops_tool.validate.built_in import descriptions
from gitops_tool.validate.fingerprints import merged

if TYPE_CHECKING:
    from gitops_tool.model import Location
    from gitops_tool.rules.documentation import Description
    from gitops_tool.validate.fingerprints import MergedFinding
    from gitops_tool.validate.run import Result

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "ROOT"
"""What the repository's root is called; a viewer knows where it is."""

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def result_sarif(result: Result) -> str:
    """Return what a validation found as one SARIF log; rules and paths are the same in every run."""
    found = merged(result.reports)
    used = {one.finding.rule for one in found}
    rules = [_rule(description) for description in descriptions() if description.id in used]
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    driver = {"name": "gitops", "semanticVersion": __version__, "rules": rules}
    run = {
        "tool": {"driver": driver},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"not checked: {one.path}: {one.reason}"}}
                    for one in result.unchecked
                ],
            }
        ],
        "results": [_result(one, numbers) for one in found],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _rule(description: Description) -> dict[str, Any]:
    text = "\n\n".join(filter(None, (description.summary, description.why, f"Source: {description.source}")))
    return {
        "id": description.id,
        "shortDescription": {"text": description.summary},
        "help": {"text": text},
        "defaultConfiguration": {"level": _LEVELS[description.severity]},
        "properties": {"tags": [description.family.value]},
    }


def _result(one: MergedFinding, numbers: dict[str, int]) -> dict[str, Any]:
    finding = one.finding
    text = finding.message + (f"\n{finding.hint}" if finding.hint else "")
    result: dict[str, Any] = {"ruleId": finding.rule}
    if finding.rule in numbers:
        result["ruleIndex"] = numbers[finding.rule]
    location: dict[str, Any] = {"physicalLocation": _place(finding.location)}
    objects = dict.fromkeys(str(where.resource) for _, where in one.places if where.resource)
    if objects:
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "object"} for name in objects]
    return result | {
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": one.fingerprint},
    }


def _place(location: Location) -> dict[str, Any]:
    # Names that are not UTF-8 are quoted byte by byte.
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(os.fsencode(location.path)), "uriBaseId": _ROOT}}
    if location.line:
        place["region"] = {"startLine": location.line}
        if location.column:
            place["region"]["startColumn"] = location.column
    return place
