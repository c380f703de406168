"""The promotion of one app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.changes.promotion.items import (
    Item,
    Route,
    file_items,
    image_items,
    name_of,
    ref_items,
    value_items,
)
from gitops_tool.changes.reach.unrendered import obstacle_to
from gitops_tool.changes.reach.values import ValueSetting, note_effect
from gitops_tool.errors import LayoutError
from gitops_tool.records import record
from gitops_tool.versions import candidates

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.reach.work import Work
    from gitops_tool.model import Overlay


@record
class Step:
    """What is promoted from one overlay to another."""

    route: Route
    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()

    @property
    def target(self) -> Overlay:
        """The overlay that is changed."""
        return self.route.target

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What is to be set."""
        return tuple(item.setting for item in self.items)

    @classmethod
    def find(cls, route: Route, image: str | None, *, refs: bool) -> Step:
        """Compare two overlays; without items if they have nothing in common that could be promoted.

        Raises:
            GitopsError: an image is not at the source, or has no version there.
        """
        notes: list[str] = []
        items = list(file_items(route)) if image is None else []
        values = list(value_items(route, image, certain=True))
        if not values:
            values = list(image_items(route, image, notes))
        if not values and not items:
            values = list(value_items(route, image, certain=False))
        items += [*values, *ref_items(route, notes, wanted=refs)]
        return cls(route, tuple(items), tuple(notes))

    def apply(self, work: Work) -> None:
        """Write everything that differs, and note which renders that reaches."""
        for item in self.items:
            work.add(item.setting, () if item.setting.is_done else item.write(work.draft.now))
        for setting in self.settings:
            if isinstance(setting, ValueSetting) and not setting.is_done:
                note_effect(work, self.target, setting.file)
            elif not setting.is_done and self.target not in work.rendered:
                work.render(self.target, obstacle_to(work.tree, work.settings, self.target.path))

    def nothing(self) -> LayoutError:
        """Return the error for overlays that have nothing in common."""
        source = self.route.source
        try:
            images = ", ".join(one.image for one in candidates(self.route.tree, source.path))
        except LayoutError:
            images = ""
        return LayoutError(
            f"{name_of(source)} and {name_of(self.target)} have no image with a tag or digest in common",
            hint=f"{name_of(source)} has: {images or 'no image'}",
        )
