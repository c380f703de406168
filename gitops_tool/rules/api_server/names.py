"""Rules on names: of objects, containers, volumes, ports, variables, keys, labels and annotations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.formats import Format
from gitops_tool.rules.api_server.objects import (
    RBAC,
    kind_of,
    part,
)
from gitops_tool.rules.api_server.problems import invalid
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource


_CONTAINER_NAMES: Table[Format] = Table({}, container={"name": formats.dns_label})


@rule("invalid-container-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_container_name(resource: Resource) -> Iterator[Problem]:
    """A container's name is not a DNS label.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web_app
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web-app
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, validateContainerCommon
    """
    yield from _check(resource, _CONTAINER_NAMES)


_VOLUME_NAMES: Table[Format] = Table({}, pod={"volumes.*.name": formats.dns_label})


@rule("invalid-volume-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_volume_name(resource: Resource) -> Iterator[Problem]:
    """A volume's name is not a DNS label.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          volumes:
            - name: tmp.d
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
            - name: tmp-d
              emptyDir: {}
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go, ValidateVolumes
    """
    yield from _check(resource, _VOLUME_NAMES)


_HANDLERS = (
    *(f"{probe}.{action}.port" for probe in ("livenessProbe", "readinessProbe", "startupProbe")
      for action in ("httpGet", "tcpSocket")),
    *(f"lifecycle.{hook}.{action}.port" for hook in ("postStart", "preStop") for action in ("httpGet", "tcpSocket")),
)  # fmt: skip
_PORT_NAMES: Table[Format] = Table(
    {
        ("", "Service"): {"spec.ports.*.name": formats.dns_label, "spec.ports.*.targetPort": formats.port_name},
        ("networking.k8s.io", "Ingress"): {
            "spec.defaultBackend.service.port.name": formats.port_name,
            "spec.rules.*.http.paths.*.backend.service.port.name": formats.port_name,
        },
        ("networking.k8s.io", "NetworkPolicy"): {
            "spec.ingress.*.ports.*.port": formats.port_name,
            "spec.egress.*.ports.*.port": formats.port_name,
        },
    },
    container={"ports.*.name": formats.port_name} | dict.fromkeys(_HANDLERS, formats.port_name),
)


@rule("invalid-port-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_port_name(resource: Resource) -> Iterator[Problem]:
    """A port's name is too long, has no letter, or has other than lower case letters, digits and single hyphens.

    The same holds where a port is named: a probe, a `targetPort`, an Ingress, a NetworkPolicy. A
    number in quotes there is a name, and has no letter. Fifteen characters are the limit of
    RFC 6335; only a Service's own port names may have 63.

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
              targetPort: "8080"

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
              targetPort: 8080

    Source: k8s.io/apimachinery/pkg/util/validation/validation.go, IsValidPortName
    """
    for value, pointer, check in _PORT_NAMES.fields(resource):
        if isinstance(value, str) and value and (wrong := check(value)):
            hint = "write the number without quotes" if value.isdecimal() else None
            yield invalid(resource, pointer, value, wrong, hint=hint)


_ENV_NAMES: Table[Format] = Table({}, container={"env.*.name": formats.env_name, "envFrom.*.prefix": formats.env_name})


@rule("invalid-env-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_env_name(resource: Resource) -> Iterator[Problem]:
    """An environment variable's name has `=` in it, or a character that is not printable ASCII.

    Kubernetes before 1.32 is stricter, and refuses a leading digit, too.

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
                - name: LOG_LEVEL=
                  value: info

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
                  value: info

    Source: k8s.io/apimachinery/pkg/util/validation/validation.go, IsRelaxedEnvVarName
    """
    yield from _check(resource, _ENV_NAMES)


_HEADERS = (name.replace(".port", ".httpHeaders.*.name") for name in _HANDLERS if ".httpGet." in name)
_TERMS = ("required{}.*", "preferred{}.*.podAffinityTerm")
_TOPOLOGY_KEYS = tuple(
    f"affinity.{kind}.{term.format('DuringSchedulingIgnoredDuringExecution')}.topologyKey"
    for kind in ("podAffinity", "podAntiAffinity")
    for term in _TERMS
)
_LABEL_KEYS = (
    "topologySpreadConstraints.*.matchLabelKeys.*",
    *(
        key.replace("topologyKey", f"{field}.*")
        for key in _TOPOLOGY_KEYS
        for field in ("matchLabelKeys", "mismatchLabelKeys")
    ),
)
_TERM_NAMESPACES = tuple(key.replace(".topologyKey", ".namespaces.*") for key in _TOPOLOGY_KEYS)
_CONDITIONS: dict[str, Format] = {"webhooks.*.matchConditions.*.name": formats.qualified_name}


def _finalizer(text: str) -> str | None:
    if text == "kubernetes" or "/" in text:
        return formats.qualified_name(text)
    return "name is neither a standard finalizer name nor is it fully qualified"


_JOB: dict[str, Format] = {
    "managedBy": formats.prefixed_path,
    "podFailurePolicy.rules.*.onPodConditions.*.type": formats.qualified_name,
}
_DEVICES: dict[str, Format] = {
    "requests.*.name": formats.dns_label,
    "requests.*.exactly.deviceClassName": formats.dns_subdomain,
    "requests.*.firstAvailable.*.name": formats.dns_label,
    "requests.*.firstAvailable.*.deviceClassName": formats.dns_subdomain,
    "requests.*.exactly.tolerations.*.key": formats.qualified_name,
    "requests.*.firstAvailable.*.tolerations.*.key": formats.qualified_name,
    "constraints.*.matchAttribute": formats.device_attribute,
    "constraints.*.distinctAttribute": formats.device_attribute,
    "config.*.opaque.driver": formats.driver_name,
}
_REFERENCES: Table[Format] = Table(
    {
        ("networking.k8s.io", "Ingress"): {
            "spec.ingressClassName": formats.dns_subdomain,
            "spec.tls.*.secretName": formats.dns_subdomain,
            "spec.defaultBackend.service.name": formats.dns_label,
            "spec.rules.*.http.paths.*.backend.service.name": formats.dns_label,
            **{
                f"spec.{backend}.resource.{field}": form
                for backend in ("defaultBackend", "rules.*.http.paths.*.backend")
                for field, form in (
                    ("apiGroup", formats.dns_subdomain),
                    ("kind", formats.path_segment),
                    ("name", formats.path_segment),
                )
            },
        },
        ("", "Endpoints"): {"subsets.*.ports.*.name": formats.dns_label},
        ("", "Namespace"): {"spec.finalizers.*": _finalizer},
        ("", "PersistentVolume"): {
            "spec.storageClassName": formats.dns_subdomain,
            "spec.csi.driver": formats.driver_name,
        },
        ("", "PersistentVolumeClaim"): {
            "spec.storageClassName": formats.dns_subdomain,
            "spec.volumeAttributesClassName": formats.dns_subdomain,
        },
        ("", "Service"): {
            "spec.loadBalancerClass": formats.qualified_name,
            "spec.ports.*.appProtocol": formats.qualified_name,
        },
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): {
            "spec.matchConditions.*.name": formats.qualified_name,
            "spec.variables.*.name": formats.identifier,
        },
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): {
            "spec.policyName": formats.dns_subdomain,
            "spec.paramRef.name": formats.path_segment,
        },
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _CONDITIONS,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
            "spec.matchConditions.*.name": formats.qualified_name,
            "spec.auditAnnotations.*.key": formats.qualified_name,
            "spec.variables.*.name": formats.identifier,
        },
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): {
            "spec.policyName": formats.dns_subdomain,
            "spec.paramRef.name": formats.path_segment,
        },
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _CONDITIONS,
        ("apiregistration.k8s.io", "APIService"): {"spec.version": formats.dns_1035_label},
        ("apps", "StatefulSet"): {
            "spec.serviceName": formats.dns_label,
            "spec.volumeClaimTemplates.*.spec.storageClassName": formats.dns_subdomain,
        },
        ("batch", "Job"): {f"spec.{field}": form for field, form in _JOB.items()},
        ("batch", "CronJob"): {f"spec.jobTemplate.spec.{field}": form for field, form in _JOB.items()},
        ("discovery.k8s.io", "EndpointSlice"): {
            "endpoints.*.hostname": formats.dns_label,
            "endpoints.*.nodeName": formats.dns_subdomain,
            "ports.*.name": formats.dns_label,
            "ports.*.appProtocol": formats.qualified_name,
        },
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {"spec.priorityLevelConfiguration.name": formats.dns_subdomain},
        ("networking.k8s.io", "IngressClass"): {
            "spec.controller": formats.prefixed_path,
            "spec.parameters.apiGroup": formats.dns_subdomain,
            "spec.parameters.kind": formats.path_segment,
            "spec.parameters.name": formats.path_segment,
        },
        ("node.k8s.io", "RuntimeClass"): {
            "handler": formats.dns_label,
            "scheduling.tolerations.*.key": formats.qualified_name,
            "scheduling.tolerations.*.value": formats.label_value,
        },
        ("resource.k8s.io", "DeviceClass"): {
            "spec.config.*.opaque.driver": formats.driver_name,
            "spec.extendedResourceName": formats.extended_resource,
        },
        ("resource.k8s.io", "ResourceClaim"): {f"spec.devices.{field}": form for field, form in _DEVICES.items()},
        ("resource.k8s.io", "ResourceClaimTemplate"): {
            f"spec.spec.devices.{field}": form for field, form in _DEVICES.items()
        },
        ("storage.k8s.io", "StorageClass"): {
            "provisioner": formats.annotation_key,
            "allowedTopologies.*.matchLabelExpressions.*.key": formats.qualified_name,
        },
        ("storage.k8s.io", "VolumeAttributesClass"): {"driverName": formats.annotation_key},
        (RBAC, "RoleBinding"): {"roleRef.name": formats.path_segment},
        (RBAC, "ClusterRoleBinding"): {"roleRef.name": formats.path_segment},
        ("autoscaling", "HorizontalPodAutoscaler"): {
            "spec.scaleTargetRef.apiVersion": formats.group_version,
            "spec.scaleTargetRef.kind": formats.path_segment,
            "spec.scaleTargetRef.name": formats.path_segment,
            "spec.metrics.*.containerResource.container": formats.dns_label,
            "spec.metrics.*.external.metric.name": formats.path_segment,
            "spec.metrics.*.object.metric.name": formats.path_segment,
            "spec.metrics.*.pods.metric.name": formats.path_segment,
        },
    },
    pod={
        "serviceAccountName": formats.dns_subdomain,
        "priorityClassName": formats.dns_subdomain,
        "runtimeClassName": formats.dns_subdomain,
        "nodeName": formats.dns_subdomain,
        "hostname": formats.dns_label,
        "subdomain": formats.dns_label,
        "tolerations.*.key": formats.qualified_name,
        "tolerations.*.value": formats.label_value,
        "readinessGates.*.conditionType": formats.qualified_name,
        "schedulingGates.*.name": formats.qualified_name,
        "securityContext.sysctls.*.name": formats.sysctl,
        "securityContext.windowsOptions.gmsaCredentialSpecName": formats.dns_subdomain,
        "volumes.*.csi.driver": formats.driver_name,
        "resourceClaims.*.name": formats.dns_label,
        "resourceClaims.*.resourceClaimName": formats.dns_subdomain,
        "resourceClaims.*.resourceClaimTemplateName": formats.dns_subdomain,
        "volumes.*.iscsi.iqn": formats.initiator,
        **dict.fromkeys(_TERM_NAMESPACES, formats.dns_label),
        **dict.fromkeys(_LABEL_KEYS, formats.qualified_name),
        **dict.fromkeys(_TOPOLOGY_KEYS, formats.qualified_name),
    },
    container={
        "env.*.valueFrom.configMapKeyRef.name": formats.dns_subdomain,
        "env.*.valueFrom.configMapKeyRef.key": formats.config_key,
        "env.*.valueFrom.secretKeyRef.name": formats.dns_subdomain,
        "env.*.valueFrom.secretKeyRef.key": formats.config_key,
        "envFrom.*.configMapRef.name": formats.dns_subdomain,
        "envFrom.*.secretRef.name": formats.dns_subdomain,
        "securityContext.windowsOptions.gmsaCredentialSpecName": formats.dns_subdomain,
    }
    | dict.fromkeys(_HEADERS, formats.header_name),
)


@rule("invalid-referenced-name", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_referenced_name(resource: Resource) -> Iterator[Problem]:
    """A field that names another object, a key in it, or a host holds what can be no such name.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          serviceAccountName: Web_Server
          containers:
            - name: web
              image: nginx:1.29

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          serviceAccountName: web-server
          containers:
            - name: web
              image: nginx:1.29

    Source: pkg/apis/core/validation/validation.go (ValidatePodSpec, ValidateEnv, ValidateEnvFrom),
    pkg/apis/networking/validation/validation.go (ValidateIngressSpec)
    """
    # The StatefulSet controller sets hostname and subdomain itself.
    overwritten = {"hostname", "subdomain"} if kind_of(resource) == ("apps", "StatefulSet") else ()
    for value, pointer, check in _REFERENCES.fields(resource):
        if isinstance(value, str) and value and pointer[-1] not in overwritten and (wrong := check(value)):
            yield invalid(resource, pointer, value, wrong)


@rule("invalid-data-key", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_data_key(resource: Resource) -> Iterator[Problem]:
    """A key of a ConfigMap or Secret cannot be a file's name, or is in `data` and `binaryData` both.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          conf/app.yaml: "debug: false"

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          app.yaml: "debug: false"

    Source: pkg/apis/core/validation/validation.go, ValidateConfigMap and ValidateSecret
    """
    if kind_of(resource) not in {("", "ConfigMap"), ("", "Secret")}:
        return
    binary = part(resource.body, ("binaryData",)) or {}
    for field in ("data", "binaryData", "stringData"):
        for key in part(resource.body, (field,)) or {}:
            if isinstance(key, str) and (wrong := formats.config_key(key)):
                yield invalid(resource, (field, key), key, wrong)
            elif field == "data" and key in binary:
                yield invalid(resource, (field, key), key, "duplicate of key present in binaryData")


def _check(resource: Resource, table: Table[Format]) -> Iterator[Problem]:
    for value, pointer, check in table.fields(resource):
        if isinstance(value, str) and value and (wrong := check(value)):
            yield invalid(resource, pointer, value, wrong)


RULES = (
    invalid_container_name,
    invalid_volume_name,
    invalid_port_name,
    invalid_env_name,
    invalid_referenced_name,
    invalid_data_key,
)
