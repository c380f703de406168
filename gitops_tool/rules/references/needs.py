"""What ConfigMaps and Secrets a pod needs, and which keys of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import dig
from gitops_tool.rules.references.producers import CONFIG_MAP, SECRET

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer
    from gitops_tool.rules.pods import PodMaker


@record
class Need:
    """What a pod needs: a ConfigMap or Secret, or keys of one, each with its place."""

    kind: str
    name: str
    pointer: Pointer
    keys: tuple[tuple[str, Pointer], ...] = ()


def needs_of(maker: PodMaker) -> Iterator[Need]:
    """Yield what a pod's volumes, variables and image pulls need; not what is optional."""
    spec, pointer = maker.spec
    for index, volume in parts(spec.get("volumes")):
        place = (*pointer, "volumes", index)
        yield from _sources(volume, place)
        for number, source in parts(dig(volume, "projected", "sources")):
            yield from _sources(source, (*place, "projected", "sources", number))
    for container, place in maker.containers():
        for index, variable in parts(container.get("env")):
            for field, kind in (("configMapKeyRef", CONFIG_MAP), ("secretKeyRef", SECRET)):
                way = (*place, "env", index, "valueFrom", field)
                yield from _need(kind, dig(variable, "valueFrom", field), way)
        for index, source in parts(container.get("envFrom")):
            for field, kind in (("configMapRef", CONFIG_MAP), ("secretRef", SECRET)):
                yield from _need(kind, source.get(field), (*place, "envFrom", index, field))
    for index, secret in parts(spec.get("imagePullSecrets")):
        yield from _need(SECRET, secret, (*pointer, "imagePullSecrets", index))


def _sources(volume: Mapping[Any, Any], pointer: Pointer) -> Iterator[Need]:
    yield from _need(CONFIG_MAP, volume.get("configMap"), (*pointer, "configMap"))
    secret = volume.get("secret")
    if isinstance(secret, dict):
        field = "secretName" if "secretName" in secret else "name"
        yield from _need(SECRET, secret, (*pointer, "secret"), field)


def _need(kind: str, reference: Any, pointer: Pointer, field: str = "name") -> Iterator[Need]:
    name = dig(reference, field)
    if not isinstance(name, str) or not name or dig(reference, "optional") is True:
        return
    keys = [((*pointer, "key"), reference.get("key"))]
    keys += [((*pointer, "items", index, "key"), item.get("key")) for index, item in parts(reference.get("items"))]
    wanted = tuple((key, place) for place, key in keys if isinstance(key, str) and key)
    yield Need(kind, name, (*pointer, field), wanted)
