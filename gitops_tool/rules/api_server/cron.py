"""Cron schedules as the CronJob controller reads them."""

from __future__ import annotations

import re

from gitops_tool.patterns import lazy_pattern

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_DESCRIPTORS = frozenset({"@annually", "@daily", "@hourly", "@midnight", "@monthly", "@weekly", "@yearly"})
_EVERY = lazy_pattern(r"@every [+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)", re.ASCII)
_INTEGER = lazy_pattern(r"[+-]?\d+", re.ASCII)
_ANY = ("*", "?")


def refusal(schedule: str) -> str | None:
    """Return why a schedule cannot be read, None if it can.

    Five fields, `minute hour day month weekday`, or a word such as `@daily` or `@every 1h30m`. Sunday is 0, and not 7.

    Source: github.com/robfig/cron/v3 parser.go, ParseStandard
    """
    if "TZ" in schedule:
        return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
    if schedule.startswith("@"):
        known = schedule in _DESCRIPTORS or _EVERY.fullmatch(schedule)
        return None if known else f"unrecognized descriptor: {' '.join(schedule.split())}"
    fields = schedule.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly {len(_FIELDS)} fields, found {len(fields)}"
    for field, (least, most, names) in zip(fields, _FIELDS, strict=True):
        for expression in filter(None, field.split(",")):
            wrong = _range_refusal(expression, least, most, names)
            if wrong:
                return wrong
    return None


def _range_refusal(expression: str, least: int, most: int, names: dict[str, int]) -> str | None:
    span, *steps = expression.split("/")
    bounds = span.split("-")
    if len(steps) > 1:
        return f"too many slashes: {expression}"
    if bounds[0] in _ANY:
        start, end = least, most
    else:
        numbers = [_number(bound, names) for bound in bounds]
        if None in numbers:
            return f"failed to parse int from {expression}"
        if len(numbers) > 2:
            return f"too many hyphens: {expression}"
        start, end = numbers[0] or 0, numbers[-1] or 0
        # "N/step" means "N-max/step".
        end = most if steps and len(bounds) == 1 else end
    step = _number(steps[0], {}) if steps else 1
    if step is None:
        return f"failed to parse int from {steps[0]}"
    return _bounds_refusal(expression, (start, end, step), least, most)


def _bounds_refusal(expression: str, span: tuple[int, int, int], least: int, most: int) -> str | None:
    start, end, step = span
    if start < least:
        return f"beginning of range ({start}) below minimum ({least}): {expression}"
    if end > most:
        return f"end of range ({end}) above maximum ({most}): {expression}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {expression}"
    return None if step > 0 else f"step of range should be a positive number: {expression}"


def _number(text: str, names: dict[str, int]) -> int | None:
    if text.lower() in names:
        return names[text.lower()]
    number = int(text) if _INTEGER.fullmatch(text) else -1
    return number if number >= 0 else None
