"""Overlays, findings and problems as plain values for JSON, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Finding, Location, Overlay, ResourceId, Severity
from gitops_tool.rules.base import Problem

if TYPE_CHECKING:
    from gitops_tool.model import Resource

Plain = Any
"""What JSON can hold."""


def _id(resource: ResourceId) -> list[str]:
    return [resource.group, resource.version, resource.kind, resource.namespace, resource.name]


def _place(location: Location) -> Plain:
    return [str(location.path), location.line, location.column]


def plain_finding(finding: Finding) -> Plain:
    """Return a finding as plain values."""
    about = _id(finding.resource) if finding.resource else None
    words = [finding.rule, finding.severity.value, finding.message, finding.hint]
    return [*words, _place(finding.location), about, finding.rendered]


def finding_of(plain: Plain) -> Finding:
    """Return the finding that `plain_finding` wrote down."""
    rule, severity, message, hint, place, about, rendered = plain
    resource = ResourceId(*about) if about else None
    return Finding(rule, Severity(severity), message, _location(place), resource, hint, rendered)


def _location(plain: Plain) -> Location:
    return Location(_path(plain[0]), plain[1], plain[2])


@lru_cache(maxsize=4096)
def _path(text: str) -> PurePosixPath:
    return PurePosixPath(text)


def plain_problem(rule: str, severity: Severity, problem: Problem, resources: Sequence[Resource]) -> Plain | None:
    """Return a problem as plain values, its object by its number; None if it is about an object from elsewhere."""
    number = next((index for index, item in enumerate(resources) if item is problem.resource), None)
    if problem.resource is not None and number is None:
        return None
    own = problem.severity.value if problem.severity else None
    place = _place(problem.location) if problem.location else None
    return [rule, severity.value, problem.message, problem.hint, number, list(problem.pointer), own, place]


def problem_of(plain: Plain, resources: Sequence[Resource]) -> tuple[str, Severity, Problem]:
    """Return what `plain_problem` wrote down, about the objects of a later render."""
    rule, severity, message, hint, number, pointer, own, place = plain
    about = None if number is None else resources[number]
    level = Severity(own) if own else None
    location = _location(place) if place else None
    return rule, Severity(severity), Problem(message, about, tuple(pointer), hint, level, location)


def plain_overlay(overlay: Overlay) -> Plain:
    """Return an overlay as plain values."""
    return [overlay.app, overlay.environment, str(overlay.path)]


def overlay_of(plain: Plain) -> Overlay:
    """Return the overlay that `plain_overlay` wrote down."""
    return Overlay(plain[0], plain[1], PurePosixPath(plain[2]))


def plain_paths(paths: Iterable[PurePosixPath]) -> list[str]:
    """Return paths as texts, sorted."""
    return sorted(map(str, paths))
