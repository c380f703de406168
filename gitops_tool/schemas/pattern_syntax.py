"""Reads regular expressions in the syntax of Go's `regexp`; see `regex.py` for why."""

from __future__ import annotations

from gitops_tool.records import record

_LAST = 0x10FFFF
_DIGIT = ((48, 57),)
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACE = ((9, 10), (12, 13), (32, 32))
_PERL = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": _DIGIT,
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": _WORD,
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
_REPEATS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_REPEAT_LIMIT = 1000  # Go's own; a larger count is a syntax error there

_Ranges = tuple[tuple[int, int], ...]


class UnsupportedPatternError(ValueError):
    """The pattern is not Go syntax, or of the small part that is left out here."""


@record
class Set:
    """One character out of ranges of code points."""

    ranges: _Ranges
    fold: bool = False

    def holds(self, char: str) -> bool:
        """Tell whether the character belongs to the set."""
        forms = {char, char.lower(), char.upper()} if self.fold else {char}
        points = [ord(form) for form in forms if len(form) == 1]
        return any(low <= point <= high for point in points for low, high in self.ranges)


@record
class Anchor:
    """The text's start, or its end."""

    end: bool


@record
class Sequence:
    """Parts that follow each other."""

    parts: tuple[Node, ...]


@record
class Choice:
    """Alternatives."""

    options: tuple[Node, ...]


@record
class Repeat:
    """A part that may come several times; `most` is None for any number."""

    body: Node
    least: int
    most: int | None


Node = Set | Anchor | Sequence | Choice | Repeat


def parse_pattern(pattern: str) -> Node:
    """Return what a pattern consists of.

    Raises:
        UnsupportedPatternError: it is not Go's syntax, or of the part left out here.
    """
    try:
        return _Parser(pattern).parse()
    except (ValueError, RecursionError) as error:
        raise UnsupportedPatternError(str(error)) from error


def _complement(ranges: _Ranges) -> _Ranges:
    result, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            result.append((start, low - 1))
        start = max(start, high + 1)
    return (*result, (start, _LAST)) if start <= _LAST else tuple(result)


class _Parser:
    """Reads a pattern from left to right into nodes."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.fold = False
        self.dot_all = False

    def parse(self) -> Node:
        node = self._choice()
        if self.at < len(self.text):
            raise UnsupportedPatternError('unexpected ")"')
        return node

    def _take(self, prefix: str) -> bool:
        found = self.text.startswith(prefix, self.at)
        self.at += len(prefix) if found else 0
        return found

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise UnsupportedPatternError("the pattern ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def _choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            node = self._atom()
            if node is not None:
                parts.append(self._repeated(node))
        return Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        self._take("?")  # lazy or greedy: the same texts match
        if self._bounds() is not None:
            raise UnsupportedPatternError("repeated repetition")
        return Repeat(node, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in _REPEATS.items():
            if self._take(sign):
                return bounds
        close = self.text.find("}", self.at)
        if self.text[self.at : self.at + 1] != "{" or close < 0:
            return None
        least, comma, most = self.text[self.at + 1 : close].partition(",")
        if not least.isdecimal() or (most and not most.isdecimal()):
            return None  # `{x}` is text in Go
        self.at = close + 1
        limits = (int(least), int(most) if most else None if comma else int(least))
        if max(limits[0], limits[1] or 0) > _REPEAT_LIMIT or (limits[1] is not None and limits[1] < limits[0]):
            raise UnsupportedPatternError("bad repetition count")
        return limits

    def _atom(self) -> Node | None:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return Set(self._class(), self.fold)
        if char == ".":
            return Set(((0, _LAST),) if self.dot_all else _complement(((10, 10),)))
        if char in "^$":
            return Anchor(end=char == "$")
        if char in "*+?":
            raise UnsupportedPatternError("nothing to repeat")
        if char == "\\" and self.text[self.at : self.at + 1] in ("A", "z"):
            return Anchor(end=self._next() == "z")
        return Set(self._escape() if char == "\\" else ((ord(char), ord(char)),), self.fold)

    def _group(self) -> Node | None:
        before = (self.fold, self.dot_all)
        if self._take("?"):
            if self._take("P<") or (self._take("<") and self.text[self.at : self.at + 1] not in ("=", "!")):
                self.at = self.text.index(">", self.at) + 1
            elif not self._flags():
                return None  # `(?i)`: holds until the group around it ends
        node = self._choice()
        if not self._take(")"):
            raise UnsupportedPatternError('missing ")"')
        self.fold, self.dot_all = before
        return node

    def _flags(self) -> bool:
        """Read `i`, `s`, `U`, `-`; tell whether a group follows (`:`) or the flags stand alone (`)`)."""
        on = True
        while (char := self._next()) not in ":)":
            if char == "-":
                on = False
            elif char == "i":
                self.fold = on
            elif char == "s":
                self.dot_all = on
            elif char != "U":
                raise UnsupportedPatternError(f'"(?{char}" is not supported')
        return char == ":"

    def _escape(self) -> _Ranges:
        char = self._next()
        if char.lower() in _PERL:
            ranges = _PERL[char.lower()]
            return ranges if char.islower() else _complement(ranges)
        if char in _CONTROL:
            return ((_CONTROL[char], _CONTROL[char]),)
        if char == "x":
            point = self._hexadecimal()
            return ((point, point),)
        if char.isascii() and char.isalnum():
            raise UnsupportedPatternError(f'"\\{char}" is not supported')
        return ((ord(char), ord(char)),)

    def _hexadecimal(self) -> int:
        if self._take("{"):
            end = self.text.find("}", self.at)
            digits, self.at = self.text[self.at : end], end + 1
        else:
            digits, self.at = self.text[self.at : self.at + 2], self.at + 2
        try:
            return int(digits, 16)
        except ValueError as error:
            raise UnsupportedPatternError("bad hexadecimal escape") from error

    def _class(self) -> _Ranges:
        negated = self._take("^")
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self._take("]"):
            first = False
            ranges.extend(self._class_item())
        result = tuple(sorted(ranges))
        return _complement(result) if negated else result

    def _class_item(self) -> _Ranges:
        if self._take("[:"):
            end = self.text.find(":]", self.at)
            name, self.at = self.text[self.at : end], end + 2
            if name.removeprefix("^") not in _POSIX:
                raise UnsupportedPatternError("unknown character class")
            ranges = _POSIX[name.removeprefix("^")]
            return _complement(ranges) if name.startswith("^") else ranges
        low = self._class_char()
        if len(low) > 1 or low[0][0] != low[0][1] or not self._range_follows():
            return low
        self.at += 1
        high = self._class_char()
        if high[0][0] != high[-1][1] or high[0][0] < low[0][0]:
            raise UnsupportedPatternError("bad character range")
        return ((low[0][0], high[0][0]),)

    def _range_follows(self) -> bool:
        return self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] not in ("]", "")

    def _class_char(self) -> _Ranges:
        char = self._next()
        return self._escape() if char == "\\" else ((ord(char), ord(char)),)
