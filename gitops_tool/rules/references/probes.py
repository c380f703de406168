"""Rules on ports that probes and hooks name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.rules.pods import pod_maker
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_HANDLERS: tuple[Pointer, ...] = (
    ("livenessProbe",),
    ("readinessProbe",),
    ("startupProbe",),
    ("lifecycle", "postStart"),
    ("lifecycle", "preStop"),
)


@rule("probe-port", family=Family.REFERENCES, severity=Severity.ERROR)
def probe_port(resource: Resource) -> Iterator[Problem]:
    """A probe or a lifecycle hook names a port that its container does not have.

    Such a probe never succeeds. A port given as a number need not be declared.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              ports:
                - name: http
                  containerPort: 80
              readinessProbe:
                httpGet:
                  path: /ready
                  port: htp

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              ports:
                - name: http
                  containerPort: 80
              readinessProbe:
                httpGet:
                  path: /ready
                  port: http

    Source: https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/#use-a-named-port
    """
    pods = pod_maker(resource)
    for container, pointer in pods.containers() if pods else ():
        for handler in _HANDLERS:
            for field in ("httpGet", "tcpSocket"):
                name = dig(container, *handler, field, "port")
                if isinstance(name, str) and name and not name.isdigit():
                    yield from _check(resource, container, (*pointer, *handler, field, "port"), name)


def _check(resource: Resource, container: Mapping[Any, Any], pointer: Pointer, name: str) -> Iterator[Problem]:
    known = [port["name"] for _, port in parts(container.get("ports")) if isinstance(port.get("name"), str)]
    if name not in known:
        ports = f"its ports are {', '.join(known)}" if known else "its ports have no names"
        message = f'container "{container.get("name")}" has no port "{name}"'
        yield Problem(message, resource, pointer, did_you_mean(name, known) or ports)


RULES = (probe_port,)
