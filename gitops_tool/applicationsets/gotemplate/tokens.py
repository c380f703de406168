"""Cuts a template into texts and actions, and actions into tokens.

Source: Go 1.26, text/template/parse/lex.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops_tool.applicationsets.gotemplate.errors import TemplateError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

_OPEN, _CLOSE = "{{", "}}"
_SPACES = " \t\r\n"
_TOKEN = lazy_pattern(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<text>"(?:\\.|[^"\\\n])*")
    | (?P<raw>`[^`]*`)
    | (?P<character>'(?:\\.|[^'\\\n])+')
    | (?P<field>\.[^\W\d]\w*)
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
                        |(?:\d[\d_]*\.?[\d_]*|\.\d+)(?:[eE][+-]?\d+)?)i?(?!\w))
    | (?P<variable>\$\w*)
    | (?P<word>[^\W\d]\w*)
    | (?P<declare>:=)
    | (?P<mark>[.|(),=])
    """,
    re.VERBOSE,
)
_BEFORE = frozenset({"field", "variable", "word"})
"""Tokens that something must separate from the next one."""


@record
class Token:
    """A piece of an action: its kind, and how it is spelled."""

    kind: str
    text: str


def pieces(template: str) -> Iterator[str | list[Token]]:
    """Yield the texts of a template as `str`, and its actions as lists of tokens; comments are dropped.

    Raises:
        TemplateError: an action or comment does not end, or holds what is no token.
    """
    position, trims = 0, False
    while (start := template.find(_OPEN, position)) >= 0:
        begin = start + len(_OPEN)
        trims_before = template[begin : begin + 1] == "-" and template[begin + 1 : begin + 2] in tuple(_SPACES)
        yield _text(template[position:start], before=trims, after=trims_before)
        begin += 2 if trims_before else 0
        if template[begin:].lstrip(_SPACES if trims_before else "").startswith("/*"):
            position, trims = _after_comment(template, template.index("/*", begin))
            continue
        tokens, position, trims = _action(template, begin)
        yield tokens
    yield _text(template[position:], before=trims, after=False)


def _text(text: str, *, before: bool, after: bool) -> str:
    text = text.lstrip(_SPACES) if before else text
    return text.rstrip(_SPACES) if after else text


def _after_comment(template: str, start: int) -> tuple[int, bool]:
    end = template.find("*/", start + 2)
    if end < 0:
        raise TemplateError("unclosed comment")
    rest = end + 2
    if template.startswith(_CLOSE, rest):
        return rest + len(_CLOSE), False
    if template[rest : rest + 1] in tuple(_SPACES) and template.startswith(f"-{_CLOSE}", rest + 1):
        return rest + 2 + len(_CLOSE), True
    raise TemplateError("comment ends before closing delimiter")


def _action(template: str, position: int) -> tuple[list[Token], int, bool]:
    """Return an action's tokens, where the text goes on, and whether it is trimmed there."""
    tokens: list[Token] = []
    while True:
        if template.startswith(_CLOSE, position):
            return tokens, position + len(_CLOSE), False
        if template[position : position + 1] in tuple(_SPACES) and template.startswith(f"-{_CLOSE}", position + 1):
            return tokens, position + 2 + len(_CLOSE), True
        if position >= len(template):
            raise TemplateError("unclosed action")
        found = _TOKEN.match(template, position)
        if found is None or found.lastgroup is None:
            raise TemplateError(_complaint(template, position))
        if found.lastgroup == "space":
            tokens.append(Token("space", " "))
            # The last space before "-}}" belongs to the trim marker.
            position = found.end() - template.startswith(f"-{_CLOSE}", found.end())
            continue
        if found.lastgroup in _BEFORE and template[found.end() : found.end() + 1] in set("\"`'$"):
            raise TemplateError(f'bad character "{template[found.end()]}"')
        tokens.append(Token(found.lastgroup, found.group()))
        position = found.end()


def _complaint(template: str, position: int) -> str:
    char = template[position]
    if char in "\"'`":
        return "unterminated raw quoted string" if char == "`" else "unterminated quoted string"
    return f'unexpected "{char}" in an action'
