"""Findings as GitLab's Code Quality report, which a merge request shows at the changed lines.

Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.validate.fingerprints import merged

if TYPE_CHECKING:
    from gitops_tool.validate.run import Result

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def result_gitlab(result: Result) -> str:
    """Return what a validation found as one array, empty if that is nothing; a finding without a line is at line 1."""
    entries = [
        {
            "description": one.finding.message,
            "check_name": one.finding.rule,
            "fingerprint": one.fingerprint,
            "severity": _SEVERITIES[one.finding.severity],
            "location": {"path": str(one.finding.location.path), "lines": {"begin": max(1, one.finding.location.line)}},
        }
        for one in merged(result.reports)
    ]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
