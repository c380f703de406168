"""Functions about numbers.

Source: sprig 3.3, numeric.go; the conversions are those of spf13/cast.
"""

from __future__ import annotations

import math
import re
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError
from gitops_tool.applicationsets.gotemplate.functions.signature import Kind, Table, check_size
from gitops_tool.applicationsets.gotemplate.values import Int64, to_text

TABLE = Table()
ANY, FLOAT, INT, TEXT = Kind.ANY, Kind.FLOAT, Kind.INT, Kind.TEXT


def as_integer(value: Any) -> int:
    """Return a value as a whole number, 0 for what is none."""
    if isinstance(value, float):
        return math.trunc(value) if math.isfinite(value) else 0
    if isinstance(value, int):
        return int(value)
    return _parsed(re.sub(r"\.0*$", "", value)) if isinstance(value, str) else 0


def _parsed(text: str) -> int:
    """Read a number as Go's `strconv.ParseInt` does when it is to find out the base."""
    number = re.fullmatch(r"([+-]?)(0[xX]_?[0-9a-fA-F_]+|0[bB]_?[01_]+|0[oO]?_?[0-7_]+|[1-9][0-9_]*|0)", text)
    if number is None or text.endswith("_") or "__" in text:
        return 0
    digits = number[2]
    value = int(digits.lstrip("0oO_") or "0", 8) if re.match(r"0[0-7oO_]", digits) else int(digits, 0)
    return -value if number[1] == "-" else value


def as_float(value: Any) -> float:
    """Return a value as a number, 0 for what is none."""
    if isinstance(value, str):
        plain = re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value)
        return float(value) if plain else 0.0
    return float(value) if isinstance(value, int | float) else 0.0


def _int64(value: int) -> Int64:
    return Int64((value + 2**63) % 2**64 - 2**63)


@TABLE.add("atoi", takes=(TEXT,))
def _atoi(text: str) -> int:
    return int(text) if re.fullmatch(r"[+-]?[0-9]+", text) and abs(int(text)) < 2**63 else 0


@TABLE.add("int", takes=(ANY,))
def _int(value: Any) -> int:
    return int(_int64(as_integer(value)))


@TABLE.add("int64", takes=(ANY,))
def _to_int64(value: Any) -> Int64:
    return _int64(as_integer(value))


@TABLE.add("float64", takes=(ANY,))
def _float64(value: Any) -> float:
    return as_float(value)


@TABLE.add("toDecimal", takes=(ANY,))
def _to_decimal(value: Any) -> Int64:
    text = to_text(value)
    return Int64(int(text, 8)) if re.fullmatch(r"[+-]?[0-7]+", text) else Int64(0)


@TABLE.add("add", further=ANY)
def _add(*values: Any) -> Int64:
    return _int64(sum(as_integer(value) for value in values))


@TABLE.add("add1", takes=(ANY,))
def _add1(value: Any) -> Int64:
    return _int64(as_integer(value) + 1)


@TABLE.add("sub", takes=(ANY, ANY))
def _sub(value: Any, other: Any) -> Int64:
    return _int64(as_integer(value) - as_integer(other))


@TABLE.add("mul", takes=(ANY,), further=ANY)
def _mul(*values: Any) -> Int64:
    return _int64(math.prod(as_integer(value) for value in values))


def _divided(value: Any, other: Any) -> tuple[int, int]:
    """Return quotient and remainder as Go does: towards zero."""
    dividend, divisor = as_integer(value), as_integer(other)
    if divisor == 0:
        raise TemplateError("runtime error: integer divide by zero")
    quotient = abs(dividend) // abs(divisor)
    quotient = quotient if (dividend < 0) == (divisor < 0) else -quotient
    return quotient, dividend - quotient * divisor


@TABLE.add("div", takes=(ANY, ANY))
def _div(value: Any, other: Any) -> Int64:
    return _int64(_divided(value, other)[0])


@TABLE.add("mod", takes=(ANY, ANY))
def _mod(value: Any, other: Any) -> Int64:
    return _int64(_divided(value, other)[1])


@TABLE.add("max", "biggest", takes=(ANY,), further=ANY)
def _max(*values: Any) -> Int64:
    return _int64(max(as_integer(value) for value in values))


@TABLE.add("min", takes=(ANY,), further=ANY)
def _min(*values: Any) -> Int64:
    return _int64(min(as_integer(value) for value in values))


@TABLE.add("floor", takes=(ANY,))
def _floor(value: Any) -> float:
    return float(math.floor(as_float(value)))


@TABLE.add("ceil", takes=(ANY,))
def _ceil(value: Any) -> float:
    return float(math.ceil(as_float(value)))


@TABLE.add("round", takes=(ANY, INT), further=FLOAT)
def _round(value: Any, places: int, *threshold: float) -> float:
    power = 10.0**places
    shifted = power * as_float(value)
    up = math.modf(shifted)[0] >= (threshold[0] if threshold else 0.5)
    return float(math.ceil(shifted) if up else math.floor(shifted)) / power


@TABLE.add("until", takes=(INT,))
def _until(count: int) -> list[int]:
    return _steps(0, count, 1 if count >= 0 else -1)


def _steps(start: int, stop: int, step: int) -> list[int]:
    if step == 0 or (stop < start) != (step < 0):
        return []
    check_size(abs(stop - start) // abs(step))
    return list(range(start, stop, step))


@TABLE.add("seq", further=INT)
def _seq(*values: int) -> str:
    if not 1 <= len(values) <= 3:
        return ""
    start, end = (1, values[0]) if len(values) == 1 else (values[0], values[-1])
    step = values[1] if len(values) == 3 else -1 if end < start else 1
    if len(values) == 3 and end < start and step > 0:
        return ""
    towards = -1 if end < start else 1
    return " ".join(map(str, _steps(start, end + towards, step)))
