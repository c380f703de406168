"""Rules on references between parts of one object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import containers, kind_of, parts, pod_spec
from gitops_tool.rules.api_server.problems import dotted, shown
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_STATEFUL_SET = ("apps", "StatefulSet")


@rule("mount-without-volume", family=Family.API_SERVER, severity=Severity.ERROR)
def mount_without_volume(resource: Resource) -> Iterator[Problem]:
    """A container mounts a volume that its pod does not have.

    In a StatefulSet the `volumeClaimTemplates` count as volumes.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: tmp
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: temp
                  mountPath: /tmp

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: tmp
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: tmp
                  mountPath: /tmp

    Source: pkg/apis/core/validation/validation.go, ValidateVolumeMounts and ValidateVolumeDevices
    """
    pod = pod_spec(resource)
    if pod is None:
        return
    volumes = _names(pod[0].get("volumes"))
    if kind_of(resource) == _STATEFUL_SET:
        volumes += [
            dig(claim, "metadata", "name") for _, claim in parts(dig(resource.body, "spec", "volumeClaimTemplates"))
        ]
    for container, pointer in containers(resource):
        for field in ("volumeMounts", "volumeDevices"):
            for index, mount in parts(container.get(field)):
                name = mount.get("name")
                if isinstance(name, str) and name and name not in volumes:
                    yield _not_found(resource, (*pointer, field, index, "name"), name, "volumes", volumes)


@rule("claim-without-source", family=Family.API_SERVER, severity=Severity.WARNING)
def claim_without_source(resource: Resource) -> Iterator[Problem]:
    """A container uses a resource claim that its pod does not list in `resourceClaims`.

    It is a warning, because Kubernetes before 1.34 drops both fields.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: trainer
        spec:
          resourceClaims:
            - name: gpu
              resourceClaimTemplateName: gpu
          containers:
            - name: trainer
              image: trainer:1.4
              resources:
                claims:
                  - name: gpus

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: trainer
        spec:
          resourceClaims:
            - name: gpu
              resourceClaimTemplateName: gpu
          containers:
            - name: trainer
              image: trainer:1.4
              resources:
                claims:
                  - name: gpu

    Source: pkg/apis/core/validation/validation.go, validateResourceClaimNames
    """
    pod = pod_spec(resource)
    claims = _names(pod[0].get("resourceClaims")) if pod else []
    for container, pointer in containers(resource) if claims else ():
        for index, claim in parts(dig(container, "resources", "claims")):
            name = claim.get("name")
            if isinstance(name, str) and name and name not in claims:
                place = (*pointer, "resources", "claims", index, "name")
                yield _not_found(resource, place, name, "resource claims", claims)


def _names(value: Any) -> list[Any]:
    return [item.get("name") for _, item in parts(value)]


def _not_found(resource: Resource, pointer: Any, name: str, things: str, known: list[Any]) -> Problem:
    texts = [shown(other) for other in known if isinstance(other, str)]
    hint = f"the pod's {things} are {', '.join(texts)}" if texts else f"the pod has no {things}"
    return Problem(f"{dotted(pointer)}: not found: {shown(name)}", resource, pointer, hint)


RULES = (mount_without_volume, claim_without_source)
