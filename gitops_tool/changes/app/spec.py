"""What a new app is to be, and what its templates get to see of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.images import ImageRef
from gitops_tool.records import record


@record
class Amount:
    """How much of CPU or memory a container requests, and its limit, if it has one."""

    request: str
    limit: str | None = None


@record
class Replicas:
    """How many pods run: at least and at most. Equal where nothing scales."""

    min: int
    max: int


DEFAULT_REPLICAS = Replicas(2, 10)


@record
class Route:
    """A host and a path that an Ingress sends to an app; `environment` is None for all."""

    host: str
    path: str = "/"
    environment: str | None = None


@record
class SecretKey:
    """An environment variable, and where its value is in the store."""

    key: str
    remote: str
    property: str | None = None


@record
class SecretStore:
    """Where External Secrets finds values: a store by kind and name."""

    name: str
    kind: str = "ClusterSecretStore"


@record
class Peer:
    """Pods that an app may connect to, by their label `app`, and the port."""

    app: str
    port: int


@record
class ConfigFile:
    """A file of an app's configuration, as it is mounted."""

    name: str
    data: bytes


@record
class AppSpec:
    """What `gitops app create` is asked for. `own_replicas` are those of single environments."""

    name: str
    image: ImageRef
    port: int
    metrics: int | None = None
    routes: tuple[Route, ...] = ()
    ingress_class: str = "nginx"
    cluster_issuer: str | None = None
    config: tuple[ConfigFile, ...] = ()
    secret_store: SecretStore | None = None
    secrets: tuple[SecretKey, ...] = ()
    replicas: Replicas = DEFAULT_REPLICAS
    own_replicas: Mapping[str, Replicas] | None = None
    cpu: Amount = Amount("100m")
    memory: Amount = Amount("256Mi", "256Mi")
    liveness: str = "/health"
    readiness: str = "/ready"
    egress: tuple[Peer, ...] = ()

    def values(self) -> dict[str, Any]:
        """Return what every template of the app sees; documented in docs/apps.md."""
        own = self.own_replicas or {}
        return {
            "name": self.name,
            "image": self.image.name,
            "tag": self.image.tag,
            "digest": self.image.digest,
            "port": self.port,
            "metrics": self.metrics,
            "ingress": _rules(self._base_routes()),
            "ingress_class": self.ingress_class,
            "cluster_issuer": self.cluster_issuer,
            "config": [file.name for file in self.config],
            "secret_store": {"kind": self.secret_store.kind, "name": self.secret_store.name}
            if self.secret_store
            else None,
            "secrets": [{"key": s.key, "remote": s.remote, "property": s.property} for s in self.secrets],
            "replicas": {"min": self.replicas.min, "max": self.replicas.max},
            "autoscaled": any(some.max > some.min for some in (self.replicas, *own.values())),
            "cpu": {"request": self.cpu.request, "limit": self.cpu.limit},
            "memory": {"request": self.memory.request, "limit": self.memory.limit},
            "liveness": self.liveness,
            "readiness": self.readiness,
            "egress": [{"app": peer.app, "port": peer.port} for peer in self.egress],
        }

    def values_in(self, environment: str) -> dict[str, Any]:
        """Return what differs in one environment."""
        own = (self.own_replicas or {}).get(environment)
        base, routes = self._base_routes(), self.routes_of(environment)
        return {
            "own_replicas": {"min": own.min, "max": own.max} if own and own != self.replicas else None,
            "own_ingress": _rules(routes) if routes and _rules(routes) != _rules(base) else None,
        }

    def _base_routes(self) -> tuple[Route, ...]:
        """Return the routes that the base has: those for all environments, else those of the last one named."""
        return self.routes_of(None) or (self.routes_of(self.routes[-1].environment) if self.routes else ())

    def routes_of(self, environment: str | None) -> tuple[Route, ...]:
        """Return the routes that are given for one environment, or for all by None."""
        return tuple(route for route in self.routes if route.environment == environment)


def _rules(routes: tuple[Route, ...]) -> list[dict[str, Any]]:
    """Return routes as an Ingress lists them: by host, each once."""
    paths: dict[str, list[str]] = {}
    for route in routes:
        listed = paths.setdefault(route.host, [])
        if route.path not in listed:
            listed.append(route.path)
    return [{"host": host, "paths": listed} for host, listed in paths.items()]
