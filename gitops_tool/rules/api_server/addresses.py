"""Rules on IP addresses, ranges of them, and host names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.formats import Format
from gitops_tool.rules.api_server.objects import part, parts
from gitops_tool.rules.api_server.problems import invalid, required
from gitops_tool.rules.api_server.tables import Table, places
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.rules.deprecations import target_minor

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from gitops_tool.model import Resource
    from gitops_tool.rules.base import OverlayView, Pointer


_STRICT_FROM = 36
"""The minor version of Kubernetes from which on addresses are read strictly."""

_CIDR, _IP, _CLUSTER_IP = "cidr", "ip", "cluster-ip"
_ADDRESSES: Table[str] = Table(
    {
        ("", "Endpoints"): {
            "subsets.*.addresses.*.ip": _IP,
            "subsets.*.notReadyAddresses.*.ip": _IP,
        },
        ("", "Service"): {
            "spec.loadBalancerSourceRanges.*": _CIDR,
            "spec.externalIPs.*": _IP,
            "spec.clusterIP": _CLUSTER_IP,
            "spec.clusterIPs.*": _CLUSTER_IP,
        },
        ("networking.k8s.io", "NetworkPolicy"): {
            f"spec.{way}.ipBlock.{field}": _CIDR
            for way in ("ingress.*.from.*", "egress.*.to.*")
            for field in ("cidr", "except.*")
        },
    },
    pod={"hostAliases.*.ip": _IP, "dnsConfig.nameservers.*": _IP},
)
_BLOCKS = places(
    {("networking.k8s.io", "NetworkPolicy"): ("spec.ingress.*.from.*.ipBlock", "spec.egress.*.to.*.ipBlock")}
)


@rule("invalid-address", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_address(resource: Resource) -> Iterator[Problem]:
    """An IP address or a range of addresses cannot be read, or an exception lies outside its range.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          egress:
            - to:
                - ipBlock:
                    cidr: 10.0.0.1

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          egress:
            - to:
                - ipBlock:
                    cidr: 10.0.0.1/32

    Source: k8s.io/apimachinery/pkg/util/validation/ip.go (IsValidIPForLegacyField, IsValidCIDRForLegacyField),
    pkg/apis/networking/validation/validation.go (ValidateIPBlock)
    """
    for value, pointer, form in _ADDRESSES.fields(resource):
        if not isinstance(value, str) or (form == _CLUSTER_IP and value in {"", "None"}):
            continue
        if form == _CIDR and _network(value.strip()) is None:
            yield invalid(resource, pointer, value, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
        elif form != _CIDR and _address(value) is None:
            yield invalid(resource, pointer, value, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
    for block, pointer, _ in _BLOCKS.fields(resource):
        if isinstance(block, dict):
            yield from _exception_problems(resource, block, pointer)


def _exception_problems(resource: Resource, block: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    cidr, exceptions = block.get("cidr"), block.get("except")
    whole = _network(cidr) if isinstance(cidr, str) else None
    if whole is None or not isinstance(exceptions, list):
        return
    for index, text in enumerate(exceptions):
        inner = _network(text) if isinstance(text, str) else None
        if inner is None:
            continue
        subset = inner.network_address in whole and inner.prefixlen > whole.prefixlen
        if not subset:
            yield invalid(resource, (*pointer, "except", index), text, "must be a strict subset of `cidr`")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    from ipaddress import ip_address

    # Go's lenient parser takes leading zeros, Python's does not.
    plain = ".".join(str(int(piece)) if piece.isdecimal() else piece for piece in text.split("."))
    try:
        return None if "%" in text else ip_address(plain)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network | None:
    from ipaddress import ip_network

    head, slash, length = text.partition("/")
    address = _address(head)
    if address is None or not slash or not length.isdecimal() or int(length) > address.max_prefixlen:
        return None
    return ip_network((address, int(length)), strict=False)


def _tls_host(text: str) -> str | None:
    return formats.ingress_host(text) if "*" in text else formats.dns_subdomain(text)


def _external_name(text: str) -> str | None:
    return formats.dns_subdomain(text.removesuffix("."))


_HOSTS: Table[Format] = Table(
    {
        ("networking.k8s.io", "Ingress"): {
            "spec.rules.*.host": formats.ingress_host,
            "spec.tls.*.hosts.*": _tls_host,
        },
        ("", "Service"): {"spec.externalName": _external_name},
    },
    pod={
        "hostAliases.*.hostnames.*": formats.dns_subdomain,
        "dnsConfig.searches.*": formats.search_domain,
    },
)


@rule("invalid-host", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_host(resource: Resource) -> Iterator[Problem]:
    """A host name has a scheme, a port, a path or capital letters, or is an address.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - host: https://web.example.com

    Good:

        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata:
          name: web
        spec:
          rules:
            - host: web.example.com

    Source: pkg/apis/networking/validation/validation.go, validateIngressRules and validateIngressTLS
    """
    for value, pointer, check in _HOSTS.fields(resource):
        if pointer[-1] == "externalName" and dig(resource.body, "spec", "type") != "ExternalName":
            continue
        if isinstance(value, str) and (value or pointer[-1] != "host") and (wrong := check(value)):
            yield invalid(resource, pointer, value, wrong)


_SPECIAL = {"is_unspecified": "unspecified (0.0.0.0)", "is_loopback": "in the loopback range (127.0.0.0/8, ::1/128)",
            "is_link_local": "in the link-local range (169.254.0.0/16, fe80::/10)"}  # fmt: skip
_ENDPOINTS: Table[str] = Table(
    {
        ("", "Endpoints"): {
            "subsets.*.addresses.*.ip": _IP,
            "subsets.*.notReadyAddresses.*.ip": _IP,
        },
        ("", "Service"): {"spec.externalIPs.*": _IP},
        ("discovery.k8s.io", "EndpointSlice"): {"endpoints.*.addresses.*": _IP},
    }
)


@rule("endpoint-address", family=Family.API_SERVER, severity=Severity.ERROR)
def endpoint_address(resource: Resource) -> Iterator[Problem]:
    """An endpoint's or a Service's outer address is of another family than its list, or can be reached by nobody else.

    Loopback and link-local addresses mean another machine on each node. Endpoints need addresses, and names for several
    ports.

    Bad:

        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: database-1
        addressType: IPv4
        endpoints:
          - addresses:
              - 127.0.0.1
        ports:
          - port: 5432

    Good:

        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: database-1
        addressType: IPv4
        endpoints:
          - addresses:
              - 10.1.2.3
        ports:
          - port: 5432

    Source: pkg/apis/core/validation/validation.go (ValidateEndpointIP), pkg/apis/discovery/validation/validation.go
    """
    family = resource.body.get("addressType") if resource.id.kind == "EndpointSlice" else None
    for value, pointer, _ in _ENDPOINTS.fields(resource):
        if isinstance(value, str) and (wrong := _endpoint_refusal(value, family)):
            yield invalid(resource, pointer, value, wrong)
    if resource.id.kind == "Endpoints" and resource.id.group == "":
        for index, subset in parts(resource.body.get("subsets")):
            yield from _subset_problems(resource, subset, ("subsets", index))


def _endpoint_refusal(value: str, family: Any) -> str | None:
    if family == "FQDN":
        return formats.dns_subdomain(value)
    address = _address(value)
    if address is None:
        return "must be a valid IP address" if family is not None else None
    if family in ("IPv4", "IPv6") and f"IPv{address.version}" != family:
        return f"must be an {family} address"
    return next((f"may not be {words}" for test, words in _SPECIAL.items() if getattr(address, test)), None)


def _subset_problems(resource: Resource, subset: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    if not subset.get("addresses") and not subset.get("notReadyAddresses"):
        yield required(resource, place, "must specify `addresses` or `notReadyAddresses`")
    ports = list(parts(subset.get("ports")))
    for index, port in ports if len(ports) > 1 else ():
        if not port.get("name"):
            yield required(resource, (*place, "ports", index, "name"), "several ports need names")


@rule("service-addresses", family=Family.API_SERVER, severity=Severity.ERROR)
def service_addresses(resource: Resource) -> Iterator[Problem]:
    """A Service lists several IP families for one stack, or `clusterIPs` that do not begin with its `clusterIP`.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          ipFamilies: [IPv4, IPv6]
          selector:
            app: web
          ports:
            - port: 80

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          ipFamilyPolicy: PreferDualStack
          ipFamilies: [IPv4, IPv6]
          selector:
            app: web
          ports:
            - port: 80

    Source: pkg/registry/core/service/storage/alloc.go (validate and default the families),
    pkg/apis/core/validation/validation.go (ValidateServiceClusterIPsRelatedFields)
    """
    spec = part(resource.body, ("spec",))
    if (resource.id.group, resource.id.kind) != ("", "Service") or spec is None or spec.get("type") == "ExternalName":
        return
    families, policy = spec.get("ipFamilies"), spec.get("ipFamilyPolicy")
    if isinstance(families, list) and len(families) > 1 and policy in (None, "SingleStack"):
        why = "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"
        yield invalid(resource, ("spec", "ipFamilyPolicy"), policy or "", why)
    addresses, first = spec.get("clusterIPs"), spec.get("clusterIP")
    if isinstance(addresses, list) and addresses and addresses[0] != first:
        why = "first value must match `clusterIP`" if first else "must be empty when `clusterIP` is not specified"
        yield invalid(resource, ("spec", "clusterIPs"), addresses, why)


@rule("strict-address", family=Family.API_SERVER, severity=Severity.ERROR, scope=Scope.SOURCES)
def strict_address(view: OverlayView) -> Iterator[Problem]:
    """A range of addresses has bits beyond its length: `10.0.0.1/8`.

    Kubernetes refuses it from 1.36 on; for a cluster before that it is a warning, as one end of the range is not what
    it seems.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          egress:
            - to:
                - ipBlock:
                    cidr: 10.0.0.1/8

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          egress:
            - to:
                - ipBlock:
                    cidr: 10.0.0.0/8

    Source: k8s.io/apimachinery/pkg/util/validation/ip.go (IsValidCIDR), feature StrictIPCIDRValidation
    """
    severity = None if target_minor(view) >= _STRICT_FROM else Severity.WARNING
    for resource in view.render.resources:
        for value, pointer, form in _ADDRESSES.fields(resource):
            if isinstance(value, str) and (wrong := _lenient(value, form)):
                yield invalid(resource, pointer, value, wrong, severity=severity)


def _lenient(text: str, form: str) -> str | None:
    """Return what only older Kubernetes takes in an address; None also for what none does."""
    head, _, length = text.partition("/")
    if _address(head) is None:
        return None
    if any(piece.isdecimal() and piece != str(int(piece)) for piece in (*head.split("."), length)):
        return "must not have leading 0s"
    network = _network(text) if form == _CIDR else None
    if network is not None and network.network_address != _address(head):
        return f"must not have bits set beyond the prefix length: {network}"
    return None


RULES = (invalid_address, invalid_host, endpoint_address, service_addresses, strict_address)
