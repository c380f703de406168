"""Label selectors, as Kubernetes reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.rules.api_server.objects import parts

SET_BY_CONTROLLERS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "batch.kubernetes.io/job-name",
        "controller-revision-hash",
        "controller-uid",
        "deployment",
        "job-name",
        "pod-template-generation",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "statefulset.kubernetes.io/pod-name",
        # Set on running pods by the programs in them: Patroni, Redis Sentinel's and Vault's own.
        "role",
        "spilo-role",
        "vault-active",
        "vault-initialized",
        "vault-sealed",
        "openbao-active",
    }
)
"""Labels that pods get when they are made or later, and no template has."""


def is_foreign(key: str) -> bool:
    """Whether a label is of those that a controller or a program sets, and not the author of a template."""
    domain = key.rpartition("/")[0]
    return key in SET_BY_CONTROLLERS or bool(domain and domain != "app.kubernetes.io")


class Expressions:
    """A selector of `matchLabels` and `matchExpressions`; empty, it matches everything.

    Args:
        selector: the value as it stands in an object.
    """

    __slots__ = ("_expressions", "labels")

    def __init__(self, selector: Any) -> None:
        written = selector if isinstance(selector, dict) else {}
        labels = written.get("matchLabels")
        pairs = labels.items() if isinstance(labels, dict) else ()
        self.labels: dict[str, str] = {str(key): str(value) for key, value in pairs}
        self._expressions = [item for _, item in parts(written.get("matchExpressions"))]

    @property
    def is_empty(self) -> bool:
        """Whether everything is meant."""
        return not self.labels and not self._expressions

    @property
    def keys(self) -> list[str]:
        """The keys of all labels that are asked for."""
        return [*self.labels, *(str(item.get("key")) for item in self._expressions)]

    def match(self, labels: Mapping[str, str]) -> bool:
        """Whether labels are selected."""
        return self.labels.items() <= labels.items() and self.hold(labels)

    def hold(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet all of `matchExpressions`; an operator that nobody knows is met."""
        return all(_holds(item, labels) for item in self._expressions)


def _holds(expression: Mapping[Any, Any], labels: Mapping[str, str]) -> bool:
    found = labels.get(str(expression.get("key")))
    values = expression.get("values")
    listed = isinstance(values, list) and found in values
    match expression.get("operator"):
        case "In":
            return listed
        case "NotIn":
            return not listed
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
    return True
