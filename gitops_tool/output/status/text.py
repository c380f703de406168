"""What runs where, and what ran before, as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.output.status.phrases import NOTHING, age, behind, last_part, printable, shown
from gitops_tool.output.times import table

if TYPE_CHECKING:
    from gitops_tool.status.matrix import OverlayStatus, Status

_STATUS = ("APP", "ENVIRONMENT", "IMAGE", "VERSION", "AGE", "COMMIT", "AUTHOR", "BEHIND")


def status_text(status: Status, now: int) -> str:
    """Return the matrix as lines, one for each image; an app's name stands on its first.

    Args:
        status: what was read.
        now: seconds since 1970.
    """
    rows = [_STATUS]
    for app, environments in status.by_app().items():
        lines = [row for one in environments.values() for row in _rows(one, now)]
        rows += [(printable(app) if number == 0 else "", *row) for number, row in enumerate(lines)]
    return "".join(f"{line}\n" for line in table(rows))


def _rows(one: OverlayStatus, now: int) -> Iterator[tuple[str, str, str, str, str, str, str]]:
    environment = printable(one.overlay.environment)
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
            printable(commit.author) if commit else NOTHING,
            behind(image.lag, now),
        )
