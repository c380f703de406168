"""What a rule's docstring says, taken apart: what it finds, why, a bad and a good example, the source."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.model import Severity
    from gitops_tool.rules.base import Family, Rule

_SECTION = lazy_pattern(r"^(Bad|Good|Source):[ \t]*", re.MULTILINE)


@record
class Description:
    """A rule as people read about it. `why` is empty where the summary says it all."""

    id: str
    family: Family
    severity: Severity
    summary: str
    why: str
    bad: str
    good: str
    source: str

    @classmethod
    def parse(cls, rule_id: str, family: Family, severity: Severity, text: str) -> Description:
        """Take a documentation apart: a summary, paragraphs, then `Bad:`, `Good:` and `Source:`."""
        head, *rest = _SECTION.split(text)
        summary, _, why = head.strip().partition("\n\n")
        sections = {name: textwrap.dedent(body).strip("\n ") for name, body in zip(rest[::2], rest[1::2], strict=True)}
        return cls(
            id=rule_id,
            family=family,
            severity=severity,
            summary=" ".join(summary.split()),
            why=why.strip(),
            bad=sections.get("Bad", ""),
            good=sections.get("Good", ""),
            source=" ".join(sections.get("Source", "").split()),
        )

    @classmethod
    def of(cls, rule: Rule) -> Description:
        """Return the description of a rule."""
        return cls.parse(rule.id, rule.family, rule.severity, rule.documentation)
