"""What reviewers want to be told about workloads; advice, unless `rules` in gitops.yaml raises it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.rules.pods import LONG_RUNNING, pod_maker

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_PROBES = {"readinessProbe": "readiness", "livenessProbe": "liveness"}


@rule("missing-resources", family=Family.HYGIENE, severity=Severity.INFO)
def missing_resources(resource: Resource) -> Iterator[Problem]:
    """A container says not what CPU and memory it needs, or sets no limit to its memory.

    The scheduler then places it as if it needed nothing, and one leak takes down its neighbours.

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
                  cpu: 100m

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
                  cpu: 100m
                  memory: 128Mi
                limits:
                  memory: 128Mi

    Source: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    """
    pods = pod_maker(resource)
    if pods is None or dig(pods.spec[0], "resources") is not None:
        return
    for container, pointer in pods.containers("containers"):
        missing = list(_missing_resources(container))
        if missing:
            place = (*pointer, "resources") if "resources" in container else pointer
            yield Problem(f'container "{container.get("name")}" has no {" and no ".join(missing)}', resource, place)


def _missing_resources(container: Mapping[Any, Any]) -> Iterator[str]:
    requests, limits = (dig(container, "resources", field) or {} for field in ("requests", "limits"))
    # A limit alone counts as the request, too.
    lacking = [name for name in ("cpu", "memory") if not dig(requests, name) and not dig(limits, name)]
    if lacking:
        yield f"request for {' and '.join(lacking)}"
    if not dig(limits, "memory"):
        yield "memory limit"


@rule("missing-probe", family=Family.HYGIENE, severity=Severity.INFO)
def missing_probe(resource: Resource) -> Iterator[Problem]:
    """A container that serves a port has no readiness probe, or no liveness probe.

    Without the first one, traffic comes before it can answer. Jobs are left alone.

    Bad:

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
                  resources:
                    limits:
                      cpu: 500m
                      memory: 256Mi
                  ports:
                    - containerPort: 80

    Good:

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
                  resources:
                    limits:
                      cpu: 500m
                      memory: 256Mi
                  ports:
                    - containerPort: 80
                  readinessProbe:
                    tcpSocket:
                      port: 80
                  livenessProbe:
                    tcpSocket:
                      port: 80

    Source: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
    """
    pods = pod_maker(resource) if resource.id.kind in LONG_RUNNING else None
    for container, pointer in pods.containers("containers") if pods else ():
        missing = [word for field, word in _PROBES.items() if not container.get(field)]
        if container.get("ports") and missing:
            message = f'container "{container.get("name")}" has no {" and no ".join(missing)} probe'
            yield Problem(message, resource, pointer)


RULES = (missing_resources, missing_probe)
