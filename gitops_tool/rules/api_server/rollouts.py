"""Rules on updates: shares of pods that may be unavailable or in surplus, and strategies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.objects import (
    kind_of,
    part,
)
from gitops_tool.rules.api_server.problems import forbidden, invalid
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer


_ROLLING = {
    ("apps", "DaemonSet"): ("updateStrategy", ("maxUnavailable", "maxSurge")),
    ("apps", "Deployment"): ("strategy", ("maxUnavailable",)),
    ("apps", "StatefulSet"): ("updateStrategy", ("maxUnavailable",)),
}
"""The kinds that update by rolling: their field, and which of its shares may not be more than 100%."""


@rule("invalid-share", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_share(resource: Resource) -> Iterator[Problem]:
    """A number of pods that may be unavailable, available or in surplus is neither a count nor a percentage.

    A percentage has no fraction, and may not pass 100%, but for a Deployment's `maxSurge`. In a StatefulSet it is a
    warning: Kubernetes before 1.35 ignores `maxUnavailable` there.

    Bad:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 150%
          selector:
            matchLabels:
              app: web

    Good:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 50%
          selector:
            matchLabels:
              app: web

    Source: pkg/apis/apps/validation/validation.go, ValidatePositiveIntOrPercent and IsNotMoreThan100Percent
    """
    kind = kind_of(resource)
    if kind == ("policy", "PodDisruptionBudget"):
        for field in ("minAvailable", "maxUnavailable"):
            yield from _share_problems(resource, ("spec", field), limited=True)
    elif kind in _ROLLING:
        strategy, limited = _ROLLING[kind]
        for field in ("maxUnavailable", "maxSurge"):
            pointer: Pointer = ("spec", strategy, "rollingUpdate", field)
            yield from _share_problems(resource, pointer, limited=field in limited)


def _share_problems(resource: Resource, pointer: Pointer, *, limited: bool) -> Iterator[Problem]:
    value = dig(resource.body, *pointer)
    wrong = None
    if isinstance(value, str):
        wrong = formats.percentage(value)
        if not wrong and limited and int(value[:-1]) > 100:
            wrong = "must not be greater than 100%"
    elif type(value) is int and value < 0:
        wrong = "must be greater than or equal to 0"
    if wrong:
        yield invalid(resource, pointer, value, wrong, severity=_rollout_severity(resource))


def _rollout_severity(resource: Resource) -> Severity:
    return Severity.WARNING if resource.id.kind == "StatefulSet" else Severity.ERROR


@rule("stuck-rollout", family=Family.API_SERVER, severity=Severity.ERROR)
def stuck_rollout(resource: Resource) -> Iterator[Problem]:
    """A rolling update may neither stop an old pod nor start a new one, or waits less long than a pod needs.

    `maxUnavailable` and `maxSurge` may not both be 0, and a DaemonSet must have one of the two at 0;
    `progressDeadlineSeconds` (600 if not set) must be greater than `minReadySeconds`. In a StatefulSet it is a
    warning: Kubernetes before 1.35 ignores `maxUnavailable` there.

    Bad:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          strategy:
            rollingUpdate:
              maxUnavailable: 0
              maxSurge: 0
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          strategy:
            rollingUpdate:
              maxUnavailable: 0
              maxSurge: 1
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go (ValidateRollingUpdateDeployment, ValidateRollingUpdateDaemonSet,
    ValidateDeploymentSpec)
    """
    kind = kind_of(resource)
    spec = part(resource.body, ("spec",))
    if kind not in _ROLLING or spec is None:
        return
    strategy = _ROLLING[kind][0]
    rolling = part(spec, (strategy, "rollingUpdate"))
    if rolling is not None and spec[strategy].get("type") in (None, "", "RollingUpdate"):
        yield from _rolling_problems(resource, rolling, ("spec", strategy, "rollingUpdate"))
    ready = spec.get("minReadySeconds") or 0
    deadline = spec.get("progressDeadlineSeconds")
    deadline = 600 if deadline is None else deadline
    if kind[1] == "Deployment" and type(ready) is int and type(deadline) is int and 0 <= deadline <= ready:
        why = "must be greater than minReadySeconds"
        yield invalid(resource, ("spec", "progressDeadlineSeconds"), deadline, why)


def _rolling_problems(resource: Resource, rolling: Any, pointer: Pointer) -> Iterator[Problem]:
    kind = resource.id.kind
    unavailable, surge = (_pods(rolling.get(field)) for field in ("maxUnavailable", "maxSurge"))
    if kind == "StatefulSet":
        if unavailable == 0:
            severity = _rollout_severity(resource)
            yield invalid(resource, (*pointer, "maxUnavailable"), unavailable, "cannot be 0", severity=severity)
        return
    if unavailable == 0 and (surge == 0 or (kind == "DaemonSet" and rolling.get("maxSurge") is None)):
        why = "may not be 0 when `maxSurge` is 0"
        yield invalid(resource, (*pointer, "maxUnavailable"), rolling["maxUnavailable"], why)
    # A DaemonSet's maxUnavailable is 1 if it is not set.
    elif kind == "DaemonSet" and surge and (unavailable or rolling.get("maxUnavailable") is None):
        why = "may not be set when maxUnavailable is non-zero"
        yield invalid(resource, (*pointer, "maxSurge"), rolling["maxSurge"], why)


def _pods(share: Any) -> int | None:
    """Return a count, or a percentage's number; None where it is neither."""
    if type(share) is int:
        return share
    return int(share[:-1]) if isinstance(share, str) and formats.percentage(share) is None else None


@rule("disruption-budget", family=Family.API_SERVER, severity=Severity.ERROR)
def disruption_budget(resource: Resource) -> Iterator[Problem]:
    """A PodDisruptionBudget sets both `minAvailable` and `maxUnavailable`.

    Bad:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 1
          maxUnavailable: 1
          selector:
            matchLabels:
              app: web

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

    Source: pkg/apis/policy/validation/validation.go, ValidatePodDisruptionBudgetSpec
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("policy", "PodDisruptionBudget") or spec is None:
        return
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        why = "minAvailable and maxUnavailable cannot be both set"
        yield invalid(resource, ("spec", "maxUnavailable"), spec["maxUnavailable"], why)


@rule("strategy-conflict", family=Family.API_SERVER, severity=Severity.ERROR)
def strategy_conflict(resource: Resource) -> Iterator[Problem]:
    """A workload sets `rollingUpdate` beside a strategy that does not roll.

    Usual where an overlay changes the base's strategy to Recreate: the patch must say `rollingUpdate: null`.

    Bad:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          strategy:
            type: Recreate
            rollingUpdate:
              maxSurge: 1
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          strategy:
            type: Recreate
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go, ValidateDeploymentStrategy and ValidateStatefulSetSpec
    """
    kind = kind_of(resource)
    if kind == ("apps", "Deployment"):
        pointer: Pointer = ("spec", "strategy")
        strategy = part(resource.body, pointer) or {}
        if strategy.get("type") == "Recreate" and strategy.get("rollingUpdate") is not None:
            why = "may not be specified when strategy `type` is 'Recreate'"
            yield forbidden(resource, (*pointer, "rollingUpdate"), why, hint='write "rollingUpdate: null" in the patch')
    elif kind == ("apps", "StatefulSet"):
        pointer = ("spec", "updateStrategy")
        strategy = part(resource.body, pointer) or {}
        if strategy.get("type") == "OnDelete" and strategy.get("rollingUpdate") is not None:
            why = "only allowed for updateStrategy 'RollingUpdate'"
            yield invalid(resource, (*pointer, "rollingUpdate"), strategy["rollingUpdate"], why)


RULES = (invalid_share, stuck_rollout, disruption_budget, strategy_conflict)
