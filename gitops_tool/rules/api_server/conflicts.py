"""Rules on fields that exclude each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import (
    TEMPLATES,
    containers,
    is_sidecar,
    kind_of,
    part,
    parts,
    pod_spec,
)
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_BALANCED_ONLY = ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges")


@rule("service-type", family=Family.API_SERVER, severity=Severity.ERROR)
def service_type(resource: Resource) -> Iterator[Problem]:
    """A Service sets a field that its type does not have, or lacks the one that it needs.

    Node ports need NodePort or LoadBalancer; the `loadBalancer...` fields need LoadBalancer; ExternalName needs
    `externalName` and has no cluster IP; a headless Service is of type ClusterIP.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - port: 80
              nodePort: 30080

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          type: NodePort
          selector:
            app: web
          ports:
            - port: 80
              nodePort: 30080

    Source: pkg/apis/core/validation/validation.go, validateService
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("", "Service") or spec is None:
        return
    form = spec.get("type") or "ClusterIP"
    if form == "ClusterIP":
        for index, port in parts(spec.get("ports")):
            if port.get("nodePort"):
                why = "may not be used when `type` is 'ClusterIP'"
                yield forbidden(resource, ("spec", "ports", index, "nodePort"), why)
    if form == "ExternalName":
        yield from _external_problems(resource, spec)
    elif spec.get("clusterIP") == "None" and form in ("LoadBalancer", "NodePort"):
        yield invalid(resource, ("spec", "clusterIP"), "None", f"may not be set to 'None' for {form} services")
    for field in _BALANCED_ONLY if form != "LoadBalancer" else ():
        if spec.get(field) not in (None, []):
            yield forbidden(resource, ("spec", field), "may only be used when `type` is 'LoadBalancer'")
    yield from _traffic_problems(resource, spec, form)


def _traffic_problems(resource: Resource, spec: Mapping[str, Any], form: Any) -> Iterator[Problem]:
    policy, check = spec.get("externalTrafficPolicy"), spec.get("healthCheckNodePort")
    if check and not (form == "LoadBalancer" and policy == "Local"):
        why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        yield invalid(resource, ("spec", "healthCheckNodePort"), check, why)
    if policy and form in ("ClusterIP", "ExternalName") and not (form == "ClusterIP" and spec.get("externalIPs")):
        why = "may only be set for externally-accessible services"
        yield invalid(resource, ("spec", "externalTrafficPolicy"), policy, why)


def _external_problems(resource: Resource, spec: Mapping[str, Any]) -> Iterator[Problem]:
    if spec.get("externalName") in (None, ""):
        yield required(resource, ("spec", "externalName"))
    for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
        if spec.get(field) not in (None, "", []):
            yield forbidden(resource, ("spec", field), "may not be set for ExternalName services")


_RUNNING_ONLY = ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe")


@rule("init-container-field", family=Family.API_SERVER, severity=Severity.ERROR)
def init_container_field(resource: Resource) -> Iterator[Problem]:
    """An init container has a probe or a lifecycle hook, though it does not keep running.

    With `restartPolicy: Always` it is a sidecar, and may have them.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          initContainers:
            - name: proxy
              image: proxy:1.4
              livenessProbe:
                tcpSocket:
                  port: 8080
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          initContainers:
            - name: proxy
              image: proxy:1.4
              restartPolicy: Always
              livenessProbe:
                tcpSocket:
                  port: 8080
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateInitContainers
    """
    for container, pointer in containers(resource, "initContainers"):
        for field in () if is_sidecar(container) else _RUNNING_ONLY:
            if container.get(field) is not None:
                why = "may not be set for init containers without restartPolicy=Always"
                yield forbidden(resource, (*pointer, field), why)


_NO_DEADLINE = frozenset(
    {
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
    }
)


@rule("forbidden-pod-field", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_field(resource: Resource) -> Iterator[Problem]:
    """A pod sets what cannot be set there.

    Ephemeral containers; a deadline in a Deployment and its like; on the host's network, a `hostPort` that is another
    than the `containerPort`.

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
              activeDeadlineSeconds: 600
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
          progressDeadlineSeconds: 600
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go (ValidatePodTemplateSpecForReplicaSet),
    pkg/apis/core/validation/validation.go (ValidatePodTemplateSpec, ValidatePodCreate)
    """
    pod = pod_spec(resource)
    if pod is None:
        return
    spec, pointer = pod
    kind = kind_of(resource)
    if kind in _NO_DEADLINE and spec.get("activeDeadlineSeconds") is not None:
        why = f"activeDeadlineSeconds in {resource.id.kind} is not Supported"
        yield forbidden(resource, (*pointer, "activeDeadlineSeconds"), why)
    if spec.get("ephemeralContainers"):
        why = "ephemeral containers not allowed in pod template" if kind in TEMPLATES else "cannot be set on create"
        yield forbidden(resource, (*pointer, "ephemeralContainers"), why)
    if spec.get("hostNetwork") is True:
        yield from _host_port_problems(resource)


def _host_port_problems(resource: Resource) -> Iterator[Problem]:
    for container, pointer in containers(resource, "containers"):
        for index, port in parts(container.get("ports")):
            number = port.get("hostPort")
            if number and number != port.get("containerPort"):
                why = "must match `containerPort` when `hostNetwork` is true"
                yield invalid(resource, (*pointer, "ports", index, "hostPort"), number, why)


@rule("privilege-conflict", family=Family.API_SERVER, severity=Severity.ERROR)
def privilege_conflict(resource: Resource) -> Iterator[Problem]:
    """A container is privileged, or has CAP_SYS_ADMIN, and may not gain privileges.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: agent
        spec:
          containers:
            - name: agent
              image: agent:1.4
              securityContext:
                privileged: true
                allowPrivilegeEscalation: false

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: agent
        spec:
          containers:
            - name: agent
              image: agent:1.4
              securityContext:
                privileged: true

    Source: pkg/apis/core/validation/validation.go, ValidateSecurityContext
    """
    for container, pointer in containers(resource):
        context = part(container, ("securityContext",)) or {}
        if context.get("allowPrivilegeEscalation") is not False:
            continue
        place = (*pointer, "securityContext", "allowPrivilegeEscalation")
        added = dig(context, "capabilities", "add")
        if context.get("privileged") is True:
            yield invalid(resource, place, False, "cannot set it to false and `privileged` to true")
        # Only this spelling: without the prefix it is accepted, and the runtime knows both.
        elif isinstance(added, list) and "CAP_SYS_ADMIN" in added:
            yield invalid(resource, place, False, "cannot set it to false and `capabilities.Add` CAP_SYS_ADMIN")


@rule("invalid-toleration", family=Family.API_SERVER, severity=Severity.ERROR)
def toleration(resource: Resource) -> Iterator[Problem]:
    """A toleration has no key and yet compares, a value and yet asks only for existence, or a time for another effect.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          tolerations:
            - key: dedicated
              operator: Exists
              value: payments
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          tolerations:
            - key: dedicated
              operator: Equal
              value: payments
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, ValidateTolerations
    """
    pod = pod_spec(resource)
    for index, item in parts(dig(pod[0], "tolerations")) if pod else ():
        yield from toleration_problems(resource, item, (*pod[1], "tolerations", index) if pod else ())


def toleration_problems(resource: Resource, item: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    """Yield what is wrong with one toleration."""
    key, operator, value = (item.get(field) for field in ("key", "operator", "value"))
    if not key and operator in (None, "", "Equal"):
        why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
        yield invalid(resource, (*place, "operator"), operator or "", why)
    if operator == "Exists" and value:
        yield invalid(resource, (*place, "value"), value, "value must be empty when `operator` is 'Exists'")
    if item.get("tolerationSeconds") is not None and item.get("effect") != "NoExecute":
        why = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid(resource, (*place, "effect"), item.get("effect") or "", why)


RULES = (service_type, init_container_field, pod_field, privilege_conflict, toleration)
