"""Rules on what pods may do; advice, unless `rules` in gitops.yaml raises it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.rules.pods import pod_maker

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Rule

_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC")


@rule("may-run-as-root", family=Family.SECURITY, severity=Severity.INFO)
def may_run_as_root(resource: Resource) -> Iterator[Problem]:
    """A container may run as root: neither it nor its pod says `runAsNonRoot`, or a user who is not root.

    A container's own `securityContext` wins over the pod's, field by field.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: nginx:1.29

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    pods = pod_maker(resource)
    if pods is None or dig(pods.spec[0], "os", "name") == "windows":
        return
    names = []
    for container, _ in pods.containers():
        kept, user = (
            _effective(dig(container, "securityContext", field), dig(pods.spec[0], "securityContext", field))
            for field in ("runAsNonRoot", "runAsUser")
        )
        if kept is not True and not (type(user) is int and user > 0):
            names.append(str(container.get("name")))
    if names:
        hint = "set securityContext.runAsNonRoot: true in the pod"
        yield Problem(f"{_listed(names)} may run as root", resource, pods.spec[1], hint)


@rule("privileged-container", family=Family.SECURITY, severity=Severity.INFO)
def privileged_container(resource: Resource) -> Iterator[Problem]:
    """A container is privileged: it can do whatever its node can.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: nginx:1.29
              securityContext:
                privileged: true

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: nginx:1.29
              securityContext:
                privileged: false

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    pods = pod_maker(resource)
    for container, pointer in pods.containers() if pods else ():
        if dig(container, "securityContext", "privileged") is True:
            place = (*pointer, "securityContext", "privileged")
            yield Problem(f'container "{container.get("name")}" is privileged', resource, place)


@rule("host-access", family=Family.SECURITY, severity=Severity.INFO)
def host_access(resource: Resource) -> Iterator[Problem]:
    """A pod shares its node's network, processes or files.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          hostNetwork: true
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          hostNetwork: false
          securityContext:
            runAsNonRoot: true
          containers:
            - name: web
              image: nginx:1.29

    Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
    """
    pods = pod_maker(resource)
    if pods is None:
        return
    spec, pointer = pods.spec
    for field in _HOST_FIELDS:
        if spec.get(field) is True:
            yield Problem(f'"{field}" shares what belongs to the node', resource, (*pointer, field))
    for index, volume in parts(spec.get("volumes")):
        if volume.get("hostPath") is not None:
            path, place = dig(volume, "hostPath", "path"), (*pointer, "volumes", index, "hostPath")
            yield Problem(f'a volume is the node\'s own "{path}"', resource, place)


def _effective(own: Any, pods: Any) -> Any:
    return pods if own is None else own


def _listed(names: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"container {quoted}" if len(names) == 1 else f"containers {quoted}"


RULES: tuple[Rule, ...] = (may_run_as_root, privileged_container, host_access)
