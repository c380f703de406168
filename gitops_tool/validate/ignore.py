"""Which findings the sources say to ignore: a comment on the line, or an annotation of the object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Location, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import FILES, mode_at, read

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.model import Resource
    from gitops_tool.tree import Tree

ANNOTATION = "gitops/ignore"
UNKNOWN_RULE = "unknown-rule"

_COMMENT = lazy_pattern(r"#\s*gitops:\s*ignore\[([^\]]*)\]")


def is_ignored(tree: Tree, finding: Finding, resource: Resource | None) -> bool:
    """Whether a finding's rule is ignored on its source line, or by its object's annotation."""
    if resource is not None and finding.rule in _names(_annotation(resource)):
        return True
    location = finding.location
    if not location.line or mode_at(tree, location.path) not in FILES:
        return False
    lines = read(tree, location.path).decode("utf-8", "replace").splitlines()
    match = _COMMENT.search(lines[location.line - 1]) if location.line <= len(lines) else None
    return match is not None and finding.rule in _names(match[1])


def unknown_rules_of_objects(
    resources: Collection[Resource], known: Callable[[], Collection[str]]
) -> Iterator[tuple[Resource, str]]:
    """Yield each object whose annotation names a rule that nobody knows, with the name."""
    for resource in resources:
        if names := _names(_annotation(resource)):
            yield from ((resource, name) for name in sorted(names.difference(known())))


def unknown_rules_of_files(
    tree: Tree, paths: Collection[PurePosixPath], known: Callable[[], Collection[str]]
) -> Iterator[Finding]:
    """Yield a finding for each comment that names a rule that nobody knows."""
    for path in paths:
        data = tree.blob(path)
        if b"gitops:" not in data:
            continue
        for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), start=1):
            match = _COMMENT.search(line)
            for name in sorted(_names(match[1]).difference(known())) if match else []:
                place = Location(path, number, line.index("#") + 1)
                yield Finding(UNKNOWN_RULE, Severity.WARNING, f'the comment ignores an unknown rule "{name}"', place)


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _annotation(resource: Resource) -> str:
    metadata = resource.body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(ANNOTATION) if isinstance(annotations, dict) else None
    return text if isinstance(text, str) else ""
