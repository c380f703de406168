"""Reads the plain part of YAML that kustomize prints, line by line: three times as fast as libyaml's events.

Block mappings and lists, keys and scalars on one line, literal blocks: what nearly all rendered objects are written
in. Anything else (folded text, escapes, anchors, tags, comments, other alphabets, what is wrong) is left to
`load_documents`, so what is read here is only what both read alike. A test holds the two together.
"""

from __future__ import annotations

import math
from typing import Any

from gitops_tool.patterns import lazy_pattern
from gitops_tool.yamlload.scalars import AMBIGUOUS_FIRST, Rules, resolve

_PRINTED = lazy_pattern(r"[\n -~]*")
_LINE = lazy_pattern(r"( *)(- )?(?:([A-Za-z_][\w./-]*):(?: (.+))?|(.+))")
# No "#", which may begin a comment, and no ":" that ends a key.
_PLAIN = lazy_pattern(r"(?:[A-Za-z0-9_/.+(]|-+[\w.])(?:[!\"$-9;-~]|:(?=[!-~])| (?=[!-~]))*")
_QUOTED = lazy_pattern(r"\"[^\"\\]*\"|'[^']*'")
_LITERAL = {"|": "\n", "|-": ""}
_DEEPEST = 100
_LONGEST = 1_000_000


class _UnknownError(Exception):
    """The text is not of the plain part."""


def read_canonical(text: str) -> dict[str, Any] | None:
    """Return the mapping that one document holds; None if it has to be read by `load_documents`.

    Args:
        text: the document, without the line that separates it from the next one.
    """
    if len(text) > _LONGEST or not _PRINTED.fullmatch(text):
        return None
    try:
        return _Reader(text).read()
    except _UnknownError:
        return None


class _Reader:
    """The lines of one document, and how far they are read."""

    __slots__ = ("is_ended", "lines", "position")

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.is_ended = not self.lines[-1]
        if self.is_ended:
            self.lines.pop()
        self.position = 0

    def read(self) -> dict[str, Any]:
        """Return the document's mapping."""
        root: dict[str, Any] = {}
        open_: list[tuple[int, Any]] = [(0, root)]  # the collections around a line, with their columns
        waiting: tuple[dict[str, Any], str, int] | None = None  # a key whose value begins on the next line
        lines, match_line = self.lines, _LINE.fullmatch
        while self.position < len(lines):
            match = match_line(lines[self.position])
            if match is None:
                raise _UnknownError
            self.position += 1
            spaces, dash, key, value, item = match.groups()
            column = len(spaces)
            if waiting is not None:
                open_.append((column, _begun(waiting, column, is_list=dash is not None)))
                waiting = None
            around = _around(open_, column, is_list=dash is not None)
            if dash:
                if key is None:
                    around.append(self._value(item, column))
                    continue
                column += 2
                inner: dict[str, Any] = {}
                around.append(inner)
                open_.append((column, inner))
                around = inner
            if key is None or key in around or (key[0] in AMBIGUOUS_FIRST and not isinstance(resolve(key), str)):
                raise _UnknownError
            if value is None:
                waiting = (around, key, column)
            else:
                around[key] = self._value(value, column)
        if waiting is not None or not root:
            raise _UnknownError
        return root

    def _value(self, text: str, column: int) -> Any:
        """Return the value that is written behind a key or a dash in a column."""
        if _PLAIN.fullmatch(text):
            value = resolve(text, Rules.KYAML) if text[0] in AMBIGUOUS_FIRST else text
            if isinstance(value, float) and not math.isfinite(value):
                raise _UnknownError
            return value
        if _QUOTED.fullmatch(text):
            return text[1:-1]
        if text in _LITERAL:
            return self._literal(column, _LITERAL[text])
        if text == "{}":
            return {}
        if text == "[]":
            return []
        raise _UnknownError

    def _literal(self, column: int, end: str) -> str:
        """Return the text of the lines below that stand further to the right than a column."""
        lines, start = self.lines, self.position
        first = lines[start] if start < len(lines) else ""
        indent = len(first) - len(first.lstrip(" "))
        if indent <= column or indent == len(first):
            raise _UnknownError
        margin = first[:indent]
        last = position = start
        while position < len(lines):
            line = lines[position]
            if line.startswith(margin) and line[indent:].strip(" "):
                last = position
            elif line:
                break
            position += 1
        rest = lines[position] if position < len(lines) else ""
        if not rest.strip(" ") if rest else not self.is_ended:  # spaces alone; no line break at the very end
            raise _UnknownError
        self.position = position
        return "\n".join([line[indent:] for line in lines[start : last + 1]]) + end


def _begun(waiting: tuple[dict[str, Any], str, int], column: int, *, is_list: bool) -> Any:
    """Begin the collection that is the value of a key: a list may stand in the key's own column."""
    mapping, key, least = waiting
    if column < least + (not is_list):
        raise _UnknownError
    found: Any = [] if is_list else {}
    mapping[key] = found
    return found


def _around(open_: list[tuple[int, Any]], column: int, *, is_list: bool) -> Any:
    """Return the list or mapping that a line in a column belongs to; what is further to the right has ended."""
    while open_:
        place, found = open_[-1]
        if place == column and isinstance(found, list) is is_list:
            if len(open_) > _DEEPEST:
                break
            return found
        if place < column or (place == column and is_list):
            break
        open_.pop()
    raise _UnknownError
