"""Rules on what must be there, and that no schema requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import (
    POD,
    TEMPLATES,
    containers,
    kind_of,
    part,
    parts,
    pod_spec,
)
from gitops_tool.rules.api_server.problems import invalid, required, unsupported
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_NEED_SPEC = frozenset(
    {
        POD,
        *(kind for kind in TEMPLATES if kind != ("", "PodTemplate")),
        ("", "PersistentVolume"),
        ("", "PersistentVolumeClaim"),
        ("", "Service"),
        ("autoscaling", "HorizontalPodAutoscaler"),
        ("networking.k8s.io", "Ingress"),
    }
)


@rule("missing-spec", family=Family.API_SERVER, severity=Severity.ERROR)
def missing_spec(resource: Resource) -> Iterator[Problem]:
    """An object of a kind that says nothing without a `spec` has none, or an empty one.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - port: 80

    Source: pkg/apis/core/validation/validation.go, validateService and ValidatePodSpec
    """
    if kind_of(resource) in _NEED_SPEC and resource.body.get("spec") in (None, {}):
        yield required(resource, ("spec",))


@rule("missing-containers", family=Family.API_SERVER, severity=Severity.ERROR)
def missing_containers(resource: Resource) -> Iterator[Problem]:
    """A pod has no containers.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers: []

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateContainers
    """
    pod = pod_spec(resource)
    kind = kind_of(resource)
    if pod:
        # An empty spec of a Pod is another rule's.
        if pod[0].get("containers") in (None, []) and (pod[0] or kind != POD):
            yield required(resource, (*pod[1], "containers"))
    elif (
        kind in TEMPLATES
        and resource.body.get(str(TEMPLATES[kind][0]))
        and _is_null(resource.body, (*TEMPLATES[kind], "spec"))
    ):
        yield required(resource, (*TEMPLATES[kind], "spec", "containers"))


def _is_null(body: Any, pointer: Pointer) -> bool:
    """Tell whether a way ends at a null or a missing field, and not at a value of another type."""
    for key in pointer:
        if not isinstance(body, dict):
            break
        body = body.get(key)
    return body is None


@rule("missing-image", family=Family.API_SERVER, severity=Severity.ERROR)
def missing_image(resource: Resource) -> Iterator[Problem]:
    """A container has no image, or a Pod's image has blanks around it.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image:

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateContainerCommon and validateContainerOnlyForPod
    """
    for container, pointer in containers(resource):
        image = container.get("image")
        if image in (None, ""):
            yield required(resource, (*pointer, "image"))
        elif kind_of(resource) == POD and isinstance(image, str) and image != image.strip():
            yield invalid(resource, (*pointer, "image"), image, "must not have leading or trailing whitespace")


@rule("service-ports", family=Family.API_SERVER, severity=Severity.ERROR)
def service_ports(resource: Resource) -> Iterator[Problem]:
    """A Service has no ports, or several of which one has no name.

    A headless Service and one of type ExternalName need none.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          selector:
            app: web
          ports:
            - port: 80
            - port: 9090

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

    Source: pkg/apis/core/validation/validation.go, validateService and validateServicePort
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("", "Service") or not spec:
        return
    ports = spec.get("ports")
    if ports in (None, []) and spec.get("type") != "ExternalName" and not _is_headless(spec):
        yield required(resource, ("spec", "ports"))
    elif isinstance(ports, list) and len(ports) > 1:
        for index, port in parts(ports):
            if port.get("name") in (None, ""):
                yield required(resource, ("spec", "ports", index, "name"))


def _is_headless(spec: Mapping[str, Any]) -> bool:
    return spec.get("clusterIP") == "None" or spec.get("clusterIPs") == ["None"]


_CLAIMS = places(
    {
        ("apps", "StatefulSet"): ("spec.volumeClaimTemplates.*",),
    },
    pod=("volumes.*.ephemeral.volumeClaimTemplate",),
)


@rule("incomplete-claim", family=Family.API_SERVER, severity=Severity.ERROR)
def incomplete_claim(resource: Resource) -> Iterator[Problem]:
    """A claim asks for no storage or has no access mode; so a PersistentVolume without capacity.

    In a StatefulSet's `volumeClaimTemplates` it is the claim that is refused, at the first pod.

    Bad:

        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data
        spec:
          accessModes: [ReadWriteOnce]

    Good:

        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: data
        spec:
          accessModes: [ReadWriteOnce]
          resources:
            requests:
              storage: 10Gi

    Source: pkg/apis/core/validation/validation.go, ValidatePersistentVolumeClaimSpec and ValidatePersistentVolumeSpec
    """
    for claim, pointer, _ in _CLAIMS.fields(resource):
        if isinstance(claim, dict):
            yield from _claim_problems(resource, part(claim, ("spec",)) or {}, (*pointer, "spec"))
    kind = kind_of(resource)
    spec = part(resource.body, ("spec",))  # an empty one is another rule's
    if spec and kind == ("", "PersistentVolumeClaim"):
        yield from _claim_problems(resource, spec, ("spec",))
    if not spec or kind != ("", "PersistentVolume"):
        return
    if spec.get("accessModes") in (None, []):
        yield required(resource, ("spec", "accessModes"))
    capacity = spec.get("capacity")
    if capacity is None or (isinstance(capacity, dict) and "storage" not in capacity):
        yield required(resource, ("spec", "capacity", "storage"))
    elif isinstance(capacity, dict) and capacity["storage"] is None:
        yield invalid(resource, ("spec", "capacity", "storage"), 0, "must be greater than zero")
    elif isinstance(capacity, dict) and (other := next((name for name in capacity if name != "storage"), None)):
        yield unsupported(resource, ("spec", "capacity", str(other)), other, ("storage",))


def _claim_problems(resource: Resource, spec: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    modes = spec.get("accessModes")
    if modes in (None, []):
        yield required(resource, (*pointer, "accessModes"), "at least 1 access mode is required")
    elif isinstance(modes, list) and "ReadWriteOncePod" in modes and len(modes) > 1:
        why = "may not use ReadWriteOncePod with other access modes"
        yield invalid(resource, (*pointer, "accessModes"), ", ".join(map(str, modes)), why)
    requests = dig(spec, "resources", "requests")
    if requests is None or (isinstance(requests, dict) and "storage" not in requests):
        yield required(resource, (*pointer, "resources", "requests", "storage"))
    elif isinstance(requests, dict) and requests["storage"] is None:
        yield invalid(resource, (*pointer, "resources", "requests", "storage"), 0, "must be greater than zero")


_SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}


@rule("secret-keys", family=Family.API_SERVER, severity=Severity.ERROR)
def secret_keys(resource: Resource) -> Iterator[Problem]:
    """A Secret lacks a key that its type requires.

    Bad:

        apiVersion: v1
        kind: Secret
        metadata:
          name: certificate
        type: kubernetes.io/tls
        stringData:
          cert.pem: ""
          key.pem: ""

    Good:

        apiVersion: v1
        kind: Secret
        metadata:
          name: certificate
        type: kubernetes.io/tls
        stringData:
          tls.crt: ""
          tls.key: ""

    Source: pkg/apis/core/validation/validation.go, ValidateSecret
    """
    if kind_of(resource) != ("", "Secret"):
        return
    form = resource.body.get("type")
    keys = {key for field in ("data", "stringData") for key in part(resource.body, (field,)) or {}}
    needed = _SECRET_KEYS.get(form, ()) if isinstance(form, str) else ()
    for key in needed:
        if key not in keys:
            yield required(resource, ("data", key), f'a Secret of type "{form}" needs this key')
    if form == "kubernetes.io/service-account-token":
        annotation = "kubernetes.io/service-account.name"
        if not (part(resource.body, ("metadata", "annotations")) or {}).get(annotation):
            yield required(resource, ("metadata", "annotations", annotation))
    if form == "kubernetes.io/basic-auth" and not keys & {"username", "password"}:
        yield required(resource, ("data", "username"), f'a Secret of type "{form}" needs this key or "password"')


RULES = (missing_spec, missing_containers, missing_image, service_ports, incomplete_claim, secret_keys)
