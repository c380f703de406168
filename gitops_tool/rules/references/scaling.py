"""Rules on what autoscalers and disruption budgets are about."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.rules.references.entries import Entry, Reported
from gitops_tool.rules.references.inventory import HPA, SCALED_OBJECT, Inventory, Pods, inventory
from gitops_tool.rules.references.labels import Expressions
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer, RepositoryView

_TARGETS: dict[tuple[str, str], Pointer] = {
    HPA: ("spec", "scaleTargetRef"),
    SCALED_OBJECT: ("spec", "scaleTargetRef"),
    ("autoscaling.k8s.io", "VerticalPodAutoscaler"): ("spec", "targetRef"),
}
_WORKLOADS = {
    "Deployment": "apps",
    "StatefulSet": "apps",
    "ReplicaSet": "apps",
    "DaemonSet": "apps",
    "ReplicationController": "",
    "Rollout": "argoproj.io",
    "DeploymentConfig": "apps.openshift.io",
}
_SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "Rollout", "DeploymentConfig"})


@rule("missing-scale-target", family=Family.REFERENCES, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def missing_scale_target(view: RepositoryView) -> Iterator[Reported]:
    """An autoscaler is about a workload that is not here.

    It is a warning where the overlay has no workload of that kind at all: then an operator may make it.

    Bad:

        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: website
          maxReplicas: 5
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
          maxReplicas: 5
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/
    """
    found = inventory(view)
    for kind, pointer in _TARGETS.items():
        for scaler in found.of(*kind):
            target = dig(scaler.body, *pointer)
            yield from _check_target(found, scaler, target, pointer) if isinstance(target, dict) else ()


def _check_target(found: Inventory, scaler: Entry, target: dict[str, Any], pointer: Pointer) -> Iterator[Reported]:
    keda = scaler.resource.id.kind == "ScaledObject"
    kind, name = target.get("kind") or ("Deployment" if keda else None), target.get("name")
    version = target.get("apiVersion") or ("apps/v1" if keda else None)
    if kind not in _WORKLOADS or not isinstance(name, str) or not name:
        return
    group = str(version).rpartition("/")[0] if version else _WORKLOADS[kind]
    if found.named(scaler, group, kind, name):
        return
    others = [found.named(scaler, other, kind, name) for other in (_WORKLOADS[kind], "apps", "extensions", "")]
    if any(others):
        right = next(entries[0] for entries in others if entries).resource.id.api_version
        place = (*pointer, "apiVersion") if "apiVersion" in target else pointer
        yield scaler.problem(f'{kind} "{name}" is not of "{version or "v1"}"', place, hint=f"write {right}")
    elif found.is_missing(kind, name, scaler.place):
        own = {entry.name for entry in found.of(group, kind) if entry.view is scaler.view}
        severity = None if own else Severity.WARNING
        hint = did_you_mean(name, own)
        yield scaler.absent(f'{kind} "{name}" is nowhere here', (*pointer, "name"), hint=hint, severity=severity)


@rule("budget-without-pods", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def budget_without_pods(view: RepositoryView) -> Iterator[Reported]:
    """A PodDisruptionBudget's selector matches no pod that is made here for its namespace.

    It protects nothing.

    Bad:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          maxUnavailable: 1
          selector:
            matchLabels:
              app: website

    Good:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          maxUnavailable: 1
          selector:
            matchLabels:
              app: web
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: web
          labels:
            app: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#specifying-a-poddisruptionbudget
    """
    found = inventory(view)
    for budget in found.of("policy", "PodDisruptionBudget"):
        selector = Expressions(dig(budget.body, "spec", "selector"))
        if selector.is_empty or not found.are_own_labels(selector.keys):
            continue
        if found.matched(budget, dig(budget.body, "spec", "selector")):
            continue
        if found.is_missing("PodDisruptionBudget", budget.name, budget.place):
            yield budget.absent("the selector matches no pod here", ("spec", "selector"))


@rule("eviction-blocked", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def eviction_blocked(view: RepositoryView) -> Iterator[Reported]:
    """A PodDisruptionBudget never lets a pod be evicted, so that no node can be drained.

    The number of pods is the workload's `replicas`, or what its autoscaler goes down to. Where neither
    is written, nothing is said.

    Bad:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 2
          selector:
            matchLabels:
              app: web
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 1
          selector:
            matchLabels:
              app: web
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          replicas: 2
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#think-about-how-your-application-reacts-to-disruptions
    """
    found = inventory(view)
    for budget in found.of("policy", "PodDisruptionBudget"):
        spec = dig(budget.body, "spec")
        most, least = dig(spec, "maxUnavailable"), dig(spec, "minAvailable")
        if _share(most, 100) == 0:
            yield budget.problem("no pod may ever be evicted", ("spec", "maxUnavailable"), hint="allow at least 1")
        if least is None:
            continue
        pods = found.matched(budget, dig(spec, "selector"))
        counts = [_replicas(found, item) for item in pods]
        total = sum(count for count in counts if count is not None)
        needed = _share(least, total)
        if pods and None not in counts and total > 0 and needed is not None and needed >= total:
            names = ", ".join(f'"{item.entry.resource.id}"' for item in pods)
            message = f"no pod of {names} may ever be evicted: {needed} of {total} must be available"
            yield budget.problem(message, ("spec", "minAvailable"), hint="ask for less, or use maxUnavailable: 1")


def _share(value: Any, total: int) -> int | None:
    """Return a number, or the share of a total that a percentage is, rounded up as the disruption controller does."""
    if type(value) is int:
        return value
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdecimal():
        return math.ceil(int(value[:-1]) * total / 100)
    return None


def _replicas(found: Inventory, pods: Pods) -> int | None:
    """Return the smallest number of pods that a workload runs with, None if that is not written."""
    for scaler in found.scalers(pods.entry):
        field, default = ("minReplicaCount", 0) if scaler.resource.id.group == "keda.sh" else ("minReplicas", 1)
        least = dig(scaler.body, "spec", field)
        return least if type(least) is int else default
    number = dig(pods.entry.body, "spec", "replicas")
    return number if pods.entry.resource.id.kind in _SCALED and type(number) is int else None


RULES = (missing_scale_target, budget_without_pods, eviction_blocked)
