"""Which images run in another version, overlay by overlay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gitops_tool.diff.repository import ImageChange, ObjectChange
from gitops_tool.images import ImageRef

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")


def image_changes(changes: Iterable[ObjectChange]) -> tuple[ImageChange, ...]:
    """Return the image changes of the objects that differ, each once an overlay.

    An image that one object of an overlay loses and another one gains has only moved, and is not told.
    """
    found: dict[ImageChange, None] = {}
    for change in changes:
        before = dict(_images(change.before)) if change.before else {}
        after = dict(_images(change.after)) if change.after else {}
        for place in {**before, **after}:
            old, new = before.get(place), after.get(place)
            if old != new:
                found[ImageChange(change.overlay, old, new)] = None
    return tuple(_without_moved(list(found)))


def _without_moved(found: list[ImageChange]) -> Iterator[ImageChange]:
    gone = {(one.overlay.environment, one.old) for one in found if one.new is None}
    come = {(one.overlay.environment, one.new) for one in found if one.old is None}
    for one in found:
        moved = (one.old is None and (one.overlay.environment, one.new) in gone) or (
            one.new is None and (one.overlay.environment, one.old) in come
        )
        if not moved:
            yield one


def _images(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the image of every container, of pods in whatever kind, by where it stands."""
    if isinstance(value, list):
        for child in value:
            yield from _images(child, path)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key in _CONTAINERS and isinstance(child, list):
                for number, container in enumerate(child):
                    if isinstance(container, dict) and isinstance(container.get("image"), str):
                        yield (*path, key, str(container.get("name", number))), container["image"]
            elif isinstance(child, (dict, list)):
                yield from _images(child, (*path, str(key)))


def versions(change: ImageChange) -> tuple[str, str, str]:
    """Return an image's name, its old and its new version; the whole reference where the name differs, too."""
    old, new = (ImageRef.split(text) if text else None for text in (change.old, change.new))
    if old is None and new is not None:
        return new.name, "", new.version or "(no tag)"
    if new is None and old is not None:
        return old.name, old.version or "(no tag)", ""
    if old is None or new is None or old.name != new.name:
        return "", change.old or "", change.new or ""
    return new.name, old.version or "(no tag)", new.version or "(no tag)"
