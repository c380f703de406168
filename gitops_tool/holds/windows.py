"""Weekly windows in which an environment is frozen, by the clocks of a time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gitops_tool.model import Location
from gitops_tool.records import record

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
_CLOCK = re.compile(r"(?:(?P<day>[a-z]{3}) )?(?P<hour>\d{2}):(?P<minute>\d{2})")


@record
class Window:
    """A part of every week. `begins` are offsets from Monday, 0:00; without `environments` it is for all."""

    reason: str
    environments: tuple[str, ...]
    begins: tuple[timedelta, ...]
    length: timedelta
    zone: ZoneInfo
    location: Location

    def is_for(self, environment: str) -> bool:
        """Whether it freezes an environment."""
        return not self.environments or environment in self.environments

    def end(self, now: datetime) -> datetime | None:
        """Return when the window ends that is open now, in UTC; None if none is.

        What counts is what the zone's clocks show, also on the days they are set.
        """
        local = now.astimezone(self.zone).replace(tzinfo=None)
        monday = datetime.combine(local.date() - local.weekday() * _DAY, time())
        ends = (
            week + begin + self.length
            for week in (monday - _WEEK, monday)
            for begin in self.begins
            if week + begin <= local < week + begin + self.length
        )
        last = max(ends, default=None)
        return last.replace(tzinfo=self.zone).astimezone(UTC) if last else None


def parse_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name, such as `Asia/Seoul`.

    Raises:
        ValueError: there is none of that name on this machine.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'"{name}" is not a time zone that this machine knows') from error


def parse_span(days: Sequence[str], first: str | None, last: str | None) -> tuple[tuple[timedelta, ...], timedelta]:
    """Return when windows begin in a week, and how long they are.

    Args:
        days: the days on which one begins, if `first` names none; all if empty.
        first: `18:00` or `fri 18:00`; the beginning of the day if not given.
        last: `09:00` or `mon 09:00`; the end of the day if not given.

    Raises:
        ValueError: with the reason.
    """
    for day in days:
        if day not in DAYS:
            raise ValueError(f'"{day}" is not one of {", ".join(DAYS)}')
    begin, end = _clock("from", first or "00:00"), _clock("until", last or "24:00")
    if (begin[0] is None) != (end[0] is None):
        raise ValueError('"from" and "until" both name a day, or neither does')
    if begin[0] is not None and end[0] is not None:
        if days:
            raise ValueError('"days" is for times without a day: "from" names one')
        length = (end[0] * _DAY + end[1] - begin[0] * _DAY - begin[1]) % _WEEK
        return (begin[0] * _DAY + begin[1],), length or _WEEK
    length = end[1] - begin[1] if end[1] > begin[1] else end[1] - begin[1] + _DAY
    return tuple(_begins(days, begin[1])), length


def _begins(days: Sequence[str], clock: timedelta) -> Iterator[timedelta]:
    yield from (DAYS.index(day) * _DAY + clock for day in dict.fromkeys(days or DAYS))


def _clock(key: str, text: str) -> tuple[int | None, timedelta]:
    """Read a time of day, and the number of the day if there is one."""
    match = _CLOCK.fullmatch(text)
    clock = timedelta(hours=int(match["hour"]), minutes=int(match["minute"])) if match else _WEEK
    if match is None or clock > _DAY or int(match["minute"]) > 59 or (match["day"] and match["day"] not in DAYS):
        raise ValueError(f'"{key}" is "{text}", which is neither a time such as "18:00" nor one such as "fri 18:00"')
    return (DAYS.index(match["day"]) if match["day"] else None), clock
