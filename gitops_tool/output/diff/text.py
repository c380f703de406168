"""A diff for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from gitops_tool import wording
from gitops_tool.diff.grouping import group_changes
from gitops_tool.diff.objects import RenderPair, object_changes
from gitops_tool.diff.repository import ObjectKind, RepositoryDiff
from gitops_tool.output.diff.lines import (
    Line,
    by_app,
    effect_rows,
    group_lines,
    group_where,
    image_rows,
    overlay_text,
    remarks,
    tally,
    title,
)

if TYPE_CHECKING:
    from gitops_tool.model import Overlay, ResourceDiff

_RED, _GREEN, _CYAN, _YELLOW, _BOLD, _END = (f"\033[{code}m" for code in ("31", "32", "36", "33", "1", "0"))
_COLOURS = {"+": _GREEN, "-": _RED, "@": _CYAN, "!": _YELLOW}


def diff_text(diff: RepositoryDiff, *, colour: bool = False) -> str:
    """Return a diff as text: images, the blast radius, the objects, and what is only counted."""
    printer = _Printer(colour)
    lines = [*_head(diff, printer), *_objects(diff, printer), *_end(diff)]
    return "".join(f"{line}\n" for line in lines)


def rendered_lines(overlay: Overlay, diffs: Iterable[ResourceDiff]) -> Iterator[str]:
    """Yield what differs in one overlay's render, as `diff_text` shows it, without colours."""
    printer = _Printer(colour=False)
    for group in group_changes(object_changes([RenderPair.of(overlay, diffs)])):
        yield harmless(f"  {title(group)}")
        yield from (printer.line(line) for line in group_lines(group))


class _Printer:
    """Escapes what would move the cursor, and colours lines if that is wanted."""

    def __init__(self, colour: bool) -> None:
        self.colour = colour

    def paint(self, text: str, colour: str) -> str:
        safe = harmless(text)
        return f"{colour}{safe}{_END}" if self.colour and colour else safe

    def line(self, line: Line) -> str:
        return self.paint(f"    {line}".rstrip(), _COLOURS.get(line.sign, ""))


def harmless(text: str) -> str:
    """Escape what is no plain character: a manifest may hold anything."""
    return wording.harmless(text.replace("\t", "    "))


def _head(diff: RepositoryDiff, printer: _Printer) -> Iterator[str]:
    yield harmless(f"{diff.base} -> {diff.head}")
    yield ""
    images = image_rows(diff)
    if images:
        yield printer.paint("images", _BOLD)
        for row in images:
            name = f"{row.name} " if row.name else ""
            yield harmless(f"  {row.where}: {name}{row.old or '(none)'} -> {row.new or '(none)'}")
        yield ""
    effects = effect_rows(diff)
    if effects:
        yield printer.paint("in the cluster", _BOLD)
        for effect in effects:
            text = f"  {effect.kind}: {effect.name} in {effect.where}"
            reasons = f" ({'; '.join(effect.reasons)})" if effect.reasons else ""
            yield printer.paint(text + reasons, _RED if effect.serious else "")
        yield ""


def _objects(diff: RepositoryDiff, printer: _Printer) -> Iterator[str]:
    groups = [group for group in group_changes(diff.objects) if group.first.kind is not ObjectKind.REORDERED]
    for app, members in by_app(groups).items():
        yield printer.paint(app, _BOLD)
        for group in members:
            where = group_where(group).removeprefix(f"{app} ")
            yield printer.paint(f"  {title(group)} in {where}", _BOLD)
            yield from (printer.line(line) for line in group_lines(group))
        yield ""
    reordered = [group for group in group_changes(diff.objects) if group.first.kind is ObjectKind.REORDERED]
    if reordered:
        yield printer.paint("only in another order", _BOLD)
        for group in reordered:
            yield harmless(f"  {title(group).partition(': ')[2]} in {group_where(group)}")
        yield ""


def _end(diff: RepositoryDiff) -> Iterator[str]:
    for failure in diff.failures:
        yield harmless(f"not rendered in {failure.side}: {overlay_text(failure.overlay)}")
        yield from (f"  {harmless(line)}" for line in failure.message.splitlines())
        if failure.hint:
            yield harmless(f"  hint: {failure.hint}")
    yield harmless(tally(diff))
    yield from map(harmless, remarks(diff))
