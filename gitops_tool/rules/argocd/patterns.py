"""The two kinds of wildcards that Argo CD knows, as regular expressions.

Lists of repositories, destinations and namespaces are globs of `github.com/gobwas/glob`; lists of API groups and
kinds are patterns of Go's `path/filepath.Match`. A pattern that is not valid matches nothing, as in Argo CD.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gitops_tool.patterns import lazy_pattern

_NEVER = lazy_pattern(r"(?!)")
_GLOB_TOKEN = lazy_pattern(
    r"(?P<super>\*\*+)|(?P<any>\*)|(?P<one>\?)|\[(?P<range>!?(?:\\.|[^\]\\])+)\]|\\(?P<escaped>.)"
    r"|(?P<open>\{)|(?P<close>\})|(?P<comma>,)|(?P<text>[^\\\[])",
    re.DOTALL,
)
_GO_TOKEN = lazy_pattern(
    r"(?P<any>\*)|(?P<one>\?)|\[(?P<range>\^?(?:\\.|[^\]\\])+)\]|\\(?P<escaped>.)|(?P<text>[^\\\[])", re.DOTALL
)
_BOUND = r"(\\.|[^\\])"


class _InvalidError(Exception):
    """A pattern that Go refuses to compile."""


def matches_glob(pattern: str, value: str, separators: str = "") -> bool:
    """Whether a glob describes all of a value.

    Args:
        pattern: with `*`, `**`, `?`, `[abc]`, `[!a-c]`, `{one,other}` and backslashes.
        value: the text to compare.
        separators: the characters that `*` and `?` stop at.
    """
    return _glob(pattern, separators).fullmatch(value) is not None


def matches_pattern(pattern: str, value: str) -> bool:
    """Whether a pattern of Go's `filepath.Match` describes all of a value: `*` and `?` stop at a slash."""
    return _go_pattern(pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _glob(pattern: str, separators: str) -> re.Pattern[str]:
    within = f"[^{re.escape(separators)}]" if separators else "."
    try:
        return re.compile(_glob_expression(pattern, within), re.DOTALL)
    except (_InvalidError, re.error):
        return _NEVER


def _glob_expression(pattern: str, within: str) -> str:
    parts: list[str] = []
    depth = 0
    for kind, text in _tokens(_GLOB_TOKEN, pattern):
        if kind == "open":
            depth += 1
            parts.append("(?:")
        elif kind == "close":
            depth -= 1
            parts.append(")")
        elif kind == "comma":
            parts.append("|" if depth else ",")
        else:
            parts.append(_piece(kind, text, within, "!"))
        if depth < 0:
            raise _InvalidError
    if depth:
        raise _InvalidError
    return "".join(parts)


@lru_cache(maxsize=1024)
def _go_pattern(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile("".join(_piece(*token, "[^/]", "^") for token in _tokens(_GO_TOKEN, pattern)), re.DOTALL)
    except (_InvalidError, re.error):
        return _NEVER


def _tokens(language: re.Pattern[str], pattern: str) -> list[tuple[str, str]]:
    """Cut a pattern into tokens: the kind, and the text inside."""
    found = []
    position = 0
    while position < len(pattern):
        token = language.match(pattern, position)
        if token is None or token.lastgroup is None:
            raise _InvalidError
        found.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    return found


def _piece(kind: str, text: str, within: str, negation: str) -> str:
    if kind == "super":
        return ".*"
    if kind in {"any", "one"}:
        return f"{within}*" if kind == "any" else within
    if kind == "range":
        return _range(text, negation, several=negation == "^")
    return re.escape(text)


def _range(text: str, negation: str, *, several: bool) -> str:
    """Translate a class. A glob's is one range or a set, where `-` is a character; Go's mixes both freely."""
    inverted = text.startswith(negation)
    text = text[1:] if inverted else text
    if not text:
        raise _InvalidError
    if several:
        content = "".join(_members(text))
    elif span := re.fullmatch(f"{_BOUND}-{_BOUND}", text, re.DOTALL):
        content = _span(span[1], span[2])
    else:
        content = "".join(re.escape(found[-1]) for found in re.findall(r"\\.|[^\\]", text, re.DOTALL))
    return f"[{'^' if inverted else ''}{content}]"


def _members(text: str) -> list[str]:
    found = []
    position = 0
    while position < len(text):
        item = re.compile(rf"{_BOUND}(?:-{_BOUND})?", re.DOTALL).match(text, position)
        if item is None or item[1] == "-":
            raise _InvalidError
        found.append(_span(item[1], item[2]) if item[2] else re.escape(item[1][-1]))
        position = item.end()
    return found


def _span(low: str, high: str) -> str:
    if low[-1] > high[-1]:
        raise _InvalidError
    return f"{re.escape(low[-1])}-{re.escape(high[-1])}"
