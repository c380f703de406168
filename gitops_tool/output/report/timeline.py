"""The versions of an app over time: a row for each image of each environment, a bar for each version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gitops_tool.output.status.phrases import last_part, shown
from gitops_tool.output.times import day
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.status.changes import VersionChange

_WIDTH, _LEFT, _ROW, _BAR, _TOP = 960, 150, 34, 24, 8
_CHARACTER = 7.2
"""Width of a character in a bar's label."""

_COLOURS = 8
_MOST = 24
"""Changes that the plot goes back to, so that the newest ones are not squeezed together."""

_STEPS = tuple(3600 * hours for hours in (1, 6, 24, 2 * 24, 7 * 24, 14 * 24, 30 * 24, 91 * 24, 365 * 24))
_TICKS = 8


@record
class Bar:
    """A version, from when to when it ran. `colour` is the same for the same version of an app."""

    x: float
    width: float
    colour: int
    label: str
    title: str


@record
class Row:
    """An image in an environment."""

    name: str
    y: int
    bars: tuple[Bar, ...]


@record
class Tick:
    """A date on the axis."""

    x: float
    label: str


@record
class Timeline:
    """The plot; `start` is the date that it goes back to, `older` how many changes came before that."""

    width: int
    height: int
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    start: str
    older: int


def timeline(changes: Sequence[VersionChange], environments: Sequence[str], now: int) -> Timeline | None:
    """Return the plot of an app's version changes; None if there are none.

    Args:
        changes: of all environments, newest first.
        environments: in the order of their rows.
        now: where the plot ends, in seconds since 1970.
    """
    if not changes:
        return None
    start = min(max(0, changes[:_MOST][-1].landed.time), now)  # a commit's clock may have been anywhere
    end = max(now, start + 1)
    colours: dict[str, int] = {}
    for change in reversed(changes):
        if change.version is not None:
            colours.setdefault(change.version.version, len(colours) % _COLOURS)
    scale = _Scale(start, end)
    groups: dict[tuple[str, str], list[VersionChange]] = {}
    for change in sorted(changes, key=lambda one: environments.index(one.overlay.environment)):
        groups.setdefault((change.overlay.environment, change.entry), []).append(change)
    several = len({entry for _, entry in groups}) > 1
    rows = tuple(
        Row(
            f"{environment} {last_part(entry)}" if several else environment,
            _TOP + number * _ROW,
            tuple(_bars(ran, scale, colours)),
        )
        for number, ((environment, entry), ran) in enumerate(groups.items())
    )
    older = sum(change.landed.time < start for change in changes)
    return Timeline(_WIDTH, _TOP + len(rows) * _ROW + 28, rows, tuple(_ticks(scale)), day(start), older)


class _Scale:
    """Seconds on the plot's width."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end

    def x(self, seconds: int) -> float:
        """Return the place of a time, within the plot."""
        part = (min(max(seconds, self.start), self.end) - self.start) / (self.end - self.start)
        return round(_LEFT + part * (_WIDTH - _LEFT - 8), 1)


def _bars(changes: Sequence[VersionChange], scale: _Scale, colours: dict[str, int]) -> Iterator[Bar]:
    for change in reversed(changes):
        until = scale.end if change.until is None else change.until
        if change.version is None or until <= scale.start:
            continue
        x, right = scale.x(change.landed.time), scale.x(until)
        width = round(max(right - x - 1, 1.5), 1)
        text = shown(change.version)
        label = text if len(text) * _CHARACTER + 8 <= width else ""
        ended = day(change.until) if change.until is not None else "now"
        title = f"{text}, {day(change.landed.time)} to {ended}, {change.commit.author}"
        yield Bar(x, width, colours[change.version.version], label, title)


def _ticks(scale: _Scale) -> Iterator[Tick]:
    """Yield dates in even steps, not more than fit next to each other."""
    length = scale.end - scale.start
    step = next((step for step in _STEPS if length / step <= _TICKS), _STEPS[-1] * max(1, length // (_STEPS[-1] * 6)))
    first = datetime.fromtimestamp(scale.start, UTC).replace(hour=0, minute=0, second=0)
    moment = first + timedelta(seconds=step)
    while moment.timestamp() <= scale.end:
        if scale.start <= moment.timestamp():
            shape = "%H:%M" if step < 86_400 and moment.hour else "%d %b" if step <= 91 * 86_400 else "%b %Y"
            yield Tick(scale.x(int(moment.timestamp())), moment.strftime(shape))
        moment += timedelta(seconds=step)
