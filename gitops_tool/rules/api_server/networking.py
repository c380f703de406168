"""Rules on an Ingress's rules and a NetworkPolicy's peers and ports."""

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
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer


@rule("ingress-rules", family=Family.API_SERVER, severity=Severity.ERROR)
def ingress_rules(resource: Resource) -> Iterator[Problem]:
    """An Ingress has neither rules nor a default backend, a rule has no paths, or a path no `pathType`.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - host: web.example.com
              http:
                paths: []

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - host: web.example.com
              http:
                paths:
                  - path: /
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 80

    Source: pkg/apis/networking/validation/validation.go, ValidateIngressSpec and validateHTTPIngressRuleValue
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("networking.k8s.io", "Ingress") or not spec:
        return
    if spec.get("rules") in (None, []) and spec.get("defaultBackend") is None:
        yield invalid(resource, ("spec",), spec, "either `defaultBackend` or `rules` must be specified")
    for index, entry in parts(spec.get("rules")):
        http = part(entry, ("http",))
        pointer = ("spec", "rules", index, "http", "paths")
        if http is not None and http.get("paths") in (None, []):
            yield required(resource, pointer)
        for number, path in parts((http or {}).get("paths")):
            if path.get("pathType") is None:
                yield required(resource, (*pointer, number, "pathType"), "pathType must be specified")


_BACKENDS = places({("networking.k8s.io", "Ingress"): ("spec.defaultBackend", "spec.rules.*.http.paths.*.backend")})


@rule("ingress-backend", family=Family.API_SERVER, severity=Severity.ERROR)
def ingress_backend(resource: Resource) -> Iterator[Problem]:
    """An Ingress sends to no backend or to two, or to a service without exactly one of port name and number.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          defaultBackend:
            service:
              name: web

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

    Source: pkg/apis/networking/validation/validation.go, validateIngressBackend
    """
    for backend, pointer, _ in _BACKENDS.fields(resource):
        if not isinstance(backend, dict):
            continue
        chosen = members(backend, ("resource", "service"))
        if len(chosen) > 1:
            yield invalid(resource, pointer, backend, "cannot set both resource and service backends")
        elif not chosen:
            yield invalid(resource, pointer, backend, "resource or service backend is required")
        elif isinstance(service := backend.get("service"), dict):
            yield from _service_problems(resource, service, (*pointer, "service"))


def _service_problems(resource: Resource, service: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    if service.get("name") in (None, ""):
        yield required(resource, (*pointer, "name"))
    port = service.get("port")
    if not isinstance(port, dict | None):
        return
    name, number = ((port or {}).get(field) for field in ("name", "number"))
    if name and number:
        yield invalid(resource, (*pointer, "port"), port, "cannot set both port name & port number")
    elif not name and not number:
        yield required(resource, (*pointer, "port"), "port name or number is required")


_INGRESS_PATHS = places({("networking.k8s.io", "Ingress"): ("spec.rules.*.http.paths.*",)})
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")


@rule("ingress-path", family=Family.API_SERVER, severity=Severity.ERROR)
def ingress_path(resource: Resource) -> Iterator[Problem]:
    """An Ingress's path does not begin with a slash, or has a part that no URL has.

    Regular expressions need `pathType: ImplementationSpecific`, and begin with a slash, too.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - http:
                paths:
                  - path: api
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 80

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - http:
                paths:
                  - path: /api
                    pathType: Prefix
                    backend:
                      service:
                        name: web
                        port:
                          number: 80

    Source: pkg/apis/networking/validation/validation.go, validateHTTPIngressPath
    """
    for entry, pointer, _ in _INGRESS_PATHS.fields(resource):
        if not isinstance(entry, dict) or not isinstance(path := entry.get("path") or "", str):
            continue
        form = entry.get("pathType")
        strict = form in ("Exact", "Prefix")
        if (strict or (path and form == "ImplementationSpecific")) and not path.startswith("/"):
            yield invalid(resource, (*pointer, "path"), path, "must be an absolute path")
        for sequence in _BAD_SEQUENCES if strict else ():
            if sequence in path:
                yield invalid(resource, (*pointer, "path"), path, f"must not contain '{sequence}'")
        for suffix in ("/..", "/.") if strict else ():
            if path.endswith(suffix):
                yield invalid(resource, (*pointer, "path"), path, f"cannot end with '{suffix}'")


_NETWORK_POLICY = ("networking.k8s.io", "NetworkPolicy")
_PEERS = places({("networking.k8s.io", "NetworkPolicy"): ("spec.ingress.*.from.*", "spec.egress.*.to.*")})


@rule("network-policy-peer", family=Family.API_SERVER, severity=Severity.ERROR)
def network_policy_peer(resource: Resource) -> Iterator[Problem]:
    """A NetworkPolicy's peer is empty, or joins an `ipBlock` with a selector; or a policy has more than two types.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            - from:
                - podSelector: {}
                  ipBlock:
                    cidr: 10.0.0.0/8

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            - from:
                - podSelector: {}
                - ipBlock:
                    cidr: 10.0.0.0/8

    Source: pkg/apis/networking/validation/validation.go, ValidateNetworkPolicyPeer and ValidateNetworkPolicySpec
    """
    types = dig(resource.body, "spec", "policyTypes") if kind_of(resource) == _NETWORK_POLICY else None
    if isinstance(types, list) and len(types) > len(("Egress", "Ingress")):
        yield invalid(resource, ("spec", "policyTypes"), types, "may not specify more than two policyTypes")
    for peer, pointer, _ in _PEERS.fields(resource):
        if not isinstance(peer, dict):
            continue
        chosen = members(peer, ("ipBlock", "namespaceSelector", "podSelector"))
        if not chosen:
            yield required(resource, pointer, "must specify a peer")
        elif len(chosen) > 1 and "ipBlock" in chosen:
            yield forbidden(resource, pointer, "may not specify both ipBlock and another peer")


_POLICY_PORTS = places({("networking.k8s.io", "NetworkPolicy"): ("spec.ingress.*.ports.*", "spec.egress.*.ports.*")})


@rule("port-range", family=Family.API_SERVER, severity=Severity.ERROR)
def port_range(resource: Resource) -> Iterator[Problem]:
    """A NetworkPolicy's `endPort` is less than its `port`, or stands beside a named port or none.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            - ports:
                - port: 8090
                  endPort: 8080

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            - ports:
                - port: 8080
                  endPort: 8090

    Source: pkg/apis/networking/validation/validation.go, ValidateNetworkPolicyPort
    """
    for ports, pointer, _ in _POLICY_PORTS.fields(resource):
        if not isinstance(ports, dict) or type(end := ports.get("endPort")) is not int:
            continue
        port = ports.get("port")
        place = (*pointer, "endPort")
        if port is None:
            yield invalid(resource, place, end, "may not be specified when `port` is not specified")
        elif isinstance(port, str):
            yield invalid(resource, place, end, "may not be specified when `port` is non-numeric")
        elif type(port) is int and end < port:
            yield invalid(resource, place, end, "must be greater than or equal to `port`")


RULES = (ingress_rules, ingress_backend, ingress_path, network_policy_peer, port_range)
