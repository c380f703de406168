"""Rules on CustomResourceDefinitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.objects import kind_of, part, parts
from gitops_tool.rules.api_server.problems import forbidden, invalid, required, unsupported
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_KIND = ("apiextensions.k8s.io", "CustomResourceDefinition")
_TYPES = frozenset({"array", "boolean", "integer", "number", "object", "string"})
_LIST_TYPES = frozenset({"atomic", "map", "set"})
_DEEPEST = 100


@rule("definition-names", family=Family.API_SERVER, severity=Severity.ERROR)
def definition_names(resource: Resource) -> Iterator[Problem]:
    """A CustomResourceDefinition is not called `<plural>.<group>`, or one of its names has a form that is refused.

    Bad:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: cart.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object

    Good:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object

    Source: k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation/validation.go
    (ValidateCustomResourceDefinition, ValidateCustomResourceDefinitionNames)
    """
    spec = _spec(resource)
    if spec is None:
        return
    group, plural = spec.get("group"), dig(spec, "names", "plural")
    if isinstance(group, str) and isinstance(plural, str) and resource.id.name != f"{plural}.{group}":
        why = f'must be spec.names.plural+"."+spec.group: "{plural}.{group}"'
        yield invalid(resource, ("metadata", "name"), resource.id.name, why)
    if isinstance(group, str) and group:
        wrong = formats.dns_subdomain(group) or (None if "." in group else "should be a domain with at least one dot")
        if wrong:
            yield invalid(resource, ("spec", "group"), group, wrong)
        yield from _protected(resource, group)
    yield from _names_problems(resource, part(spec, ("names",)) or {})


def _names_problems(resource: Resource, names: Mapping[Any, Any]) -> Iterator[Problem]:
    if names.get("kind") == "":
        yield required(resource, ("spec", "names", "kind"))
    for key in ("plural", "singular", "kind", "listKind"):
        yield from _name_problem(resource, ("spec", "names", key), names.get(key))
    for key in ("shortNames", "categories"):
        values = names.get(key)
        for index, value in enumerate(values if isinstance(values, list) else ()):
            place: Pointer = ("spec", "names", key, index)
            if value in (None, ""):
                yield invalid(resource, place, "", "must not be empty")
            yield from _name_problem(resource, place, value)
    if names.get("listKind") and names.get("listKind") == names.get("kind"):
        place = ("spec", "names", "listKind")
        yield invalid(resource, place, names["listKind"], "kind and listKind may not be the same")


def _protected(resource: Resource, group: str) -> Iterator[Problem]:
    """Yield a problem if a group belongs to the Kubernetes community, and nobody there has looked at the kind."""
    annotation = "api-approved.kubernetes.io"
    annotations = part(resource.body, ("metadata", "annotations")) or {}
    if group.endswith((".k8s.io", ".kubernetes.io")) and not annotations.get(annotation):
        why = f'protected groups must have approval annotation "{annotation}"'
        yield required(resource, ("metadata", "annotations", annotation), why)


def _name_problem(resource: Resource, place: Pointer, value: Any) -> Iterator[Problem]:
    if isinstance(value, str) and value:
        mixed = "kind" in str(place[-1]).lower()
        wrong = formats.dns_1035_label(value.lower() if mixed else value)
        if wrong:
            yield invalid(resource, place, value, wrong)


@rule("definition-versions", family=Family.API_SERVER, severity=Severity.ERROR)
def definition_versions(resource: Resource) -> Iterator[Problem]:
    """A CustomResourceDefinition does not store exactly one version, or one of its versions is not described well.

    Each needs a schema of type object; paths into objects begin with a dot; conversion by webhook says how.

    Bad:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true

    Good:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object

    Source: k8s.io/apiextensions-apiserver, pkg/apis/apiextensions/validation/validation.go
    """
    spec = _spec(resource)
    if spec is None:
        return
    versions = list(parts(spec.get("versions")))
    stored = [index for index, version in versions if version.get("storage") is True]
    if len(stored) != 1:
        place: Pointer = ("spec", "versions", stored[1], "storage") if stored else ("spec", "versions")
        why = "must have exactly one version marked as storage version"
        yield required(resource, place, why)
    for index, version in versions:
        yield from _version_problems(resource, version, ("spec", "versions", index))
    if spec.get("preserveUnknownFields") is True:
        why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in the schema instead"
        yield invalid(resource, ("spec", "preserveUnknownFields"), True, why)
    if dig(spec, "conversion", "strategy") == "Webhook":
        for way in (("webhook", "clientConfig"), ("webhook", "conversionReviewVersions")):
            if not dig(spec, "conversion", *way):
                yield required(resource, ("spec", "conversion", *way), "required when strategy is set to Webhook")


def _version_problems(resource: Resource, version: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    name = version.get("name")
    if isinstance(name, str) and (wrong := formats.dns_1035_label(name)):
        yield invalid(resource, (*place, "name"), name, wrong)
    if version.get("deprecationWarning") and version.get("deprecated") is not True:
        why = "can only be set for deprecated versions"
        yield invalid(resource, (*place, "deprecationWarning"), version["deprecationWarning"], why)
    schema = part(version, ("schema", "openAPIV3Schema"))
    if schema is None:
        yield required(resource, (*place, "schema", "openAPIV3Schema"), "schemas are required")
    elif schema.get("type") != "object":
        yield required(resource, (*place, "schema", "openAPIV3Schema", "type"), 'must be "object" at the root')
    paths: list[Pointer] = [
        ("additionalPrinterColumns", index, "jsonPath") for index, _ in parts(version.get("additionalPrinterColumns"))
    ]
    scale: list[Pointer] = [("subresources", "scale", f"{side}ReplicasPath") for side in ("spec", "status")]
    for way in (*paths, *scale):
        value = dig(version, *way)
        if isinstance(value, str) and value and not value.startswith("."):
            yield invalid(resource, (*place, *way), value, "must be a simple json path starting with .")


@rule("definition-schema", family=Family.API_SERVER, severity=Severity.ERROR)
def definition_schema(resource: Resource) -> Iterator[Problem]:
    """The schema in a CustomResourceDefinition is not structural: a part of it has no type, or what none may have.

    Every property, item and value needs a type; there are no references, and no fields beside free-form ones.

    Bad:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      properties:
                        size:
                          type: integer

    Good:

        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec:
                      type: object
                      properties:
                        size:
                          type: integer

    Source: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
    (Specifying a structural schema); k8s.io/apiextensions-apiserver, pkg/apiserver/schema/validation.go
    """
    spec = _spec(resource)
    for index, version in parts(spec.get("versions")) if spec else ():
        schema = part(version, ("schema", "openAPIV3Schema"))
        if schema is not None:
            place: Pointer = ("spec", "versions", index, "schema", "openAPIV3Schema")
            metadata = part(schema, ("properties", "metadata", "properties")) or {}
            if set(metadata) - {"name", "generateName"}:
                why = "must not specify anything other than name and generateName, but metadata is implicitly specified"
                yield forbidden(resource, (*place, "properties", "metadata", "properties"), why)
            yield from _node_problems(resource, schema, place, is_root=True)


def _node_problems(
    resource: Resource, node: Mapping[Any, Any], place: Pointer, *, is_root: bool = False
) -> Iterator[Problem]:
    """Yield what is not structural in a schema and the parts of it."""
    if len(place) > _DEEPEST:
        return
    kind, free = node.get("type"), node.get("x-kubernetes-preserve-unknown-fields")
    mixed = node.get("x-kubernetes-int-or-string") is True
    if isinstance(kind, str) and kind and kind not in _TYPES:
        yield unsupported(resource, (*place, "type"), kind, _TYPES)
    elif not kind and not mixed and free is not True and not is_root:
        yield required(resource, (*place, "type"), "must not be empty for specified object fields")
    yield from _word_problems(resource, node, place)
    for name, child in (part(node, ("properties",)) or {}).items():
        if isinstance(child, dict) and isinstance(name, str):
            yield from _node_problems(resource, child, (*place, "properties", name))
    for key in ("items", "additionalProperties"):
        child = node.get(key)
        if isinstance(child, dict):
            yield from _node_problems(resource, child, (*place, key))


def _word_problems(resource: Resource, node: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    """Yield what one part of a schema says and may not, or does not say and should."""
    if node.get("$ref"):
        yield forbidden(resource, (*place, "$ref"), "$ref is not supported")
    if node.get("uniqueItems") is True:
        yield forbidden(resource, (*place, "uniqueItems"), "uniqueItems cannot be set to true")
    if node.get("x-kubernetes-preserve-unknown-fields") is False:
        pointer = (*place, "x-kubernetes-preserve-unknown-fields")
        yield invalid(resource, pointer, False, "must be true or undefined")
    if node.get("properties") and node.get("additionalProperties") not in (None, True):
        yield forbidden(
            resource, (*place, "additionalProperties"), "additionalProperties and properties exclude each other"
        )
    if node.get("type") == "array" and node.get("items") is None:
        yield required(resource, (*place, "items"), "must be specified")
    lists = node.get("x-kubernetes-list-type")
    if isinstance(lists, str) and lists not in _LIST_TYPES:
        yield unsupported(resource, (*place, "x-kubernetes-list-type"), lists, _LIST_TYPES)
    if lists == "map" and not node.get("x-kubernetes-list-map-keys"):
        why = "must not be empty if x-kubernetes-list-type is map"
        yield required(resource, (*place, "x-kubernetes-list-map-keys"), why)
    yield from _default_problems(resource, node, place)


def _default_problems(resource: Resource, node: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    default: Any = node.get("default")
    kind = node.get("type")
    if default is not None and isinstance(kind, str) and not _is_of(default, kind):
        yield invalid(resource, (*place, "default"), default, f"must be of type {kind}")
    for word, sign in (("minimum", 1), ("maximum", -1)):
        limit: Any = node.get(word)
        if _is_number(default) and _is_number(limit) and sign * default < sign * limit:
            side = "greater" if sign > 0 else "less"
            yield invalid(resource, (*place, "default"), default, f"should be {side} than or equal to {limit}")


def _is_number(value: Any) -> bool:
    return type(value) in {int, float}


def _is_of(value: Any, kind: str) -> bool:
    if kind == "number":
        return _is_number(value)
    if kind == "integer":
        return type(value) is int or (type(value) is float and value.is_integer())
    known = {"array": list, "boolean": bool, "object": dict, "string": str}
    return kind not in known or isinstance(value, known[kind])


def _spec(resource: Resource) -> Mapping[Any, Any] | None:
    return part(resource.body, ("spec",)) if kind_of(resource) == _KIND else None


RULES = (definition_names, definition_versions, definition_schema)
