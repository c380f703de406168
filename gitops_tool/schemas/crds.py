"""Schemas that a repository brings along: CustomResourceDefinition objects and JSON Schema files."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError
from gitops_tool.schemas.nodes import DRAFT, GroupVersionKind, Schema
from gitops_tool.schemas.regex import is_supported
from gitops_tool.schemas.strict import DATE_TIME, bounds, strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gitops_tool.model import Location

_LEFT_OUT = {
    *("$id", "$schema", "format", "id", "multipleOf"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
}
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "definitions", "$defs", "dependentSchemas")
_SUBSCHEMA_LISTS = ("allOf", "anyOf", "oneOf", "items", "prefixItems")
_SUBSCHEMAS = (
    *("additionalProperties", "items", "additionalItems", "contains", "propertyNames", "not", "if", "then", "else"),
    *("unevaluatedProperties", "unevaluatedItems"),
)


def crd_schemas(crd: Mapping[str, Any]) -> dict[GroupVersionKind, Schema]:
    """Return the schema of each version that a CustomResourceDefinition serves.

    A version without a schema, which `apiextensions.k8s.io/v1beta1` allowed, gives one that takes any fields. What is
    not a CustomResourceDefinition, or a broken one, gives nothing: to report that is the part of its own schema.
    """
    found = {}
    for version in _served(crd):
        gvk = GroupVersionKind.of(*_kind(crd, version))
        if gvk is not None:
            with contextlib.suppress(RecursionError):  # nested more deeply than any real one
                found[gvk] = custom_resource(_open_api(version) or _open_api(crd["spec"], "validation"))
    return found


def served_versions(crd: Mapping[str, Any]) -> list[tuple[object, object]]:
    """Return `apiVersion` and `kind` of what a CustomResourceDefinition serves, as written."""
    return [_kind(crd, version) for version in _served(crd)]


def _served(crd: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    spec = crd.get("spec")
    if crd.get("kind") != "CustomResourceDefinition" or not isinstance(spec, dict):
        return []
    versions = spec.get("versions")
    if versions is None and spec.get("version"):  # as apiextensions.k8s.io/v1beta1 had it
        versions = [{"name": spec["version"]}]
    if not isinstance(spec.get("names"), dict) or not isinstance(versions, list):
        return []
    return [version for version in versions if isinstance(version, dict) and version.get("served") is not False]


def _kind(crd: Mapping[str, Any], version: Mapping[str, Any]) -> tuple[object, object]:
    spec = crd["spec"]
    return f"{spec.get('group')}/{version.get('name')}", spec["names"].get("kind")


def _open_api(holder: Mapping[str, Any], key: str = "schema") -> Mapping[str, Any]:
    schema = holder.get(key)
    open_api = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
    return open_api if isinstance(open_api, dict) else {}


def custom_resource(open_api: Mapping[str, Any]) -> Schema:
    """Return the JSON Schema of a custom resource; its `metadata` is for the catalogue to fill in."""
    # An API server takes the three for granted and ignores what a CRD says about them.
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": anything}
    properties = {**(open_api.get("properties") or {}), **known}
    root = {**open_api, "type": "object", "properties": properties}
    if not open_api:
        root["x-kubernetes-preserve-unknown-fields"] = True
    return {"$schema": DRAFT, **strict(root)}


def parse_schema(data: bytes, location: Location) -> Schema:
    """Read a JSON Schema file.

    Raises:
        ConfigError: it is not JSON, or not an object.
    """
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ConfigError("the schema is not JSON", location=location, hint=str(error)) from error
    if not isinstance(schema, dict):
        raise ConfigError("the schema is not a JSON object", location=location)
    return schema


def portable(schema: Mapping[str, Any]) -> Schema:
    """Return a schema of draft 7 without what the two engines read differently: formats, patterns out of Go's dialect.

    Raises:
        ConfigError: it refers to what is not in it: another file, the network, or a definition that it lacks.
    """
    for reference in _references(schema):
        if not reference.startswith("#"):
            hint = "put what it refers to into the same file"
            raise ConfigError(f'a schema refers to "{reference}"', hint=hint)
        if not _resolves(reference, schema):
            raise ConfigError(f'a schema refers to "{reference}", which it does not have')
    return {"$schema": DRAFT, **_portable(schema)}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolves(reference: str, schema: Any) -> bool:
    node = schema
    for part in reference.removeprefix("#").split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        node = node.get(key) if isinstance(node, dict) else None
    return isinstance(node, dict) and (reference == "#" or reference.startswith("#/"))


def _portable(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    result = {key: _portable_part(key, value) for key, value in node.items() if key not in _LEFT_OUT}
    result |= bounds(node)
    pattern = result.get("pattern")
    if isinstance(pattern, str) and not is_supported(pattern):
        del result["pattern"]
    if node.get("format") == "date-time" and "pattern" not in result:
        result["pattern"] = DATE_TIME
    return result


def _portable_part(key: str, value: Any) -> Any:
    if key in _SUBSCHEMA_MAPS and isinstance(value, dict):
        kept = value.items() if key != "patternProperties" else _supported(value)
        return {name: _portable(part) for name, part in kept}
    if key in _SUBSCHEMA_LISTS and isinstance(value, list):
        return [_portable(part) for part in value]
    return _portable(value) if key in _SUBSCHEMAS else value


def _supported(patterns: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(pattern, part) for pattern, part in patterns.items() if is_supported(pattern)]
