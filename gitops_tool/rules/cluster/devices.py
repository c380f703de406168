"""Rules on claims of devices (dynamic resource allocation)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import kind_of, part, parts
from gitops_tool.rules.api_server.problems import invalid, required
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_GROUP = "resource.k8s.io"
_DEVICES: Mapping[tuple[str, str], Pointer] = {
    (_GROUP, "ResourceClaim"): ("spec", "devices"),
    (_GROUP, "ResourceClaimTemplate"): ("spec", "spec", "devices"),
}


@rule("device-request", family=Family.API_SERVER, severity=Severity.ERROR)
def device_request(resource: Resource) -> Iterator[Problem]:
    """A claim asks for a device in no way or in two, for all and for a number, or names a request that is not there.

    A request is `exactly` one, or the `firstAvailable` of several. Constraints and configurations name a request, or
    one of its alternatives as `request/alternative`.

    Bad:

        apiVersion: resource.k8s.io/v1
        kind: ResourceClaim
        metadata:
          name: gpu
        spec:
          devices:
            requests:
              - name: gpu

    Good:

        apiVersion: resource.k8s.io/v1
        kind: ResourceClaim
        metadata:
          name: gpu
        spec:
          devices:
            requests:
              - name: gpu
                exactly:
                  deviceClassName: gpu.example.com

    Source: pkg/apis/resource/validation/validation.go, validateDeviceClaim
    """
    pointer = _DEVICES.get(kind_of(resource) or ("", ""))
    devices = part(resource.body, pointer) if pointer else None
    if pointer is None or devices is None:
        return
    names: set[str] = set()
    for index, request in parts(devices.get("requests")):
        place: Pointer = (*pointer, "requests", index)
        exactly, several = part(request, ("exactly",)), list(parts(request.get("firstAvailable")))
        if exactly is None and not several and not request.get("firstAvailable"):
            yield required(resource, place, "exactly one of `exactly` or `firstAvailable` is required")
        elif exactly is not None and several:
            why = "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set"
            yield invalid(resource, place, request, why)
        for one, way in [(exactly, ("exactly",)), *((one, ("firstAvailable", i)) for i, one in several)]:
            yield from _amount_problems(resource, one or {}, (*place, *way))
        name = str(request.get("name") or "")
        names |= {name, *(f"{name}/{one.get('name')}" for _, one in several)}
    for field in ("constraints", "config"):
        for index, item in parts(devices.get(field)):
            place = (*pointer, field, index)
            if field == "constraints" and not item.get("matchAttribute") and not item.get("distinctAttribute"):
                yield required(resource, (*place, "matchAttribute"))
            yield from _name_problems(resource, item, place, names)


def _amount_problems(resource: Resource, request: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    count = request.get("count")
    if request.get("allocationMode") == "All" and count:
        yield invalid(resource, (*place, "count"), count, "must not be specified when allocationMode is 'All'")
    for index, toleration in parts(request.get("tolerations")):
        if toleration.get("operator") == "Exists" and toleration.get("value"):
            here = (*place, "tolerations", index, "value")
            yield invalid(resource, here, toleration["value"], "must be empty for operator `Exists`")


def _name_problems(resource: Resource, item: Mapping[Any, Any], place: Pointer, names: set[str]) -> Iterator[Problem]:
    wanted = dig(item, "requests")
    for index, name in enumerate(wanted if isinstance(wanted, list) else ()):
        if isinstance(name, str | None) and (name or "") not in names:
            why = "must be the name of a request in the claim, or of a request and a subrequest with '/' between them"
            yield invalid(resource, (*place, "requests", index), name or "", why)


RULES = (device_request,)
