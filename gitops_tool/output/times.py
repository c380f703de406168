"""Points in time and spans as people read them, and texts in columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

_UNITS = ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


def span(seconds: int) -> str:
    """Return a span in its largest unit: `3 days`; `now` below a minute."""
    for length, unit in _UNITS:
        number = seconds // length
        if number >= 1:
            return f"{number} {unit}" if number == 1 else f"{number} {unit}s"
    return "now"


def moment(seconds: int) -> str:
    """Return seconds since 1970 as ISO 8601 in UTC; a time that no calendar has is the last or first one of 1970."""
    return _date(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def day(seconds: int) -> str:
    """Return date and minute in UTC."""
    return _date(seconds).strftime("%Y-%m-%d %H:%M")


def _date(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(max(seconds, 0), 253_402_300_799), UTC)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with aligned columns, two spaces between; as a terminal counts the width of characters."""
    widths = [max(_width(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else not unicodedata.combining(char) for char in text)
