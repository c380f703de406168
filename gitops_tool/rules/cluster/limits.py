"""Rules on LimitRanges and ResourceQuotas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats, quantity
from gitops_tool.rules.api_server.objects import kind_of, part, parts
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_TYPES = frozenset({"Container", "PersistentVolumeClaim", "Pod"})
_ORDER = (("min", "max"), ("min", "defaultRequest"), ("min", "default"), ("defaultRequest", "max"),
          ("defaultRequest", "default"), ("default", "max"))  # fmt: skip
"""Bounds of which the first may not be greater than the second."""


@rule("limit-range", family=Family.API_SERVER, severity=Severity.ERROR)
def limit_range(resource: Resource) -> Iterator[Problem]:
    """The bounds of a LimitRange contradict each other, or are for a type that does not have them.

    The least must not be above a default, nor a default above the greatest. Pods have no defaults, claims need a
    bound on storage.

    Bad:

        apiVersion: v1
        kind: LimitRange
        metadata:
          name: limits
        spec:
          limits:
            - type: Container
              default:
                memory: 1Gi
              max:
                memory: 512Mi

    Good:

        apiVersion: v1
        kind: LimitRange
        metadata:
          name: limits
        spec:
          limits:
            - type: Container
              default:
                memory: 256Mi
              max:
                memory: 512Mi

    Source: pkg/apis/core/validation/validation.go, ValidateLimitRange
    """
    if kind_of(resource) != ("", "LimitRange"):
        return
    for index, limit in parts(dig(resource.body, "spec", "limits")):
        place: Pointer = ("spec", "limits", index)
        form = limit.get("type")
        if isinstance(form, str) and form not in _TYPES and ("/" not in form or formats.qualified_name(form)):
            yield invalid(resource, (*place, "type"), form, "must be a standard limit type or fully qualified")
        for field in ("default", "defaultRequest") if form == "Pod" else ():
            if limit.get(field):
                yield forbidden(resource, (*place, field), "may not be specified when `type` is 'Pod'")
        if form == "PersistentVolumeClaim" and not any("storage" in _amounts(limit, side) for side in ("min", "max")):
            yield required(resource, place, "either minimum or maximum storage value is required")
        yield from _bound_problems(resource, limit, place)


def _bound_problems(resource: Resource, limit: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    for low, high in _ORDER:
        upper = _amounts(limit, high)
        for name, least in _amounts(limit, low).items():
            if name in upper and least > upper[name]:
                value = limit[low][name]
                why = f"{low} value {value} is greater than {high} value {limit[high][name]}"
                yield invalid(resource, (*place, low, name), value, why)
    yield from _ratio_problems(resource, limit, place)
    if limit.get("type") == "Container":
        for field in ("min", "max", "default", "defaultRequest"):
            for name in _amounts(limit, field):
                if "/" not in name and name not in _CONTAINER and not name.startswith("hugepages-"):
                    why = "must be a standard resource for containers"
                    yield invalid(resource, (*place, field, name), name, why)


def _ratio_problems(resource: Resource, limit: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    least, greatest = _amounts(limit, "min"), _amounts(limit, "max")
    for name, ratio in _amounts(limit, "maxLimitRequestRatio").items():
        value = limit["maxLimitRequestRatio"][name]
        if ratio < 1000:
            yield invalid(resource, (*place, "maxLimitRequestRatio", name), value, f"ratio {value} is less than 1")
        elif least.get(name) and name in greatest and ratio * least[name] > 1000 * greatest[name]:
            yield invalid(resource, (*place, "maxLimitRequestRatio", name), value, "is greater than max/min")


def _amounts(limit: Mapping[Any, Any], field: str) -> dict[str, int]:
    found = part(limit, (field,)) or {}
    amounts = ((name, quantity.milli(value)) for name, value in found.items() if isinstance(name, str))
    return {name: amount for name, amount in amounts if amount is not None}


_CONTAINER = frozenset({"cpu", "ephemeral-storage", "memory"})
_OF_PODS = frozenset(
    {
        *_CONTAINER,
        *(f"{side}.{name}" for side in ("limits", "requests") for name in _CONTAINER),
        "pods",
    }
)
_QUOTA = _OF_PODS | {
    "configmaps",
    "persistentvolumeclaims",
    "replicationcontrollers",
    "requests.storage",
    "resourcequotas",
    "secrets",
    "services",
    "services.loadbalancers",
    "services.nodeports",
    "storage",
}
_COUNTED = frozenset(
    {
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    }
)
_CONFLICTS = (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating"))


@rule("resource-quota", family=Family.API_SERVER, severity=Severity.ERROR)
def resource_quota(resource: Resource) -> Iterator[Problem]:
    """A ResourceQuota limits what does not exist, counts in fractions, or has scopes that exclude each other.

    Bad:

        apiVersion: v1
        kind: ResourceQuota
        metadata:
          name: quota
        spec:
          hard:
            cpus: "10"

    Good:

        apiVersion: v1
        kind: ResourceQuota
        metadata:
          name: quota
        spec:
          hard:
            requests.cpu: "10"

    Source: pkg/apis/core/validation/validation.go, ValidateResourceQuotaSpec
    """
    if kind_of(resource) != ("", "ResourceQuota"):
        return
    for name, value in (part(resource.body, ("spec", "hard")) or {}).items():
        place: Pointer = ("spec", "hard", str(name))
        if not isinstance(name, str):
            continue
        if "/" not in name and name not in _QUOTA and "hugepages-" not in name:
            yield invalid(resource, place, name, "must be a standard resource for quota")
        elif (name in _COUNTED or name.startswith("count/")) and (quantity.milli(value) or 0) % 1000:
            yield invalid(resource, place, value, "must be an integer")
    scopes = dig(resource.body, "spec", "scopes")
    for pair in _CONFLICTS if isinstance(scopes, list) else ():
        if all(scope in scopes for scope in pair):
            yield invalid(resource, ("spec", "scopes"), scopes, "conflicting scopes")
    for index, expression in parts(dig(resource.body, "spec", "scopeSelector", "matchExpressions")):
        if expression.get("operator") in ("In", "NotIn") and not expression.get("values"):
            pointer = ("spec", "scopeSelector", "matchExpressions", index, "values")
            yield required(resource, pointer, "must be at least one value when `operator` is 'In' or 'NotIn'")


RULES = (limit_range, resource_quota)
