"""Rules on Services and the pods that they send traffic to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.rules.references.entries import Entry, Reported, own_labels
from gitops_tool.rules.references.inventory import Inventory, Pods, inventory
from gitops_tool.rules.references.labels import SET_BY_CONTROLLERS, is_foreign
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView

_SELECTOR = ("spec", "selector")

_SHARED_BY_ALL = frozenset(
    {
        "app.kubernetes.io/component",
        "app.kubernetes.io/instance",
        "app.kubernetes.io/managed-by",
        "app.kubernetes.io/part-of",
        "app.kubernetes.io/version",
        "chart",
        "component",
        "env",
        "environment",
        "heritage",
        "release",
        "team",
        "tier",
        "version",
    }
)
"""Labels that whole groups of workloads have; that two have one in common says nothing."""


@rule("service-without-pods", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def service_without_pods(view: RepositoryView) -> Iterator[Reported]:
    """A Service's selector matches no pod that is made here for its namespace.

    Requests to it fail. It is an error where a workload of the same app has some of the labels and
    differs in others. Services with Endpoints of their own, and labels that controllers set, are left alone.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: website
          ports:
            - port: 80
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

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - port: 80
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

    Source: https://kubernetes.io/docs/concepts/services-networking/service/#defining-a-service
    """
    found = inventory(view)
    for service in found.of("", "Service"):
        selector = _static_selector(found, service)
        if not selector or found.selected(service, selector) or _has_endpoints(found, service):
            continue
        if not found.is_missing("Service", service.name, service.place):
            continue
        close = _closest(found, service, selector)
        if close is None:
            message = f"no pod here has the labels {_shown(selector)}: the Service sends traffic nowhere"
            yield service.absent(message, _SELECTOR, hint=_known_values(found, service, selector))
            continue
        message = f'the selector misses "{close.entry.resource.id}": {_difference(selector, close)}'
        yield service.absent(message, _SELECTOR, severity=Severity.ERROR)


def _static_selector(found: Inventory, service: Entry) -> dict[str, str]:
    """Return the part of a selector that templates can match; nothing if another project sets a label."""
    selector = dig(service.body, *_SELECTOR)
    if not isinstance(selector, dict) or dig(service.body, "spec", "type") == "ExternalName":
        return {}
    static = {}
    for key, value in selector.items():
        if not isinstance(key, str) or not isinstance(value, str):
            return {}
        if found.uses_label(key) or not is_foreign(key):
            static[key] = value
        elif key not in SET_BY_CONTROLLERS:
            return {}
    return static


def _has_endpoints(found: Inventory, service: Entry) -> bool:
    if found.named(service, "", "Endpoints", service.name):
        return True
    slices = found.of("discovery.k8s.io", "EndpointSlice")
    return any(own_labels(entry).get("kubernetes.io/service-name") == service.name for entry in slices)


def _closest(found: Inventory, service: Entry, selector: Mapping[str, str]) -> Pods | None:
    """Return the workload of the same overlay that shares a telling label with the selector, and most of all."""

    def shared(pods: Pods) -> int:
        return len(selector.items() & pods.maker.labels.items())

    telling = {key: value for key, value in selector.items() if key not in _SHARED_BY_ALL}
    own = [
        pods
        for pods in found.in_place(service.place)
        if pods.entry.view is service.view and telling.items() & pods.maker.labels.items()
    ]
    return max(own, key=shared, default=None)


def _shown(labels: Mapping[str, str]) -> str:
    return ", ".join(f'"{key}: {value}"' for key, value in labels.items())


def _difference(selector: Mapping[str, str], pods: Pods) -> str:
    labels = pods.maker.labels
    wrong = [
        f'"{key}" is "{labels[key]}" there, not "{value}"' if key in labels else f'it has no label "{key}"'
        for key, value in selector.items()
        if labels.get(key) != value
    ]
    return " and ".join(wrong)


def _known_values(found: Inventory, service: Entry, selector: Mapping[str, str]) -> str | None:
    for key, value in selector.items():
        values = {pods.maker.labels[key] for pods in found.in_place(service.place) if key in pods.maker.labels}
        guess = did_you_mean(value, values)
        if guess:
            return guess
    return "if the pods are made elsewhere, ignore the rule at this Service"


@rule("service-target-port", family=Family.REFERENCES, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def service_target_port(view: RepositoryView) -> Iterator[Reported]:
    """A Service's target port is not a port of the pods it selects.

    A name that no container has leaves the Service without endpoints. A number that no container
    declares may be right, since declaring is optional; it is a warning where the pods declare others.

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
              targetPort: https
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
              ports:
                - name: http
                  containerPort: 80

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - port: 80
              targetPort: http
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
              ports:
                - name: http
                  containerPort: 80

    Source: https://kubernetes.io/docs/concepts/services-networking/service/#field-spec-ports
    """
    found = inventory(view)
    for service in found.of("", "Service"):
        selector = _static_selector(found, service)
        pods = found.selected(service, selector) if selector else []
        for index, port in parts(dig(service.body, "spec", "ports")) if pods else ():
            field = "targetPort" if port.get("targetPort") is not None else "port"
            pointer = ("spec", "ports", index, field)
            target = port.get(field)
            if isinstance(target, str) and target:
                yield from _named(service, pointer, target, str(port.get("protocol") or "TCP"), pods)
            elif type(target) is int and target and dig(service.body, "spec", "clusterIP") != "None":
                yield from _numbered(service, pointer, target, pods)


def _named(service: Entry, pointer: Any, name: str, protocol: str, pods: list[Pods]) -> Iterator[Reported]:
    ports = [port for item in pods for port in item.maker.ports]
    if any(other == name and other_protocol == protocol for other, _, other_protocol in ports):
        return
    known = sorted({other for other, _, _ in ports if other})
    if name in known:
        message = f'the port "{name}" of "{pods[0].entry.resource.id}" is not of protocol {protocol}'
        yield service.problem(message, pointer)
        return
    names = f"its ports are {', '.join(known)}" if known else "its ports have no names"
    message = f'"{pods[0].entry.resource.id}" has no port "{name}"'
    yield service.problem(message, pointer, hint=did_you_mean(name, known) or names)


def _numbered(service: Entry, pointer: Any, number: int, pods: list[Pods]) -> Iterator[Reported]:
    if not all(item.maker.ports for item in pods):
        return
    declared = sorted({other for item in pods for _, other, _ in item.maker.ports if other is not None})
    if number not in declared:
        message = f'"{pods[0].entry.resource.id}" declares no port {number}'
        hint = f"it declares {', '.join(map(str, declared))}"
        yield service.problem(message, pointer, hint=hint, severity=Severity.WARNING)


RULES = (service_without_pods, service_target_port)
