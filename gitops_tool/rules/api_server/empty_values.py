"""The rule on fields that may not be empty, null or left out, kind by kind, and that no schema requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import RBAC, kind_of
from gitops_tool.rules.api_server.problems import required
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_DURING = "DuringSchedulingIgnoredDuringExecution.*"
_TERMS = tuple(
    f"affinity.{kind}.{term}"
    for kind in ("podAffinity", "podAntiAffinity")
    for term in (f"required{_DURING}", f"preferred{_DURING}.podAffinityTerm")
)
_KEYED = ("configMap", "secret", "projected.sources.*.configMap", "projected.sources.*.secret")
_HANDLERS = ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle.postStart", "lifecycle.preStop")
_NEEDED: Table[tuple[str, ...]] = Table(
    {
        ("autoscaling", "HorizontalPodAutoscaler"): {"spec.scaleTargetRef": ("kind", "name")},
        ("batch", "CronJob"): {"spec": ("schedule",)},
        (RBAC, "ClusterRoleBinding"): {"roleRef": ("name",), "subjects.*": ("name",)},
        (RBAC, "RoleBinding"): {"roleRef": ("name",), "subjects.*": ("name",)},
        ("", "Service"): {"spec.ports.*": ("port",)},
    },
    pod={
        **dict.fromkeys(_TERMS, ("topologyKey",)),
        "containers.*": ("name",),
        "initContainers.*": ("name",),
        "readinessGates.*": ("conditionType",),
        "securityContext.sysctls.*": ("name",),
        "topologySpreadConstraints.*": ("topologyKey",),
        "volumes.*": ("name",),
        "volumes.*.downwardAPI.items.*": ("path",),
        "volumes.*.iscsi": ("iqn", "targetPortal"),
        "volumes.*.projected.sources.*.downwardAPI.items.*": ("path",),
        **{f"volumes.*.{source}.items.*": ("key", "path") for source in _KEYED},
    },
    container={
        **{f"{handler}.httpGet.httpHeaders.*": ("name",) for handler in _HANDLERS},
        "env.*": ("name",),
        "ports.*": ("containerPort",),
        "volumeMounts.*": ("name", "mountPath"),
    },
)
_WEBHOOK = {
    "webhooks.*": ("admissionReviewVersions",),
    "webhooks.*.rules.*": ("operations", "apiGroups", "apiVersions", "resources"),
    "webhooks.*.clientConfig.service": ("namespace", "name"),
    "webhooks.*.matchConditions.*": ("name", "expression"),
}
_MATCHED = ("operations", "apiGroups", "apiVersions", "resources")
_POLICY = {
    "spec": ("matchConstraints",),
    "spec.matchConstraints": ("resourceRules",),
    "spec.matchConstraints.resourceRules.*": _MATCHED,
    "spec.matchConstraints.excludeResourceRules.*": _MATCHED,
    "spec.paramKind": ("apiVersion", "kind"),
    "spec.matchConditions.*": ("name", "expression"),
    "spec.variables.*": ("name", "expression"),
}
_TYPED = ("kind", "name")
_DEVICES = {
    "requests.*.exactly": ("deviceClassName",),
    "requests.*.firstAvailable.*": ("name", "deviceClassName"),
    "requests.*.exactly.selectors.*": ("cel",),
    "requests.*.firstAvailable.*.selectors.*": ("cel",),
    "config.*": ("opaque",),
    "config.*.opaque": ("driver",),
}
_NAMED: Table[tuple[str, ...]] = Table(
    {
        ("", "Endpoints"): {"subsets.*.addresses.*": ("ip",)},
        ("", "PersistentVolume"): {
            "spec.csi": ("driver", "volumeHandle"),
            "spec.nodeAffinity": ("required",),
            "spec.nodeAffinity.required": ("nodeSelectorTerms",),
        },
        ("", "PersistentVolumeClaim"): {"spec.dataSourceRef": ("kind", "name")},
        ("", "Pod"): {"spec.volumes.*.image": ("reference",)},
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): {
            **_POLICY,
            "spec": ("matchConstraints", "mutations", "reinvocationPolicy"),
            "spec.mutations.*": ("patchType",),
            "spec.mutations.*.applyConfiguration": ("expression",),
            "spec.mutations.*.jsonPatch": ("expression",),
        },
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): {
            "spec": ("policyName",),
            "spec.paramRef": ("parameterNotFoundAction",),
            "spec.matchResources.resourceRules.*": _MATCHED,
            "spec.matchResources.excludeResourceRules.*": _MATCHED,
        },
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
            **_POLICY,
            "spec.validations.*": ("expression",),
            "spec.auditAnnotations.*": ("key", "valueExpression"),
        },
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): {
            "spec": ("policyName", "validationActions"),
            "spec.paramRef": ("parameterNotFoundAction",),
            "spec.matchResources.resourceRules.*": _MATCHED,
            "spec.matchResources.excludeResourceRules.*": _MATCHED,
        },
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
        ("apiregistration.k8s.io", "APIService"): {"spec.service": ("namespace", "name")},
        ("autoscaling", "HorizontalPodAutoscaler"): {
            **{f"spec.metrics.*.{metric}": ("name",) for metric in ("resource", "containerResource")},
            **{f"spec.metrics.*.{metric}.metric": ("name",) for metric in ("external", "object", "pods")},
        },
        ("discovery.k8s.io", "EndpointSlice"): {"endpoints.*": ("addresses",)},
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {
            "spec.priorityLevelConfiguration": ("name",),
            "spec.rules.*": ("subjects",),
            "spec.rules.*.resourceRules.*": ("verbs", "apiGroups", "resources"),
            "spec.rules.*.nonResourceRules.*": ("verbs", "nonResourceURLs"),
        },
        ("networking.k8s.io", "Ingress"): {
            "spec.defaultBackend.resource": _TYPED,
            "spec.rules.*.http.paths.*.backend.resource": _TYPED,
        },
        ("networking.k8s.io", "IngressClass"): {"spec": ("controller",), "spec.parameters": _TYPED},
        (RBAC, "ClusterRole"): {"aggregationRule": ("clusterRoleSelectors",)},
        ("resource.k8s.io", "DeviceClass"): {
            "spec.selectors.*": ("cel",),
            "spec.config.*": ("opaque",),
            "spec.config.*.opaque": ("driver",),
        },
        ("resource.k8s.io", "ResourceClaim"): {f"spec.devices.{field}": key for field, key in _DEVICES.items()},
        ("resource.k8s.io", "ResourceClaimTemplate"): {
            f"spec.spec.devices.{field}": key for field, key in _DEVICES.items()
        },
        ("storage.k8s.io", "StorageClass"): {
            "allowedTopologies.*": ("matchLabelExpressions",),
            "allowedTopologies.*.matchLabelExpressions.*": ("key", "values"),
        },
    },
    pod={
        "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution": ("nodeSelectorTerms",),
        "dnsConfig.options.*": ("name",),
        "volumes.*.azureFile": ("secretName", "shareName"),
        "volumes.*.cephfs": ("monitors",),
        "volumes.*.configMap": ("name",),
        "volumes.*.csi": ("driver",),
        "volumes.*.ephemeral": ("volumeClaimTemplate",),
        "volumes.*.flexVolume": ("driver",),
        "volumes.*.glusterfs": ("endpoints", "path"),
        "volumes.*.hostPath": ("path",),
        "volumes.*.persistentVolumeClaim": ("claimName",),
        "volumes.*.projected.sources.*.configMap": ("name",),
        "volumes.*.projected.sources.*.secret": ("name",),
        "volumes.*.projected.sources.*.serviceAccountToken": ("path",),
        "volumes.*.rbd": ("monitors", "image"),
        "volumes.*.secret": ("secretName",),
    },
    container={
        "env.*.valueFrom.configMapKeyRef": ("name",),
        "env.*.valueFrom.secretKeyRef": ("name",),
        "envFrom.*.configMapRef": ("name",),
        "envFrom.*.secretRef": ("name",),
        "volumeDevices.*": ("name", "devicePath"),
    },
)
_SCALING = {f"spec.behavior.{way}": ("policies",) for way in ("scaleDown", "scaleUp")}
_NOT_BLANK: Table[tuple[str, ...]] = Table(
    {
        ("", "PersistentVolume"): {"spec.local": ("path",)},
        ("resource.k8s.io", "DeviceClass"): {"spec": ("extendedResourceName",)},
        ("networking.k8s.io", "NetworkPolicy"): {f"spec.{way}.*.ports.*": ("port",) for way in ("ingress", "egress")},
        ("autoscaling", "HorizontalPodAutoscaler"): _SCALING,
        ("networking.k8s.io", "Ingress"): {"spec": ("ingressClassName",)},
    },
)
"""Fields that may be left out, and not be empty."""
_EMPTY: tuple[tuple[Table[tuple[str, ...]], tuple[Any, ...], bool], ...] = (
    (_NEEDED, (None, ""), False),
    (_NAMED, (None, "", [], {}), True),
    (_NOT_BLANK, ("", []), False),
)
"""Tables of fields, what counts as empty in them, and whether a field that is not there is empty, too."""
_ROOTS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("", "PodTemplate"): ("template",),
    **{
        ("admissionregistration.k8s.io", f"{kind}AdmissionPolicy{suffix}"): ("spec",)
        for kind in ("Mutating", "Validating")
        for suffix in ("", "Binding")
    },
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): ("spec",),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): ("spec",),
    ("networking.k8s.io", "IngressClass"): ("spec",),
    ("node.k8s.io", "RuntimeClass"): ("handler",),
    ("storage.k8s.io", "StorageClass"): ("provisioner",),
    ("storage.k8s.io", "VolumeAttributesClass"): ("driverName", "parameters"),
}
"""What objects need at their root."""


@rule("empty-value", family=Family.API_SERVER, severity=Severity.ERROR)
def empty_value(resource: Resource) -> Iterator[Problem]:
    """A field that must say something is null, empty or not there: a name, a list that needs an item.

    What the schema requires and is not there at all is the schema's to report.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              envFrom:
                - configMapRef:
                    optional: true

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              envFrom:
                - configMapRef:
                    name: settings
                    optional: true

    Source: pkg/apis/core/validation/validation.go, validateConfigMapEnvSource and its neighbours, and the
    validation.go of admissionregistration, networking, storage and others
    """
    for table, empty, absent in _EMPTY:
        for value, pointer, fields in table.fields(resource):
            for field in fields if isinstance(value, dict) else ():
                if (field in value or absent) and value.get(field) in empty:
                    yield required(resource, (*pointer, field))
    yield from _empty_roots(resource)


def _empty_roots(resource: Resource) -> Iterator[Problem]:
    for field in _ROOTS.get(kind_of(resource) or ("", ""), ()):
        if resource.body.get(field) in (None, "", {}):
            yield required(resource, (field,))


RULES = (empty_value,)
