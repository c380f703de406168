"""Which of an image's tags is the one to run: by version, by number, by name, or by when it was built.

A policy stands in `gitops.yaml`, or as a comment behind the tag: `# gitops: update semver ^1.4`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from gitops_tool.errors import UsageError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from semantic_version import NpmSpec

MOST_BUILDS = 100
"""Tags whose build times are asked for; each takes two requests."""

_MARKER = lazy_pattern(r"#\s*gitops:\s*update\s+(?P<kind>[a-z]+)(?:\s+(?P<rest>\S.*?))?\s*$")
_VERSION = lazy_pattern(r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)")


class PolicyKind(StrEnum):
    """How tags are compared."""

    SEMVER = "semver"
    NUMERIC = "numeric"
    ALPHABETICAL = "alphabetical"
    NEWEST = "newest"


@record
class Policy:
    """How to find the tag to run.

    `range` is npm's, for `semver`; without one, the newest release. `pattern` picks tags for the others; its group
    `order`, or its only group, is what is compared.
    """

    kind: PolicyKind
    range: str = ""
    pattern: str = ""

    def __str__(self) -> str:
        """Return the policy as a comment writes it."""
        return " ".join(filter(None, (self.kind.value, self.range or self.pattern)))


def policy(kind: str, text: str = "") -> Policy:
    """Read a policy: its kind, and its range or pattern.

    Raises:
        UsageError: there is no such kind, or the range or the pattern is not one.
    """
    try:
        found = PolicyKind(kind)
    except ValueError as error:
        known = ", ".join(PolicyKind)
        raise UsageError(f'"{kind}" is not an update policy', hint=f"one of: {known}") from error
    if found is PolicyKind.SEMVER:
        _spec(text)
        return Policy(found, range=text)
    if found is PolicyKind.NUMERIC and not text:
        text = r"\d+"
    try:
        groups = re.compile(text).groups
    except re.error as error:
        raise UsageError(f'"{text}" is not a regular expression: {error}') from error
    if groups > 1 and "(?P<order>" not in text:
        raise UsageError(f'"{text}" has several groups', hint="call the one that is compared (?P<order>...)")
    return Policy(found, pattern=text)


def marked(line: str) -> Policy | None:
    """Return the policy that a comment on a line sets; None without one.

    Raises:
        UsageError: it is not a policy.
    """
    found = _MARKER.search(line)
    return policy(found["kind"], found["rest"] or "") if found else None


def newest(wanted: Policy, tags: Iterable[str], now: str | None, built: Callable[[str], str]) -> str | None:
    """Return the tag that a policy wants; the present one where none is newer, None where none fits at all.

    Args:
        wanted: the policy.
        tags: all that there are.
        now: the present tag; what it is older than counts only where it can be compared itself.
        built: tells when a tag's image was built, as RFC 3339.

    Raises:
        UsageError: too many tags fit to ask when each was built.
    """
    fitting = sorted(set(tags))
    match wanted.kind:
        case PolicyKind.SEMVER:
            return _newest_version(wanted, fitting, now)
        case PolicyKind.NEWEST:
            return _newest_build(wanted, fitting, built)
    ordered = [(key, tag) for tag in fitting if (key := _key(wanted, tag)) is not None]
    present = _key(wanted, now) if now else None
    best = max(ordered, default=None)
    if best is None:
        return None
    return now if present is not None and present >= best[0] else best[1]


def _newest_version(wanted: Policy, tags: Sequence[str], now: str | None) -> str | None:
    from semantic_version import Version

    spec = _spec(wanted.range)
    versions = [(Version(found[1]), tag) for tag in tags if (found := _VERSION.fullmatch(tag))]
    fitting = [(version, tag) for version, tag in versions if version in spec]
    if not fitting:
        return None
    best = max(fitting)
    present = _VERSION.fullmatch(now) if now else None
    return now if present and Version(present[1]) >= best[0] and Version(present[1]) in spec else best[1]


def _spec(text: str) -> NpmSpec:
    from semantic_version import NpmSpec

    try:
        return NpmSpec(text or "*")
    except ValueError as error:
        hint = 'ranges are written as in npm: "^1.4", ">=1.4 <2", "1.x"'
        raise UsageError(f'"{text}" is not a range of versions', hint=hint) from error


def _newest_build(wanted: Policy, tags: Sequence[str], built: Callable[[str], str]) -> str | None:
    fitting = [tag for tag in tags if re.fullmatch(wanted.pattern or ".*", tag)]
    if len(fitting) > MOST_BUILDS:
        raise UsageError(
            f"{len(fitting)} tags fit, too many to ask when each was built", hint="narrow the policy's pattern"
        )
    times = [(time, tag) for tag in fitting if (time := built(tag))]
    return max(times)[1] if times else None


def _key(wanted: Policy, tag: str) -> tuple[int, str] | None:
    """Return what a tag is compared by, a number or a text; None where it does not fit."""
    found = re.fullmatch(wanted.pattern or ".*", tag)
    if found is None:
        return None
    text = found["order"] if "order" in found.re.groupindex else found[1] if found.re.groups else tag
    if text is None:
        return None
    if wanted.kind is PolicyKind.ALPHABETICAL:
        return 0, text
    return (int(text), "") if text.isascii() and text.isdigit() else None
