"""What a merge request says, in its description or a comment: findings, then what changes in the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_tool.diff.effects import effects
from gitops_tool.diff.images import image_changes
from gitops_tool.diff.objects import RenderPair, object_changes
from gitops_tool.diff.repository import Compared, RepositoryDiff
from gitops_tool.model import Finding, Resource, Severity
from gitops_tool.output.diff.lines import count
from gitops_tool.output.diff.markdown import code, diff_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitops_tool.pipeline import OverlayEffect, Plan

_MOST_FINDINGS = 50


def plan_markdown(plan: Plan, max_size: int) -> str:
    """Return what a planned change does, as Markdown of at most `max_size` characters."""
    pairs = [_render_pair(effect) for effect in plan.effects]
    objects = object_changes(pairs)
    diff = RepositoryDiff(
        base=str(plan.base or "before"),
        head="this merge request",
        overlays=tuple(Compared(pair.overlay, len(pair.before), len(pair.after)) for pair in pairs),
        objects=tuple(objects),
        images=image_changes(objects),
        effects=tuple(effects(objects)),
        notes=tuple(f"not rendered: {overlay.app}({overlay.environment})" for overlay, _ in plan.proposal.unrendered),
    )
    return review_markdown(diff, plan.findings, max_size)


def review_markdown(diff: RepositoryDiff, findings: Sequence[Finding], max_size: int) -> str:
    """Return findings and a diff as Markdown of at most `max_size` characters."""
    head = "".join(_findings(findings))
    return head + diff_markdown(diff, max_size - len(head))


def _render_pair(effect: OverlayEffect) -> RenderPair:
    """Return the objects of an overlay that differ, as two renders."""
    path = effect.overlay.path
    before = [Resource(diff.id, diff.before, path) for diff in effect.diffs if diff.before is not None]
    after = [Resource(diff.id, diff.after, path) for diff in effect.diffs if diff.after is not None]
    return RenderPair(effect.overlay, before, after)


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield a table of the findings, the worst first, not more of them than people read."""
    if not findings:
        yield "**Validation: no findings**\n\n"
        return
    # What a base does wrong is found in each of its overlays.
    findings = list({(one.rule, one.location, one.message): one for one in findings}.values())
    order = list(Severity)
    ordered = sorted(findings, key=lambda one: (order.index(one.severity), one.location, one.rule))
    counts = [(sum(one.severity is level for one in findings), level.value) for level in Severity]
    words = ", ".join(
        f"{number} {word}{'s' if number > 1 and word != 'info' else ''}" for number, word in counts if number
    )
    yield f"**Validation: {words}**\n\n| severity | where | what | rule |\n| --- | --- | --- | --- |\n"
    for one in ordered[:_MOST_FINDINGS]:
        yield f"| {one.severity.value} | {code(str(one.location))} | {code(one.message)} | {code(one.rule)} |\n"
    if len(ordered) > _MOST_FINDINGS:
        yield f"\nand {len(ordered) - _MOST_FINDINGS} more\n"
    yield "\n"


def _number(number: int, level: Severity) -> str:
    return f"{number} info" if level is Severity.INFO else count(number, level.value)
