"""Moments as people write them: `7d`, `2027-01-05`, `2027-01-05T09:00+09:00`, `never`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from gitops_tool.errors import UsageError
from gitops_tool.wording import quoted

NEVER = "never"
_DURATION = re.compile(r"(?:(\d{1,4})w)?(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?")


def moment(seconds: float) -> datetime:
    """Return what a clock shows, without fractions of a second."""
    return datetime.fromtimestamp(int(seconds), UTC)


def parse_moment(text: str) -> datetime:
    """Read a date or a time of ISO 8601; without an offset it is UTC, a date alone is its first instant.

    Raises:
        ValueError: it is neither.
    """
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def parse_until(text: str, now: datetime) -> datetime | None:
    """Read when something ends: a duration such as `7d` or `1d12h`, a date or time, or `never`, which is None.

    Raises:
        UsageError: it is none of these, or not in the future.
    """
    if text == NEVER:
        return None
    match = _DURATION.fullmatch(text)
    try:
        if match and text:
            weeks, days, hours, minutes = (int(number or 0) for number in match.groups())
            found = now + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
        else:
            found = parse_moment(text)
    except (ValueError, OverflowError) as error:
        hint = "such as 7d, 12h, 2027-01-05, 2027-01-05T09:00+09:00 or never"
        raise UsageError(f"{quoted(text)} is neither a duration nor a date", hint=hint) from error
    if found <= now:
        raise UsageError(f"{quoted(text)} is not in the future", hint=f"it is {shown(now)} now")
    return found


def shown(when: datetime | None) -> str:
    """Return a moment for people: in UTC, to the minute; of what has no end: "it is lifted"."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if when else "it is lifted"


def written(when: datetime) -> str:
    """Return a moment for a file: in UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
