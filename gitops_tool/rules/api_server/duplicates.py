"""Rules on what may be there only once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import containers, kind_of, parts, pod_spec
from gitops_tool.rules.api_server.problems import duplicate, invalid
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource, ResourceId
    from gitops_tool.rules.base import Pointer


@rule("duplicate-container", family=Family.API_SERVER, severity=Severity.ERROR)
def duplicate_container(resource: Resource) -> Iterator[Problem]:
    """Two containers of a pod, init containers among them, have one name.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
            - name: web
              image: exporter:1.4

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
            - name: exporter
              image: exporter:1.4

    Source: pkg/apis/core/validation/validation.go, validateContainers and validateInitContainers
    """
    named = (((*pointer, "name"), container.get("name")) for container, pointer in containers(resource))
    for pointer, name in _again(named):
        yield duplicate(resource, pointer, name)


@rule("duplicate-volume", family=Family.API_SERVER, severity=Severity.ERROR)
def duplicate_volume(resource: Resource) -> Iterator[Problem]:
    """Two volumes of a pod have one name.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: tmp
              emptyDir: {}
            - name: tmp
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: tmp
              emptyDir: {}
            - name: cache
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, ValidateVolumes
    """
    pod = pod_spec(resource)
    if pod:
        for pointer, name in _again(_values(pod[0].get("volumes"), "name", (*pod[1], "volumes"))):
            yield duplicate(resource, pointer, name)


@rule("duplicate-mount-path", family=Family.API_SERVER, severity=Severity.ERROR)
def duplicate_mount_path(resource: Resource) -> Iterator[Problem]:
    """A container mounts two volumes at one path.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: settings
              configMap:
                name: settings
            - name: keys
              secret:
                secretName: keys
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: settings
                  mountPath: /etc/web
                - name: keys
                  mountPath: /etc/web

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: settings
              configMap:
                name: settings
            - name: keys
              secret:
                secretName: keys
          containers:
            - name: web
              image: nginx:1.29
              volumeMounts:
                - name: settings
                  mountPath: /etc/web
                - name: keys
                  mountPath: /etc/web-keys

    Source: pkg/apis/core/validation/validation.go, ValidateVolumeMounts
    """
    for container, pointer in containers(resource):
        mounts = _values(container.get("volumeMounts"), "mountPath", (*pointer, "volumeMounts"))
        for place, path in _again(mounts):
            yield invalid(resource, place, path, "must be unique")
        devices = container.get("volumeDevices")
        for field in ("name", "devicePath") if devices else ():
            for place, value in _again(_values(devices, field, (*pointer, "volumeDevices"))):
                yield invalid(resource, place, value, "must be unique")


@rule("duplicate-env", family=Family.API_SERVER, severity=Severity.WARNING)
def duplicate_env(resource: Resource) -> Iterator[Problem]:
    """A container sets an environment variable twice; the last one wins.

    The API server takes it, with a warning; server-side apply refuses it.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: LOG_LEVEL
                  value: info
                - name: LOG_LEVEL
                  value: debug

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              env:
                - name: LOG_LEVEL
                  value: debug

    Source: pkg/api/pod/warnings.go, warningsForPodSpecAndMeta
    """
    for container, pointer in containers(resource):
        for place, name in _again(_values(container.get("env"), "name", (*pointer, "env"))):
            yield duplicate(resource, place, name)


@rule("duplicate-port", family=Family.API_SERVER, severity=Severity.ERROR)
def duplicate_port(resource: Resource) -> Iterator[Problem]:
    """Two ports of a container or a Service have one name, or one number with one protocol.

    In a container one number twice is a warning only: the API server takes it, but server-side apply refuses it.
    A node's port can be taken once in a pod.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - name: http
              port: 80
            - name: metrics
              port: 80

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - name: http
              port: 80
            - name: metrics
              port: 9090

    Source: pkg/apis/core/validation/validation.go (validateService, validateContainerPorts, checkHostPortConflicts),
    pkg/api/pod/warnings.go
    """
    if kind_of(resource) == ("", "Service"):
        yield from _service_ports(resource)
        return
    for container, pointer in containers(resource):
        ports, place = container.get("ports"), (*pointer, "ports")
        for where, name in _again(_values(ports, "name", place)):
            yield duplicate(resource, where, name)
        for where, key in _again(_numbers(ports, "containerPort", place)):
            yield duplicate(resource, where, f"{key[0]}/{key[1]}", severity=Severity.WARNING)
        if pointer[-2] == "initContainers":
            yield from _host_ports(resource, _numbers(ports, "hostPort", place))
    together = (
        number
        for container, pointer in containers(resource, "containers")
        for number in _numbers(container.get("ports"), "hostPort", (*pointer, "ports"))
    )
    yield from _host_ports(resource, together)


def _service_ports(resource: Resource) -> Iterator[Problem]:
    ports, place = dig(resource.body, "spec", "ports"), ("spec", "ports")
    for where, name in _again(_values(ports, "name", place)):
        yield duplicate(resource, where, name)
    for field in ("port", "nodePort"):
        for where, key in _again(_numbers(ports, field, place)):
            yield duplicate(resource, where, f"{key[0]}/{key[1]}")


def _host_ports(resource: Resource, numbers: Iterable[tuple[Pointer, Any]]) -> Iterator[Problem]:
    for where, key in _again(numbers):
        yield duplicate(resource, where, "/".join(map(str, key)))


def _numbers(ports: Any, field: str, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    """Yield the ports of a list that are set: number and protocol, and the node's address for a port of the node."""
    for index, port in parts(ports):
        number, protocol, address = port.get(field), port.get("protocol") or "TCP", port.get("hostIP") or ""
        if type(number) is int and number and isinstance(protocol, str) and isinstance(address, str):
            key = (protocol, address, number) if field == "hostPort" else (protocol, number)
            yield (*pointer, index, field), key


def _values(items: Any, field: str, pointer: Pointer) -> Iterator[tuple[Pointer, Any]]:
    for index, item in parts(items):
        value = item.get(field)
        if isinstance(value, str) and value:
            yield (*pointer, index, field), value


def _again(keys: Iterable[tuple[Pointer, Any]]) -> Iterator[tuple[Pointer, Any]]:
    """Yield the keys that were there before."""
    seen: set[Hashable] = set()
    for pointer, key in keys:
        if not isinstance(key, str | tuple) or not key:
            continue
        if key in seen:
            yield pointer, key
        seen.add(key)


@rule("duplicate-object", family=Family.API_SERVER, severity=Severity.ERROR, scope=Scope.OVERLAY)
def duplicate_object(resources: tuple[Resource, ...]) -> Iterator[Problem]:
    """One overlay renders the same object twice; the last one wins, and Argo CD warns of a repeated resource.

    Two versions of one group are the same object, too.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          debug: "true"
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          debug: "false"

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          debug: "true"
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: more-settings
        data:
          debug: "false"

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading/2.2-2.3/ and Argo CD's
    controller/state.go (RepeatedResourceWarning)
    """
    first: dict[tuple[str, str, str, str], Resource] = {}
    for resource in resources:
        if not resource.id.name:
            continue
        before = first.setdefault(_key(resource.id), resource)
        if before is not resource:
            declared = f"; the first is declared in {before.file}" if before.file else ""
            yield Problem(f'"{resource.id}" is rendered twice{declared}', resource, ("metadata", "name"))


def _key(identity: ResourceId) -> tuple[str, str, str, str]:
    return identity.group, identity.kind, identity.namespace, identity.name


RULES = (
    duplicate_container,
    duplicate_volume,
    duplicate_mount_path,
    duplicate_env,
    duplicate_port,
    duplicate_object,
)
