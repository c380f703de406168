"""A plan: a change laid over a revision, rendered and validated, with nothing written."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.applications import search_ahead
from gitops_tool.background import Background
from gitops_tool.changes import Change, Proposal
from gitops_tool.config import SETTINGS_PATH, load_settings
from gitops_tool.diff import diff_resources, value_changes
from gitops_tool.model import Finding, Overlay, ResourceDiff, Revision, Severity
from gitops_tool.pipeline.renders import Renders, refusal
from gitops_tool.records import record, replace
from gitops_tool.rules import sync_rules
from gitops_tool.schemas import SchemaEngine
from gitops_tool.tree import PatchedTree

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.pruning import Removed
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Resource
    from gitops_tool.render import Render
    from gitops_tool.tree import Tree
    from gitops_tool.validate import Report


_Compared = tuple[Overlay, tuple[ResourceDiff, ...], tuple[Finding, ...]]
"""An overlay, the rendered objects that differ, and what is wrong about that."""


class Status(StrEnum):
    """How a mutating command ended."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    WRITTEN = "written"
    COMMITTED = "committed"
    PUSHED = "pushed"
    REQUESTED = "requested"


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
    reviewed: tuple[str, ...] = ()
    """The environments that it changes and that are to be changed by merge requests alone."""

    def removed(self) -> tuple[Removed, ...]:
        """Return the objects that are not rendered any more, and what Argo CD does with them."""
        if not any(diff.after is None for effect in self.effects for diff in effect.diffs):
            return ()
        from gitops_tool.changes.argocd.pruning import removals

        before = self.tree.base
        return removals(
            before, self.tree, load_settings(before), [(effect.overlay, effect.diffs) for effect in self.effects]
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is wrong with the change itself, and what was found in all overlays."""
        return (*self.proposal.findings, *(finding for effect in self.effects for finding in effect.findings))


@record
class Outcome:
    """The end of a mutating command.

    `attempts` counts pushes; `notes` are for people; `request` is the address of a merge request.
    """

    status: Status
    plan: Plan
    revision: Revision | None = None
    branch: str | None = None
    attempts: int = 0
    notes: tuple[str, ...] = ()
    request: str | None = None


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
    with Background(lambda: search_ahead(tree, settings, {overlay.app for overlay in proposal.overlays})):
        return _checked(change, Plan(base, proposal, patched, ()), settings, engine)


def _checked(change: Change, draft: Plan, settings: Settings, engine: SchemaEngine) -> Plan:
    """Return a plan with its effects: rendered before and after, validated, proved."""
    from gitops_tool import engines

    proposal, patched, tree = draft.proposal, draft.tree, draft.tree.base
    reviewed = _reviewed(settings, proposal)
    if SETTINGS_PATH in patched.edits:
        settings = load_settings(patched)
    renderer, notes = engines.pick_renderer(settings)
    renders = Renders(renderer, proposal, tree, patched, meanwhile=_load_validation)
    after = renders.after()
    validator = engines.pick_validator(settings, engine, sync_rules)
    compare = cache(lambda: _compared(change, draft, renders.before(), after, settings))
    reports = {one.overlay: one for one in validator.check(patched, list(after.items()), meanwhile=compare)}
    before, effects, risky = compare()
    if risky:
        from gitops_tool.validate import Before

        states = Before(tree, {overlay.path: render for overlay, render in before.items()})
        for extra in validator.check_changes(patched, list(after.items()), states):
            reports[extra.overlay] = _joined(reports[extra.overlay], extra)
    found = (_effect(*effect, reports.get(effect[0])) for effect in effects)
    return replace(draft, effects=tuple(found), notes=(*proposal.notes, *notes), reviewed=reviewed)


def _compared(
    change: Change, draft: Plan, before: Mapping[Overlay, Render], after: Mapping[Overlay, Render], settings: Settings
) -> tuple[Mapping[Overlay, Render], list[_Compared], bool]:
    """Return the renders before, what differs in each overlay, and whether rules on changes have to look at it."""
    effects: list[_Compared] = []
    risky = False
    for overlay in draft.proposal.overlays:
        diffs = diff_resources(_resources(before.get(overlay)), _resources(after.get(overlay)))
        values = tuple(value_changes(diffs))
        risky = risky or _may_be_forbidden(values)
        proof = tuple(change.prove(draft.proposal, overlay, values, draft.tree, settings))
        effects.append((overlay, diffs, proof))
    return before, effects, risky


def _reviewed(settings: Settings, proposal: Proposal) -> tuple[str, ...]:
    demanding = {environment.name for environment in settings.environments if environment.merge_request}
    return tuple(sorted(demanding.intersection(overlay.environment for overlay in proposal.overlays)))


def load_rendering() -> None:
    """Import what reads and renders, beside something that takes as long."""
    for module in ("yaml", "gitops_tool.engines"):
        importlib.import_module(module)


def _load_validation() -> None:
    """Import what validates, while kustomize renders: the one takes as long as the other."""
    for module in ("validate", "schemas.catalogue", "schemas.kubeconform", "output.text"):
        importlib.import_module(f"gitops_tool.{module}")
    sync_rules()


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


def refuse_errors(plan: Plan) -> None:
    """Stop if a plan has findings of severity error.

    Raises:
        FindingsError: with all findings.
    """
    if any(finding.severity is Severity.ERROR for finding in plan.findings):
        raise refusal(plan.proposal.overlays, plan.findings, plan.tree)
