"""The objects of one overlay that differ, secrets concealed before anything is compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitops_tool.diff.concealing import concealed, is_concealed, shown, shown_pair
from gitops_tool.diff.lists import ListKey
from gitops_tool.diff.pairing import Pair, pair_up, stem
from gitops_tool.diff.repository import ObjectChange, ObjectKind
from gitops_tool.diff.values import FieldChange, FieldKind, Path, equal, field_changes
from gitops_tool.model import Overlay, Resource, ResourceDiff, ResourceId
from gitops_tool.records import record, replace


@record
class RenderPair:
    """What an overlay renders to before and after; nothing on the side where it is not there."""

    overlay: Overlay
    before: Sequence[Resource]
    after: Sequence[Resource]

    @classmethod
    def of(cls, overlay: Overlay, diffs: Iterable[ResourceDiff]) -> RenderPair:
        """Return the objects of an overlay that are known to differ."""
        before, after = [], []
        for diff in diffs:
            if diff.before is not None:
                before.append(Resource(diff.id, diff.before, overlay.path))
            if diff.after is not None:
                after.append(Resource(diff.id, diff.after, overlay.path))
        return cls(overlay, before, after)


def object_changes(renders: Iterable[RenderPair], mask_keys: Sequence[str] = ()) -> list[ObjectChange]:
    """Return the objects that differ between renders.

    Args:
        renders: of each overlay that was compared.
        mask_keys: names outside of Secrets whose values are masked; see `concealed`.
    """
    paired = [(render.overlay, pair_up(render.before, render.after)) for render in renders]
    found: list[ObjectChange] = []
    moves = _moves(paired)
    gone = {id(old) for _, old in moves.values()}
    for overlay, pairs in paired:
        hashes = _hash_renames(pairs)
        for pair in pairs:
            if pair.before is None and id(pair.after) in moves:
                old_overlay, old = moves[id(pair.after)]
                found.append(_moved(overlay, old_overlay, Pair(old, pair.after), mask_keys))
            elif id(pair.before) not in gone:
                found += filter(None, [_object_change(overlay, pair, hashes, mask_keys)])
    return found


def _moves(paired: Sequence[tuple[Overlay, Sequence[Pair]]]) -> dict[int, tuple[Overlay, Resource]]:
    """Return where objects come from that one overlay renders no more and another one of that environment now does.

    Only where exactly one comes and one goes: by `id` of the resource after the change.
    """
    gone: dict[tuple[str, ...], list[tuple[Overlay, Resource]]] = {}
    come: dict[tuple[str, ...], list[Resource]] = {}
    for overlay, pairs in paired:
        for pair in pairs:
            if pair.after is None and pair.before is not None:
                gone.setdefault(_lasting(overlay, pair.before), []).append((overlay, pair.before))
            elif pair.before is None and pair.after is not None:
                come.setdefault(_lasting(overlay, pair.after), []).append(pair.after)
    return {id(new[0]): gone[key][0] for key, new in come.items() if len(new) == 1 and len(gone.get(key, ())) == 1}


def _lasting(overlay: Overlay, resource: Resource) -> tuple[str, ...]:
    one = resource.id
    return (overlay.environment, one.group, one.kind, one.namespace, stem(one) or one.name or str(id(resource)))


def _moved(overlay: Overlay, old_overlay: Overlay, pair: Pair, mask_keys: Sequence[str]) -> ObjectChange:
    change = _object_change(overlay, pair, {}, mask_keys)
    if change is not None:
        return replace(change, kind=ObjectKind.MOVED, old_overlay=old_overlay)
    body = shown(concealed(pair.after.body if pair.after else {}, mask_keys))
    present = pair.after or pair.before
    if present is None:
        raise ValueError("an object that moves is there on both sides")
    return ObjectChange(ObjectKind.MOVED, overlay, present.id, (), body, body, old_overlay=old_overlay)


def _hash_renames(pairs: Sequence[Pair]) -> dict[str, str]:
    """Return the new name for each name that differs by its hash alone."""
    renamed = ((pair.before.id, pair.after.id) for pair in pairs if pair.before and pair.after)
    return {old.name: new.name for old, new in renamed if old.name != new.name and is_rehashed(old, new)}


def is_rehashed(old: ResourceId, new: ResourceId) -> bool:
    """Whether two names differ by the hash that kustomize appends, and by nothing else."""
    return (stem(old) or old.name) == (stem(new) or new.name) and old.namespace == new.namespace


def _object_change(
    overlay: Overlay, pair: Pair, hashes: Mapping[str, str], mask_keys: Sequence[str]
) -> ObjectChange | None:
    old, new = pair.before, pair.after
    before = concealed(old.body, mask_keys) if old else None
    after = concealed(new.body, mask_keys) if new else None
    if old is None or new is None:
        present = new or old
        if present is None:
            return None
        kind = ObjectKind.REMOVED if new is None else ObjectKind.ADDED
        return ObjectChange(kind, overlay, present.id, (), before and shown(before), after and shown(after))
    if equal(old.body, new.body):
        return None
    fields = tuple(_finished(field) for field in _with_consequences(field_changes(new.id.kind, before, after), hashes))
    kind = _kind(old.id, new.id, fields)
    return ObjectChange(
        kind, overlay, new.id, fields, *shown_pair(before, after), old_id=old.id if old.id != new.id else None
    )


def _kind(old: ResourceId, new: ResourceId, fields: Sequence[FieldChange]) -> ObjectKind:
    if (old.namespace, old.name) != (new.namespace, new.name):
        return ObjectKind.RENAMED
    if all(field.is_noise for field in fields):
        return ObjectKind.REORDERED
    return ObjectKind.CHANGED


def _with_consequences(fields: Sequence[FieldChange], hashes: Mapping[str, str]) -> Iterator[FieldChange]:
    """Mark the references that follow a name with a hash, in values and as keys of lists."""
    removed = {field.path[:-1]: field for field in fields if field.kind is FieldKind.REMOVED and _is_named(field.path)}
    followed: set[Path] = set()
    for field in fields:
        old = removed.get(field.path[:-1]) if field.kind is FieldKind.ADDED else None
        if old and equal(_renamed(old.before, hashes), field.after):
            followed |= {old.path, field.path}
    for field in fields:
        was = field.before if field.kind is FieldKind.CHANGED and isinstance(field.before, str) else ""
        follows = was in hashes and hashes[was] == field.after
        yield replace(field, consequence=follows or field.path in followed)


def _is_named(path: Path) -> bool:
    return bool(path) and isinstance(path[-1], ListKey)


def _renamed(value: Any, hashes: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(child, hashes) for key, child in value.items()}
    return hashes.get(value, value) if isinstance(value, str) else value


def _finished(field: FieldChange) -> FieldChange:
    """Take the concealed values out of a difference; from here on nothing holds them."""
    path = tuple(ListKey((("", ""),)) if isinstance(part, ListKey) and part.is_content else part for part in field.path)
    if field.is_order:
        return replace(field, path=path, before=_names(field.before), after=tuple(field.after))
    masked = is_concealed(field.before) or is_concealed(field.after)
    before, after = shown_pair(field.before, field.after) if masked else (field.before, field.after)
    return replace(field, path=path, before=before, after=after, masked=masked)


def _names(keys: Sequence[ListKey]) -> tuple[ListKey, ...]:
    return tuple(ListKey((("", ""),)) if key.is_content else key for key in keys)
