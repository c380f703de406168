"""Parses templates.

Source: Go 1.26, text/template/parse/parse.go.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions import check_function
from gitops_tool.applicationsets.gotemplate.syntax import (
    Action,
    Block,
    Chain,
    Command,
    Dot,
    Field,
    Jump,
    Literal,
    Name,
    Nil,
    Node,
    Operand,
    Pipe,
    Text,
    Variable,
)
from gitops_tool.applicationsets.gotemplate.tokens import Token, pieces
from gitops_tool.patterns import lazy_pattern

MAX_NESTING = 40
"""Blocks and parentheses inside one another: more than people write, fewer than exhaust the stack."""

_BLOCKS = ("if", "with", "range")
_DEFINITIONS = ("define", "template", "block")
_END = Token("end", "}}")
_ESCAPE = lazy_pattern(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))", re.DOTALL
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@lru_cache(maxsize=2048)
def parse(template: str) -> tuple[Node, ...]:
    """Return the nodes of a template.

    Raises:
        TemplateError: Go refuses it.
        UnsupportedError: it uses what this interpreter does not know.
    """
    return _Parser([piece for piece in pieces(template) if piece != ""]).template()


class _Parser:
    """Walks over the pieces of a template, and inside an action over its tokens."""

    def __init__(self, found: list[str | list[Token]]) -> None:
        self.pieces = found
        self.position = 0
        self.tokens: list[Token] = []
        self.at = 0
        self.depth = 0
        self.ranges = 0
        self.variables = ["$"]

    def template(self) -> tuple[Node, ...]:
        nodes, word = self._nodes()
        if word:
            raise TemplateError(f"unexpected {{{{{word}}}}}")
        return nodes

    def _nodes(self) -> tuple[tuple[Node, ...], str]:
        """Return the nodes up to an `end` or `else`, and that word; empty at the template's end."""
        nodes: list[Node] = []
        while self.position < len(self.pieces):
            piece = self.pieces[self.position]
            self.position += 1
            if isinstance(piece, str):
                nodes.append(Text(piece))
                continue
            self.tokens, self.at = piece, 0
            word = self._peek()
            if word.kind == "word" and word.text in {"end", "else"}:
                self._next()
                return tuple(nodes), word.text
            nodes.append(self._action(word))
        return tuple(nodes), ""

    def _action(self, word: Token) -> Node:
        if word.kind == "word" and word.text in _BLOCKS:
            self._next()
            return self._block(word.text)
        if word.kind == "word" and word.text in {"break", "continue"}:
            return self._jump()
        if word.kind == "word" and word.text in _DEFINITIONS:
            raise UnsupportedError(f'template action "{word.text}"')
        action = Action(self._pipe("command"))
        self._finish("command")
        return action

    def _jump(self) -> Node:
        word = self._next().text
        self._finish(word)
        if not self.ranges:
            raise TemplateError(f"{{{{{word}}}}} outside {{{{range}}}}")
        return Jump(word)

    def _block(self, word: str) -> Block:
        self._deeper()
        known = len(self.variables)
        pipe = self._pipe(word)
        self._finish(word)
        self.ranges += word == "range"
        body, ending = self._nodes()
        self.ranges -= word == "range"
        otherwise: tuple[Node, ...] = ()
        if ending == "else":
            otherwise = self._otherwise(word)
        elif ending == "end":
            self._finish("end")
        else:
            raise TemplateError("unexpected EOF")
        del self.variables[known:]
        self.depth -= 1
        return Block(word, pipe, body, otherwise)

    def _otherwise(self, word: str) -> tuple[Node, ...]:
        """Parse what comes after `else`; an `else if` is an `if` in there that shares the `end`."""
        following = self._peek()
        if following.kind == "word" and following.text == word and word != "range":
            self._next()
            return (self._block(word),)
        self._finish("else")
        nodes, ending = self._nodes()
        if ending != "end":
            raise TemplateError("expected end; found {{else}}" if ending else "unexpected EOF")
        self._finish("end")
        return nodes

    def _pipe(self, context: str, closing: str = "end") -> Pipe:
        variables, assigns = self._declaration(context)
        commands: list[Command] = []
        while True:
            commands.append(self._command(context))
            if self._peek().text != "|":
                break
            self._next()
            if self._peek().kind == "end" or self._peek().text == closing:
                break  # Go does not mind
        if closing == ")" and self._next().text != ")":
            raise TemplateError("unclosed left paren")
        for command in commands[1:]:
            if isinstance(command.operands[0], Dot | Nil | Literal):
                raise TemplateError(f"non executable command in pipeline stage {commands.index(command) + 1}")
        if variables and not assigns:
            self.variables.extend(variables)
        return Pipe(tuple(commands), variables, assigns)

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        """Parse `$x :=`, `$x =` or `$index, $value :=`; go back where it is none of them."""
        start = self.at
        names: list[str] = []
        while self._peek().kind == "variable":
            names.append(self._next().text)
            mark = self._next()
            if mark.text in {":=", "="}:
                if len(names) > 1 and context != "range":
                    raise TemplateError(f"too many declarations in {context}")
                if mark.text == "=":
                    self._check_variables(names)
                return tuple(names), mark.text == "="
            if mark.text != "," or len(names) == 2:
                break
        self.at = start
        return (), False

    def _check_variables(self, names: list[str]) -> None:
        for name in names:
            if name not in self.variables:
                raise TemplateError(f'undefined variable "{name}"')

    def _command(self, context: str) -> Command:
        operands: list[Operand] = []
        self._skip_space()
        while (token := self._here()).kind != "end" and token.text not in {"|", ")"}:
            operands.append(self._operand())
            following = self._here()
            if following.kind not in {"space", "end"} and following.text not in {"|", ")"}:
                raise TemplateError(f'unexpected "{following.text}" in operand')
            self._skip_space()
        if not operands:
            raise TemplateError(f"missing value for {context}")
        return Command(tuple(operands))

    def _operand(self) -> Operand:
        operand = self._term()
        names: list[str] = []
        while self._here().kind == "field":
            names.append(self._take().text[1:])
        if not names:
            return operand
        match operand:
            case Field(first):
                return Field((*first, *names))
            case Variable(name, first):
                return Variable(name, (*first, *names))
            case Literal() | Nil() | Dot():
                raise TemplateError(f'unexpected . after term "{getattr(operand, "written", "nil")}"')
        return Chain(operand, tuple(names))

    def _term(self) -> Operand:
        token = self._take()
        match token.kind:
            case "field":
                return Field((token.text[1:],))
            case "variable":
                self._check_variables([token.text])
                return Variable(token.text)
            case "word":
                return _word(token.text)
            case "number" | "character" | "text" | "raw":
                return Literal(_value(token), token.text)
        if token.text == ".":
            return Dot()
        if token.text == "(":
            self._deeper()
            pipe = self._pipe("parenthesized pipeline", ")")
            self.depth -= 1
            return pipe
        raise TemplateError(f'unexpected "{token.text}" in command')

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise UnsupportedError(f"a template nested deeper than {MAX_NESTING} levels")

    def _here(self) -> Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def _take(self) -> Token:
        token = self._here()
        self.at += 1
        return token

    def _skip_space(self) -> None:
        while self._here().kind == "space":
            self.at += 1

    def _peek(self) -> Token:
        self._skip_space()
        return self._here()

    def _next(self) -> Token:
        self._skip_space()
        return self._take()

    def _finish(self, context: str) -> None:
        token = self._next()
        if token.kind != "end":
            raise TemplateError(f'unexpected "{token.text}" in {context}')


def _word(text: str) -> Operand:
    if text in {"true", "false"}:
        return Literal(text == "true", text)
    if text == "nil":
        return Nil()
    if text in {*_BLOCKS, *_DEFINITIONS, "else", "end", "break", "continue"}:
        raise TemplateError(f'unexpected "{text}" in command')
    check_function(text)
    return Name(text)


def _value(token: Token) -> Any:
    text = token.text
    if token.kind == "raw":
        return text[1:-1]
    if token.kind == "text":
        return _unquoted(text[1:-1])
    if token.kind == "character":
        char = _unquoted(text[1:-1])
        if len(char) != 1:
            raise TemplateError(f"malformed character constant: {text}")
        return ord(char)
    return _number(text)


def _number(text: str) -> int | float:
    if text.endswith("i"):
        raise UnsupportedError("complex numbers")
    digits = text.lstrip("+-")
    try:
        if re.fullmatch(r"0[0-7_]+", digits):
            number: int | float = int(digits, 8)
        elif re.match(r"0[xXbBoO]", digits):
            number = int(digits, 0)
        elif re.search(r"[.eE]", digits):
            number = float(digits)
        else:
            number = int(digits)
    except ValueError as error:
        raise TemplateError(f'bad number syntax: "{text}"') from error
    if isinstance(number, int) and number >= 2**63:
        raise TemplateError(f"{text} overflows int")
    return -number if text.startswith("-") else number


def _unquoted(text: str) -> str:
    def char(found: re.Match[str]) -> str:
        plain, *codes, octal, wrong = found.groups()
        if plain:
            return _PLAIN.get(plain, plain)
        code = next((int(code, 16) for code in codes if code), None)
        code = int(octal, 8) if octal else code
        if code is None or wrong or code > (0xFF if octal else 0x10FFFF):
            raise TemplateError("invalid syntax in a quoted text")
        if code > 0x7F and (octal or codes[0]):
            raise UnsupportedError("single bytes in a quoted text")
        return chr(code)

    return _ESCAPE.sub(char, text)
