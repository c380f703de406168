"""Go's `fmt`: `%v` and the other verbs, with the texts it prints for verbs that do not fit.

Source: Go 1.26, fmt/print.go and fmt/format.go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions.signature import check_size
from gitops_tool.applicationsets.gotemplate.values import to_text, type_name
from gitops_tool.patterns import lazy_pattern

_VERB = lazy_pattern(
    r"%(?P<flags>[-+# 0]*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d+|\*)?)?(?P<index>\[\d+\])?(?P<verb>.)?", re.DOTALL
)
_ESCAPES = {char: f"\\{letter}" for char, letter in zip('"\\\a\b\f\n\r\t\v', '"\\abfnrtv', strict=True)}
_MAX_WIDTH = 10_000


def go_quoted(text: str) -> str:
    """Return a text as a Go string literal, as `%q` writes it."""
    return f'"{"".join(_ESCAPES.get(char) or _escaped(char) for char in text)}"'


def _escaped(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sprint(values: Sequence[Any]) -> str:
    """Return values one after the other, with spaces between those of which none is a text."""
    parts: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            parts.append(" ")
        parts.append(to_text(value))
    return "".join(parts)


def sprintf(template: str, values: Sequence[Any]) -> str:
    """Return a text with its verbs filled in.

    Raises:
        UnsupportedError: it has a flag or verb that this does not know.
    """
    left = list(reversed(values))
    check_size(len(template))

    def fill(found: re.Match[str]) -> str:
        verb, width, precision = found["verb"], found["width"], found["precision"]
        if verb == "%":
            return "%"
        if verb is None or not verb.isalpha() or found["index"] or "*" in {width, precision} or "#" in found["flags"]:
            raise UnsupportedError(f'"{found.group()}" in printf')
        if int(width or 0) > _MAX_WIDTH or int(precision or 0) > _MAX_WIDTH:
            raise UnsupportedError(f'"{found.group()}" in printf')
        if not left:
            return f"%!{verb}(MISSING)"
        digits = int(precision or 0) if "." in found.group() else None
        return _padded(_formatted(left.pop(), verb, digits, found["flags"]), found["flags"], int(width or 0))

    text = _VERB.sub(fill, template)
    check_size(len(text))
    if left:
        extra = ("<nil>" if value is None else f"{type_name(value)}={to_text(value)}" for value in reversed(left))
        text += f"%!(EXTRA {', '.join(extra)})"
    return text


def _padded(text: str, flags: str, width: int) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and re.fullmatch(r"[-+]?[\d.]+(e[-+]\d+)?", text):
        return text.zfill(width)
    return text.rjust(width)


def _formatted(value: Any, verb: str, precision: int | None, flags: str) -> str:
    if isinstance(value, list) and verb in "sdq":
        return f"[{' '.join(_formatted(item, verb, precision, flags) for item in value)}]"
    if verb == "T":
        return type_name(value)
    text = None
    if value is None:
        text = "<nil>" if verb == "v" else None
    elif isinstance(value, bool):
        text = to_text(value) if verb in "tv" else None
    elif isinstance(value, str):
        text = _text(value, verb, precision)
    elif isinstance(value, int):
        text = _integer(value, verb, precision)
    elif isinstance(value, float):
        text = _float(value, verb, precision)
    elif verb in "sv" and precision is None:
        text = to_text(value)
    if text is None:
        return f"%!{verb}(<nil>)" if value is None else f"%!{verb}({type_name(value)}={to_text(value)})"
    signed = "+" in flags and isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return f"+{text}" if signed else text


def _text(value: str, verb: str, precision: int | None) -> str | None:
    cut = value if precision is None else value[:precision]
    match verb:
        case "s" | "v":
            return cut
        case "q":
            return go_quoted(cut)
        case "x" | "X":
            return cut.encode().hex() if verb == "x" else cut.encode().hex().upper()
    return None


def _integer(value: int, verb: str, precision: int | None) -> str | None:
    if precision is not None:
        raise UnsupportedError("a precision of whole numbers in printf")
    match verb:
        case "d" | "v":
            return str(int(value))
        case "x" | "X" | "o" | "b":
            return format(int(value), verb)
        case "c" | "q" | "U":
            raise UnsupportedError(f'"%{verb}" in printf')
    return None


def _float(value: float, verb: str, precision: int | None) -> str | None:
    match verb:
        case "v" | "g" if precision is None:
            return to_text(value)
        case "f" | "F" | "e" | "E":
            return format(value, f".{6 if precision is None else precision}{verb}")
        case "v" | "g" | "G" | "x" | "X" | "b":
            raise UnsupportedError(f'"%{verb}" of such a number in printf')
    return None
