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
                why = f"{low} value {value} is greater than {high} value {limit[high][name] or 0}"
                yield invalid(resource, (*place, low, name), value, why)
    yield from _ratio_problems(resource, limit, place)
    of_pods = limit.get("type") in ("Container", "Pod")
    for field in ("min", "max", "default", "defaultRequest", "maxLimitRequestRatio"):
        for name in _amounts(limit, field):
            wrong = formats.qualified_name(name)
            if "/" not in name and not wrong and not name.startswith("hugepages-"):
                if of_pods and name not in _CONTAINER:
                    wrong = "must be a standard resource for containers"
                elif name not in _QUOTA:
                    wrong = "must be a standard resource type or fully qualified"
            if wrong:
                yield invalid(resource, (*place, field, name), name, wrong)


def _ratio_problems(resource: Resource, limit: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    least, greatest = _amounts(limit, "min"), _amounts(limit, "max")
    for name, ratio in _amounts(limit, "maxLimitRequestRatio").items():
        value = limit["maxLimitRequestRatio"][name]
        if ratio < 1000:
            why = f"ratio {value or 0} is less than 1"
            yield invalid(resource, (*place, "maxLimitRequestRatio", name), value or 0, why)
        elif least.get(name) and name in greatest and ratio * least[name] > 1000 * greatest[name]:
            yield invalid(resource, (*place, "maxLimitRequestRatio", name), value, "is greater than max/min")


def _amounts(limit: Mapping[Any, Any], field: str) -> dict[str, int]:
    found = part(limit, (field,)) or {}
    amounts = (
        (name, 0 if value is None else quantity.milli(value)) for name, value in found.items() if isinstance(name, str)
    )
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
_COMPUTE = frozenset({"cpu", "limits.cpu", "limits.memory", "memory", "pods", "requests.cpu", "requests.memory"})
_IN_SCOPE = {
    **dict.fromkeys(("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass"), _COMPUTE),
    "BestEffort": frozenset({"pods"}),
    "CrossNamespacePodAffinity": _COMPUTE,
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}
"""What a quota of a scope may limit, of the resources that Kubernetes itself knows."""
_EXISTING = frozenset({"BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "Terminating"})
"""The scopes that are there or not, and have no values."""
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
    yield from _scope_problems(resource)


def _scope_problems(resource: Resource) -> Iterator[Problem]:
    scopes = dig(resource.body, "spec", "scopes")
    for pair in _CONFLICTS if isinstance(scopes, list) else ():
        if all(scope in scopes for scope in pair):
            yield invalid(resource, ("spec", "scopes"), scopes, "conflicting scopes")
    if isinstance(scopes, list) and any(_is_out_of_scope(resource, scope) for scope in scopes):
        yield invalid(resource, ("spec", "scopes"), scopes, "unsupported scope applied to resource")
    for index, expression in parts(dig(resource.body, "spec", "scopeSelector", "matchExpressions")):
        place: Pointer = ("spec", "scopeSelector", "matchExpressions", index)
        scope, operator, values = (expression.get(field) for field in ("scopeName", "operator", "values"))
        if operator in ("In", "NotIn") and not values:
            why = "must be at least one value when `operator` is 'In' or 'NotIn'"
            yield required(resource, (*place, "values"), why)
        elif operator in ("Exists", "DoesNotExist") and values:
            why = "must be no value when `operator` is 'Exists' or 'DoesNotExist'"
            yield invalid(resource, (*place, "values"), values, why)
        if isinstance(scope, str) and scope in _EXISTING and operator != "Exists":
            yield invalid(resource, (*place, "operator"), operator, f"must be 'Exists' when scope is {scope}")
        if _is_out_of_scope(resource, scope):
            yield invalid(resource, (*place, "scopeName"), scope, "unsupported scope applied to resource")


def _is_out_of_scope(resource: Resource, scope: Any) -> bool:
    """Tell whether a quota limits what a scope cannot narrow, as Services that are not terminating."""
    names = [name for name in part(resource.body, ("spec", "hard")) or {} if isinstance(name, str)]
    if not isinstance(scope, str) or scope not in _IN_SCOPE:
        return False
    # What has a domain, counts objects or is of a storage class is not looked at.
    return any("/" not in name and name in _QUOTA and name not in _IN_SCOPE[scope] for name in names)


RULES = (limit_range, resource_quota)
