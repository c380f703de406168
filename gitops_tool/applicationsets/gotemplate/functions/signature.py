"""What types a function takes: Go checks them before it calls, and so does this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.values import MISSING, Int64, StringMap, type_name
from gitops_tool.records import field, record

_Run = TypeVar("_Run", bound=Callable[..., Any])
MAX_SIZE = 1_000_000
"""Characters or items that one function may make."""


class Kind(StrEnum):
    """A parameter's type, by its name in Go."""

    TEXT = "string"
    INT = "int"
    FLOAT = "float64"
    BOOL = "bool"
    MAP = "map[string]interface {}"
    ANY = "interface {}"
    VALUE = "reflect.Value"
    """Anything, and what is missing too."""


@record
class Function:
    """A function: its parameters' types, the type of further ones if it takes any number, and the code."""

    kinds: tuple[Kind, ...]
    further: Kind | None
    run: Callable[..., Any]

    def check_count(self, name: str, count: int) -> None:
        """Refuse a call with too few or too many arguments."""
        wanted = len(self.kinds)
        if self.further is not None and count < wanted:
            raise TemplateError(f"wrong number of args for {name}: want at least {wanted} got {count}")
        if self.further is None and count != wanted:
            raise TemplateError(f"wrong number of args for {name}: want {wanted} got {count}")

    def kind(self, index: int) -> Kind:
        """Return the type of a parameter."""
        return self.kinds[index] if index < len(self.kinds) or self.further is None else self.further

    @staticmethod
    def accept(value: Any, kind: Kind) -> Any:
        """Return a value as an argument of a type; see Go's `validateType`."""
        if kind is Kind.VALUE:
            return value
        if value is MISSING:
            if kind is Kind.ANY:
                return None
            if kind is Kind.MAP:
                return {}
            raise TemplateError(f"invalid value; expected {kind}")
        if not _fits(value, kind):
            given = "interface {}" if value is None else type_name(value)
            raise TemplateError(f"wrong type for value; expected {kind}; got {given}")
        return value

    @staticmethod
    def accept_literal(value: Any, written: str, kind: Kind) -> Any:
        """Return a text or number of the template as an argument of a type; see Go's `evalArg`."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if kind is Kind.FLOAT and number:
            return float(value)
        if kind is Kind.INT and number and value == int(value):
            return int(value)
        if kind is Kind.MAP:
            raise TemplateError(f"can't handle {written} for arg of type {kind}")
        if not _fits(value, kind):
            raise TemplateError(f"expected {'integer' if kind is Kind.INT else kind}; found {written}")
        return value


def _fits(value: Any, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return isinstance(value, str)
        case Kind.INT:
            return isinstance(value, int) and not isinstance(value, bool | Int64)
        case Kind.FLOAT:
            return isinstance(value, float)
        case Kind.BOOL:
            return isinstance(value, bool)
        case Kind.MAP:
            return isinstance(value, Mapping) and not isinstance(value, StringMap)
    return True


@record
class Table:
    """Functions by their names."""

    functions: dict[str, Function] = field(default_factory=dict)

    def add(self, *names: str, takes: tuple[Kind, ...] = (), further: Kind | None = None) -> Callable[[_Run], _Run]:
        """Make a Python function known to templates.

        Args:
            names: what templates call it.
            takes: the types of the parameters it always has.
            further: the type of any number of further ones.
        """

        def decorate(run: _Run) -> _Run:
            self.functions.update(dict.fromkeys(names, Function(takes, further, run)))
            return run

        return decorate


def check_size(size: int) -> None:
    """Refuse to make a very large text or list.

    Raises:
        UnsupportedError: it would be larger than `MAX_SIZE`.
    """
    if size > MAX_SIZE:
        raise UnsupportedError(f"a template that makes more than {MAX_SIZE} characters or items")
