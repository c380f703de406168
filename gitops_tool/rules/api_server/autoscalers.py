"""Rules on a HorizontalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import (
    kind_of,
    members,
    part,
    parts,
)
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.api_server.quantities import resource_refusal
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer


@rule("autoscaler-bounds", family=Family.API_SERVER, severity=Severity.ERROR)
def autoscaler_bounds(resource: Resource) -> Iterator[Problem]:
    """An autoscaler's `maxReplicas` is less than its `minReplicas`, or it scales to 0 by a metric that then is gone.

    `minReplicas: 0` needs a metric of type Object or External; Kubernetes before 1.37 refuses it, unless a feature
    gate is set.

    Bad:

        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
          minReplicas: 5
          maxReplicas: 3

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
          minReplicas: 3
          maxReplicas: 5

    Source: pkg/apis/autoscaling/validation/validation.go, validateHorizontalPodAutoscalerSpec
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("autoscaling", "HorizontalPodAutoscaler") or spec is None:
        return
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    if type(least) is int and type(most) is int and 0 < most < least:
        yield invalid(resource, ("spec", "maxReplicas"), most, "must be greater than or equal to `minReplicas`")
    metrics = spec.get("metrics")
    if least == 0 and type(least) is int and isinstance(metrics, list | None):
        if any(metric.get("type") in ("External", "Object") for _, metric in parts(metrics)):
            return
        why = "must specify at least one Object or External metric to support scaling to zero replicas"
        yield forbidden(resource, ("spec", "minReplicas"), why)


_METRIC_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
_METRICS = places({("autoscaling", "HorizontalPodAutoscaler"): ("spec.metrics.*",)})


@rule("metric-source", family=Family.API_SERVER, severity=Severity.ERROR)
def metric_source(resource: Resource) -> Iterator[Problem]:
    """An autoscaler's metric lacks the source that its type names, has another one, or has no target value.

    Bad:

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
          metrics:
            - type: Resource
              pods:
                metric:
                  name: requests
                target:
                  type: AverageValue
                  averageValue: 100

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
          metrics:
            - type: Pods
              pods:
                metric:
                  name: requests
                target:
                  type: AverageValue
                  averageValue: 100

    Source: pkg/apis/autoscaling/validation/validation.go, validateMetricSpec and validateResourceSource
    """
    for metric, pointer, _ in _METRICS.fields(resource):
        form = metric.get("type") if isinstance(metric, dict) else None
        if not isinstance(form, str) or form not in _METRIC_SOURCES:
            continue
        expected = _METRIC_SOURCES[form]
        chosen = members(metric, tuple(_METRIC_SOURCES.values()))
        if expected not in chosen:
            why = "must populate information for the given metric source"
            yield required(resource, (*pointer, expected), why)
        for name in chosen:
            if name != expected:
                yield forbidden(resource, (*pointer, name), "must populate the given metric source only")
        name = dig(metric, "containerResource", "name")
        if isinstance(name, str) and name and (wrong := resource_refusal(name)):
            yield invalid(resource, (*pointer, "containerResource", "name"), name, wrong)
        target = part(metric, (expected, "target"))
        if target is not None:
            yield from _target_problems(resource, expected, target, (*pointer, expected, "target"))


def _target_problems(resource: Resource, source: str, target: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    average, value, utilization = (
        target.get(field) is not None for field in ("averageValue", "value", "averageUtilization")
    )
    if source in {"containerResource", "resource"}:
        if not utilization and not average:
            why = "must set either a target raw value or a target utilization"
            yield required(resource, (*pointer, "averageUtilization"), why)
        elif utilization and average:
            why = "may not set both a target raw value and a target utilization"
            yield forbidden(resource, (*pointer, "averageValue"), why)
    elif source == "pods" and not average:
        yield required(resource, (*pointer, "averageValue"), "must specify a positive target averageValue")
    elif source in {"external", "object"} and not average and not value:
        yield required(resource, (*pointer, "averageValue"), "must set either a target value or averageValue")
    elif source == "external" and average and value:
        why = "may not set both a target value for metric and a per-pod target"
        yield forbidden(resource, (*pointer, "value"), why)


RULES = (autoscaler_bounds, metric_source)
