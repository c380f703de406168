"""What an unquoted scalar means to Go.

The rules are those of `resolve.go` in go.yaml.in/yaml v2.4.2 and v3.0.3, which kustomize 5.8.1 is
built with, and of Go's JSON encoder behind them, which writes `1.0` and `1e3` as integers.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TypeAlias

from gitops_tool.patterns import lazy_pattern

Value: TypeAlias = str | int | float | bool | None


class Rules(Enum):
    """Which of Go's two readers sees the file."""

    KYAML = "kyaml"
    """go-yaml v3: resources that kustomize reads, and what it renders. `yes` is a string."""
    SIGS = "sigs"
    """go-yaml v2 behind sigs.k8s.io/yaml: kustomization.yaml, and what Argo CD reads itself. `yes` is true."""


_NULLS = ("", "~", "null", "Null", "NULL")
_TRUE = ("true", "True", "TRUE")
_FALSE = ("false", "False", "FALSE")
_YES = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_NO = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")
_NAN = (".nan", ".NaN", ".NAN")
_INF = (".inf", ".Inf", ".INF")

_V3_WORDS: dict[str, Value] = {
    **dict.fromkeys(_NULLS, None),
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(_NAN, math.nan),
    **dict.fromkeys((*_INF, *(f"+{word}" for word in _INF)), math.inf),
    **dict.fromkeys([f"-{word}" for word in _INF], -math.inf),
}
_V2_WORDS: dict[str, Value] = {**_V3_WORDS, **dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}
_WORDS = {Rules.KYAML: _V3_WORDS, Rules.SIGS: _V2_WORDS}

# Only a scalar that begins with one of these can be anything but a string.
AMBIGUOUS_FIRST = frozenset("+-0123456789.yYnNtTfFoO~")

_INT = lazy_pattern(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)|(?P<dec>0|[1-9][0-9]*))"
)
# strconv.ParseInt is given what follows the prefix, sign and all, when the whole did not parse.
_SIGNED_TAIL = lazy_pattern(r"0(?:b(?P<bin>[-+][01]+)|o(?P<oct>[-+][0-7]+))")
_FLOAT = lazy_pattern(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}

_INT64_MIN = -(2**63)
_UINT64_MAX = 2**64 - 1
# Go's JSON encoder writes floats below this without an exponent, that is, as integers if they are whole.
_WHOLE_FLOATS_BELOW = 1e21


def resolve(text: str, rules: Rules = Rules.KYAML) -> Value:
    """Return what Go makes of an unquoted scalar.

    Timestamps stay the strings they are; `.inf` and `.nan` come back as floats although Go cannot
    write them as JSON, so that the caller can refuse them.
    """
    if text and text[0] not in AMBIGUOUS_FIRST:
        return text
    words = _WORDS[rules]
    if text in words:
        return words[text]
    if text[0] == ".":
        return _float(text) if _FLOAT.fullmatch(text) else text
    if not (text[0].isdigit() or text[0] in "+-"):
        return text
    return _number(text)


def _number(text: str) -> Value:
    """Return a number, or the text where Go finds none in it."""
    plain = text.replace("_", "")
    integer = _int(plain)
    if integer is not None:
        return integer
    if _FLOAT.fullmatch(plain):
        value = _float(plain)
        return text if isinstance(value, str) else value
    tail = _SIGNED_TAIL.fullmatch(plain)
    if tail:
        return int(tail[tail.lastgroup or "bin"], _BASES[tail.lastgroup or "bin"])
    return text


def _int(plain: str) -> int | None:
    """Return the integer, if there is one that 64 bits hold."""
    match = _INT.fullmatch(plain)
    if not match:
        return None
    base = match.lastgroup or "dec"
    value = int(match[base], _BASES[base])
    if match["sign"] == "-":
        return -value if -value >= _INT64_MIN else None
    largest = _UINT64_MAX if not match["sign"] else 2**63 - 1
    return value if value <= largest else None


def _float(text: str) -> Value:
    """Return the number as JSON carries it; a number too large for 64 bits is a string to Go."""
    value = float(text)
    if math.isinf(value):
        return text
    return int(value) if value.is_integer() and abs(value) < _WHOLE_FLOATS_BELOW else value
