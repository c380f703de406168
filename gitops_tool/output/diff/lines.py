"""The words and lines that all formats of a diff share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gitops_tool.diff.grouping import ChangeGroup, app_text, group_effects, group_images, where_text
from gitops_tool.diff.images import versions
from gitops_tool.diff.objects import is_rehashed
from gitops_tool.diff.pairing import without_hash
from gitops_tool.diff.repository import Effect, EffectKind, ObjectChange, ObjectKind, RepositoryDiff
from gitops_tool.diff.values import MISSING, FieldChange, FieldKind, path_text
from gitops_tool.model import Overlay, ResourceId
from gitops_tool.output.rendered import unified, yaml_lines
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

_MOST_NAMES = 4
_PLAIN = lazy_pattern(r"[^\s\"'#&*!|>%@`\[\]{},?:-][^\n]*[^\s:]|[^\W_]")
_TYPED = lazy_pattern(r"(?i:true|false|yes|no|on|off|null|~|y|n)|[-+.]?[0-9][0-9_.,:eExXoO+-]*|[-+]?\.(?:inf|nan)")


@record
class Line:
    """A line of a diff; `sign` is `+`, `-`, `@` for a heading, `!` for a remark, or a blank for context."""

    sign: str
    text: str

    def __str__(self) -> str:
        """Return the line as tools that colour diffs know it."""
        return f"{'@@' if self.sign == '@' else self.sign} {self.text}".rstrip()


@record
class ImageRow:
    """An image that changes, and where; `old` or `new` is empty where it comes or goes."""

    where: str
    name: str
    old: str
    new: str


@record
class EffectRow:
    """What happens to an object in the cluster, where, and why."""

    kind: EffectKind
    serious: bool
    name: str
    where: str
    reasons: tuple[str, ...]


def count(number: int, word: str, words: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{number} {word if number == 1 else words or word + 's'}"


def image_rows(diff: RepositoryDiff) -> list[ImageRow]:
    """Return the image changes, equal ones once with where they apply."""
    return [
        ImageRow(where_text(one.overlay for one in group), *versions(group[0])) for group in group_images(diff.images)
    ]


def effect_rows(diff: RepositoryDiff) -> list[EffectRow]:
    """Return the effects, equal ones once with where they apply."""
    return [_effect_row(group) for group in group_effects(diff.effects)]


def _effect_row(group: Sequence[Effect]) -> EffectRow:
    first = group[0]
    where = where_text(effect.overlay for effect in group)
    return EffectRow(first.kind, first.serious, names(effect.id for effect in group), where, first.reasons)


def names(ids: Iterable[ResourceId]) -> str:
    """Return the names of objects, not more than people read."""
    found = list(dict.fromkeys(str(one) for one in ids))
    more = [f"{len(found) - _MOST_NAMES} more"] if len(found) > _MOST_NAMES else []
    return ", ".join([*found[:_MOST_NAMES], *more])


def title(group: ChangeGroup) -> str:
    """Return what happened, and to which objects."""
    first = group.first
    text = f"{first.kind}: {names(change.id for change in group.changes)}"
    if first.kind is ObjectKind.RENAMED and first.old_id is not None:
        text = f"{first.kind}: {names(change.old_id or change.id for change in group.changes)} -> {_new_names(group)}"
    if first.kind is ObjectKind.MOVED and first.old_overlay is not None:
        text += f", from {where_text(change.old_overlay or change.overlay for change in group.changes)}"
    return text


def _new_names(group: ChangeGroup) -> str:
    first = group.first
    if first.old_id is not None and first.old_id.namespace == first.id.namespace:
        return ", ".join(dict.fromkeys(change.id.name for change in group.changes))
    return names(change.id for change in group.changes)


def group_where(group: ChangeGroup) -> str:
    """Return where a change applies."""
    return where_text(group.overlays)


def group_lines(group: ChangeGroup) -> list[Line]:
    """Return the lines of a change: whole objects that come or go, else the values that differ."""
    change = group.first
    if change.kind is ObjectKind.ADDED:
        return [Line("+", line) for line in yaml_lines(change.after)]
    if change.kind is ObjectKind.REMOVED:
        return [Line("-", line) for line in yaml_lines(change.before)]
    return list(_field_lines(change))


def _field_lines(change: ObjectChange) -> Iterator[Line]:
    for field in change.told:
        yield from field_lines(field)
    if change.consequences:
        follow = count(change.consequences, "reference follows", "references follow")
        yield Line("!", f"{follow} the new name of {', '.join(_followed(change))}")
    noise = [path_text(field.path) for field in change.fields if field.kind is FieldKind.NOISE]
    if noise:
        yield Line("!", f"another order, which means nothing: {', '.join(noise)}")
    if change.kind is ObjectKind.RENAMED and change.old_id is not None and is_rehashed(change.old_id, change.id):
        yield Line("!", "the hash in its name follows from what it holds")
    if change.kind is ObjectKind.MOVED and not change.fields:
        yield Line("!", "nothing in it differs")


def _followed(change: ObjectChange) -> list[str]:
    texts = (field.after for field in change.fields if field.consequence)
    found = [without_hash(text) if isinstance(text, str) else "what it names" for text in texts if text is not MISSING]
    return list(dict.fromkeys(found))


def field_lines(field: FieldChange) -> Iterator[Line]:
    """Yield the lines of one value that differs."""
    where = path_text(field.path) or "(the whole object)"
    if field.kind is FieldKind.REORDERED:
        old = [str(key) for key in field.before]
        yield Line("!", f"{where}: another order: {' '.join(old)} -> {' '.join(old[place] for place in field.after)}")
    elif field.masked and not isinstance(field.before, (dict, list)) and not isinstance(field.after, (dict, list)):
        yield Line("!", f"{where}: {field.kind} (the value is not shown)")
    elif _is_short(field.before) and _is_short(field.after):
        if field.before is not MISSING:
            yield Line("-", f"{where}: {scalar(field.before)}")
        if field.after is not MISSING:
            yield Line("+", f"{where}: {scalar(field.after)}")
    else:
        yield Line("@", where)
        yield from _long_lines(field)


def _is_short(value: Any) -> bool:
    return not (isinstance(value, (dict, list)) and value) and not (isinstance(value, str) and "\n" in value)


def _long_lines(field: FieldChange) -> Iterator[Line]:
    before, after = (_value_lines(value) for value in (field.before, field.after))
    for number, line in enumerate(unified(before, after, context=3)):
        if not line.startswith("@@"):
            yield Line(line[0], line[1:])
        elif number:
            yield Line("@", "...")


def _value_lines(value: Any) -> list[str]:
    if value is MISSING:
        return []
    if isinstance(value, str) and "\n" in value:
        lines = value.split("\n")
        return [*lines[:-1], *([lines[-1], "(no newline at the end)"] if lines[-1] else [])]
    return yaml_lines(value) if isinstance(value, (dict, list)) else [scalar(value)]


def scalar(value: Any) -> str:
    """Return a value on one line as YAML would read it."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _TYPED.fullmatch(value) and _is_inline(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_inline(text: str) -> bool:
    return text.isprintable() and ": " not in text and " #" not in text


def tally(diff: RepositoryDiff) -> str:
    """Return how many overlays were compared, and what happened to how many objects."""
    kinds = [(diff.count(kind), kind.value) for kind in ObjectKind if kind is not ObjectKind.REORDERED]
    parts = [f"{number} {word}" for number, word in kinds if number]
    total = sum(number for number, _ in kinds)
    objects = f"{count(total, 'object')} {differ(total)} ({', '.join(parts)})" if parts else "no object differs"
    return f"{count(len(diff.overlays), 'overlay')} compared, {objects}"


def differ(number: int) -> str:
    """Return the verb for a number of things."""
    return "differs" if number == 1 else "differ"


def remarks(diff: RepositoryDiff) -> Iterator[str]:
    """Yield what is counted, but not shown as a difference."""
    reordered = diff.count(ObjectKind.REORDERED)
    if reordered:
        objects = count(reordered, "object")
        yield f"{objects} {differ(reordered)} only in the order of lists where order means nothing"
    following = [change for change in diff.objects if change.consequences and not change.told]
    if following:
        objects = count(len(following), "object")
        yield f"{objects} {differ(len(following))} only in references to names with a new hash"
    masked = sum(field.masked for change in diff.objects for field in change.fields)
    if masked:
        yield f"values that are not shown: {masked} {differ(masked)}"
    yield from diff.notes


def by_app(groups: Iterable[ChangeGroup]) -> dict[str, list[ChangeGroup]]:
    """Return changes by the apps they are in; one that is in several apps stands under all their names."""
    found: dict[str, list[ChangeGroup]] = {}
    for group in groups:
        found.setdefault(", ".join(dict.fromkeys(overlay.app for overlay in group.overlays)), []).append(group)
    return found


def overlay_text(overlay: Overlay) -> str:
    """Return an overlay's app and environment."""
    return app_text(overlay.app, [overlay.environment] if overlay.environment else [])
