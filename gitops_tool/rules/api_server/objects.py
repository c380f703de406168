"""Where in an object its pods, containers and templates are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

Kind = tuple[str, str]
"""An API group, empty for the core group, and a kind in it."""

Part = tuple[Mapping[Any, Any], "Pointer"]
"""A mapping inside an object, and the way to it."""

_TEMPLATE: Pointer = ("spec", "template")
TEMPLATES: dict[Kind, Pointer] = {
    ("apps", "DaemonSet"): _TEMPLATE,
    ("apps", "Deployment"): _TEMPLATE,
    ("apps", "ReplicaSet"): _TEMPLATE,
    ("apps", "StatefulSet"): _TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): _TEMPLATE,
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _TEMPLATE,
}
"""The kinds that make pods, and the way to their pod template."""

RBAC = "rbac.authorization.k8s.io"

POD: Kind = ("", "Pod")
POD_SPECS: dict[Kind, Pointer] = {POD: ("spec",)} | {kind: (*way, "spec") for kind, way in TEMPLATES.items()}
"""The kinds that are or make pods, and the way to the pod's spec."""

CONTAINER_LISTS = ("containers", "initContainers")

_STABLE = frozenset({"v1", "v2"})


def kind_of(resource: Resource) -> Kind | None:
    """Return the resource's group and kind, None for an API version that has no rules (alpha and beta)."""
    identity = resource.id
    return (identity.group, identity.kind) if identity.version in _STABLE else None


def part(body: Any, pointer: Pointer) -> Mapping[Any, Any] | None:
    """Return the mapping at a pointer, None where there is none."""
    for key in pointer:
        if not isinstance(body, dict):
            return None
        body = body.get(key)
    return body if isinstance(body, dict) else None


def parts(value: Any) -> Iterator[tuple[int, Mapping[Any, Any]]]:
    """Yield the mappings of a list with their indices; nothing where the value is no list.

    A null is an empty one, as the API server reads it.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item
            elif item is None:
                yield index, {}


def pod_template(resource: Resource) -> Part | None:
    """Return the pod template of a workload, None for other kinds."""
    return _located(resource, TEMPLATES)


def pod_spec(resource: Resource) -> Part | None:
    """Return the pod's spec in a Pod or in a workload's template, None for other kinds."""
    return _located(resource, POD_SPECS)


def _located(resource: Resource, ways: Mapping[Kind, Pointer]) -> Part | None:
    kind = kind_of(resource)
    pointer = ways.get(kind) if kind else None
    if pointer is None:
        return None
    found = part(resource.body, pointer)
    return None if found is None else (found, pointer)


def containers(resource: Resource, *lists: str) -> Iterator[Part]:
    """Yield a pod's containers and init containers, or those of the named lists only."""
    pod = pod_spec(resource)
    if pod is None:
        return
    spec, pointer = pod
    for name in lists or CONTAINER_LISTS:
        for index, container in parts(spec.get(name)):
            yield container, (*pointer, name, index)


def is_sidecar(container: Mapping[Any, Any]) -> bool:
    """Tell whether an init container keeps running beside the others."""
    return container.get("restartPolicy") == "Always"


def members(union: Mapping[Any, Any], names: Iterable[str]) -> list[str]:
    """Return the names of a union's members that are set; null is not."""
    return [name for name in names if union.get(name) is not None]
