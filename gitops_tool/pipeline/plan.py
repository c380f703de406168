"""A plan: a change laid over a revision, rendered and validated, with nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from gitops_tool.background import Background, preload
from gitops_tool.changes import Change, Proposal
from gitops_tool.config import SETTINGS_PATH, load_settings
from gitops_tool.diff import diff_resources, value_changes
from gitops_tool.errors import FindingsError, GitopsError, RenderError
from gitops_tool.findings import source_lines
from gitops_tool.model import Finding, Location, Overlay, ResourceDiff, Revision, Severity
from gitops_tool.records import record, replace
from gitops_tool.rules import sync_rules
from gitops_tool.schemas import SchemaEngine
from gitops_tool.tree import PatchedTree, is_directory

if TYPE_CHECKING:
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Resource
    from gitops_tool.render import Render, Renderer
    from gitops_tool.tree import Tree
    from gitops_tool.validate import Report

_FOR_VALIDATION = (
    *(f"gitops_tool.schemas.{module}" for module in ("catalogue", "crds", "engines")),
    "gitops_tool.validate",
    *(f"gitops_tool.rules.{family}" for family in ("api_server", "argocd", "images")),
    "gitops_tool.output.text",
)
"""What is imported while kustomize renders, as that takes as long."""


class Status(StrEnum):
    """How a mutating command ended."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    WRITTEN = "written"
    COMMITTED = "committed"
    PUSHED = "pushed"


@record
class OverlayEffect:
    """What a plan does to one overlay: the rendered objects that differ, and what was found in them."""

    overlay: Overlay
    diffs: tuple[ResourceDiff, ...]
    findings: tuple[Finding, ...]
    resources: int
    suppressed: int = 0


@record
class Plan:
    """A change laid over a revision, rendered and validated, not written anywhere."""

    base: Revision | None
    proposal: Proposal
    tree: PatchedTree
    effects: tuple[OverlayEffect, ...]
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the change itself, and what was found in all overlays."""
        return (*self.proposal.findings, *(finding for effect in self.effects for finding in effect.findings))


@record
class Outcome:
    """The end of a mutating command. `attempts` counts pushes; `notes` are for people."""

    status: Status
    plan: Plan
    revision: Revision | None = None
    branch: str | None = None
    attempts: int = 0
    notes: tuple[str, ...] = ()


def make_plan(change: Change, tree: Tree, base: Revision | None, engine: SchemaEngine = SchemaEngine.AUTO) -> Plan:
    """Lay a change over a tree, render before and after, validate what comes out.

    Findings of severity error are part of the plan; `refuse_errors` raises them.

    Raises:
        GitopsError: the change does not fit the tree, or a tool fails.
    """
    settings = load_settings(tree)
    proposal = change.propose(tree, settings)
    patched = PatchedTree(tree, proposal.edits)
    if not proposal.overlays:
        return Plan(base, proposal, patched, (), proposal.notes)
    from gitops_tool import engines

    if SETTINGS_PATH in patched.edits:
        settings = load_settings(patched)
    renderer, notes = engines.pick_renderer(settings)
    preload(_FOR_VALIDATION)
    pairs = _render(renderer, proposal, tree, patched)
    validator = engines.pick_validator(settings, engine, sync_rules)
    to_check = [(overlay, after) for overlay, _, after in pairs if after is not None]
    with Background(lambda: validator.check(patched, to_check)) as checking:
        effects = []
        risky = False
        for overlay, before, after in pairs:
            diffs = diff_resources(_resources(before), _resources(after))
            values = tuple(value_changes(diffs))
            risky = risky or _may_be_forbidden(values)
            effects.append((overlay, diffs, tuple(change.prove(proposal, overlay, values, patched, settings))))
    reports = {report.overlay: report for report in checking.result()}
    if risky:
        from gitops_tool.validate import Before

        states = Before(tree, {overlay.path: before for overlay, before, _ in pairs if before is not None})
        for extra in validator.check_changes(patched, to_check, states):
            reports[extra.overlay] = _joined(reports[extra.overlay], extra)
    found = (_effect(*effect, reports.get(effect[0])) for effect in effects)
    return Plan(base, proposal, patched, tuple(found), (*proposal.notes, *notes))


def _may_be_forbidden(changes: Iterable[ValueChange]) -> bool:
    """Whether the rules on changes can have anything to say: an image may change everywhere but in a Job."""
    return any(change.id.kind == "Job" or change.pointer[-1:] != ("image",) for change in changes)


def _joined(report: Report, extra: Report) -> Report:
    findings = (*report.findings, *extra.findings)
    return replace(report, findings=findings, suppressed=report.suppressed + extra.suppressed)


def _resources(render: Render | None) -> tuple[Resource, ...]:
    return render.resources if render else ()


def _effect(
    overlay: Overlay, diffs: tuple[ResourceDiff, ...], proof: tuple[Finding, ...], report: Report | None
) -> OverlayEffect:
    if report is None:
        return OverlayEffect(overlay, diffs, proof, 0)
    said = {(finding.rule, finding.location) for finding in proof}
    findings = (*proof, *(found for found in report.findings if (found.rule, found.location) not in said))
    return OverlayEffect(overlay, diffs, findings, report.resources, report.suppressed)


def _render(
    renderer: Renderer, proposal: Proposal, tree: Tree, patched: PatchedTree
) -> list[tuple[Overlay, Render | None, Render | None]]:
    """Render what a change is about before and after it; None on the side where the overlay does not exist.

    Raises:
        FindingsError: an overlay would not render after the change.
        GitopsError: an overlay that stays does not render as it is, or a tool fails.
    """
    overlays = proposal.overlays
    wanted = [(view, overlay) for overlay in overlays for view in (tree, patched) if _exists(view, overlay)]
    results = iter(renderer.render_each([(view, overlay.path) for view, overlay in wanted]))
    rendered = {(id(view), overlay): next(results) for view, overlay in wanted}
    pairs: list[tuple[Overlay, Render | None, Render | None]] = []
    broken: list[Finding] = []
    for overlay in overlays:
        before, after = (rendered.get((id(view), overlay)) for view in (tree, patched))
        if isinstance(before, GitopsError):
            if after is not None:
                raise before
            before = None  # it goes, whatever was wrong with it
        if isinstance(after, RenderError):
            broken.append(_broken(proposal, overlay, after))
        elif isinstance(after, GitopsError):
            raise after
        else:
            pairs.append((overlay, before, after))
    if broken:
        raise _refusal(overlays, tuple(broken), patched)
    return pairs


def _exists(tree: Tree, overlay: Overlay) -> bool:
    return is_directory(tree, overlay.path)


def _broken(proposal: Proposal, overlay: Overlay, error: RenderError) -> Finding:
    """Return the finding for an overlay that a change breaks; kustomize names no line, a value that is set has one."""
    from gitops_tool.validate.built_in import RENDER

    wanted = proposal.of(overlay)
    place = wanted[0].location if wanted else error.location or Location(overlay.path)
    return Finding(RENDER, Severity.ERROR, error.message, place, hint=error.hint)


def refuse_errors(plan: Plan) -> None:
    """Stop if a plan has findings of severity error.

    Raises:
        FindingsError: with all findings.
    """
    if any(finding.severity is Severity.ERROR for finding in plan.findings):
        raise _refusal(plan.proposal.overlays, plan.findings, plan.tree)


def _refusal(overlays: Sequence[Overlay], findings: tuple[Finding, ...], tree: Tree) -> FindingsError:
    names = ", ".join(f"{overlay.app}({overlay.environment})" for overlay in overlays)
    number = sum(finding.severity is Severity.ERROR for finding in findings)
    count = "1 error" if number == 1 else f"{number} errors"
    message = f"{names}: refused for {count}; nothing was written"
    return FindingsError(message, findings, lines=source_lines(tree, findings))
