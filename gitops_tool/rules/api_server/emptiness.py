"""Rules on what must be there, and that no schema requires."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import (
    POD,
    RBAC,
    TEMPLATES,
    containers,
    kind_of,
    part,
    parts,
    pod_spec,
)
from gitops_tool.rules.api_server.problems import invalid, required, unsupported
from gitops_tool.rules.api_server.tables import Table, places
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


RULES = (missing_spec, missing_containers, missing_image, service_ports, incomplete_claim, empty_value, secret_keys)
