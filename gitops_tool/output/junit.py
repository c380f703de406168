"""A validation as a JUnit report: a suite for each overlay, a test for each object and each error.

There is no standard; the report is valid by the schema that Jenkins published
(https://github.com/jenkinsci/xunit-plugin, junit-10.xsd) and by its older form. That has no `file` for a test: the
place stands in the text of the failure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from gitops_tool.output.verdicts import Outcome, Verdict, verdicts
from gitops_tool.patterns import lazy_pattern

if TYPE_CHECKING:
    from gitops_tool.model import Finding
    from gitops_tool.validate import Report
    from gitops_tool.validate.run import Result

_FORBIDDEN = lazy_pattern("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def result_junit(result: Result) -> str:
    """Return a validation as one XML document; warnings are the output of tests that pass."""
    suites = [(report, list(verdicts(report))) for report in result.reports]
    every = [verdict for _, found in suites for verdict in found]
    counts = _attributes(name="gitops validate", tests=len(every), failures=_count(every, Outcome.FAILED), errors=0)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f"<testsuites{counts}>"]
    for report, found in suites:
        lines += _suite(report, found)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(report: Report, found: Sequence[Verdict]) -> list[str]:
    attributes = _attributes(
        name=str(report.overlay.path),
        tests=len(found),
        failures=_count(found, Outcome.FAILED),
        errors=0,
        skipped=_count(found, Outcome.SKIPPED),
    )
    group = ".".join(filter(None, (report.overlay.app, report.overlay.environment)))
    lines = [f"  <testsuite{attributes}>"]
    for verdict in found:
        lines += _case(verdict, group)
    return [*lines, "  </testsuite>"]


def _case(verdict: Verdict, group: str) -> list[str]:
    start = f"    <testcase{_attributes(name=verdict.name, classname=group)}"
    if verdict.outcome is Outcome.FAILED:
        inner = [f"<failure{_failure(one)}>{_escaped(_text(one))}</failure>" for one in verdict.findings]
    else:
        text = _escaped("\n".join(f"{one.severity}[{one.rule}] {_text(one)}" for one in verdict.findings))
        tag = "skipped" if verdict.outcome is Outcome.SKIPPED else "system-out"
        inner = [f"<{tag}>{text}</{tag}>"] if text else []
    return [f"{start}>", *(f"      {line}" for line in inner), "    </testcase>"] if inner else [f"{start}/>"]


def _failure(finding: Finding) -> str:
    return _attributes(type=finding.rule, message=finding.message)


def _text(finding: Finding) -> str:
    lines = [f"{finding.location}: {finding.message}"]
    lines += [f"in {finding.resource}"] if finding.resource else []
    lines += [f"hint: {finding.hint}"] if finding.hint else []
    return "\n".join(lines)


def _count(found: Sequence[Verdict], outcome: Outcome) -> int:
    return sum(verdict.outcome is outcome for verdict in found)


def _attributes(**values: str | int) -> str:
    return "".join(f" {name}={quoteattr(_legal(str(value)))}" for name, value in values.items())


def _escaped(text: str) -> str:
    return escape(_legal(text))


def _legal(text: str) -> str:
    """Replace what XML 1.0 cannot hold, not even escaped."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
