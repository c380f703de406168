"""Schemas that a repository brings along: CustomResourceDefinitions, and files of its own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from gitops_tool.errors import ConfigError
from gitops_tool.model import Location
from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.crds import crd_schemas, parse_schema

from .conftest import Engine

OPEN_API: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "metadata": {"type": "object", "properties": {"name": {"maxLength": 3}}},
        "spec": {
            "type": "object",
            "required": ["size", "filled"],
            "properties": {
                "size": {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
                "filled": {"type": "string", "default": "x"},
                "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "since": {"type": "string", "format": "date-time"},
                "mode": {"type": "string", "enum": ["a", "b"]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "nothing": {"type": "object"},
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}},
                "maybe": {"type": "array", "items": {"type": "string", "nullable": True}},
                "object": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
                "email": {"type": "string", "format": "email"},
                "name": {"type": "string", "pattern": r"^\pL+$"},
            },
            "oneOf": [{"required": ["mode"]}, {"required": ["since"]}, {"required": ["size"]}],
        },
    },
}
SPEC: dict[str, Any] = {"size": 1}


def _crd(**version: Any) -> dict[str, Any]:
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": OPEN_API}, **version}
    names = {"kind": "Gadget", "plural": "gadgets"}
    spec = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [served]}
    return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}


@pytest.fixture
def gadgets(cache: Path) -> Catalogue:
    return Catalogue("1.34", extra=crd_schemas(_crd()), cache=cache)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"port": 80}, []),
        ({"port": "http"}, []),
        ({"port": 1.5}, [("/spec/port", "expected integer or string, got number")]),
        ({"port": None, "labels": None}, []),
        ({"size": 0}, [("/spec/size", "must be more than 0")]),
        ({"size": None}, [("/spec/size", "expected integer, got null")]),
        ({"filled": None}, []),
        ({"since": "2024-02-30T25:00:00Z"}, [("/spec/since", 'expected a time such as "2006-01-02T15:04:05Z"')]),
        (
            {"mode": "c"},
            [
                ("/spec", "has more than one of the forms that exclude each other"),
                ("/spec/mode", 'expected one of "a", "b"'),
            ],
        ),
        ({"labels": {"a": "b", "c": None}}, []),
        ({"labels": {"a": 1}}, [("/spec/labels/a", "expected string, got integer")]),
        ({"anything": {"a": {"b": [1, None]}}}, []),
        ({"nothing": {}}, []),
        ({"nothing": {"a": 1}}, [("/spec/nothing/a", 'unknown field "a"')]),
        ({"list": [{"a": "b", "c": 1}]}, [("/spec/list/0/c", 'unknown field "c"')]),
        ({"list": [None]}, [("/spec/list/0", "expected object, got null")]),
        ({"maybe": [None, "a"]}, []),
        ({"object": {"apiVersion": "v1", "kind": "X", "metadata": {"a": 1}, "spec": {}}}, []),
        ({"object": {"apiVersion": 1}}, [("/spec/object/apiVersion", "expected string, got integer")]),
        ({"email": "nobody"}, []),  # formats are read differently by every validator
        ({"name": "1"}, []),  # neither engine has Unicode classes
    ],
    ids=str,
)
def test_a_custom_resource_is_checked_as_the_api_server_would(
    spec: dict[str, Any], expected: list[tuple[str, str]], engine: Engine, gadgets: Catalogue
) -> None:
    if "mode" in spec:
        spec = {**SPEC, **spec}
    manifest = {
        "apiVersion": "example.com/v1",
        "kind": "Gadget",
        "metadata": {"name": "long"},
        "spec": {**SPEC, **spec},
    }
    if "since" in spec:
        expected = [("/spec", "has more than one of the forms that exclude each other"), *expected]

    assert [(each.pointer, each.message) for each in engine([manifest], gadgets)] == expected


def test_metadata_is_checked_by_kubernetes_own_schema(engine: Engine, gadgets: Catalogue) -> None:
    manifest = {"apiVersion": "example.com/v1", "kind": "Gadget", "metadata": {"lables": {}}, "spec": SPEC}

    assert [each.pointer for each in engine([manifest], gadgets)] == ["/metadata/lables"]


def test_every_served_version_counts_and_no_other() -> None:
    crd = _crd()
    crd["spec"]["versions"] += [{"name": "v2", "served": True}, {"name": "v1alpha1", "served": False}]

    assert [str(gvk) for gvk in crd_schemas(crd)] == ["example.com/v1/Gadget", "example.com/v2/Gadget"]


def test_a_version_without_a_schema_takes_anything(engine: Engine, cache: Path) -> None:
    catalogue = Catalogue("1.34", extra=crd_schemas(_crd(schema=None)), cache=cache)

    assert engine([{"apiVersion": "example.com/v1", "kind": "Gadget", "a": {"b": 1}}], catalogue) == []


@pytest.mark.parametrize(
    "spec",
    [None, [], {}, {"versions": [None]}, {"group": "x/y", "names": {"kind": 1}, "versions": [{"name": 1}]}],
    ids=str,
)
def test_a_broken_definition_gives_no_schema(spec: object) -> None:
    assert crd_schemas({"kind": "CustomResourceDefinition", "spec": spec}) == {}
    assert crd_schemas({"kind": "ConfigMap", "spec": _crd()["spec"]}) == {}


@pytest.mark.parametrize(
    "schema",
    [
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "properties": {"v": {"minimum": 1, "exclusiveMinimum": True}},
        },
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"v": {"exclusiveMinimum": 1}}},
        {"properties": {"v": {"$ref": "#/$defs/v"}}, "$defs": {"v": {"exclusiveMinimum": 1, "format": "ipv4"}}},
        {"$id": "https://example.com/gadget.json", "patternProperties": {"^v": {"minimum": 1.5}}},
    ],
    ids=lambda schema: str(sorted(schema)),
)
def test_a_schema_of_any_draft_is_read_alike(schema: dict[str, Any], engine: Engine, cache: Path) -> None:
    catalogue = Catalogue("1.34", extra={("example.com/v1", "Gadget"): schema}, cache=cache)
    manifests = [{"apiVersion": "example.com/v1", "kind": "Gadget", "v": value} for value in (1, 2, 3.0)]

    assert [(each.index, each.pointer) for each in engine(manifests, catalogue)] == [(0, "/v")]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "https://example.com/x.json"}, 'a schema refers to "https://example.com/x.json"'),
        ({"items": [{"$ref": "other.json#/a"}]}, 'a schema refers to "other.json#/a"'),
        ({"$ref": "#/definitions/x"}, 'a schema refers to "#/definitions/x", which it does not have'),
        ({"type": "text"}, 'the schema of "Gadget" is not a JSON Schema: $.type is wrong'),
        (
            {"properties": {"a": {"minLength": "1"}}},
            'the schema of "Gadget" is not a JSON Schema: $.properties.a.minLength is wrong',
        ),
        ({"$ref": "#"}, 'the schema of "Gadget" refers to itself without end'),
    ],
    ids=str,
)
def test_a_schema_that_cannot_be_used_is_named(
    schema: dict[str, Any], message: str, engine: Engine, cache: Path
) -> None:
    catalogue = Catalogue("1.34", extra={("example.com/v1", "Gadget"): schema}, cache=cache)

    with pytest.raises(ConfigError) as raised:
        engine([{"apiVersion": "example.com/v1", "kind": "Gadget"}], catalogue)

    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("data", "message"), [(b"{", "the schema is not JSON"), (b"[]", "the schema is not a JSON object")]
)
def test_a_file_that_is_no_schema_is_named(data: bytes, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse_schema(data, Location(PurePosixPath("schemas/crds/example.com/gadget_v1.json")))

    assert str(raised.value) == f"schemas/crds/example.com/gadget_v1.json: {message}"
