"""Puts together what a far-reaching bump sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.guard import judge
from gitops_tool.changes.images import spliced
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.reach.unrendered import Obstacle, obstacle_to
from gitops_tool.changes.reach.values import marked_targets, set_value, set_values
from gitops_tool.changes.reach.work import Reach, ValueTarget, Work
from gitops_tool.errors import LayoutError
from gitops_tool.layout import SINGLE_ENVIRONMENT, find_app, select_overlays
from gitops_tool.model import App, Overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops_tool.changes.bump import Bump
    from gitops_tool.config import Settings
    from gitops_tool.images import ImageRef
    from gitops_tool.tree import Tree

_NOWHERE = PurePosixPath("-")
"""Stands for the directory of an app that the layout does not know."""


def propose(bump: Bump, tree: Tree, settings: Settings) -> Proposal:
    """Find what the bump sets and splice the new versions in; see `Change`."""
    work = Work(tree, settings, bump, bump.reach or Reach(), Draft(tree))
    for target in bump.targets:
        for overlay in _overlays(work, target.app):
            _set_in(work, overlay, target.version)
    changed = [setting for setting in work.found if not setting.is_done]
    verdict = judge(tree, settings, work.found, bump.card)
    template = settings.message if bump.template is None else bump.template
    message = commit_message(changed or work.found, template, trailers=verdict.trailers)
    unrendered = tuple(work.unrendered.items())
    return Proposal(
        work.draft.edits,
        message + unrendered_trailers(unrendered),
        tuple(work.rendered),
        tuple(work.found),
        unrendered=unrendered,
        findings=verdict.findings,
        notes=(*verdict.notes, *_leftovers(work)),
    )


def unrendered_trailers(unrendered: Sequence[tuple[Overlay, str]]) -> str:
    """Return the lines of a commit message on overlays whose render is not known."""
    return "".join(f"Gitops-Unrendered: {one.app}({one.environment}): {reason}\n" for one, reason in unrendered)


def find_any_app(work: Work, app: str) -> App:
    """Return an app by its name, also one whose version is only in values that the layout does not know.

    Raises:
        UsageError: the name cannot be a directory's.
        LayoutError: there is no such app.
    """
    try:
        return find_app(work.tree, work.settings, app)
    except LayoutError:
        names = _environments(work, app)
        if not names:
            raise
        return App(app, _NOWHERE, tuple(Overlay(app, name, _NOWHERE) for name in names))


def _leftovers(work: Work) -> Iterator[str]:
    if work.reach.refs:
        from gitops_tool.changes.reach.remotes import leftovers

        yield from leftovers(work.draft.now, work.found)


def _overlays(work: Work, app: str) -> tuple[Overlay, ...]:
    """Return the overlays of an app; of one without any, the environments that its values are for.

    Raises:
        UsageError: an environment is not known.
        LayoutError: there is no such app.
    """
    return select_overlays(work.settings, find_any_app(work, app), work.bump.environments)


def _environments(work: Work, app: str) -> list[str]:
    """Return the environments of an app that the layout does not know."""
    if work.reach.paths or work.settings.targets.get(app):
        declared = [environment.name for environment in work.settings.environments]
        return declared or list(work.bump.environments) or [SINGLE_ENVIRONMENT]
    from gitops_tool.changes.reach.layers import chart_environments

    return chart_environments(work.tree, work.settings, app)


def _set_in(work: Work, overlay: Overlay, version: ImageRef) -> None:
    """Set what a bump means in one environment: refs, named values, an image, or a chart's value."""
    if work.reach.refs:
        from gitops_tool.changes.reach.remotes import set_refs

        set_refs(work, overlay, version)
    elif targets := _targets(work, overlay):
        set_values(work, overlay, targets, version)
    else:
        _set_image(work, overlay, version)


def _targets(work: Work, overlay: Overlay) -> list[ValueTarget]:
    """Return the values of `--path`; else those of the settings and those that are marked."""
    if work.reach.paths:
        return list(work.reach.paths)
    configured = [ValueTarget(one.file, one.path, one.sets) for one in work.settings.targets.get(overlay.app, ())]
    return [*configured, *(marked_targets(work.tree, overlay) if work.settings.markers else [])]


def _set_image(work: Work, overlay: Overlay, version: ImageRef) -> None:
    """Set an overlay's image as a plain bump does; where it has none, the value of its chart, else what is marked."""
    try:
        setting, chosen = work.bump.setting(work.draft.now, overlay, version)
    except LayoutError:
        if not _set_chart(work, overlay, version):
            targets = marked_targets(work.tree, overlay)
            if not targets:
                raise
            set_values(work, overlay, targets, version)
        return
    work.add(setting, spliced(work.draft.now, chosen, setting))
    if not setting.is_done:
        work.render(overlay, obstacle_to(work.tree, work.settings, overlay.path))


def _set_chart(work: Work, overlay: Overlay, version: ImageRef) -> bool:
    from gitops_tool.changes.reach.charts import chart_target

    target = chart_target(work.tree, work.settings, overlay, work.bump.image or version.name or None)
    if target is None:
        return False
    setting, files = set_value(work.draft.now, overlay, target, version)
    work.bump.expect(overlay, (setting.old_text,), setting)
    work.add(setting, files.items())
    if files:
        work.render(overlay, Obstacle("Helm charts are not rendered here", ""), allowed=True)
    return True
