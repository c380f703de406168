"""Points in time as options take them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click

_AGO = re.compile(r"(\d{1,6})([hdwmy])")
_SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}


class MomentType(click.ParamType[int]):
    """Reads a date, a date with a time, or how long ago; gives seconds since 1970."""

    name = "WHEN"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Take the option's text apart."""
        from gitops_tool.cli.clock import now

        if isinstance(value, int):
            return value
        text = str(value)
        ago = _AGO.fullmatch(text)
        if ago:
            return now() - int(ago[1]) * _SECONDS[ago[2]]
        try:
            found = datetime.fromisoformat(text)
            return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            self.fail(
                f'"{text}" is not a time, such as 2026-01-31, 2026-01-31T10:00, 12h, 3d, 2w, 6m or 1y', param, ctx
            )
