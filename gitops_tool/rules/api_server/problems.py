"""The API server's kinds of complaint (`k8s.io/apimachinery/pkg/util/validation/field`), as problems."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from gitops_tool.rules.base import Problem

if TYPE_CHECKING:
    from gitops_tool.model import Resource, Severity
    from gitops_tool.rules.base import Pointer

_LONGEST_VALUE = 80


def invalid(
    resource: Resource,
    pointer: Pointer,
    value: Any,
    why: str,
    *,
    hint: str | None = None,
    severity: Severity | None = None,
) -> Problem:
    """Complain of a value that breaks a rule of its field."""
    message = f"{dotted(pointer)}: invalid value {shown(value)}: {why}"
    return Problem(message, resource, existing(resource, pointer), hint, severity)


def unsupported(resource: Resource, pointer: Pointer, value: Any, supported: Iterable[str]) -> Problem:
    """Complain of a value that is not in its field's closed list; the hint is the one meant, where that is clear."""
    known = sorted(supported)
    message = f"{dotted(pointer)}: unsupported value {shown(value)}: supported values: {', '.join(map(shown, known))}"
    return Problem(message, resource, existing(resource, pointer), _meant(value, known))


def required(resource: Resource, pointer: Pointer, why: str = "", *, hint: str | None = None) -> Problem:
    """Complain of a value that is missing, null or empty."""
    message = f"{dotted(pointer)}: required value{': ' if why else ''}{why}"
    return Problem(message, resource, existing(resource, pointer), hint)


def forbidden(resource: Resource, pointer: Pointer, why: str, *, hint: str | None = None) -> Problem:
    """Complain of a field that may not be set here."""
    return Problem(f"{dotted(pointer)}: forbidden: {why}", resource, existing(resource, pointer), hint)


def duplicate(resource: Resource, pointer: Pointer, value: Any, *, severity: Severity | None = None) -> Problem:
    """Complain of a value that another item of the list has already."""
    message = f"{dotted(pointer)}: duplicate value {shown(value)}"
    return Problem(message, resource, existing(resource, pointer), severity=severity)


def dotted(pointer: Pointer) -> str:
    """Return a pointer as the API server prints it: `spec.containers[0].image`.

    >>> dotted(("metadata", "labels", "app.kubernetes.io/name"))
    'metadata.labels[app.kubernetes.io/name]'
    """
    text = ""
    for key in pointer:
        if isinstance(key, int) or not key.isalnum():
            text += f"[{key if isinstance(key, int) else _quoted(key)[1:-1]}]"
        else:
            text += f".{key}" if text else key
    return text


def shown(value: Any) -> str:
    """Return a value for a message: texts in double quotes on one line, shortened."""
    if isinstance(value, str):
        short = value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}..."
        return _quoted(short)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _plain(value)


def _quoted(text: str) -> str:
    """Return a text in double quotes, on one line: JSON escapes only some of what ends a line."""
    found = json.dumps(text, ensure_ascii=False)
    return found if found.isprintable() else "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in found)


def existing(resource: Resource, pointer: Pointer) -> Pointer:
    """Return the longest part of a pointer that leads to something, so that a source line can be found."""
    body: Any = resource.body
    for depth, key in enumerate(pointer):
        in_list = isinstance(body, list) and isinstance(key, int) and key < len(body)
        if not in_list and not (isinstance(body, dict) and key in body):
            return pointer[:depth]
        body = body[key]
    return pointer


def _plain(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return "{...}" if isinstance(value, dict) else "[...]"


def _meant(value: Any, known: Iterable[str]) -> str | None:
    folded = str(value).strip().casefold().replace("-", "").replace("_", "")
    for candidate in known:
        if candidate.casefold() == folded:
            return f'write "{candidate}"'
    return None
