"""What objects refer to by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.rules.base import dig

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.pods import PodMaker

_ENV_SOURCES = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
_KEY_SOURCES = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
_VOLUMES = (
    ("configMap", "name", "ConfigMap"),
    ("secret", "secretName", "Secret"),
    ("secret", "name", "Secret"),
    ("persistentVolumeClaim", "claimName", "PersistentVolumeClaim"),
)


@record
class Reference:
    """An object that another one names, and in which field."""

    kind: str
    name: str
    why: str


def references(resource: Resource, maker: PodMaker | None) -> Iterator[Reference]:
    """Yield what an object names.

    Args:
        resource: the object.
        maker: the pods that it makes, if it does.
    """
    read = _READERS.get(resource.id.kind)
    found = [*_of_pods(maker)] if maker is not None else []
    for kind, name, why in (*found, *(read(resource.body) if read else ())):
        if isinstance(kind, str) and isinstance(name, str) and kind and name:
            yield Reference(kind, name, why)


_Found = tuple[Any, Any, str]


def _of_pods(maker: PodMaker) -> Iterator[_Found]:
    spec, _ = maker.spec
    yield "ServiceAccount", spec.get("serviceAccountName"), "runs as"
    for secret in _mappings(spec.get("imagePullSecrets")):
        yield "Secret", secret.get("name"), "pulls images with"
    for container, _ in maker.containers():
        for source in _mappings(container.get("envFrom")):
            yield from ((kind, dig(source, field, "name"), "takes variables from") for field, kind in _ENV_SOURCES)
        for variable in _mappings(container.get("env")):
            yield from (
                (kind, dig(variable, "valueFrom", key, "name"), "takes variables from") for key, kind in _KEY_SOURCES
            )
    for volume in _mappings(spec.get("volumes")):
        projected = _mappings(dig(volume, "projected", "sources"))
        for part in (volume, *projected):
            yield from ((kind, dig(part, field, key), "mounts") for field, key, kind in _VOLUMES)
    if maker.resource.id.kind == "StatefulSet":
        yield "Service", dig(maker.resource.body, "spec", "serviceName"), "served by"


def _of_ingress(body: Mapping[str, Any]) -> Iterator[_Found]:
    backends = [dig(body, "spec", "defaultBackend")]
    for rule in _mappings(dig(body, "spec", "rules")):
        backends += [path.get("backend") for path in _mappings(dig(rule, "http", "paths"))]
    for backend in _mappings(backends):
        yield "Service", dig(backend, "service", "name"), "routes to"
    for tls in _mappings(dig(body, "spec", "tls")):
        yield "Secret", tls.get("secretName"), "serves with"


def _of_route(body: Mapping[str, Any]) -> Iterator[_Found]:
    for rule in _mappings(dig(body, "spec", "rules")):
        for backend in _mappings(rule.get("backendRefs")):
            yield backend.get("kind") or "Service", backend.get("name"), "routes to"
    for parent in _mappings(dig(body, "spec", "parentRefs")):
        yield parent.get("kind") or "Gateway", parent.get("name"), "attached to"


def _of_scaler(body: Mapping[str, Any]) -> Iterator[_Found]:
    for field in ("scaleTargetRef", "targetRef"):
        target = dig(body, "spec", field)
        if isinstance(target, dict):
            yield target.get("kind") or "Deployment", target.get("name"), "scales"


def _of_binding(body: Mapping[str, Any]) -> Iterator[_Found]:
    yield dig(body, "roleRef", "kind"), dig(body, "roleRef", "name"), "grants"
    for subject in _mappings(body.get("subjects")):
        if subject.get("kind") == "ServiceAccount":
            yield "ServiceAccount", subject.get("name"), "to"


def _of_certificate(body: Mapping[str, Any]) -> Iterator[_Found]:
    yield "Secret", dig(body, "spec", "secretName"), "writes"
    yield dig(body, "spec", "issuerRef", "kind") or "Issuer", dig(body, "spec", "issuerRef", "name"), "issued by"


def _of_external_secret(body: Mapping[str, Any]) -> Iterator[_Found]:
    yield "Secret", dig(body, "spec", "target", "name") or dig(body, "metadata", "name"), "writes"
    store = dig(body, "spec", "secretStoreRef")
    if isinstance(store, dict):
        yield store.get("kind") or "SecretStore", store.get("name"), "reads from"


def _of_sealed_secret(body: Mapping[str, Any]) -> Iterator[_Found]:
    yield "Secret", dig(body, "metadata", "name"), "writes"


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[_Found]]] = {
    "Ingress": _of_ingress,
    **dict.fromkeys(("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute"), _of_route),
    **dict.fromkeys(("HorizontalPodAutoscaler", "ScaledObject", "VerticalPodAutoscaler"), _of_scaler),
    **dict.fromkeys(("RoleBinding", "ClusterRoleBinding"), _of_binding),
    "Certificate": _of_certificate,
    "ExternalSecret": _of_external_secret,
    "SealedSecret": _of_sealed_secret,
}
"""What reads the references of a kind beside those of its pods."""
