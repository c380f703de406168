"""Rules on fields of which exactly one, or at most one, may be set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import (
    containers,
    kind_of,
    members,
    part,
    parts,
    pod_spec,
)
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_HANDLERS = ("exec", "grpc", "httpGet", "sleep", "tcpSocket")
_HANDLED = places(
    {}, container=("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
)


@rule("one-handler", family=Family.API_SERVER, severity=Severity.ERROR)
def one_handler(resource: Resource) -> Iterator[Problem]:
    """A probe or a lifecycle hook has no action, or several.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              livenessProbe:
                periodSeconds: 10

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              livenessProbe:
                httpGet:
                  path: /healthz
                  port: 80

    Source: pkg/apis/core/validation/validation.go, validateHandler
    """
    for handler, pointer, _ in _HANDLED.fields(resource):
        if not isinstance(handler, dict):
            continue
        chosen = members(handler, _HANDLERS)
        if not chosen:
            yield required(resource, pointer, f"must specify a handler type: {', '.join(_HANDLERS)}")
        for name in chosen[1:]:
            yield forbidden(resource, (*pointer, name), "may not specify more than 1 handler type")
        command = part(handler, ("exec",))
        if command is not None and command.get("command") in (None, []):
            yield required(resource, (*pointer, "exec", "command"))


_SHARED_SOURCES = (
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "csi",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "glusterfs",
    "hostPath",
    "iscsi",
    "nfs",
    "photonPersistentDisk",
    "portworxVolume",
    "quobyte",
    "rbd",
    "scaleIO",
    "storageos",
    "vsphereVolume",
)
_VOLUME_SOURCES = (
    *_SHARED_SOURCES,
    "configMap",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "gitRepo",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
_PERSISTENT_SOURCES = (*_SHARED_SOURCES, "local")


@rule("one-volume-source", family=Family.API_SERVER, severity=Severity.ERROR)
def one_volume_source(resource: Resource) -> Iterator[Problem]:
    """A volume has several sources, or a PersistentVolume none or several.

    A pod's volume without a source is an `emptyDir`. A local PersistentVolume says on which node it is.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: data
              emptyDir: {}
              persistentVolumeClaim:
                claimName: data
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
            - name: data
              persistentVolumeClaim:
                claimName: data
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateVolumeSource and ValidatePersistentVolumeSpec
    """
    pod = pod_spec(resource)
    if pod:
        for index, volume in parts(pod[0].get("volumes")):
            pointer = (*pod[1], "volumes", index)
            for name in members(volume, _VOLUME_SOURCES)[1:]:
                yield forbidden(resource, (*pointer, name), "may not specify more than 1 volume type")
    elif kind_of(resource) == ("", "PersistentVolume"):
        spec = part(resource.body, ("spec",))
        chosen = members(spec or {}, _PERSISTENT_SOURCES)
        if spec and not chosen:
            yield required(resource, ("spec",), "must specify a volume type")
        for name in chosen[1:]:
            yield forbidden(resource, ("spec", name), "may not specify more than 1 volume type")
        if chosen == ["local"] and spec and spec.get("nodeAffinity") is None:
            yield required(resource, ("spec", "nodeAffinity"), "Local volume requires node affinity")


_ENV_SOURCES = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
_ENV_FROM_SOURCES = ("configMapRef", "secretRef")


@rule("one-env-source", family=Family.API_SERVER, severity=Severity.ERROR)
def one_env_source(resource: Resource) -> Iterator[Problem]:
    """An environment variable has a `value` and a `valueFrom`, or its source is none or several.

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
                - name: PASSWORD
                  value: changeme
                  valueFrom:
                    secretKeyRef:
                      name: web
                      key: password

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
                - name: PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: web
                      key: password

    Source: pkg/apis/core/validation/validation.go, validateEnvVarValueFrom and ValidateEnvFrom
    """
    for container, pointer in containers(resource):
        for index, variable in parts(container.get("env")):
            source = variable.get("valueFrom")
            if isinstance(source, dict):
                place = (*pointer, "env", index, "valueFrom")
                yield from _source_problems(resource, source, _ENV_SOURCES, place)
                if members(source, _ENV_SOURCES) and variable.get("value"):
                    yield invalid(resource, place, source, "may not be specified when `value` is not empty")
        for index, source in parts(container.get("envFrom")):
            yield from _source_problems(resource, source, _ENV_FROM_SOURCES, (*pointer, "envFrom", index))


def _source_problems(
    resource: Resource, source: Mapping[str, Any], names: tuple[str, ...], pointer: Pointer
) -> Iterator[Problem]:
    chosen = members(source, names)
    if not chosen:
        yield invalid(resource, pointer, source, f"must specify one of: {', '.join(names)}")
    elif len(chosen) > 1:
        yield invalid(resource, pointer, source, "may not have more than one field specified at a time")


RULES = (one_handler, one_volume_source, one_env_source)
