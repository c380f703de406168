"""Turns the schemas that Kubernetes publishes into JSON Schema that says what an API server accepts.

Kubernetes writes OpenAPI with its own words (`nullable`, `x-kubernetes-int-or-string`,
`x-kubernetes-preserve-unknown-fields`) and reads it in its own way: a field that is not listed is refused when fields
are validated strictly, and null stands for "not set" wherever a field may be left out. Here both become plain JSON
Schema of draft 7, in the part of it that Python's `jsonschema` and kubeconform's library read alike.
https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitops_tool.schemas.nodes import nullable
from gitops_tool.schemas.regex import is_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitops_tool.schemas.nodes import Schema

DATE_TIME = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"([.,][0-9]+)?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
"""RFC 3339 as Go's `time.Parse` takes it."""

_COPIED = (
    *("enum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties"),
    # Found only in what is JSON Schema already, such as a definition of Kubernetes inside a custom resource.
    *("$ref", "if", "else"),
)
_JUNCTORS = ("allOf", "anyOf", "oneOf")


def strict(node: Mapping[str, Any]) -> Schema:
    """Return the JSON Schema of an object whose OpenAPI schema is complete: other fields are refused.

    Args:
        node: a structural schema of a CustomResourceDefinition, or a part of one. A `$ref` is kept as it is.
    """
    schema = _translated(node, closed=True)
    is_open = node.get("x-kubernetes-preserve-unknown-fields") is True
    if node.get("x-kubernetes-embedded-resource") is True:
        known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
        schema["properties"] = {**known, **schema.get("properties", {})}
    if schema.get("type") == "object" and "additionalProperties" not in schema and not is_open:
        schema["additionalProperties"] = False
    return nullable(schema) if node.get("nullable") is True else schema


def _translated(node: Mapping[str, Any], *, closed: bool) -> Schema:
    """Return the schema without the words of Kubernetes; `closed` says whether the parts refuse unknown fields."""
    schema: Schema = {word: node[word] for word in _COPIED if node.get(word) not in (None, [], False)}
    required = _required(node)
    if required:
        schema["required"] = required
    schema |= bounds(node)
    is_int_or_string = node.get("x-kubernetes-int-or-string") is True or node.get("format") == "int-or-string"
    if is_int_or_string:
        schema["type"] = ["integer", "string"]
    elif node.get("type"):
        schema["type"] = node["type"]
    if node.get("format") == "date-time" and "pattern" not in node:
        schema["pattern"] = DATE_TIME
    elif isinstance(node.get("pattern"), str) and is_supported(node["pattern"]):
        schema["pattern"] = node["pattern"]
    schema |= _children(node, closed=closed)
    for word in _JUNCTORS:
        if node.get(word) and not (is_int_or_string and word == "anyOf"):
            schema[word] = [_translated(part, closed=False) for part in node[word]]
    if node.get("not"):
        schema["not"] = _translated(node["not"], closed=False)
    return schema


def _children(node: Mapping[str, Any], *, closed: bool) -> Schema:
    """Return `properties`, `additionalProperties` and `items`."""
    convert = strict if closed else lambda part: _translated(part, closed=False)
    schema: Schema = {}
    required = _required(node)
    if node.get("properties"):
        schema["properties"] = {
            name: convert(part) if name in required else nullable(convert(part))
            for name, part in node["properties"].items()
        }
    values = node.get("additionalProperties")
    if isinstance(values, dict):
        schema["additionalProperties"] = nullable(convert(values)) if values else True
    elif isinstance(values, bool):
        schema["additionalProperties"] = values
    if isinstance(node.get("items"), dict) and node["items"]:
        schema["items"] = convert(node["items"])
    return schema


def _required(node: Mapping[str, Any]) -> list[str]:
    """Return the fields that cannot be left out; one with a default can: it is filled in before the check."""
    properties = node.get("properties") or {}
    return [name for name in node.get("required") or () if "default" not in properties.get(name, {})]


def bounds(node: Mapping[str, Any]) -> Schema:
    """Return a number's limits; OpenAPI and draft 4 say `exclusiveMinimum: true` beside the limit, draft 7 instead."""
    schema: Schema = {}
    for word, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        limit, marker = node.get(word), node.get(exclusive)
        if marker is True and limit is not None:
            schema[exclusive] = limit
            continue
        if limit is not None:
            schema[word] = limit
        if isinstance(marker, (int, float)) and not isinstance(marker, bool):
            schema[exclusive] = marker
    # A fraction here would be compared exactly by one engine and in binary by the other.
    if isinstance(node.get("multipleOf"), int):
        schema["multipleOf"] = node["multipleOf"]
    return schema
