"""What a schema has against a document, in words that do not give the document's values away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

# jsonschema's ValidationError, whose type says of every attribute that it may be unset.
_Error = Any


@record(order=True)
class Violation:
    """A place in a document and what is wrong with it.

    `index` counts the documents that were checked, `pointer` is a JSON pointer (RFC 6901) into that one: to the value
    that is wrong, to the field that is unknown, or to the object that lacks one.
    """

    index: int
    pointer: str
    message: str


def pointer_to(path: Iterable[str | int]) -> str:
    """Return the JSON pointer of keys and positions."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)


def describe(error: _Error) -> Iterator[tuple[str, str]]:
    """Yield pointer and message for what `jsonschema` found: one for each unknown field, else one."""
    path = list(error.absolute_path)
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        for name in _unknown(error.instance, error.schema):
            suggestion = did_you_mean(name, known)
            yield pointer_to([*path, name]), f'unknown field "{name}"' + (f", {suggestion}" if suggestion else "")
        return
    message = _MESSAGES.get(str(error.validator))
    yield pointer_to(path), message(error) if message else "is not allowed here"


def _unknown(instance: Mapping[str, Any], schema: Any) -> list[str]:
    from gitops_tool.schemas.regex import compile_pattern

    patterns = [compile_pattern(pattern) for pattern in schema.get("patternProperties", {})]
    known = schema.get("properties", {})
    return [name for name in instance if name not in known and not any(each.search(name) for each in patterns)]


def _type(error: _Error) -> str:
    wanted = [error.validator_value] if isinstance(error.validator_value, str) else list(error.validator_value)
    # Null stands for "not set": true, but no help to someone who wrote a value.
    names = " or ".join(name for name in wanted if name != "null" or len(wanted) == 1)
    return f"expected {names}, got {type_name(error.instance)}"


def type_name(value: object) -> str:
    """Return JSON's name for a value's type, telling whole numbers from others."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if float(value).is_integer() else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def _required(error: _Error) -> str:
    # jsonschema reports each missing field by itself, but names it in its message only.
    missing = [name for name in error.validator_value if f"{name!r} is a required property" == error.message]
    return f'missing required field "{missing[0]}"' if missing else "lacks a required field"


def _enum(error: _Error) -> str:
    allowed = ", ".join(f'"{value}"' for value in error.validator_value if value is not None)
    return f"expected one of {allowed}"


def _pattern(error: _Error) -> str:
    pattern = str(error.validator_value)
    for start, words in _KNOWN_PATTERNS.items():
        if pattern.startswith(start):
            return f"expected {words}"
    return f"does not match the pattern {pattern}"


def _alternatives(error: _Error) -> str:
    groups = [branch.get("required", []) for branch in error.validator_value if isinstance(branch, dict)]
    if error.context and groups and all(len(group) == 1 for group in groups):
        names = ", ".join(f'"{group[0]}"' for group in groups)
        return f"needs one of the fields {names}"
    return (
        "has none of the allowed forms" if error.context else "has more than one of the forms that exclude each other"
    )


def _limit(words: str, unit: str = "") -> Callable[[_Error], str]:
    def message(error: _Error) -> str:
        count = error.validator_value
        plural = "" if count == 1 else "s"
        return f"{words} {count}{f' {unit}{plural}' if unit else ''}"

    return message


_KNOWN_PATTERNS = {
    r"^\s*[+-]?([0-9]+(\.[0-9]*)?|": 'a quantity such as "100m", "0.5" or "1Gi"',
    r"^[0-9]{4}-(0[1-9]|1[0-2])-": 'a time such as "2006-01-02T15:04:05Z"',
}

_MESSAGES: dict[str, Callable[[_Error], str]] = {
    "type": _type,
    "required": _required,
    "enum": _enum,
    "const": lambda error: f'expected "{error.validator_value}"',
    "pattern": _pattern,
    "anyOf": _alternatives,
    "oneOf": _alternatives,
    "not": lambda error: "has a form that is not allowed",
    "minimum": _limit("must be at least"),
    "maximum": _limit("must be at most"),
    "exclusiveMinimum": _limit("must be more than"),
    "exclusiveMaximum": _limit("must be less than"),
    "multipleOf": _limit("must be a multiple of"),
    "minLength": _limit("must have at least", "character"),
    "maxLength": _limit("must have at most", "character"),
    "minItems": _limit("must have at least", "item"),
    "maxItems": _limit("must have at most", "item"),
    "minProperties": _limit("must have at least", "field"),
    "maxProperties": _limit("must have at most", "field"),
    "uniqueItems": lambda error: "has an item twice",
}
