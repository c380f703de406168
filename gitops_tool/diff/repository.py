"""What differs between two states of a repository, as one value; nothing in it holds a value of a Secret."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from gitops_tool.diff.values import FieldChange, FieldKind
from gitops_tool.model import Overlay, ResourceId
from gitops_tool.records import record


class ObjectKind(StrEnum):
    """What happened to an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"
    """Another name or namespace; in the cluster that is a new object, and the old one goes."""
    MOVED = "moved"
    """The same object, rendered by another overlay."""
    REORDERED = "reordered"
    """Nothing differs but the order of lists whose order means nothing."""


class Side(StrEnum):
    """One of the two states."""

    BASE = "base"
    HEAD = "head"


@record
class ObjectChange:
    """One object that differs.

    `id` is the one after the change, `old_id` the one before it where that is another; the same goes for `overlay` and
    `old_overlay`. `before` and `after` are the whole object, masked.
    """

    kind: ObjectKind
    overlay: Overlay
    id: ResourceId
    fields: tuple[FieldChange, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    old_id: ResourceId | None = None
    old_overlay: Overlay | None = None

    @property
    def told(self) -> tuple[FieldChange, ...]:
        """The differences that say something: no mere order, no reference that follows a hash."""
        return tuple(field for field in self.fields if not field.consequence and not field.is_noise)

    @property
    def consequences(self) -> int:
        """How many references only follow a name with a hash."""
        return sum(field.consequence and field.path != ("metadata", "name") for field in self.fields)

    @property
    def orders(self) -> int:
        """How many lists differ in an order that means nothing."""
        return sum(field.kind is FieldKind.NOISE for field in self.fields)


@record
class ImageChange:
    """An image that runs in another version, or one that comes or goes (None)."""

    overlay: Overlay
    old: str | None
    new: str | None


class EffectKind(StrEnum):
    """What a change does in the cluster that a reviewer has to know, the worst first."""

    DELETED = "deleted"
    RECREATED = "recreated"
    APPLICATION_REMOVED = "Application removed"
    APPLICATION_ADDED = "Application added"
    APPLICATION_CHANGED = "Application changed"
    MOVED = "moved"
    RESTARTED = "restarted"
    SCALED = "scaled"
    NOT_RESTARTED = "not restarted"


@record
class Effect:
    """One effect on one object; `reasons` tell why, `serious` that data or a whole app may be lost."""

    kind: EffectKind
    overlay: Overlay
    id: ResourceId
    reasons: tuple[str, ...] = ()
    serious: bool = False


@record
class Failure:
    """An overlay that could not be rendered on one side; `excused` where it is not for this repository to mend."""

    overlay: Overlay
    side: Side
    message: str
    hint: str | None = None
    excused: bool = False


@record
class Compared:
    """An overlay that was rendered on both sides, or is there on one only; how many objects it has on each."""

    overlay: Overlay
    before: int | None
    after: int | None
    old_path: str | None = None


@record
class RepositoryDiff:
    """What differs between two states of a repository.

    `base` and `head` name them for people.
    """

    base: str
    head: str
    overlays: tuple[Compared, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    effects: tuple[Effect, ...] = ()
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether anything is told: an object, an Application that would be generated, an overlay that fails."""
        return bool(self.objects or self.effects or self.failures)

    @property
    def broken(self) -> bool:
        """Whether an overlay fails to render after the change."""
        return any(failure.side is Side.HEAD and not failure.excused for failure in self.failures)

    def count(self, kind: ObjectKind) -> int:
        """Return how many objects a kind of change happened to."""
        return sum(change.kind is kind for change in self.objects)
