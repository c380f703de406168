"""What a template is parsed into."""

from __future__ import annotations

from typing import Any, TypeAlias

from gitops_tool.records import record

Operand: TypeAlias = "Dot | Nil | Literal | Field | Variable | Chain | Name | Pipe"
Node: TypeAlias = "Text | Action | Block | Jump"


@record
class Dot:
    """`.`, the value in focus."""


@record
class Nil:
    """The word `nil`."""


@record
class Literal:
    """A text, truth value or number; `written` is how it is spelled."""

    value: Any
    written: str


@record
class Field:
    """`.a.b`, looked up in the value in focus."""

    names: tuple[str, ...]


@record
class Variable:
    """`$x` or `$x.a.b`; the name includes the `$`."""

    name: str
    names: tuple[str, ...] = ()


@record
class Chain:
    """Fields of something in parentheses: `(index .list 0).name`."""

    operand: Operand
    names: tuple[str, ...]


@record
class Name:
    """The name of a function."""

    name: str


@record
class Command:
    """A function with its arguments, or one operand on its own."""

    operands: tuple[Operand, ...]


@record
class Pipe:
    """Commands, each fed to the next, and the variables that keep the result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


@record
class Text:
    """What stands outside of `{{...}}`."""

    text: str


@record
class Action:
    """A pipeline whose value is printed, unless it is kept in a variable."""

    pipe: Pipe


@record
class Block:
    """An `if`, `with` or `range` up to its `end`; `otherwise` is the part after `else`."""

    word: str
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@record
class Jump:
    """`break` or `continue`."""

    word: str
