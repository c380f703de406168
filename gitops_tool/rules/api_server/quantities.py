"""Rules on quantities of resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats, quantity
from gitops_tool.rules.api_server.objects import containers, is_sidecar, kind_of, part, pod_spec
from gitops_tool.rules.api_server.problems import forbidden, invalid, required, unsupported
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_ANY, _NOT_NEGATIVE, _POSITIVE = -1, 0, 1
_RESOURCES = {"resources.limits.*": _NOT_NEGATIVE, "resources.requests.*": _NOT_NEGATIVE}
# Nobody looks at the limits of a claim.
_CLAIM = {"resources.limits.*": _ANY, "resources.requests.*": _POSITIVE}
_METRICS = ("containerResource", "external", "object", "pods", "resource")
_LIMITS = ("default", "defaultRequest", "max", "maxLimitRequestRatio", "min")
_QUANTITIES: Table[int] = Table(
    {
        ("", "LimitRange"): {f"spec.limits.*.{field}.*": _ANY for field in _LIMITS},
        ("", "PersistentVolume"): {"spec.capacity.*": _POSITIVE},
        ("", "PersistentVolumeClaim"): {f"spec.{field}": sign for field, sign in _CLAIM.items()},
        ("", "ResourceQuota"): {"spec.hard.*": _NOT_NEGATIVE},
        ("apps", "StatefulSet"): {f"spec.volumeClaimTemplates.*.spec.{field}": sign for field, sign in _CLAIM.items()},
        ("autoscaling", "HorizontalPodAutoscaler"): {
            f"spec.metrics.*.{metric}.target.{field}": _POSITIVE
            for metric in _METRICS
            for field in ("averageValue", "value")
        }
        | {f"spec.behavior.{way}.tolerance": _NOT_NEGATIVE for way in ("scaleDown", "scaleUp")},
    },
    pod={
        **_RESOURCES,
        "overhead.*": _NOT_NEGATIVE,
        "volumes.*.emptyDir.sizeLimit": _NOT_NEGATIVE,
        **{f"volumes.*.ephemeral.volumeClaimTemplate.spec.{field}": sign for field, sign in _CLAIM.items()},
    },
    container={**_RESOURCES, "env.*.valueFrom.resourceFieldRef.divisor": _NOT_NEGATIVE},
)


@rule("invalid-quantity", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_quantity(resource: Resource) -> Iterator[Problem]:
    """An amount of memory, CPU or storage cannot be read, is negative, or is 0 where that is of no use.

    Suffixes are `m`, `k`, `M`, `G`, `T` for powers of 1000 and `Ki`, `Mi`, `Gi`, `Ti` for powers of 1024. There is no
    `MB`, and `128m` of memory is an eighth of a byte.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  memory: 128mb

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  memory: 128Mi

    Source: k8s.io/apimachinery/pkg/api/resource/quantity.go (ParseQuantity),
    pkg/apis/core/validation/validation.go (ValidateResourceQuantityValue)
    """
    for value, pointer, least in _QUANTITIES.fields(resource):
        size = quantity.milli(value)
        if size is None and isinstance(value, str):
            meant = quantity.meant(value)
            hint = f'write "{meant}"' if meant else None
            yield invalid(resource, pointer, value, quantity.refusal(value), hint=hint)
        elif size is not None and size < 0 and least != _ANY:
            yield invalid(resource, pointer, value, "must be greater than or equal to 0")
        elif size == 0 and least == _POSITIVE and pointer[-1] in {"averageValue", "storage", "value"}:
            yield invalid(resource, pointer, value, "must be greater than zero")


@rule("request-over-limit", family=Family.API_SERVER, severity=Severity.ERROR)
def request_over_limit(resource: Resource) -> Iterator[Problem]:
    """A container, or a pod, requests more of a resource than its own limit.

    Of extended resources (`nvidia.com/gpu`) and huge pages the request must equal the limit, and
    there must be one.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                requests:
                  memory: 1Gi
                limits:
                  memory: 512Mi

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                requests:
                  memory: 512Mi
                limits:
                  memory: 1Gi

    Source: pkg/apis/core/validation/validation.go, validateResourceRequirements
    """
    for resources, pointer in _requirements(resource):
        limits, requests = (part(resources, (field,)) or {} for field in ("limits", "requests"))
        for name, request in requests.items():
            if not isinstance(name, str):
                continue
            place = (*pointer, "requests", name)
            limit, asked = quantity.milli(limits.get(name)), quantity.milli(request)
            if limits.get(name) is None:
                if not _may_overcommit(name):
                    yield required(resource, (*pointer, "limits", name), "must be set for non overcommitable resources")
            elif limit is None or asked is None:
                continue
            elif asked != limit and not _may_overcommit(name):
                yield invalid(resource, place, request, f"must be equal to {name} limit of {limits[name]}")
            elif asked > limit:
                why = f"must be less than or equal to {name} limit of {limits[name]}"
                yield invalid(resource, place, request, why)


def _requirements(resource: Resource) -> Iterator[tuple[Mapping[str, Any], Pointer]]:
    pod = pod_spec(resource)
    if pod:
        # Pods' own resources are known from 1.32; no API server takes a request over the limit there.
        own = part(pod[0], ("resources",))
        if own:
            yield own, (*pod[1], "resources")
    for container, pointer in containers(resource):
        resources = part(container, ("resources",))
        if resources:
            yield resources, (*pointer, "resources")


def _may_overcommit(name: str) -> bool:
    return ("/" not in name or "kubernetes.io/" in name) and not name.startswith("hugepages-")


@rule("pod-resources", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_resources(resource: Resource) -> Iterator[Problem]:
    """A pod's own resources are less than what its containers ask for, or of a kind that a pod as a whole has not.

    A pod has `cpu`, `memory` and huge pages. Its requests must be at least the sum of its containers', and no
    container's limit may be above the pod's. Kubernetes before 1.34 leaves the field out unless a feature gate is set.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          resources:
            limits:
              memory: 512Mi
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  memory: 1Gi

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          resources:
            limits:
              memory: 1Gi
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  memory: 1Gi

    Source: pkg/apis/core/validation/validation.go, validatePodResources
    """
    pod = pod_spec(resource)
    own = part(pod[0], ("resources",)) if pod else None
    if own is None or pod is None:
        return
    place = (*pod[1], "resources")
    if own.get("claims") is not None:
        yield forbidden(resource, (*place, "claims"), "claims may not be set for Resources at pod-level")
    for field in ("limits", "requests"):
        for name in part(own, (field,)) or {}:
            if isinstance(name, str) and name not in _OF_PODS and not name.startswith("hugepages-"):
                yield unsupported(resource, (*place, field, name), name, {*_OF_PODS, "hugepages-<size>"})
    yield from _sum_problems(resource, own, place)


def _sum_problems(resource: Resource, own: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    limits, requests = (part(own, (field,)) or {} for field in ("limits", "requests"))
    sums: dict[Any, int] = {}
    for container, pointer in containers(resource):
        runs = pointer[-2] == "containers"
        asked = part(container, ("resources", "requests")) or {} if runs or is_sidecar(container) else {}
        for name, value in asked.items():
            sums[name] = sums.get(name, 0) + (quantity.milli(value) or 0)
        for name, value in (part(container, ("resources", "limits")) or {}).items() if runs else ():
            most, limit = quantity.milli(limits.get(name)), quantity.milli(value)
            if most is not None and limit is not None and limit > most:
                why = f"must be less than or equal to pod limits of {limits[name]}"
                yield invalid(resource, (*pointer, "resources", "limits", name), value, why)
    for name, amount in sums.items():
        least = quantity.milli(requests.get(name))
        if least is not None and amount > least:
            why = f"must be greater than or equal to aggregate container requests, {quantity.plain(amount)}"
            yield invalid(resource, (*place, "requests", name), requests[name], why)


_OF_PODS = frozenset({"cpu", "memory"})
_STANDARD = frozenset({"cpu", "ephemeral-storage", "memory"})


@rule("invalid-resource-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_resource_name(resource: Resource) -> Iterator[Problem]:
    """A container's requests or limits, or the overhead of a pod, name a resource that does not exist.

    Without a prefix there are `cpu`, `memory`, `ephemeral-storage` and `hugepages-<size>`; all else
    needs a domain: `nvidia.com/gpu`, in whole numbers.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  mem: 128Mi

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              resources:
                limits:
                  memory: 128Mi

    Source: pkg/apis/core/validation/validation.go, ValidateContainerResourceName and ValidateResourceQuantityValue
    """
    for container, pointer in containers(resource):
        for field in ("limits", "requests"):
            found = part(container, ("resources", field))
            if found:
                yield from _names_problems(resource, found, (*pointer, "resources", field))
    pod = pod_spec(resource)
    overhead = part(pod[0], ("overhead",)) if pod else None
    if overhead and pod:
        yield from _names_problems(resource, overhead, (*pod[1], "overhead"))
    elif kind_of(resource) == ("node.k8s.io", "RuntimeClass"):
        place: Pointer = ("overhead", "podFixed")
        yield from _names_problems(resource, part(resource.body, place) or {}, place)


def _names_problems(resource: Resource, amounts: Mapping[Any, Any], pointer: Pointer) -> Iterator[Problem]:
    for name, value in amounts.items():
        wrong = resource_refusal(name) if isinstance(name, str) else None
        if wrong:
            yield invalid(resource, (*pointer, name), name, wrong)
        elif isinstance(name, str) and _is_extended(name) and (quantity.milli(value) or 0) % 1000:
            yield invalid(resource, (*pointer, name), value, "must be an integer")


def _is_extended(name: str) -> bool:
    return "/" in name and "kubernetes.io/" not in name


def resource_refusal(name: str) -> str | None:
    """Return why a container cannot have a resource of that name, None if it can."""
    wrong = formats.qualified_name(name)
    if wrong:
        return wrong
    if "/" not in name:
        standard = name in _STANDARD or name.startswith("hugepages-")
        return None if standard else "must be a standard resource for containers"
    if _is_extended(name) and (name.startswith("requests.") or formats.qualified_name(f"requests.{name}")):
        return "doesn't follow extended resource name standard"
    return None


RULES = (invalid_quantity, request_over_limit, pod_resources, invalid_resource_name)
