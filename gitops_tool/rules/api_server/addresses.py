"""Rules on IP addresses, ranges of them, and host names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.formats import Format
from gitops_tool.rules.api_server.problems import invalid
from gitops_tool.rules.api_server.tables import Table, places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer


_CIDR, _IP, _CLUSTER_IP = "cidr", "ip", "cluster-ip"
_ADDRESSES: Table[str] = Table(
    {
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
    pod={"hostAliases.*.hostnames.*": formats.dns_subdomain},
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


RULES = (invalid_address, invalid_host)
