"""Rules on what Ingresses, Routes and HTTPRoutes send traffic to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.rules.references.entries import Entry, Place, Reported
from gitops_tool.rules.references.inventory import Inventory, inventory
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer, RepositoryView

_GATEWAY = "gateway.networking.k8s.io"
_ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute")
_BY_ANNOTATION = "use-annotation"
"""The port name by which the AWS load balancer controller tells that the name is an annotation's."""


@record
class _Backend:
    """A Service that something sends traffic to. `port` is a name, a number, or None for all."""

    user: Entry
    name: str
    port: str | int | None
    pointer: Pointer
    port_pointer: Pointer
    place: Place
    target_port_counts: bool = False


@rule("missing-backend", family=Family.REFERENCES, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def missing_backend(view: RepositoryView) -> Iterator[Reported]:
    """An Ingress, a Route or a route of the Gateway API names a Service that is not here.

    Requests end with an error of the proxy. What exists only in the cluster is named in `external` in gitops.yaml.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web-service
                        port:
                          number: 80
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          clusterIP: None
          ports:
            - port: 80

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 80
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          clusterIP: None
          ports:
            - port: 80

    Source: https://kubernetes.io/docs/concepts/services-networking/ingress/#the-ingress-resource
    """
    found = inventory(view)
    for backend in _backends(found):
        user = backend.user
        if found.named(user, "", "Service", backend.name, backend.place) or _is_knative(found, backend):
            continue
        if found.is_missing("Service", backend.name, backend.place):
            names = {entry.name for entry in found.near(user, backend.place, found.of("", "Service"))}
            message = f'the Service "{backend.name}" is nowhere here{_namespace(backend.place)}'
            yield user.absent(message, backend.pointer, hint=did_you_mean(backend.name, names))


@rule("missing-backend-port", family=Family.REFERENCES, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def missing_backend_port(view: RepositoryView) -> Iterator[Reported]:
    """An Ingress, a Route or a route of the Gateway API names a port that its Service does not have.

    It must be a port of the Service, not of the pods behind it.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          defaultBackend:
            service:
              name: web
              port:
                number: 3000
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          clusterIP: None
          ports:
            - name: http
              port: 80
              targetPort: 3000

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          defaultBackend:
            service:
              name: web
              port:
                number: 80
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          clusterIP: None
          ports:
            - name: http
              port: 80
              targetPort: 3000

    Source: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/#IngressBackend
    """
    found = inventory(view)
    for backend in _backends(found):
        services = found.named(backend.user, "", "Service", backend.name, backend.place)
        if backend.port in {None, _BY_ANNOTATION} or not services:
            continue
        if any(dig(service.body, "spec", "type") == "ExternalName" for service in services):
            continue
        if not any(backend.port in _ports(service, backend) for service in services):
            known = sorted({str(port) for service in services for port in _ports(service, backend)})
            shown = f'"{backend.port}"' if isinstance(backend.port, str) else str(backend.port)
            hint = did_you_mean(str(backend.port), known) if isinstance(backend.port, str) else None
            message = f'the Service "{backend.name}" has no port {shown}'
            yield backend.user.problem(
                message, backend.port_pointer, hint=hint or f"its ports are {', '.join(known) or 'none'}"
            )


def _ports(service: Entry, backend: _Backend) -> Iterator[str | int]:
    """Yield the names and numbers that a Service's ports go by."""
    fields = ("name", "port", "targetPort") if backend.target_port_counts else ("name", "port")
    for _, port in parts(dig(service.body, "spec", "ports")):
        for field in fields:
            value = port.get(field)
            if isinstance(value, str | int):
                yield value
        if backend.target_port_counts and port.get("targetPort") is None and isinstance(port.get("port"), int):
            yield port["port"]


def _backends(found: Inventory) -> Iterator[_Backend]:
    for group in ("networking.k8s.io", "extensions"):
        for ingress in found.of(group, "Ingress"):
            yield from _of_ingress(ingress)
    for route in (*found.of("route.openshift.io", "Route"), *found.of("", "Route")):
        yield from _of_route(route)
    for kind in _ROUTES:
        for route in found.of(_GATEWAY, kind):
            yield from _of_gateway_route(route)


def _of_ingress(ingress: Entry) -> Iterator[_Backend]:
    spec = dig(ingress.body, "spec")
    ways: list[tuple[Any, Pointer]] = [(dig(spec, "defaultBackend"), ("spec", "defaultBackend"))]
    for number, one in parts(dig(spec, "rules")):
        for index, path in parts(dig(one, "http", "paths")):
            ways.append((path.get("backend"), ("spec", "rules", number, "http", "paths", index, "backend")))
    for backend, pointer in ways:
        name, port = dig(backend, "service", "name"), dig(backend, "service", "port")
        field = "name" if dig(port, "name") else "number"
        if isinstance(name, str) and name and dig(port, "name") != _BY_ANNOTATION:
            place = (*pointer, "service", "port", field)
            yield _Backend(ingress, name, dig(port, field), (*pointer, "service", "name"), place, ingress.place)


def _of_route(route: Entry) -> Iterator[_Backend]:
    port = dig(route.body, "spec", "port", "targetPort")
    ways: list[tuple[Any, Pointer]] = [(dig(route.body, "spec", "to"), ("spec", "to"))]
    for index, other in parts(dig(route.body, "spec", "alternateBackends")):
        ways.append((other, ("spec", "alternateBackends", index)))
    for target, pointer in ways:
        name = dig(target, "name")
        if isinstance(name, str) and name and dig(target, "kind") in {None, "Service"}:
            place = ("spec", "port", "targetPort")
            yield _Backend(route, name, port, (*pointer, "name"), place, route.place, target_port_counts=True)


def _of_gateway_route(route: Entry) -> Iterator[_Backend]:
    for number, one in parts(dig(route.body, "spec", "rules")):
        for index, target in parts(one.get("backendRefs")):
            name, pointer = target.get("name"), ("spec", "rules", number, "backendRefs", index)
            if not isinstance(name, str) or target.get("kind", "Service") != "Service" or target.get("group"):
                continue
            namespace = target.get("namespace")
            place = route.place.within(namespace) if isinstance(namespace, str) else route.place
            yield _Backend(route, name, target.get("port"), (*pointer, "name"), (*pointer, "port"), place)


def _is_knative(found: Inventory, backend: _Backend) -> bool:
    return bool(found.named(backend.user, "serving.knative.dev", "Service", backend.name, backend.place))


def _namespace(place: Place) -> str:
    return f' in the namespace "{place.namespace}"' if place.namespace else ""


RULES = (missing_backend, missing_backend_port)
