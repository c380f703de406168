"""How lists are compared: by which key, and whether their order says anything.

Keys and merge types are those of Kubernetes (`x-kubernetes-list-map-keys`, `x-kubernetes-patch-merge-key` and
`x-kubernetes-list-type` of its OpenAPI definitions), extended by lists that Kubernetes replaces as a whole though
the order of their elements means nothing to what reads them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from typing import Any

from gitops_tool.records import record


class Order(Enum):
    """What the order of a list's elements is."""

    NOISE = "noise"
    MEANING = "meaning"


@record
class ListKey:
    """An element of a list, by what identifies it: the fields of its key, or all that it holds where it has none."""

    fields: tuple[tuple[str, Any], ...]

    @property
    def is_content(self) -> bool:
        """Whether the element has no key of its own."""
        return self.fields[0][0] == ""

    def __str__(self) -> str:
        """Return `[name=web]`, `[]` for an element without a key."""
        shown = "" if self.is_content else ",".join(f"{name}={value}" for name, value in self.fields)
        return f"[{shown}]"


@record
class ListRule:
    """How the elements of a list are told apart; without keys, an element is what it holds."""

    keys: tuple[str, ...]
    order: Order = Order.NOISE


_BY_NAME = ListRule(("name",))
_BAG = ListRule(())
_ORDERED_BY_NAME = ListRule(("name",), Order.MEANING)

_KEYED = {
    "containers": _BY_NAME,
    "ephemeralContainers": _BY_NAME,
    "initContainers": _ORDERED_BY_NAME,  # they run one after the other
    "env": _BY_NAME,
    "volumes": _BY_NAME,
    "imagePullSecrets": _BY_NAME,
    "schedulingGates": _BY_NAME,
    "resourceClaims": _BY_NAME,
    "claims": _BY_NAME,
    "secrets": _BY_NAME,
    "webhooks": _BY_NAME,
    "matchConditions": _BY_NAME,
    "volumeMounts": ListRule(("mountPath",)),
    "volumeDevices": ListRule(("devicePath",)),
    "hostAliases": ListRule(("ip",)),
    "topologySpreadConstraints": ListRule(("topologyKey", "whenUnsatisfiable")),
    "ownerReferences": ListRule(("uid",)),
    "items": ListRule(("key",)),
    "volumeClaimTemplates": ListRule(("metadata.name",), Order.MEANING),
    "versions": _ORDERED_BY_NAME,
}
_PORTS = (ListRule(("containerPort", "protocol")), ListRule(("port", "protocol")))
_INGRESS = {"rules": ListRule(("host",), Order.MEANING), "paths": ListRule(("path", "pathType"), Order.MEANING)}
_DEFAULTS = {"protocol": "TCP"}

_RBAC = frozenset({"rules", "subjects", "apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs"})
_BAGS_OF_KIND = {
    "Role": _RBAC,
    "ClusterRole": _RBAC,
    "RoleBinding": _RBAC,
    "ClusterRoleBinding": _RBAC,
    "NetworkPolicy": frozenset({"ingress", "egress", "from", "to", "ports", "policyTypes", "except", "values"}),
    "PersistentVolumeClaim": frozenset({"accessModes"}),
    "PersistentVolume": frozenset({"accessModes", "mountOptions"}),
    "Service": frozenset({"loadBalancerSourceRanges", "externalIPs"}),
    "ResourceQuota": frozenset({"scopes"}),
    "Application": frozenset({"syncOptions"}),
    "AppProject": frozenset(
        {
            *(
                "sourceRepos",
                "destinations",
                "sourceNamespaces",
                "clusterResourceWhitelist",
                "clusterResourceBlacklist",
            ),
            *("namespaceResourceWhitelist", "namespaceResourceBlacklist"),
        }
    ),
}
_BAGS = frozenset({"finalizers", "add", "drop", "tolerations", "matchExpressions", "imagePullSecrets"})
"""Lists that mean the same in any order, in whatever object they are."""


def rule_for(kind: str, field: str, before: list[Any], after: list[Any]) -> ListRule | None:
    """Return how two states of a list are compared; None for one that has neither keys nor a meaningless order.

    Args:
        kind: the object's.
        field: the key that the list stands at.
        before: its elements on one side.
        after: those on the other.
    """
    if field == "env" and any("$(" in str(element) for element in (*before, *after)):
        return rule_for(kind, "", before, after)  # a variable sees those that stand before it
    for rule in _candidates(kind, field):
        if not rule.keys or (_unique(rule, before) and _unique(rule, after)):
            return rule
    return None


def _candidates(kind: str, field: str) -> Iterator[ListRule]:
    if kind == "Ingress" and field in _INGRESS:
        yield _INGRESS[field]
    if field == "ports" and kind != "NetworkPolicy":
        yield from _PORTS
    if field in _KEYED:
        yield _KEYED[field]
    if field in _BAGS or field in _BAGS_OF_KIND.get(kind, ()):
        yield _BAG
    else:
        yield _ORDERED_BY_NAME  # whatever calls its elements by names; what their order means is not known


def keys_of(rule: ListRule, elements: list[Any]) -> list[ListKey]:
    """Return what identifies each element; equal elements of a list without keys are numbered."""
    if rule.keys:
        return [ListKey(tuple((name, _field(element, name)) for name in rule.keys)) for element in elements]
    seen: dict[str, int] = {}
    keys = []
    for element in elements:
        text = canonical(element)
        seen[text] = seen.get(text, 0) + 1
        keys.append(ListKey((("", text), ("#", seen[text]))))
    return keys


def _unique(rule: ListRule, elements: list[Any]) -> bool:
    if not all(isinstance(element, dict) for element in elements):
        return False
    keys = [[_field(element, name) for name in rule.keys] for element in elements]
    if not all(isinstance(value, (str, int)) and not isinstance(value, bool) for key in keys for value in key):
        return False
    return len({tuple(key) for key in keys}) == len(keys)


def _field(element: dict[str, Any], name: str) -> Any:
    value: Any = element
    for part in name.split("."):
        value = value.get(part, _DEFAULTS.get(part)) if isinstance(value, dict) else None
    return value


def canonical(value: Any) -> str:
    """Return a value as text that is equal for equal values only."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)
