"""Which objects make pods, with which labels, containers and ports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitops_tool.rules.api_server.objects import CONTAINER_LISTS, POD, TEMPLATES, part, parts
from gitops_tool.rules.base import dig

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Kind, Part
    from gitops_tool.rules.base import Pointer

_WAYS: dict[Kind, Pointer] = {
    POD: (),
    **{kind: way for kind, way in TEMPLATES.items() if kind != ("", "PodTemplate")},
    ("argoproj.io", "Rollout"): ("spec", "template"),
    ("apps.openshift.io", "DeploymentConfig"): ("spec", "template"),
    ("", "DeploymentConfig"): ("spec", "template"),
    ("serving.knative.dev", "Service"): ("spec", "template"),
}
"""The kinds that make pods, and the way to what has the pods' `metadata` and `spec`."""

LONG_RUNNING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig"})
"""The kinds whose pods are to run until they are replaced."""


class PodMaker:
    """An object's pods.

    Args:
        resource: the object.
        pointer: the way to what holds the pods' `metadata` and `spec`; empty in a Pod.
    """

    def __init__(self, resource: Resource, pointer: Pointer) -> None:
        self.resource = resource
        self.pointer = pointer

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """The pods' labels."""
        found = dig(self.resource.body, *self.pointer, "metadata", "labels")
        pairs = found.items() if isinstance(found, dict) else ()
        labels = {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, str)}
        if self.resource.id.kind == "DeploymentConfig":
            labels.setdefault("deploymentconfig", self.resource.id.name)
        return labels

    @cached_property
    def spec(self) -> Part:
        """The pods' `spec`, with the way to it."""
        pointer = (*self.pointer, "spec")
        return part(self.resource.body, pointer) or {}, pointer

    def containers(self, *lists: str) -> Iterator[Part]:
        """Yield the pods' containers and init containers, or those of the named lists only."""
        spec, pointer = self.spec
        for name in lists or CONTAINER_LISTS:
            for index, container in parts(spec.get(name)):
                yield container, (*pointer, name, index)

    @cached_property
    def ports(self) -> list[tuple[str, int | None, str]]:
        """Name (or nothing), number and protocol of every declared port."""
        return [
            (
                name if isinstance(name := port.get("name"), str) else "",
                number_of(port),
                str(port.get("protocol") or "TCP"),
            )
            for container, _ in self.containers()
            for _, port in parts(container.get("ports"))
        ]

    @property
    def port_names(self) -> list[str]:
        """The names of the ports that have one."""
        return [name for name, _, _ in self.ports if name]


def pod_maker(resource: Resource) -> PodMaker | None:
    """Return the pods that an object makes; None if it makes none."""
    way = _WAYS.get((resource.id.group, resource.id.kind))
    if way is None or part(resource.body, (*way, "spec")) is None:
        return None
    return PodMaker(resource, way)


def number_of(port: Mapping[Any, Any]) -> int | None:
    """Return a container port's number."""
    number = port.get("containerPort")
    return number if type(number) is int else None
