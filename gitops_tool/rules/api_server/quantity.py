"""Quantities: `500m`, `1.5Gi`, `2e3`, read as the API server reads them."""

from __future__ import annotations

import re
from typing import Any

from gitops_tool.patterns import lazy_pattern

_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

# The number may be missing: "Mi" is 0. The API server's parser is that lenient.
_QUANTITY = lazy_pattern(r"([+-]?)(\d*)(?:\.(\d*))?(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+|)", re.ASCII)
_SHAPE = lazy_pattern(r"[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*")
_MEANT = lazy_pattern(r"([0-9.]+)\s*(k|m|g|t|p)(i?)b?", re.IGNORECASE)

_BEYOND = 60
"""Powers of ten past this size change no comparison, and would only make large numbers."""


def milli(value: Any) -> int | None:
    """Return a quantity in thousandths, rounded up as the API server rounds it; None if it is none.

    >>> milli("1.5Ki"), milli("250m"), milli("128mb")
    (1536000, 250, None)

    Source: k8s.io/apimachinery/pkg/api/resource/quantity.go, ParseQuantity
    """
    if type(value) is int:
        return value * 1000
    text = repr(value) if isinstance(value, float) else value
    match = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) and text.strip() else None
    if match is None:
        return None
    sign, whole, fraction, suffix = match.groups(default="")
    digits = int(f"{whole}{fraction}" or "0")
    size = _ceiling(digits << _BINARY.get(suffix, 0), _power(suffix) - len(fraction) + 3)
    return -size if sign == "-" else size


def refusal(value: str) -> str:
    """Return why a text is no quantity, in the API server's words."""
    if _SHAPE.fullmatch(value.strip()):
        return "unable to parse quantity's suffix"
    return "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def meant(value: str) -> str | None:
    """Return the quantity that `128mb` and its like stand for, None where that is not clear.

    >>> meant("128mb"), meant("2 GiB"), meant("lots")
    ('128Mi', '2Gi', None)
    """
    match = _MEANT.fullmatch(value.strip())
    return f"{match[1]}{match[2].upper()}i" if match else None


def plain(amount: int) -> str:
    """Return thousandths as a quantity.

    >>> plain(1500), plain(2000)
    ('1500m', '2')
    """
    return f"{amount}m" if amount % 1000 else str(amount // 1000)


def _power(suffix: str) -> int:
    if suffix in _BINARY:
        return 0
    power = _SUFFIXES[suffix] if suffix in _SUFFIXES else int(suffix[1:])
    return max(-_BEYOND, min(_BEYOND, power))


def _ceiling(digits: int, power: int) -> int:
    if power >= 0:
        return int(digits * 10**power)
    return int(-(-digits // 10**-power))
