"""A diff for a comment in a merge request: a summary, folded details, cut at what the forge takes.

What comes from manifests stands in code spans, and in fences with a sign in front of every line: no forge reads a
mention, a quick action, HTML or Markdown there. A fence is longer than any row of backticks in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from gitops_tool.diff.grouping import ChangeGroup, group_changes
from gitops_tool.diff.repository import ObjectKind, RepositoryDiff
from gitops_tool.model import Overlay
from gitops_tool.output.diff.lines import (
    Line,
    count,
    effect_rows,
    group_lines,
    group_where,
    image_rows,
    overlay_text,
    remarks,
    tally,
    title,
)
from gitops_tool.output.diff.text import harmless
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

_MOST_ROWS = 30
_MOST_CHARACTERS = 300
"""Of a name or a reason; longer ones are no names."""

_COMMIT = lazy_pattern(r"[0-9a-f]{7,}\b")
_ROOM = 600
"""Characters kept free for the note about what was cut."""


@record
class _Block:
    """A part that is shown whole or not at all, and what it is called where it is left out."""

    name: str
    text: str


def diff_markdown(diff: RepositoryDiff, max_size: int) -> str:
    """Return a diff as Markdown of at most `max_size` characters, objects that do not fit left out and counted."""
    text = _summary(diff, _MOST_ROWS)
    rows = _MOST_ROWS
    while len(text) > max_size - _ROOM and rows > 1:
        rows //= 2
        text = _summary(diff, rows)
    left_out = []
    for block in _blocks(diff):
        if len(text) + len(block.text) <= max_size - _ROOM:
            text += block.text
        else:
            left_out.append(block.name)
    return (text + _note(diff, left_out))[: max(max_size, 0)]


def _note(diff: RepositoryDiff, left_out: Sequence[str]) -> str:
    if not left_out:
        return ""
    commits = [found[0] for name in (diff.base, diff.head) if (found := _COMMIT.match(name))]
    command = " ".join(["gitops diff", *commits])
    what = count(len(left_out), "part did not fit and is", "parts did not fit and are")
    note = f"\n**{what} left out here.** See all with {code(command)}. Left out: "
    for number, name in enumerate(left_out):
        if len(note) + len(name) > _ROOM - 60:
            return f"{note}and {len(left_out) - number} more\n"
        note += f"{code(name)}, "
    return note.removesuffix(", ") + "\n"


def _summary(diff: RepositoryDiff, rows: int) -> str:
    parts = [f"### What changes in the cluster\n\n{code(diff.base)} → {code(diff.head)}: {tally(diff)}\n"]
    images = [
        (code(row.where), code(row.name or " "), code(row.old or "none"), code(row.new or "none"))
        for row in image_rows(diff)
    ]
    parts.append(_table("Images", ("where", "image", "before", "after"), images, rows))
    effects = [
        (
            f"**{row.kind}**" if row.serious else row.kind.value,
            code(row.name),
            code(row.where),
            code("; ".join(row.reasons)),
        )
        for row in effect_rows(diff)
    ]
    parts.append(_table("In the cluster", ("what", "object", "where", "why"), effects, rows))
    parts.append(_table("Objects", ("app", "environment", *(kind.value for kind in _KINDS)), list(_counts(diff)), rows))
    parts += [f"- {line}\n" for line in map(_sentence, list(remarks(diff))[:rows])]
    return "".join(parts)


_KINDS = tuple(ObjectKind)


def _counts(diff: RepositoryDiff) -> Iterator[tuple[str, ...]]:
    """Yield how many objects what happened to, for each app and environment."""
    found: dict[Overlay, list[ObjectKind]] = {}
    for change in diff.objects:
        found.setdefault(change.overlay, []).append(change.kind)
    for overlay, kinds in found.items():
        numbers = (str(kinds.count(kind) or "") for kind in _KINDS)
        yield (code(overlay.app), code(overlay.environment or " "), *numbers)


def _table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> str:
    if not rows:
        return ""
    lines = [f"\n**{caption}**\n", _row(head), _row(["---"] * len(head)), *map(_row, rows[:most])]
    more = f"\nand {len(rows) - most} more\n" if len(rows) > most else ""
    return "\n".join(lines) + "\n" + more


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def code(text: str) -> str:
    """Return a text as a code span that holds nothing but it, also within a table."""
    safe = harmless(text)
    if len(safe) > _MOST_CHARACTERS:
        safe = f"{safe[: _MOST_CHARACTERS - 3]}..."
    if not safe.strip():
        return ""
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", safe)), default=0))
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{ticks}{pad}{safe.replace('|', chr(92) + '|')}{pad}{ticks}"


def _sentence(text: str) -> str:
    """Return a sentence of our own that may quote something."""
    return code(text) if re.search(r"[^\w\s:,.()-]", text) else text


def _blocks(diff: RepositoryDiff) -> Iterator[_Block]:
    """Yield what cannot be rendered, then every change, each folded."""
    for failure in diff.failures:
        name = f"not rendered in {failure.side}: {overlay_text(failure.overlay)}"
        lines = [Line(" ", line) for line in failure.message.splitlines()]
        lines += [Line(" ", f"hint: {failure.hint}")] if failure.hint else []
        yield _Block(name, _details(name, lines, opened=True))
    groups = group_changes(diff.objects)
    for group in groups:
        if group.first.kind is not ObjectKind.REORDERED:
            yield _Block(title(group), _details(f"{title(group)} in {group_where(group)}", group_lines(group)))
    reordered = [group for group in groups if group.first.kind is ObjectKind.REORDERED]
    if reordered:
        lines = [Line(" ", line) for line in map(_order_line, reordered)]
        yield _Block("only in another order", _details("only in another order", lines))


def _order_line(group: ChangeGroup) -> str:
    return f"{title(group).partition(': ')[2]} in {group_where(group)}"


def _details(summary: str, lines: Sequence[Line], *, opened: bool = False) -> str:
    """Return lines behind a summary that unfolds them; every line begins with a sign, none with its own text."""
    shown = [harmless(str(line)) for line in lines] or ["  nothing to show"]
    fence = "`" * (3 + max((len(run) for line in shown for run in re.findall("`{3,}", line)), default=0))
    head = html.escape(harmless(summary)[:_MOST_CHARACTERS])
    body = "\n".join(shown)
    state = " open" if opened else ""
    return f"\n<details{state}><summary><code>{head}</code></summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"
