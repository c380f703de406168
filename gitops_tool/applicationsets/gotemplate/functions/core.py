"""Go's own functions, and those about defaults, types and failure.

Source: Go 1.26, text/template/funcs.go; sprig 3.3, defaults.go and reflect.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions.printing import sprint, sprintf
from gitops_tool.applicationsets.gotemplate.functions.signature import Kind, Table
from gitops_tool.applicationsets.gotemplate.values import MISSING, StringMap, is_true, kind_name, type_name

TABLE = Table()
ANY, BOOL, TEXT, VALUE = Kind.ANY, Kind.BOOL, Kind.TEXT, Kind.VALUE


@TABLE.add("not", takes=(VALUE,))
def _not(value: Any) -> bool:
    return not is_true(value)


@TABLE.add("len", takes=(VALUE,))
def _len(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping | list):
        return len(value)
    raise TemplateError(f"len of {'nil pointer' if value in (None, MISSING) else f'type {type_name(value)}'}")


@TABLE.add("index", takes=(VALUE,), further=VALUE)
def _index(value: Any, *keys: Any) -> Any:
    if value is None or value is MISSING:
        raise TemplateError("index of untyped nil")
    for key in keys:
        value = _item(value, key)
    return value


def _item(value: Any, key: Any) -> Any:
    if isinstance(value, Mapping):
        if not isinstance(key, str):
            raise TemplateError(f"value has type {type_name(key)}; should be string")
        return value.get(key, "" if isinstance(value, StringMap) else None)
    if value is None:
        raise TemplateError("index of nil pointer")
    if not isinstance(value, list | str):
        raise TemplateError(f"can't index item of type {type_name(value)}")
    if isinstance(key, bool) or not isinstance(key, int):
        raise TemplateError(f"cannot index slice/array with type {type_name(key)}")
    items = value.encode() if isinstance(value, str) else value
    if not 0 <= key < len(items):
        raise TemplateError(f"index out of range: {key}")
    return items[key]


def _basic_kind(value: Any) -> str:
    name = kind_name(value)
    return "int" if name == "int64" else "invalid" if name in {"map", "slice"} else name


@TABLE.add("eq", takes=(VALUE,), further=VALUE)
def _eq(first: Any, *others: Any) -> bool:
    if not others:
        raise TemplateError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(first: Any, other: Any) -> bool:
    absent = [value is None or value is MISSING for value in (first, other)]
    if any(absent):
        return all(absent)
    if _basic_kind(first) != _basic_kind(other):
        raise TemplateError("incompatible types for comparison")
    if _basic_kind(first) == "invalid":
        raise TemplateError(f"non-comparable type {type_name(first)}")
    return bool(first == other)


@TABLE.add("ne", takes=(VALUE, VALUE))
def _ne(first: Any, other: Any) -> bool:
    return not _equal(first, other)


def _less(first: Any, other: Any) -> bool:
    kinds = {_basic_kind(first), _basic_kind(other)}
    if kinds & {"invalid", "bool"}:
        raise TemplateError("invalid type for comparison")
    if len(kinds) > 1:
        raise TemplateError("incompatible types for comparison")
    return bool(first.encode() < other.encode() if isinstance(first, str) else first < other)


@TABLE.add("lt", takes=(VALUE, VALUE))
def _lt(first: Any, other: Any) -> bool:
    return _less(first, other)


@TABLE.add("le", takes=(VALUE, VALUE))
def _le(first: Any, other: Any) -> bool:
    return _less(first, other) or _equal(first, other)


@TABLE.add("gt", takes=(VALUE, VALUE))
def _gt(first: Any, other: Any) -> bool:
    return not _le(first, other)


@TABLE.add("ge", takes=(VALUE, VALUE))
def _ge(first: Any, other: Any) -> bool:
    return not _less(first, other)


@TABLE.add("print", further=ANY)
def _print(*values: Any) -> str:
    return sprint(values)


@TABLE.add("println", further=ANY)
def _println(*values: Any) -> str:
    from gitops_tool.applicationsets.gotemplate.values import to_text

    return f"{' '.join(to_text(value) for value in values)}\n"


@TABLE.add("printf", takes=(TEXT,), further=ANY)
def _printf(template: str, *values: Any) -> str:
    return sprintf(template, values)


@TABLE.add("default", takes=(ANY,), further=ANY)
def _default(default: Any, *given: Any) -> Any:
    return given[0] if given and is_true(given[0]) else default


@TABLE.add("empty", takes=(ANY,))
def _empty(value: Any) -> bool:
    return not is_true(value)


@TABLE.add("coalesce", further=ANY)
def _coalesce(*values: Any) -> Any:
    return next((value for value in values if is_true(value)), None)


@TABLE.add("all", further=ANY)
def _all(*values: Any) -> bool:
    return all(is_true(value) for value in values)


@TABLE.add("any", further=ANY)
def _any(*values: Any) -> bool:
    return any(is_true(value) for value in values)


@TABLE.add("ternary", takes=(ANY, ANY, BOOL))
def _ternary(yes: Any, no: Any, condition: bool) -> Any:
    return yes if condition else no


@TABLE.add("fail", takes=(TEXT,))
def _fail(message: str) -> str:
    raise TemplateError(message)


@TABLE.add("kindOf", takes=(ANY,))
def _kind_of(value: Any) -> str:
    return kind_name(value)


@TABLE.add("kindIs", takes=(TEXT, ANY))
def _kind_is(kind: str, value: Any) -> bool:
    return kind == kind_name(value)


@TABLE.add("typeOf", takes=(ANY,))
def _type_of(value: Any) -> str:
    name = type_name(value)
    if name.startswith("[]"):
        raise UnsupportedError('template function "typeOf" of a list')  # which of Go's lists it is, is not kept
    return name


@TABLE.add("typeIs", takes=(TEXT, ANY))
def _type_is(name: str, value: Any) -> bool:
    return name == _type_of(value)


@TABLE.add("tpl", takes=(TEXT, ANY))
def _tpl(template: str, value: Any) -> str:
    raise AssertionError(template, value)  # the interpreter runs it: it needs the options
