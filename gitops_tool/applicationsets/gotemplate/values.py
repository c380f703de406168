"""Go's values in Python: which type stands for which, and how Go prints them.

A JSON number is a `float`, as `encoding/json` reads it; a plain `int` is Go's `int`, as in a template's own numbers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import UnsupportedError

MAX_DEPTH = 60
"""Levels that a value may have: more than people write, fewer than exhaust the stack."""


class Missing:
    """The type of `MISSING`: reflect's invalid value, what a key that is not there evaluates to."""

    def __bool__(self) -> bool:
        """Return False: what is missing is no truth."""
        return False

    def __repr__(self) -> str:
        """Return what a template prints for it."""
        return "<no value>"


MISSING = Missing()


class StringMap(dict[str, str]):
    """Go's `map[string]string`: labels, annotations and values; functions for `map[string]any` refuse it."""


class TypedList(list[Any]):
    """A list of one type of items in Go (`[]string`, `[]map[string]any`): flattening does not go into it."""


class Int64(int):
    """Go's `int64`: what arithmetic gives; functions for `int` refuse it."""


def from_json(value: Any, *, depth: int = 0) -> Any:
    """Return a value that was read from YAML or JSON as `encoding/json` gives it: every number a float.

    Raises:
        UnsupportedError: it is nested deeper than `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise UnsupportedError(f"values nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {key: from_json(item, depth=depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [from_json(item, depth=depth + 1) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def type_name(value: Any) -> str:
    """Return the name of a value's type in Go."""
    if value is None or value is MISSING:
        return "<nil>"
    names = (
        (bool, "bool"),
        (Int64, "int64"),
        (int, "int"),
        (float, "float64"),
        (str, "string"),
        (StringMap, "map[string]string"),
        (Mapping, "map[string]interface {}"),
    )
    return next((name for kind, name in names if isinstance(value, kind)), "[]interface {}")


def kind_name(value: Any) -> str:
    """Return the name of a value's kind, as sprig's `kindOf` does."""
    name = type_name(value)
    if name == "<nil>":
        return "invalid"
    return "map" if name.startswith("map") else "slice" if name.startswith("[]") else name


def is_true(value: Any) -> bool:
    """Whether a value is not empty: text/template's idea of truth."""
    return bool(value)


def to_text(value: Any) -> str:
    """Return what Go prints for a value by `%v`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{to_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(to_text(item) for item in value)}]"
    return "<nil>" if value is None else str(value)


def float_text(value: float) -> str:
    """Return the shortest text of a float as `%g` writes it: with an exponent from 1e+06 on, and under 0.0001."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    exact = Decimal(repr(value)).normalize()
    power = exact.adjusted()
    if value == 0 or -4 <= power < 6:
        return f"{exact:f}"
    sign, digits, _ = exact.as_tuple()
    first, *others = map(str, digits)
    mantissa = f"{first}.{''.join(others)}" if others else first
    return f"{'-' if sign else ''}{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
