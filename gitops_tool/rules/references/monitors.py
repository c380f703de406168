"""Rules on what the Prometheus operator's monitors scrape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.rules.references.entries import Entry, Place, Reported
from gitops_tool.rules.references.inventory import Inventory, Pods, inventory
from gitops_tool.rules.references.labels import Expressions
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView

_GROUPS = ("monitoring.coreos.com", "monitoring.rhobs")


@rule("monitor-without-targets", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def monitor_without_targets(view: RepositoryView) -> Iterator[Reported]:
    """A ServiceMonitor matches no Service here, or a PodMonitor no pod: nothing is scraped.

    A ServiceMonitor's selector is about the labels of the Service itself, not about its selector. Without a
    `namespaceSelector` only the monitor's own namespace counts.

    Bad:

        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          endpoints:
            - port: metrics
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          clusterIP: None
          ports:
            - name: metrics
              port: 9090

    Good:

        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          endpoints:
            - port: metrics
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels:
            app: web
        spec:
          clusterIP: None
          ports:
            - name: metrics
              port: 9090

    Source: https://prometheus-operator.dev/docs/platform/troubleshooting/#troubleshooting-servicemonitor-changes
    """
    found = inventory(view)
    for monitor in _monitors(found, "ServiceMonitor"):
        if not _services(found, monitor) and found.is_missing("ServiceMonitor", monitor.name, monitor.place):
            yield _nothing(found, monitor, "Service")
    for monitor in _monitors(found, "PodMonitor"):
        if not _pods(found, monitor) and found.is_missing("PodMonitor", monitor.name, monitor.place):
            yield _nothing(found, monitor, "pod")


@rule("monitor-port", family=Family.REFERENCES, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def monitor_port(view: RepositoryView) -> Iterator[Reported]:
    """A monitor scrapes a port that what it selects does not have.

    In a ServiceMonitor `port` is the name of a port of the Service, and `targetPort` a port of the pods.
    In a PodMonitor `port` is the name of a container's port.

    Bad:

        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          endpoints:
            - port: "9090"
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels:
            app: web
        spec:
          clusterIP: None
          ports:
            - name: metrics
              port: 9090

    Good:

        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          endpoints:
            - port: metrics
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels:
            app: web
        spec:
          clusterIP: None
          ports:
            - name: metrics
              port: 9090

    Source: https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.Endpoint
    """
    found = inventory(view)
    for monitor in _monitors(found, "ServiceMonitor"):
        services = _services(found, monitor)
        for index, endpoint in parts(dig(monitor.body, "spec", "endpoints")) if services else ():
            pointer = ("spec", "endpoints", index)
            if isinstance(endpoint.get("port"), str):
                names = [port.get("name") for item in services for _, port in parts(dig(item.body, "spec", "ports"))]
                yield from _check(monitor, (*pointer, "port"), endpoint["port"], names, services[0])
            elif isinstance(endpoint.get("targetPort"), str):
                pods = [pods for item in services for pods in _behind(found, item)]
                names = [name for item in pods for name in item.maker.port_names]
                if pods:
                    yield from _check(monitor, (*pointer, "targetPort"), endpoint["targetPort"], names, pods[0].entry)
    for monitor in _monitors(found, "PodMonitor"):
        pods = _pods(found, monitor)
        names = [name for item in pods for name in item.maker.port_names]
        for index, endpoint in parts(dig(monitor.body, "spec", "podMetricsEndpoints")) if pods else ():
            if isinstance(endpoint.get("port"), str):
                place = ("spec", "podMetricsEndpoints", index, "port")
                yield from _check(monitor, place, endpoint["port"], names, pods[0].entry)


def _monitors(found: Inventory, kind: str) -> Iterator[Entry]:
    for group in _GROUPS:
        yield from found.of(group, kind)


def _places(monitor: Entry) -> list[Place]:
    """Return the namespaces that a monitor looks into."""
    selector = dig(monitor.body, "spec", "namespaceSelector")
    if dig(selector, "any") is True:
        return [monitor.place.within("")]
    names = dig(selector, "matchNames")
    if isinstance(names, list) and names:
        return [monitor.place.within(name) for name in names if isinstance(name, str)]
    return [monitor.place]


def _services(found: Inventory, monitor: Entry) -> list[Entry]:
    return found.labelled_services(dig(monitor.body, "spec", "selector"), _places(monitor))


def _pods(found: Inventory, monitor: Entry) -> list[Pods]:
    selector = dig(monitor.body, "spec", "selector")
    return [pods for place in _places(monitor) for pods in found.matched(monitor, selector, place)]


def _behind(found: Inventory, service: Entry) -> list[Pods]:
    selector = dig(service.body, "spec", "selector")
    return found.matched(service, {"matchLabels": selector}) if selector else []


def _nothing(found: Inventory, monitor: Entry, what: str) -> Reported:
    """Complain that nothing is selected; tell of the Service whose selector was meant, if there is one."""
    selector = Expressions(dig(monitor.body, "spec", "selector"))
    hint = None
    for service in found.near(monitor, monitor.place, found.of("", "Service")) if what == "Service" else ():
        wanted = dig(service.body, "spec", "selector")
        if isinstance(wanted, dict) and selector.labels and selector.labels.items() <= wanted.items():
            hint = f'the Service "{service.name}" selects these labels, but does not have them itself'
    return monitor.absent(f"the selector matches no {what} here", ("spec", "selector"), hint=hint)


def _check(monitor: Entry, pointer: Any, name: str, names: list[Any], example: Entry) -> Iterator[Reported]:
    if name in names:
        return
    known = sorted({known for known in names if isinstance(known, str) and known})
    ports = f"its ports are named {', '.join(known)}" if known else "its ports have no names"
    message = f'"{example.resource.id}" has no port named "{name}"'
    yield monitor.problem(message, pointer, hint=did_you_mean(name, known) or ports)


RULES = (monitor_without_targets, monitor_port)
