"""What a template is parsed into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Operand: TypeAlias = "Dot | Nil | Literal | Field | Variable | Chain | Name | Pipe"
Node: TypeAlias = "Text | Action | Block | Jump"


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`, the value in focus."""


@dataclass(frozen=True, slots=True)
class Nil:
    """The word `nil`."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, truth value or number; `written` is how it is spelled."""

    value: Any
    written: str


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`, looked up in the value in focus."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x` or `$x.a.b`; the name includes the `$`."""

    name: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of something in parentheses: `(index .list 0).name`."""

    operand: Operand
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Command:
    """A function with its arguments, or one operand on its own."""

    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each fed to the next, and the variables that keep the result."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    assigns: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """What stands outside of `{{...}}`."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """A pipeline whose value is printed, unless it is kept in a variable."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Block:
    """An `if`, `with` or `range` up to its `end`; `otherwise` is the part after `else`."""

    word: str
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    word: str
