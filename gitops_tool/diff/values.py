"""Compares two states of an object: every value that differs, at the deepest place that tells it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from gitops_tool.diff.lists import ListKey, ListRule, Order, keys_of, rule_for
from gitops_tool.records import record

Path: TypeAlias = tuple["str | int | ListKey", ...]


class _Missing:
    """Stands for "not there", which is not null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class FieldKind(StrEnum):
    """What happened to a value."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"
    """The elements of a list stand in another order, which may mean something."""
    NOISE = "order"
    """They do, and it means nothing to what reads the list."""
    PLACED = "placed"
    """New elements stand among the others, not behind them."""


@record
class FieldChange:
    """One value that differs; `MISSING` stands for "not there".

    Where elements of a list change places, `before` is what they would be in the order of before, and `after` the
    positions in it, in the order of after. `consequence` marks a reference that follows a name with a hash, `masked`
    a value that is not shown.
    """

    path: Path
    kind: FieldKind
    before: Any
    after: Any
    consequence: bool = False
    masked: bool = False

    @property
    def is_order(self) -> bool:
        """Whether only the order of a list is told, no value."""
        return self.kind in {FieldKind.REORDERED, FieldKind.NOISE, FieldKind.PLACED}

    @property
    def is_noise(self) -> bool:
        """Whether an order is told that means nothing."""
        return self.kind in {FieldKind.NOISE, FieldKind.PLACED}


def field_changes(kind: str, before: Any, after: Any) -> tuple[FieldChange, ...]:
    """Return what differs between two states of an object of a kind, in the order of its fields."""
    return tuple(_changes(kind, (), before, after))


def equal(before: Any, after: Any) -> bool:
    """Whether two values are the same in YAML, where `1` and `true` are not, unlike in Python."""
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(equal(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(equal, before, after))
    return type(before) is type(after) and bool(before == after)


def _changes(kind: str, path: Path, before: Any, after: Any) -> Iterator[FieldChange]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from _changes(kind, (*path, key), before.get(key, MISSING), after.get(key, MISSING))
    elif equal(before, after):
        return
    elif isinstance(before, list) and isinstance(after, list):
        yield from _list_changes(kind, path, before, after)
    else:
        yield _change(path, before, after)


def path_text(path: Path) -> str:
    """Return a path as people write it: `spec.containers[name=web].args[0]`."""
    return "".join(map(_part_text, path)).removeprefix(".")


def _part_text(part: str | int | ListKey) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    if isinstance(part, ListKey):
        return str(part)
    return f".{part}" if part and not set(part) & set(".[]/ ") else f'["{part}"]'


def _change(path: Path, before: Any, after: Any) -> FieldChange:
    kind = FieldKind.ADDED if before is MISSING else FieldKind.REMOVED if after is MISSING else FieldKind.CHANGED
    return FieldChange(path, kind, before, after)


def _list_changes(kind: str, path: Path, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
    rule = rule_for(kind, _field_name(path), before, after)
    if rule is not None:
        yield from _keyed_changes(kind, path, rule, before, after)
    elif len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _changes(kind, (*path, index), old, new)
    else:
        yield _change(path, before, after)


def _field_name(path: Path) -> str:
    return path[-1] if path and isinstance(path[-1], str) else ""


def _keyed_changes(kind: str, path: Path, rule: ListRule, before: list[Any], after: list[Any]) -> Iterator[FieldChange]:
    """Compare element by element, then say how the order differs from what one would expect."""
    old = dict(zip(keys_of(rule, before), before, strict=True))
    new = _paired(old, dict(zip(keys_of(rule, after), after, strict=True)))
    for key in {**old, **new}:
        yield from _changes(kind, (*path, key), old.get(key, MISSING), new.get(key, MISSING))
    expected = [key for key in old if key in new] + [key for key in new if key not in old]
    place = {key: position for position, key in enumerate(expected)}
    positions = [place[key] for key in new]
    if positions == list(range(len(positions))):
        return
    stayed = [position for position in positions if expected[position] in old]
    if stayed == sorted(stayed):
        order = FieldKind.PLACED
    else:
        order = FieldKind.NOISE if rule.order is Order.NOISE else FieldKind.REORDERED
    yield FieldChange(path, order, tuple(expected), tuple(positions))


def _paired(old: dict[ListKey, Any], new: dict[ListKey, Any]) -> dict[ListKey, Any]:
    """Give the one element that is new the key of the one that is gone, where elements have no keys of their own."""
    gone, come = [key for key in old if key not in new], [key for key in new if key not in old]
    if len(gone) != 1 or len(come) != 1 or not gone[0].is_content:
        return new
    if not isinstance(old[gone[0]], dict) or not isinstance(new[come[0]], dict):
        return new
    return {gone[0] if key == come[0] else key: value for key, value in new.items()}


def apply(body: Any, changes: Sequence[FieldChange]) -> Any:
    """Return what a value becomes by the changes that were told; the other way round of `field_changes`."""
    return _applied(body, [(change.path, change) for change in changes])


_Rest: TypeAlias = "list[tuple[Path, FieldChange]]"


def _applied(value: Any, changes: _Rest) -> Any:
    if not changes:
        return value
    for path, change in changes:
        if not path and not change.is_order:
            return change.after
    inner: dict[Any, _Rest] = {}
    for path, change in changes:
        if path:
            inner.setdefault(path[0], []).append((path[1:], change))
    if isinstance(value, dict):
        parts = {key: _applied(value.get(key, MISSING), inner.get(key, [])) for key in {**value, **inner}}
        return {key: part for key, part in parts.items() if part is not MISSING}
    return _applied_to_list(value, inner, [change for path, change in changes if not path])


def _applied_to_list(value: list[Any], inner: dict[Any, _Rest], orders: list[FieldChange]) -> list[Any]:
    keys: list[Any] = list(range(len(value)))
    example = next((key for key in inner if isinstance(key, ListKey)), None) or (
        orders[0].before[0] if orders else None
    )
    if example is not None:
        rule = ListRule(() if example.is_content else tuple(name for name, _ in example.fields))
        keys = list(keys_of(rule, value))
    parts = dict(zip(keys, value, strict=True))
    found = (_applied(parts.get(key, MISSING), inner.get(key, [])) for key in {**parts, **inner})
    result = [part for part in found if part is not MISSING]
    return [result[position] for position in orders[0].after] if orders else result
