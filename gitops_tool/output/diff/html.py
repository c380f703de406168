"""A diff as HTML: one page without scripts or outside parts, or a fragment for a larger page.

Everything that comes from manifests is escaped here, where the tags are written.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from gitops_tool.diff.grouping import ChangeGroup, group_changes
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
from gitops_tool.output.diff.text import harmless
from gitops_tool.output.rendered import yaml_lines
from gitops_tool.records import record

_STYLE = Path(__file__).parents[2] / "templates" / "html" / "diff.css"
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font-family: system-ui, sans-serif; line-height: 1.5; margin: 1rem auto; max-width: 90rem; padding: 0 1rem; }}
{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}</main>
</body>
</html>
"""
_CLASSES = {"+": "add", "-": "del", "@": "head", "!": "note"}
_CONTEXT = 3


def diff_page(diff: RepositoryDiff) -> str:
    """Return a diff as a page that needs nothing else."""
    return _PAGE.format(title="What changes in the cluster", style=diff_style(), body=diff_fragment(diff))


def diff_style() -> str:
    """Return the style sheet that a fragment needs."""
    return _STYLE.read_text("utf-8")


def diff_fragment(diff: RepositoryDiff) -> str:
    """Return a diff as an element to put into a page; its headings begin at the second level."""
    return "".join(f"{part}\n" for part in _parts(diff))


def _parts(diff: RepositoryDiff) -> Iterator[str]:
    yield '<section class="diff">'
    yield f"<p>{_code(diff.base)} → {_code(diff.head)}: {_text(tally(diff))}</p>"
    images = [[row.where, row.name, row.old or "none", row.new or "none"] for row in image_rows(diff)]
    yield from _table("Images", ("where", "image", "before", "after"), images)
    rows = effect_rows(diff)
    effects = [[row.kind.value, row.name, row.where, "; ".join(row.reasons)] for row in rows]
    yield from _table(
        "In the cluster", ("what", "object", "where", "why"), effects, serious=[row.serious for row in rows]
    )
    for failure in diff.failures:
        yield f'<h2 class="serious">Not rendered in {failure.side}: {_text(overlay_text(failure.overlay))}</h2>'
        hint = f"\nhint: {failure.hint}" if failure.hint else ""
        yield f'<pre class="scroll" tabindex="0">{_text(failure.message + hint)}</pre>'
    yield from _objects(diff)
    yield from _list("Also", list(remarks(diff)))
    yield "</section>"


def _objects(diff: RepositoryDiff) -> Iterator[str]:
    groups = group_changes(diff.objects)
    shown = [group for group in groups if group.first.kind is not ObjectKind.REORDERED]
    if shown:
        yield "<h2>Objects</h2>"
        # Two radio buttons and the style sheet switch the view: no script is needed.
        yield '<input type="radio" name="diff-view" id="diff-unified" checked>'
        yield '<label for="diff-unified">one below the other</label>'
        yield '<input type="radio" name="diff-view" id="diff-beside">'
        yield '<label for="diff-beside">side by side</label>'
    for app, members in by_app(shown).items():
        yield f"<div><h3>{_text(app)}</h3>"
        for group in members:
            yield from _details(group)
        yield "</div>"
    reordered = [group for group in groups if group.first.kind is ObjectKind.REORDERED]
    yield from _list(
        "Only in another order", [f"{title(one).partition(': ')[2]} in {group_where(one)}" for one in reordered]
    )


def _details(group: ChangeGroup) -> Iterator[str]:
    where = f' <span class="where">in {_text(group_where(group))}</span>'
    yield f"<details open><summary><code>{_text(title(group))}</code>{where}</summary>"
    yield '<div class="scroll" tabindex="0">'
    yield '<table class="lines unified"><tbody>'
    for line in group_lines(group) or [Line("!", "nothing to show")]:
        yield f'<tr{_class(line.sign)}><td class="sign">{line.sign}</td><td>{_text(line.text)}</td></tr>'
    yield "</tbody></table>"
    yield '<table class="lines beside"><tbody>'
    for row in _beside(yaml_lines(group.first.before), yaml_lines(group.first.after)):
        yield f"<tr><td{_class(row.old_sign)}>{_text(row.old)}</td><td{_class(row.new_sign)}>{_text(row.new)}</td></tr>"
    yield "</tbody></table></div></details>"


@record
class _Row:
    """A line of both sides, next to each other."""

    old: str
    new: str
    old_sign: str = " "
    new_sign: str = " "


def _beside(before: Sequence[str], after: Sequence[str]) -> Iterator[_Row]:
    """Yield the lines of two texts side by side, unchanged ones only around those that differ."""
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for number, hunk in enumerate(matcher.get_grouped_opcodes(_CONTEXT)):
        if number:
            yield _Row("...", "...", "@", "@")
        for tag, start, end, new_start, new_end in hunk:
            if tag == "equal":
                yield from (_Row(line, line) for line in before[start:end])
                continue
            for index in range(max(end - start, new_end - new_start)):
                old = before[start + index] if start + index < end else None
                new = after[new_start + index] if new_start + index < new_end else None
                yield _Row(old or "", new or "", " " if old is None else "-", " " if new is None else "+")


def _table(
    caption: str, head: Iterable[str], rows: Sequence[Sequence[str]], serious: Sequence[bool] = ()
) -> Iterator[str]:
    if not rows:
        return
    yield f'<h2>{caption}</h2>\n<div class="scroll" tabindex="0"><table><thead><tr>'
    yield "".join(f'<th scope="col">{name}</th>' for name in head) + "</tr></thead><tbody>"
    for number, row in enumerate(rows):
        mark = ' class="serious"' if serious and serious[number] else ""
        yield f"<tr{mark}>{''.join(f'<td>{_text(cell)}</td>' for cell in row)}</tr>"
    yield "</tbody></table></div>"


def _list(caption: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"<h2>{caption}</h2>\n<ul>{''.join(f'<li>{_text(item)}</li>' for item in items)}</ul>"


def _class(sign: str) -> str:
    return f' class="{_CLASSES[sign]}"' if sign in _CLASSES else ""


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    """Return a text as HTML, with what is no plain character escaped; lines stay."""
    return "\n".join(escape(harmless(line)) for line in text.split("\n"))
