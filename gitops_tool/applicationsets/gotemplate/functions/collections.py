"""Functions about lists and maps.

Source: sprig 3.3, list.go and dict.go.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from gitops_tool.applicationsets.gotemplate.errors import TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.functions.numbers import as_integer
from gitops_tool.applicationsets.gotemplate.functions.signature import Kind, Table, check_size
from gitops_tool.applicationsets.gotemplate.functions.texts import as_text, as_texts
from gitops_tool.applicationsets.gotemplate.values import StringMap, kind_name, type_name
from gitops_tool.applicationsets.merging import filled, overlaid

TABLE = Table()
ANY, MAP, TEXT = Kind.ANY, Kind.MAP, Kind.TEXT


def _list(value: Any, what: str) -> list[Any]:
    if isinstance(value, list):
        return value
    raise TemplateError(f"Cannot {what} on type {kind_name(value)}")


def _same(value: Any, other: Any) -> bool:
    """Go's `reflect.DeepEqual`: types count, so the number 1 of a template is not that of a YAML file."""
    return type_name(value) == type_name(other) and bool(value == other)


@TABLE.add("list", "tuple", further=ANY)
def _list_of(*values: Any) -> list[Any]:
    return list(values)


@TABLE.add("first", "mustFirst", takes=(ANY,))
def _first(value: Any) -> Any:
    return next(iter(_list(value, "find first")), None)


@TABLE.add("last", "mustLast", takes=(ANY,))
def _last(value: Any) -> Any:
    return next(reversed(_list(value, "find last")), None)


@TABLE.add("rest", "mustRest", takes=(ANY,))
def _rest(value: Any) -> list[Any]:
    return _list(value, "find rest")[1:]


@TABLE.add("initial", "mustInitial", takes=(ANY,))
def _initial(value: Any) -> list[Any]:
    return _list(value, "find initial")[:-1]


@TABLE.add("append", "push", "mustAppend", "mustPush", takes=(ANY, ANY))
def _append(value: Any, item: Any) -> list[Any]:
    return [*_list(value, "push"), item]


@TABLE.add("prepend", "mustPrepend", takes=(ANY, ANY))
def _prepend(value: Any, item: Any) -> list[Any]:
    return [item, *_list(value, "prepend")]


@TABLE.add("concat", further=ANY)
def _concat(*values: Any) -> list[Any]:
    lists = [_list(value, "concat") for value in values]
    check_size(sum(map(len, lists)))
    return [item for items in lists for item in items]


@TABLE.add("reverse", "mustReverse", takes=(ANY,))
def _reverse(value: Any) -> list[Any]:
    return _list(value, "find reverse")[::-1]


@TABLE.add("uniq", "mustUniq", takes=(ANY,))
def _uniq(value: Any) -> list[Any]:
    found: list[Any] = []
    for item in _list(value, "find uniq"):
        check_size(len(found) ** 2)
        if not any(_same(item, other) for other in found):
            found.append(item)
    return found


@TABLE.add("without", "mustWithout", takes=(ANY,), further=ANY)
def _without(value: Any, *omitted: Any) -> list[Any]:
    return [item for item in _list(value, "find without") if not any(_same(item, other) for other in omitted)]


@TABLE.add("has", "mustHas", takes=(ANY, ANY))
def _has(needle: Any, value: Any) -> bool:
    return value is not None and any(_same(needle, item) for item in _list(value, "find has"))


@TABLE.add("compact", "mustCompact", takes=(ANY,))
def _compact(value: Any) -> list[Any]:
    return [item for item in _list(value, "compact") if item]


@TABLE.add("slice", "mustSlice", takes=(ANY,), further=ANY)
def _slice(value: Any, *bounds: Any) -> Any:
    items = _list(value, "slice")
    if not items:
        return None
    start = as_integer(bounds[0]) if bounds else 0
    end = as_integer(bounds[1]) if len(bounds) > 1 else len(items)
    if not 0 <= start <= end <= len(items):
        raise TemplateError("reflect.Value.Slice: slice index out of bounds")
    return items[start:end]


@TABLE.add("sortAlpha", takes=(ANY,))
def _sort_alpha(value: Any) -> list[str]:
    return sorted(as_texts(value), key=str.encode) if isinstance(value, list) else [as_text(value)]


@TABLE.add("dict", further=ANY)
def _dict(*values: Any) -> dict[str, Any]:
    items = [*values, ""] if len(values) % 2 else list(values)
    return {as_text(key): value for key, value in zip(items[::2], items[1::2], strict=True)}


@TABLE.add("get", takes=(MAP, TEXT))
def _get(value: Mapping[str, Any], key: str) -> Any:
    return value.get(key, "")


@TABLE.add("hasKey", takes=(MAP, TEXT))
def _has_key(value: Mapping[str, Any], key: str) -> bool:
    return key in value


@TABLE.add("set", takes=(MAP, TEXT, ANY))
def _set(value: dict[str, Any], key: str, item: Any) -> dict[str, Any]:
    if item is value:
        raise UnsupportedError("a map that holds itself")
    value[key] = copy.deepcopy(item)
    return value


@TABLE.add("unset", takes=(MAP, TEXT))
def _unset(value: dict[str, Any], key: str) -> dict[str, Any]:
    value.pop(key, None)
    return value


@TABLE.add("pluck", takes=(TEXT,), further=MAP)
def _pluck(key: str, *maps: Mapping[str, Any]) -> list[Any]:
    return [value[key] for value in maps if key in value]


@TABLE.add("keys", further=MAP)
def _keys(*maps: Mapping[str, Any]) -> list[str]:
    keys = [key for value in maps for key in value]
    if len(keys) > 1:
        raise UnsupportedError('the order of "keys"')  # Go's maps have none
    return keys


@TABLE.add("values", takes=(MAP,))
def _values(value: Mapping[str, Any]) -> list[Any]:
    if len(value) > 1:
        raise UnsupportedError('the order of "values"')
    return list(value.values())


@TABLE.add("pick", takes=(MAP,), further=TEXT)
def _pick(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key in keys}


@TABLE.add("omit", takes=(MAP,), further=TEXT)
def _omit(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: item for key, item in value.items() if key not in keys}


@TABLE.add("merge", "mustMerge", takes=(MAP,), further=MAP)
def _merge(value: dict[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    for other in others:
        value.update(filled(value, other))
    return value


@TABLE.add("mergeOverwrite", "mustMergeOverwrite", takes=(MAP,), further=MAP)
def _merge_overwrite(value: dict[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    for other in others:
        value.update(overlaid(value, other))
    return value


@TABLE.add("deepCopy", "mustDeepCopy", takes=(ANY,))
def _deep_copy(value: Any) -> Any:
    return copy.deepcopy(value)


@TABLE.add("dig", further=ANY)
def _dig(*values: Any) -> Any:
    if len(values) < 3:
        raise TemplateError("dig needs at least three arguments")
    *keys, default, value = values
    for key in keys:
        if not isinstance(value, dict) or isinstance(value, StringMap) or not isinstance(key, str):
            raise TemplateError(f"interface conversion: {type_name(value)} is not a map that dig can look into")
        if key not in value:
            return default
        value = value[key]
    return value
