"""What runs where, and what ran before, as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.output.status.phrases import GONE, NOTHING, age, behind, last_part, origin, ran, shown
from gitops_tool.output.times import day, table
from gitops_tool.wording import harmless

if TYPE_CHECKING:
    from gitops_tool.status.changes import VersionChange
    from gitops_tool.status.history import History
    from gitops_tool.status.matrix import OverlayStatus, Status

_STATUS = ("APP", "ENVIRONMENT", "IMAGE", "VERSION", "AGE", "COMMIT", "AUTHOR", "BEHIND")

_HISTORY = ("WHEN", "ENVIRONMENT", "IMAGE", "VERSION", "RAN", "HOW", "COMMIT", "AUTHOR")


def status_text(status: Status, now: int) -> str:
    """Return the matrix as lines, one for each image; an app's name stands on its first.

    Args:
        status: what was read.
        now: seconds since 1970.
    """
    rows = [_STATUS]
    for app, environments in status.by_app().items():
        lines = [row for one in environments.values() for row in _rows(one, now)]
        rows += [(harmless(app) if number == 0 else "", *row) for number, row in enumerate(lines)]
    return "".join(f"{line}\n" for line in table(rows))


def _rows(one: OverlayStatus, now: int) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    environment = harmless(one.overlay.environment)
    if one.problem is not None:
        yield environment, NOTHING, "unreadable", NOTHING, NOTHING, NOTHING, ""
    elif not one.images:
        yield environment, NOTHING, "no image", NOTHING, NOTHING, NOTHING, ""
    for number, image in enumerate(one.images):
        commit = image.since.commit if image.since else None
        yield (
            environment if number == 0 else "",
            last_part(image.image),
            shown(image.version),
            age(image, now),
            commit.sha[:12] if commit else NOTHING,
            harmless(commit.author) if commit else NOTHING,
            behind(image.lag, now),
        )


def history_text(history: History, now: int) -> str:
    """Return what ran as lines, newest first; the column of images only where there are several.

    Args:
        history: what was read.
        now: seconds since 1970.
    """
    rows = [_HISTORY, *(_change(change, history, now) for change in history.changes)]
    if len({change.image for change in history.changes}) < 2:
        return "".join(f"{line}\n" for line in table([(*row[:2], *row[3:]) for row in rows]))
    return "".join(f"{line}\n" for line in table(rows))


def _change(change: VersionChange, history: History, now: int) -> tuple[str, ...]:
    return (
        day(change.landed.time),
        harmless(change.overlay.environment),
        last_part(change.image),
        shown(change.version) if change.version else GONE,
        ran(change, now),
        origin(change, history),
        change.commit.sha[:12],
        harmless(change.commit.author),
    )
