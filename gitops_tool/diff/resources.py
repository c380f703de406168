"""Two renders of the same overlay -> what differs, object by object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gitops_tool.model import Resource, ResourceDiff, ResourceId
from gitops_tool.records import record

Pointer = tuple[str | int, ...]


@record
class ValueChange:
    """One value of an object that differs; None stands for "not there"."""

    id: ResourceId
    pointer: Pointer
    before: Any
    after: Any


def diff_resources(before: Iterable[Resource], after: Iterable[Resource]) -> tuple[ResourceDiff, ...]:
    """Return the objects that were added, removed or changed, in the order of their ids."""
    old = {resource.id: resource.body for resource in before}
    new = {resource.id: resource.body for resource in after}
    return tuple(
        ResourceDiff(resource_id, old.get(resource_id), new.get(resource_id))
        for resource_id in sorted({*old, *new})
        if not _equal(old.get(resource_id), new.get(resource_id))
    )


def value_changes(diffs: Iterable[ResourceDiff]) -> Iterator[ValueChange]:
    """Yield every single value that differs, the deepest place that tells the whole difference."""
    for diff in diffs:
        yield from _changes(diff.id, (), diff.before, diff.after)


def _equal(before: Any, after: Any) -> bool:
    """Whether two values are the same in YAML, where `1` and `true` are not, unlike in Python."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(_equal(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_equal, before, after))
    return type(before) is type(after) and before == after


def _changes(resource: ResourceId, pointer: Pointer, before: Any, after: Any) -> Iterator[ValueChange]:
    if _equal(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _changes(resource, (*pointer, key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(resource, (*pointer, index), old, new)
    else:
        yield ValueChange(resource, pointer, before, after)
