"""Puts equal changes together: one change in several environments or apps is shown once, with where it applies."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from gitops_tool.diff.lists import canonical
from gitops_tool.diff.pairing import without_hash
from gitops_tool.diff.repository import Effect, ImageChange, ObjectChange, ObjectKind
from gitops_tool.diff.values import FieldChange, path_text
from gitops_tool.model import Overlay
from gitops_tool.records import record

_T = TypeVar("_T")


@record
class ChangeGroup:
    """Objects that the same happened to."""

    changes: tuple[ObjectChange, ...]

    @property
    def first(self) -> ObjectChange:
        """The one that stands for all."""
        return self.changes[0]

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """Where it happened."""
        return tuple(dict.fromkeys(change.overlay for change in self.changes))


def group_changes(changes: Iterable[ObjectChange]) -> list[ChangeGroup]:
    """Return changes of objects, equal ones together, in the order of the first of each."""
    return [ChangeGroup(tuple(group)) for group in _grouped(changes, _sameness)]


def group_effects(effects: Iterable[Effect]) -> list[tuple[Effect, ...]]:
    """Return effects, those of one kind on objects of one name for the same reasons together."""
    return _grouped(effects, lambda one: (one.kind, one.id.kind, without_hash(one.id.name), one.reasons))


def group_images(images: Iterable[ImageChange]) -> list[tuple[ImageChange, ...]]:
    """Return image changes, equal ones together."""
    return _grouped(images, lambda one: (one.old, one.new))


def _grouped(items: Iterable[_T], key: Callable[[_T], Hashable]) -> list[tuple[_T, ...]]:
    groups: dict[Hashable, list[_T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return [tuple(group) for group in groups.values()]


def _sameness(change: ObjectChange) -> Hashable:
    """Return what is equal for changes that are shown as one."""
    kind = (change.kind, change.id.group, change.id.kind)
    if change.kind in {ObjectKind.ADDED, ObjectKind.REMOVED}:
        body = dict(change.after or change.before or {})
        metadata = body.get("metadata")
        if isinstance(metadata, dict):
            body["metadata"] = {key: value for key, value in metadata.items() if key not in {"name", "namespace"}}
        return (*kind, without_hash(change.id.name), canonical(body))
    names = without_hash(change.old_id.name) if change.old_id is not None else ""
    moved = str(change.old_overlay.app) if change.old_overlay else ""
    return (*kind, names, moved, tuple(_field_sameness(field) for field in change.fields))


def _field_sameness(field: FieldChange) -> tuple[str, ...]:
    where = (path_text(field.path), field.kind.value)
    if field.consequence:
        return (*where, "follows")
    if field.is_order:
        return (*where, repr(field.after))
    return (*where, canonical(field.before), canonical(field.after))


def where_text(overlays: Iterable[Overlay]) -> str:
    """Return where a change applies: `payment-service staging, production; platform staging`."""
    apps: dict[str, list[str]] = {}
    for overlay in dict.fromkeys(overlays):
        apps.setdefault(overlay.app, []).append(overlay.environment)
    return "; ".join(app_text(app, [name for name in names if name]) for app, names in apps.items())


def app_text(app: str, environments: list[str]) -> str:
    """Return an app with environments behind it."""
    return f"{app} {', '.join(environments)}" if environments else app
