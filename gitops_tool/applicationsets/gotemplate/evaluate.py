"""Executes templates.

Source: Go 1.26, text/template/exec.go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitops_tool.applicationsets.gotemplate.budget import Budget
from gitops_tool.applicationsets.gotemplate.errors import MissingKeyError, TemplateError
from gitops_tool.applicationsets.gotemplate.functions import Function, Kind, call_function, find_function
from gitops_tool.applicationsets.gotemplate.parse import parse
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
from gitops_tool.applicationsets.gotemplate.values import MISSING, StringMap, is_true, to_text, type_name

OPTIONS = frozenset({"missingkey=default", "missingkey=invalid", "missingkey=zero", "missingkey=error"})
"""What `goTemplateOptions` may hold."""

MAX_TPL_DEPTH = 3
"""How deep `tpl` may call itself; Argo CD's own limit."""

_NOTHING = object()


class _Jump(Exception):  # noqa: N818 - control flow, as in Go's own interpreter
    """A `break` or `continue` on its way to its `range`."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def render(
    template: str, parameters: Mapping[str, Any], options: Sequence[str] = (), budget: Budget | None = None
) -> str:
    """Return what a template makes of parameters.

    Args:
        template: the text with `{{...}}`.
        parameters: what `.` stands for, as Go values (see `from_json`).
        options: some of `OPTIONS`; the last one counts.
        budget: the work that this and other templates may make.

    Raises:
        TemplateError: Go refuses the template, or fails while it executes it.
        UnsupportedError: the template uses what this interpreter does not know, or too much of it.
    """
    if "{{" not in template:
        return template
    for option in options:
        if option not in OPTIONS:
            raise TemplateError(f"unrecognized option: {option}")
    missing = options[-1].removeprefix("missingkey=") if options else "default"
    return _Interpreter(missing, budget or Budget()).run(template, parameters)


class _Interpreter:
    """The state of one execution: its variables and what it wrote."""

    def __init__(self, missing: str, budget: Budget) -> None:
        self.missing = missing
        self.budget = budget
        self.tpl_depth = 0
        self.variables: list[tuple[str, Any]] = []
        self.output: list[str] = []

    def run(self, template: str, dot: Any) -> str:
        outer, self.variables, self.output = (self.variables, self.output), [("$", dot)], []
        self._walk(parse(template), dot)
        text = "".join(self.output)
        self.variables, self.output = outer
        return text

    def tpl(self, template: str, dot: Any) -> str:
        """Render a text that is a template itself: Argo CD's function `tpl`."""
        self.tpl_depth += 1
        if self.tpl_depth > MAX_TPL_DEPTH:
            raise TemplateError(f"maximum recursion depth {MAX_TPL_DEPTH} exceeded in tpl function")
        text = self.run(template, dot)
        self.tpl_depth -= 1
        return text.replace("<no value>", "")

    def _write(self, text: str) -> None:
        self.budget.write(len(text))
        self.output.append(text)

    def _walk(self, nodes: Sequence[Node], dot: Any) -> None:
        for node in nodes:
            self.budget.spend()
            match node:
                case Text(text):
                    self._write(text)
                case Action(pipe):
                    value = self._pipe(pipe, dot)
                    if not pipe.variables:
                        self._write(to_text(value))
                case Block():
                    self._block(node, dot)
                case Jump(word):
                    raise _Jump(word)

    def _block(self, block: Block, dot: Any) -> None:
        known = len(self.variables)
        if block.word == "range":
            self._range(block, dot)
        else:
            value = self._pipe(block.pipe, dot)
            if is_true(value):
                self._walk(block.body, value if block.word == "with" else dot)
            else:
                self._walk(block.otherwise, dot)
        del self.variables[known:]

    def _range(self, block: Block, dot: Any) -> None:
        value = self._pipe(block.pipe, dot)
        known = len(self.variables)
        items = self._items(value, len(block.pipe.variables))
        for key, item in items:
            self.budget.spend()
            self._set_loop_variables(block.pipe, key, item)
            try:
                self._walk(block.body, item)
            except _Jump as jump:
                if jump.word == "break":
                    break
            finally:
                del self.variables[known:]
        if not items:
            self._walk(block.otherwise, dot)

    def _items(self, value: Any, variables: int) -> Sequence[tuple[Any, Any]]:
        if isinstance(value, Mapping):
            return [(key, value[key]) for key in sorted(value)]
        if isinstance(value, list):
            return list(enumerate(value))
        if isinstance(value, int) and not isinstance(value, bool):
            if variables > 1:
                raise TemplateError(f"can't use {value} to iterate over more than one variable")
            self.budget.spend(max(value, 0))
            return [(MISSING, number) for number in range(value)]
        if value is None or value is MISSING:
            return []
        raise TemplateError(f"range can't iterate over {to_text(value)}")

    def _set_loop_variables(self, pipe: Pipe, key: Any, item: Any) -> None:
        names = pipe.variables
        values = (key, item) if len(names) == 2 else (item,) * len(names)
        for name, value in zip(names, values, strict=True):
            self._assign(name, value)

    def _assign(self, name: str, value: Any) -> None:
        """Give the innermost variable of a name another value."""
        for index in range(len(self.variables) - 1, -1, -1):
            if self.variables[index][0] == name:
                self.variables[index] = (name, value)
                return

    def _variable(self, name: str) -> Any:
        for known, value in reversed(self.variables):
            if known == name:
                return value
        raise TemplateError(f"undefined variable: {name}")

    def _pipe(self, pipe: Pipe, dot: Any) -> Any:
        value: Any = _NOTHING
        for command in pipe.commands:
            self.budget.spend()
            value = self._command(command, dot, value)
            # Go takes the value out of its interface here: what was nil is no value from now on.
            value = MISSING if value is None else value
        for name in pipe.variables:
            if pipe.assigns:
                self._assign(name, value)
            else:
                self.variables.append((name, value))
        return value

    def _command(self, command: Command, dot: Any, final: Any) -> Any:
        first, *arguments = command.operands
        if isinstance(first, Name):
            return self._call(first.name, arguments, dot, final)
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        if arguments or final is not _NOTHING:
            if isinstance(first, Field | Chain) or (isinstance(first, Variable) and first.names):
                raise TemplateError(f"{first.names[-1]} is not a method but has arguments")
            raise TemplateError(f"can't give argument to non-function {_spelled(first)}")
        return self._value(first, dot)

    def _value(self, operand: Operand, dot: Any) -> Any:
        names: tuple[str, ...] = ()
        match operand:
            case Literal(value):
                pass
            case Field(names):
                value = dot
            case Variable(name, names):
                value = self._variable(name)
            case Chain(inner, names):
                value = self._value(inner, dot)
            case Pipe():
                value = self._pipe(operand, dot)
            case Name(name):
                value = self._call(name, [], dot, _NOTHING)
            case _:
                value = dot
        return self._fields(value, names)

    def _fields(self, value: Any, names: tuple[str, ...]) -> Any:
        for name in names:
            value = self._field(value, name)
        return value

    def _field(self, value: Any, name: str) -> Any:
        if value is MISSING:
            if self.missing == "error":
                raise TemplateError(f'nil data; no entry for key "{name}"')
            return MISSING
        if value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, Mapping):
            raise MissingKeyError(f"can't evaluate field {name} in type {type_name(value)}")
        if name in value:
            return value[name]
        if self.missing == "error":
            raise MissingKeyError(f'map has no entry for key "{name}"')
        if self.missing == "zero":
            return "" if isinstance(value, StringMap) else None
        return MISSING

    def _call(self, name: str, operands: list[Operand], dot: Any, final: Any) -> Any:
        if name in {"and", "or"}:
            return self._and_or(name, operands, dot, final)
        function = find_function(name)
        count = len(operands) + (final is not _NOTHING)
        function.check_count(name, count)
        kinds = [function.kind(index) for index in range(count)]
        arguments = [self._argument(operand, kind, dot) for operand, kind in zip(operands, kinds, strict=False)]
        if final is not _NOTHING:
            arguments.append(function.accept(final, kinds[-1]))
        if name == "tpl":
            return self.tpl(arguments[0], arguments[1])
        result = call_function(name, function, arguments)
        if isinstance(result, str | list | dict):
            self.budget.spend(len(result) // 100)
        return result

    def _and_or(self, name: str, operands: list[Operand], dot: Any, final: Any) -> Any:
        if not operands and final is _NOTHING:
            raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = MISSING
        for operand in operands:
            value = self._argument(operand, Kind.VALUE, dot)
            if is_true(value) == (name == "or"):
                return value
        return value if final is _NOTHING else final

    def _argument(self, operand: Operand, kind: Kind, dot: Any) -> Any:
        if isinstance(operand, Nil):
            if kind not in {Kind.ANY, Kind.VALUE, Kind.MAP}:
                raise TemplateError(f"cannot assign nil to {kind}")
            return MISSING if kind is Kind.VALUE else None
        if isinstance(operand, Literal):
            return Function.accept_literal(operand.value, operand.written, kind)
        return Function.accept(self._value(operand, dot), kind)


def _spelled(operand: Operand) -> str:
    match operand:
        case Literal(written=written):
            return written
        case Variable(name):
            return name
        case Dot():
            return "."
    return "(...)"
