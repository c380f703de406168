"""Prepares documents for the engines: one object each, of nothing but what JSON can say."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.schemas.violations import Violation, pointer_to, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from gitops_tool.schemas.catalogue import Catalogue

_EXACT = 2**53
_DEPTH = 200
# Half of a surrogate pair, a long number, a number that is none, what YAML takes for a control character.
_NOT_SIMPLE = lazy_pattern(r"\\ud[89a-f]|[0-9]{16}|Infinity|NaN|\x7f|[0-9][eE]")


@record
class Entry:
    """An object to check: the document it is or is part of, where it stands there, and its content.

    `text` is the content as ASCII that JSON and YAML read alike, where that is known already.
    """

    index: int
    prefix: str
    body: Mapping[str, Any]
    text: str | None = None

    @property
    def kind(self) -> tuple[str, str]:
        """The object's `apiVersion` and `kind`."""
        return self.body["apiVersion"], self.body["kind"]

    def violation(self, pointer: str, message: str) -> Violation:
        """Return a violation at a place in this object."""
        return Violation(self.index, self.prefix + pointer, message)


class _NotJsonError(ValueError):
    """A value that has no place in JSON."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.pointer = pointer_to(path)
        self.message = message


def missing(documents: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> list[int]:
    """Return the positions of the documents for which there is no schema, and of lists that hold such an object."""
    return [
        index
        for index, document in enumerate(documents)
        if any(not catalogue.has(part.get("apiVersion"), part.get("kind")) for _, part in _parts(document))
    ]


def prepare(documents: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> tuple[list[Entry], list[Violation]]:
    """Return the objects that have a schema, and what is wrong before any schema is asked.

    The items of a `List`, which is not stored in a cluster, count as objects of their own.
    """
    entries: list[Entry] = []
    violations: list[Violation] = []
    for index, document in enumerate(documents):
        violations += [Violation(index, pointer, message) for pointer, message in _list_faults(document)]
        for prefix, part in _parts(document):
            if not catalogue.has(part.get("apiVersion"), part.get("kind")):
                continue
            text = _simple_text(part)
            if text is not None:
                entries.append(Entry(index, prefix, part, text))
                continue
            try:
                entries.append(Entry(index, prefix, _plain(part, ()), None))
            except _NotJsonError as error:
                violations.append(Violation(index, prefix + error.pointer, error.message))
    return entries, violations


def _is_list(document: Mapping[str, Any]) -> bool:
    return document.get("apiVersion") == "v1" and document.get("kind") == "List"


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not _is_list(document):
        yield "", document
        return
    items = document.get("items")
    for position, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            for prefix, part in _parts(item):
                yield f"/items/{position}{prefix}", part


def _list_faults(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    items = document.get("items")
    if not _is_list(document) or items is None:
        return
    if not isinstance(items, list):
        yield "/items", f"expected array, got {type_name(items)}"
        return
    for position, item in enumerate(items):
        if not isinstance(item, dict):
            yield f"/items/{position}", f"expected object, got {type_name(item)}"
        else:
            yield from ((f"/items/{position}{pointer}", message) for pointer, message in _list_faults(item))


def _simple_text(body: Mapping[str, Any]) -> str | None:
    """Return an object as JSON, if that is plainly the object itself; else None, and `_plain` has to take it apart.

    What JSON reads back as an equal value has no keys, numbers or types that JSON has not; the rest is left to the
    expression. Half of the time of a check of thousands of objects would go into looking at each value.
    """
    try:
        text = json.dumps(body)
        if _NOT_SIMPLE.search(text) or text.count("{") + text.count("[") > _DEPTH or json.loads(text) != body:
            return None
    except (TypeError, ValueError, RecursionError):
        return None
    return text


def _plain(value: Any, path: tuple[str | int, ...]) -> Any:
    """Return a value as kubeconform will read it from JSON.

    Raises:
        _NotJsonError: it cannot be written as JSON that kubeconform reads.
    """
    if len(path) > _DEPTH:
        raise _NotJsonError(path, f"is nested more than {_DEPTH} levels deep")
    if isinstance(value, dict):
        return {_key(key, path): _plain(part, (*path, _key(key, path))) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part, (*path, position)) for position, part in enumerate(value)]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(value, path)
    if isinstance(value, str) and not _is_unicode(value):
        raise _NotJsonError(path, "is not valid Unicode")
    if value is None or isinstance(value, (bool, str)):
        return value
    raise _NotJsonError(path, f"expected a JSON value, got {type(value).__name__}")


def _key(key: Any, path: tuple[str | int, ...]) -> str:
    """Return a key as Go's YAML turns it into JSON's: a text in any case."""
    if isinstance(key, bool):
        return "true" if key else "false"
    text = key if isinstance(key, str) else "null" if key is None else str(key)
    if not _is_unicode(text):
        raise _NotJsonError(path, "has a field name that is not valid Unicode")
    return text


def _is_unicode(text: str) -> bool:
    """Tell whether the text has no half of a surrogate pair, which UTF-8 cannot hold."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def _number(value: float, path: tuple[str | int, ...]) -> float:
    # Go reads every number of JSON into 64 bits of binary floating point.
    try:
        number = value if isinstance(value, int) and abs(value) <= _EXACT else float(value)
    except OverflowError as error:
        raise _NotJsonError(path, "is too large a number") from error
    if not math.isfinite(number):
        raise _NotJsonError(path, "is not a finite number")
    return number
