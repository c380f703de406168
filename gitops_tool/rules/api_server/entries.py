"""A rule on lists whose items must differ, beside those of containers, volumes and ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.problems import duplicate
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_WHOLE = ()
"""Items are compared as a whole."""
_WEBHOOK = {"webhooks": ("name",), "webhooks.*.matchConditions": ("name",)}
_DEVICES: dict[str, tuple[str, ...]] = {
    "devices.requests": ("name",),
    "devices.requests.*.firstAvailable": ("name",),
    "devices.constraints.*.requests": _WHOLE,
    "devices.config.*.requests": _WHOLE,
}
_LISTS: Table[tuple[str, ...]] = Table(
    {
        ("", "LimitRange"): {"spec.limits": ("type",)},
        ("", "Service"): {"spec.ipFamilies": _WHOLE},
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): {"spec.matchConditions": ("name",)},
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
            "spec.auditAnnotations": ("key",),
            "spec.matchConditions": ("name",),
        },
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): {"spec.validationActions": _WHOLE},
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
        ("apiextensions.k8s.io", "CustomResourceDefinition"): {"spec.versions": ("name",)},
        ("discovery.k8s.io", "EndpointSlice"): {"ports": ("name",)},
        ("node.k8s.io", "RuntimeClass"): {"scheduling.tolerations": _WHOLE},
        ("resource.k8s.io", "ResourceClaim"): {f"spec.{field}": key for field, key in _DEVICES.items()},
        ("resource.k8s.io", "ResourceClaimTemplate"): {f"spec.spec.{field}": key for field, key in _DEVICES.items()},
        ("storage.k8s.io", "CSIDriver"): {"spec.tokenRequests": ("audience",)},
        ("storage.k8s.io", "StorageClass"): {
            "allowedTopologies.*.matchLabelExpressions": ("key",),
            "allowedTopologies.*.matchLabelExpressions.*.values": _WHOLE,
        },
    },
    pod={
        "resourceClaims": ("name",),
        "schedulingGates": ("name",),
        "securityContext.sysctls": ("name",),
        "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    },
    container={"resizePolicy": ("resourceName",), "resources.claims": ("name", "request")},
)


@rule("duplicate-entry", family=Family.API_SERVER, severity=Severity.ERROR)
def duplicate_entry(resource: Resource) -> Iterator[Problem]:
    """A list has two items of one name, or the same item twice, where each may be there once.

    Spread constraints of a pod, kernel parameters, webhooks, IP families, versions of a definition, types of a
    LimitRange and others.

    Bad:

        apiVersion: v1
        kind: LimitRange
        metadata:
          name: limits
        spec:
          limits:
            - type: Container
              max:
                memory: 1Gi
            - type: Container
              max:
                cpu: "2"

    Good:

        apiVersion: v1
        kind: LimitRange
        metadata:
          name: limits
        spec:
          limits:
            - type: Container
              max:
                memory: 1Gi
                cpu: "2"

    Source: the places of `field.Duplicate` in pkg/apis/*/validation/validation.go
    """
    for items, pointer, keys in _LISTS.fields(resource):
        seen: list[Any] = []
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if keys and not isinstance(item, dict):
                continue
            value = [item.get(key) or "" for key in keys] if keys else item
            if value in seen:
                place = (*pointer, index, *keys[:1])
                yield duplicate(resource, place, ", ".join(map(str, value)) if keys else value)
            seen.append(value)


RULES = (duplicate_entry,)
