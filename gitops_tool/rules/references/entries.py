"""Rendered objects, and where they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.config import PROMOTION_ORDER
from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.base import OverlayView, Problem, dig
from gitops_tool.schemas.catalogue import is_core_group

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

Reported = tuple[OverlayView, Problem]
"""What a rule over the repository yields: who reports a problem, and the problem."""

MAKE_NO_WORKLOADS = frozenset(
    {
        "argoproj.io",
        "autoscaling.k8s.io",
        "bitnami.com",
        "cert-manager.io",
        "external-secrets.io",
        "gateway.networking.k8s.io",
        "keda.sh",
        "kyverno.io",
        "monitoring.coreos.com",
        "networking.istio.io",
        "route.openshift.io",
        "secrets-store.csi.x-k8s.io",
        "security.istio.io",
    }
)
"""Groups of custom resources that no operator makes workloads, Services or configuration from."""


@record
class Place:
    """A namespace of a cluster. An empty part is not known, and could be any."""

    cluster: str
    namespace: str

    def may_be(self, other: Place) -> bool:
        """Whether two places can be one."""
        return _may_equal(self.cluster, other.cluster) and _may_equal(self.namespace, other.namespace)

    def within(self, namespace: str) -> Place:
        """Return another namespace of the same cluster."""
        return Place(self.cluster, namespace)


@record
class Entry:
    """A rendered object, the overlay that renders it, and where it goes."""

    view: OverlayView
    resource: Resource
    place: Place

    @property
    def body(self) -> Mapping[str, Any]:
        """The object."""
        return self.resource.body

    @property
    def name(self) -> str:
        """The object's name."""
        return self.resource.id.name

    @property
    def may_be_completed(self) -> bool:
        """Whether the overlay has custom resources that an operator may make what is missing from."""
        groups = {resource.id.group for resource in self.view.render.resources}
        return any(group not in MAKE_NO_WORKLOADS and not is_core_group(group) for group in groups)

    def absent(
        self, message: str, pointer: Pointer, *, hint: str | None = None, severity: Severity | None = None
    ) -> Reported:
        """Complain of something that is not here; it is information only where an operator may make it."""
        found = Severity.INFO if self.may_be_completed else severity
        return self.problem(message, pointer, hint=hint, severity=found)

    def problem(
        self, message: str, pointer: Pointer, *, hint: str | None = None, severity: Severity | None = None
    ) -> Reported:
        """Complain of a value of the object."""
        return self.view, Problem(message, self.resource, pointer, hint, severity)


def own_labels(entry: Entry) -> dict[str, str]:
    """Return the labels of an object itself."""
    labels = dig(entry.body, "metadata", "labels")
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}


def destination(view: OverlayView) -> tuple[str, str]:
    """Return the cluster and namespace that an overlay goes to, as far as the settings tell.

    Environments are different clusters unless the settings say that they share one. A name that says
    nothing about an environment says nothing about a cluster either.
    """
    name = view.overlay.environment
    environment = view.settings.environment(name)
    if environment is not None:
        return environment.cluster or f"environment {name}", environment.namespace or ""
    return (f"environment {name}" if name in PROMOTION_ORDER else ""), ""


def _may_equal(one: str, other: str) -> bool:
    return one == other or not one or not other
