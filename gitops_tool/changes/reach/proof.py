"""Proves what a far-reaching bump does to one overlay's render."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.effect import no_effect, overridden
from gitops_tool.changes.images import ImageSetting
from gitops_tool.changes.reach.values import ValueSetting
from gitops_tool.model import Finding, Severity

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree


def prove(
    wanted: Sequence[Setting], overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
) -> Iterator[Finding]:
    """Yield what is wrong with the effect: an image that did not become what it should, a value that reaches nothing.

    A ref can bring anything its repository has at that commit, also nothing new: no more than the render itself
    can be asked of it.
    """
    after = [change.after for change in changes]
    for setting in wanted:
        if isinstance(setting, ImageSetting) and str(setting.after) not in after:
            yield no_effect(setting)
        elif isinstance(setting, ValueSetting) and not any(setting.shows_in(value) for value in after):
            yield Finding(
                "bump-no-effect",
                Severity.ERROR,
                f'the bump would change nothing: "{setting.new_text}" is in no rendered value afterwards',
                setting.location,
                hint=f'"{setting.path}" does not reach what is rendered',
            )
    images = [setting for setting in wanted if isinstance(setting, ImageSetting)]
    yield from overridden(images, overlay, tree, settings)
