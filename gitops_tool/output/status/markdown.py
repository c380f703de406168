"""What runs where, and what ran before, as Markdown for a comment or a wiki."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_tool.output.status.phrases import GONE, age, behind, last_part, origin, ran, shown
from gitops_tool.output.times import day
from gitops_tool.wording import harmless

if TYPE_CHECKING:
    from gitops_tool.status.history import History
    from gitops_tool.status.matrix import ImageStatus, OverlayStatus, Status

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~@:$&])")


def status_markdown(status: Status, now: int) -> str:
    """Return the matrix: a row for each app, a column for each environment.

    Args:
        status: what was read.
        now: seconds since 1970.
    """
    rows = [
        [f"**{escaped(app)}**", *(_cell(row.get(name), now) for name in status.environments)]
        for app, row in status.by_app().items()
    ]
    return markdown_table(["app", *map(escaped, status.environments)], rows)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def escaped(text: str) -> str:
    """Return text that Markdown and HTML leave as it is, and that mentions nobody."""
    return _SPECIAL.sub(r"\\\1", harmless(text))


def _cell(one: OverlayStatus | None, now: int) -> str:
    if one is None:
        return ""
    if one.problem is not None:
        return "*unreadable*"
    return "<br>".join(_image(image, now, several=len(one.images) > 1) for image in one.images) or "*no image*"


def _image(image: ImageStatus, now: int, *, several: bool) -> str:
    name = f"{escaped(last_part(image.image))} " if several else ""
    commit = image.since.commit if image.since else None
    who = f" by {escaped(commit.author)} in {commit.sha[:12]}" if commit else ""
    lag = behind(image.lag, now)
    late = f"<br>*behind: {escaped(lag)}*" if lag else ""
    return f"{name}**{escaped(shown(image.version))}** {age(image, now)}{who}{late}"


def history_markdown(history: History, now: int) -> str:
    """Return what ran as a table, newest first.

    Args:
        history: what was read.
        now: seconds since 1970.
    """
    head = ("when (UTC)", "environment", "image", "version", "ran", "how", "commit", "author")
    rows = [
        [
            day(change.landed.time),
            escaped(change.overlay.environment),
            escaped(last_part(change.image)),
            f"**{escaped(shown(change.version) if change.version else GONE)}**",
            ran(change, now),
            origin(change, history),
            change.commit.sha[:12],
            escaped(change.commit.author),
        ]
        for change in history.changes
    ]
    return markdown_table(head, rows)
