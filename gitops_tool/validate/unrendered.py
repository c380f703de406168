"""Findings for overlays that cannot be rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError
from gitops_tool.graph import closure
from gitops_tool.model import Finding, Location, Overlay, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import FILES, mode_at
from gitops_tool.validate.built_in import REMOTE_BASE, RENDER

if TYPE_CHECKING:
    from gitops_tool.tree import Tree
    from gitops_tool.validate.validator import Validator

_QUOTED = lazy_pattern(r"'([^'\s]+)'")


def unrendered(tree: Tree, validator: Validator, overlay: Overlay, error: GitopsError) -> Iterator[Finding]:
    """Yield the finding for an overlay that cannot be rendered, unless its rule is off."""
    rule, default = RENDER, Severity.ERROR
    if not validator.settings.kustomize.allow_remote and _is_remote(tree, overlay):
        rule, default = REMOTE_BASE, Severity.WARNING
    severity = validator.severity(overlay.environment, rule, default)
    if severity is not None:
        location = _pinpointed(tree, error.location or Location(overlay.path), error.message)
        yield Finding(rule, severity, error.message, location, hint=error.hint)


def _pinpointed(tree: Tree, location: Location, message: str) -> Location:
    """Find the line of a kustomization that kustomize quotes: it tells only the file, and what is written there."""
    if location.line or mode_at(tree, location.path) not in FILES:
        return location
    lines = tree.blob(location.path).decode("utf-8-sig", "replace").splitlines()
    for quoted in _QUOTED.findall(message):
        written = re.compile(rf"(?:-|:)\s+[\"']?({re.escape(quoted)})(?![\w./-])")
        for number, line in enumerate(lines, start=1):
            match = written.search(line)
            if match:
                return Location(location.path, number, match.start(1) + 1)
    return location


def _is_remote(tree: Tree, overlay: Overlay) -> bool:
    try:
        return bool(closure(tree, overlay.path).remotes)
    except GitopsError:
        return False
