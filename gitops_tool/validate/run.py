"""The validate way: tree -> apps -> renders -> schemas and rules -> reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError, ToolError
from gitops_tool.graph import closure
from gitops_tool.model import Finding, Location, Overlay, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record, replace
from gitops_tool.schemas import SchemaEngine
from gitops_tool.tree import FILES, mode_at
from gitops_tool.validate.built_in import REMOTE_BASE, RENDER
from gitops_tool.validate.selection import Unchecked, unchecked
from gitops_tool.validate.validator import Before, Report, Validator

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.render import Render, Renderer
    from gitops_tool.tree import Tree
    from gitops_tool.validate.baseline import BaselineEntry
    from gitops_tool.validate.selection import Selection

_QUOTED = lazy_pattern(r"'([^'\s]+)'")
_Rendered = tuple[Overlay, "Render | GitopsError"]


@record
class Base:
    """The files before a change, and the overlays that it reaches."""

    tree: Tree
    reached: Collection[PurePosixPath]


@record
class Result:
    """What a validation found, overlay by overlay, and what it did not look at, with the reason.

    `complete` tells whether the overlays are all of the repository; `stale` are entries of a baseline that
    nothing was found for; `kustomize` is the version that rendered, `schemas` the program that checked schemas.
    """

    reports: tuple[Report, ...]
    unchecked: tuple[Unchecked, ...] = ()
    complete: bool = False
    stale: tuple[BaselineEntry, ...] = ()
    kustomize: str = ""
    schemas: SchemaEngine = SchemaEngine.EMBEDDED

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the overlays."""
        return tuple(finding for report in self.reports for finding in report.findings)

    def at_least(self, severity: Severity) -> Result:
        """Return the result without the findings that are less bad."""
        reports = (
            replace(report, findings=tuple(f for f in report.findings if f.severity.is_at_least(severity)))
            for report in self.reports
        )
        return replace(self, reports=tuple(reports))


def validate(
    tree: Tree,
    selection: Selection,
    renderer: Renderer,
    validator: Validator,
    progress: Callable[[Overlay], None] = lambda _: None,
    base: Base | None = None,
) -> Result:
    """Render and check overlays; one that cannot be rendered is a finding.

    Args:
        tree: the files to look at.
        selection: the overlays to look at.
        renderer: renders them.
        validator: checks what comes out.
        progress: is told of each overlay that is rendered.
        base: what to compare with, so that the rules on changes can be asked.

    Raises:
        ToolError: an engine is missing or does not work.
        ConfigError: a target Kubernetes version is not known.
    """
    rendered = list(_rendered(tree, selection, renderer, progress))
    good = [(overlay, result) for overlay, result in rendered if not isinstance(result, GitopsError)]
    # What could not be rendered is no reason to call missing what it holds.
    everything = selection.complete and len(good) == len(rendered)
    before, incomparable = _before(base, good, renderer)
    checked = validator.check(tree, good, complete=everything, before=before)
    reports = {report.overlay: report for report in checked}
    for overlay, result in rendered:
        if isinstance(result, GitopsError):
            findings = tuple(_unrendered(tree, validator, overlay, result))
            reports[overlay] = Report(overlay, findings, ())
    skipped = [*_skipped(reports.values()), *incomparable]
    if selection.complete:
        skipped += unchecked(tree, validator.settings, _used(tree, rendered))
    return Result(
        tuple(reports[overlay] for overlay in selection.overlays),
        tuple(skipped),
        selection.complete,
        kustomize=renderer.engine.version,
        schemas=SchemaEngine.KUBECONFORM if validator.schemas.kubeconform else SchemaEngine.EMBEDDED,
    )


def _rendered(
    tree: Tree, selection: Selection, renderer: Renderer, progress: Callable[[Overlay], None]
) -> Iterator[_Rendered]:
    results = renderer.render_each([(tree, overlay.path) for overlay in selection.overlays])
    for overlay, result in zip(selection.overlays, results, strict=True):
        if isinstance(result, ToolError):
            raise result
        yield overlay, result
        progress(overlay)


def _before(
    base: Base | None, rendered: Iterable[tuple[Overlay, Render]], renderer: Renderer
) -> tuple[Before | None, list[Unchecked]]:
    """Render what a change reaches as it was before; the rest was no different."""
    if base is None:
        return None, []
    paths = [overlay.path for overlay, _ in rendered if overlay.path in base.reached and base.tree.modes(overlay.path)]
    renders: dict[PurePosixPath, Render] = {}
    incomparable: list[Unchecked] = []
    for path, result in zip(paths, renderer.render_each([(base.tree, path) for path in paths]), strict=True):
        if isinstance(result, ToolError):
            raise result
        if isinstance(result, GitopsError):
            incomparable.append(Unchecked(path, "its change: what was there before cannot be rendered"))
        else:
            renders[path] = result
    return Before(base.tree, renders), incomparable


def _unrendered(tree: Tree, validator: Validator, overlay: Overlay, error: GitopsError) -> Iterator[Finding]:
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


def _skipped(reports: Iterable[Report]) -> Iterator[Unchecked]:
    """Yield the overlays that were left out because a part of them is not in the repository."""
    for report in reports:
        for finding in report.findings:
            if finding.rule == REMOTE_BASE:
                yield Unchecked(report.overlay.path, finding.message)


def _used(tree: Tree, rendered: Iterable[_Rendered]) -> set[PurePosixPath]:
    """Return the directories of all kustomizations that something validated is built from."""
    used: set[PurePosixPath] = set()
    for overlay, result in rendered:
        used.add(overlay.path)
        try:
            found = closure(tree, overlay.path) if isinstance(result, GitopsError) else result.closure
        except GitopsError:
            continue
        used.update(path.parent for path in found.kustomizations)
    return used
