"""Rules on references between parts of one object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import containers, kind_of, members, part, parts, pod_spec
from gitops_tool.rules.api_server.problems import dotted, invalid, required, shown
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_STATEFUL_SET = ("apps", "StatefulSet")


@rule("mount-without-volume", family=Family.API_SERVER, severity=Severity.ERROR)
def mount_without_volume(resource: Resource) -> Iterator[Problem]:
    """A container mounts a volume that its pod does not have.

    In a StatefulSet the `volumeClaimTemplates` count as volumes. A block device needs a claim.

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
                elif field == "volumeDevices" and name in _without_claim(pod[0]):
                    why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
                    yield invalid(resource, (*pointer, field, index, "name"), name, why)


_CLAIMS: Table[bool] = Table(
    {
        ("", "PersistentVolumeClaim"): {"spec": True},
        ("apps", "StatefulSet"): {"spec.volumeClaimTemplates.*.spec": False},
    },
    pod={"volumes.*.ephemeral.volumeClaimTemplate.spec": False},
)
"""The specifications of claims, and whether the API server drops a source in them that is none."""
_SNAPSHOT = ("snapshot.storage.k8s.io", "VolumeSnapshot")


@rule("claim-source", family=Family.API_SERVER, severity=Severity.ERROR)
def claim_source(resource: Resource) -> Iterator[Problem]:
    """A claim is to be filled from something without a name or kind, or of a kind of no API group that is no claim.

    A `dataSource` that is neither a claim nor a snapshot is dropped without a word unless there is a `dataSourceRef`.

    Bad:

        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: copy
        spec:
          accessModes: [ReadWriteOnce]
          dataSourceRef:
            kind: VolumeSnapshot
            name: yesterday
          resources:
            requests:
              storage: 10Gi

    Good:

        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: copy
        spec:
          accessModes: [ReadWriteOnce]
          dataSourceRef:
            apiGroup: snapshot.storage.k8s.io
            kind: VolumeSnapshot
            name: yesterday
          resources:
            requests:
              storage: 10Gi

    Source: pkg/apis/core/validation/validation.go (validateDataSource, validateDataSourceRef),
    pkg/api/persistentvolumeclaim/util.go (EnforceDataSourceBackwardsCompatibility)
    """
    for spec, pointer, may_drop in _CLAIMS.fields(resource):
        if not isinstance(spec, dict):
            continue
        for field in ("dataSource", "dataSourceRef"):
            source = part(spec, (field,))
            if source is None:
                continue
            group, kind = source.get("apiGroup") or "", source.get("kind") or ""
            is_one = (group, kind) in (("", "PersistentVolumeClaim"), _SNAPSHOT)
            if field == "dataSource" and not is_one and may_drop and spec.get("dataSourceRef") is None:
                continue
            for needed in ("kind", "name"):
                if not source.get(needed):
                    yield required(resource, (*pointer, field, needed))
            if kind and not group and kind != "PersistentVolumeClaim":
                why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
                yield invalid(resource, (*pointer, field), kind, why)


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


def _without_claim(spec: Mapping[Any, Any]) -> list[Any]:
    """Return the names of a pod's volumes that are no block devices, as no claim is behind them."""
    return [
        volume.get("name")
        for _, volume in parts(spec.get("volumes"))
        if not members(volume, ("persistentVolumeClaim", "ephemeral"))
    ]


def _names(value: Any) -> list[Any]:
    return [item.get("name") for _, item in parts(value)]


def _not_found(resource: Resource, pointer: Any, name: str, things: str, known: list[Any]) -> Problem:
    texts = [shown(other) for other in known if isinstance(other, str)]
    hint = f"the pod's {things} are {', '.join(texts)}" if texts else f"the pod has no {things}"
    return Problem(f"{dotted(pointer)}: not found: {shown(name)}", resource, pointer, hint)


RULES = (mount_without_volume, claim_source, claim_without_source)
