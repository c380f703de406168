"""Rules on fields that take one of a closed list of words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import kind_of, pod_spec
from gitops_tool.rules.api_server.problems import required, unsupported
from gitops_tool.rules.api_server.tables import Table
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

Words = frozenset[str]
"""What a field may hold; the empty text among them where the API server replaces it by a default."""


def _words(text: str) -> Words:
    return frozenset(text.split())


def _or_default(text: str) -> Words:
    return frozenset({*text.split(), ""})


_PROTOCOL = _or_default("TCP UDP SCTP")
_SCHEME = _or_default("HTTP HTTPS")
_PROFILE = _words("Localhost RuntimeDefault Unconfined")
_HONOR = _words("Honor Ignore")
_ACCESS = _words("ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod")
_VOLUME_MODE = _words("Block Filesystem")
_RETENTION = _or_default("Delete Retain")
_METRIC_TARGET = _words("AverageValue Utilization Value")
_METRICS = ("containerResource", "external", "object", "pods", "resource")
_RBAC_GROUP = _or_default("rbac.authorization.k8s.io")
_ROLE_REF = {"roleRef.apiGroup": _RBAC_GROUP, "subjects.*.kind": _words("Group ServiceAccount User")}
_CLAIM = {"accessModes.*": _ACCESS, "volumeMode": _VOLUME_MODE}
_JOB = {
    "completionMode": _words("Indexed NonIndexed"),
    "podReplacementPolicy": _words("Failed TerminatingOrFailed"),
    "podFailurePolicy.rules.*.action": _words("Count FailIndex FailJob Ignore"),
    "podFailurePolicy.rules.*.onExitCodes.operator": _words("In NotIn"),
    "podFailurePolicy.rules.*.onPodConditions.*.status": _or_default("False True Unknown"),
}
_WEBHOOK = {
    "webhooks.*.failurePolicy": _words("Fail Ignore"),
    "webhooks.*.matchPolicy": _words("Equivalent Exact"),
    "webhooks.*.sideEffects": _words("None NoneOnDryRun"),
    "webhooks.*.rules.*.operations.*": _words("* CONNECT CREATE DELETE UPDATE"),
    "webhooks.*.rules.*.scope": _words("* Cluster Namespaced"),
}

_MATCHING = {
    "matchPolicy": _words("Equivalent Exact"),
    "resourceRules.*.operations.*": _words("* CONNECT CREATE DELETE UPDATE"),
    "resourceRules.*.scope": _words("* Cluster Namespaced"),
    "excludeResourceRules.*.operations.*": _words("* CONNECT CREATE DELETE UPDATE"),
}
_SCOPES = _words("BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating "
                 "VolumeAttributesClass")  # fmt: skip
_VERBS = _words("* create delete deletecollection get list patch proxy update watch")
_ALLOCATION = _or_default("All ExactCount")
_DEVICES = {
    f"devices.requests.*.{request}.{field}": words
    for request in ("exactly", "firstAvailable.*")
    for field, words in (
        ("allocationMode", _ALLOCATION),
        ("tolerations.*.operator", _or_default("Equal Exists")),
        ("tolerations.*.effect", _or_default("NoExecute NoSchedule None")),
    )
}

_KINDS = {
    ("", "Endpoints"): {"subsets.*.ports.*.protocol": _PROTOCOL},
    ("", "PersistentVolume"): {
        **{f"spec.{field}": words for field, words in _CLAIM.items()},
        "spec.persistentVolumeReclaimPolicy": _or_default("Delete Recycle Retain"),
    },
    ("", "PersistentVolumeClaim"): {f"spec.{field}": words for field, words in _CLAIM.items()},
    ("", "ResourceQuota"): {
        "spec.scopes.*": _SCOPES,
        "spec.scopeSelector.matchExpressions.*.scopeName": _SCOPES,
        "spec.scopeSelector.matchExpressions.*.operator": _words("DoesNotExist Exists In NotIn"),
    },
    ("", "Service"): {
        "spec.type": _or_default("ClusterIP ExternalName LoadBalancer NodePort"),
        "spec.ports.*.protocol": _PROTOCOL,
        "spec.sessionAffinity": _or_default("ClientIP None"),
        "spec.externalTrafficPolicy": _or_default("Cluster Local"),
        "spec.internalTrafficPolicy": _words("Cluster Local"),
        "spec.ipFamilies.*": _words("IPv4 IPv6"),
        "spec.ipFamilyPolicy": _words("PreferDualStack RequireDualStack SingleStack"),
        "spec.trafficDistribution": _words("PreferClose PreferSameNode PreferSameZone"),
    },
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): {
        **_WEBHOOK,
        "webhooks.*.reinvocationPolicy": _words("IfNeeded Never"),
    },
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): {
        "spec.failurePolicy": _words("Fail Ignore"),
        "spec.reinvocationPolicy": _words("IfNeeded Never"),
        "spec.mutations.*.patchType": _words("ApplyConfiguration JSONPatch"),
        **{f"spec.matchConstraints.{field}": words for field, words in _MATCHING.items()},
    },
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): {
        "spec.paramRef.parameterNotFoundAction": _words("Allow Deny"),
        **{f"spec.matchResources.{field}": words for field, words in _MATCHING.items()},
    },
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): {
        "spec.failurePolicy": _words("Fail Ignore"),
        "spec.validations.*.reason": _words("Forbidden Invalid RequestEntityTooLarge Unauthorized"),
        **{f"spec.matchConstraints.{field}": words for field, words in _MATCHING.items()},
    },
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): {
        "spec.validationActions.*": _words("Audit Deny Warn"),
        "spec.paramRef.parameterNotFoundAction": _words("Allow Deny"),
        **{f"spec.matchResources.{field}": words for field, words in _MATCHING.items()},
    },
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): {
        "spec.scope": _words("Cluster Namespaced"),
        "spec.conversion.strategy": _words("None Webhook"),
        "spec.versions.*.additionalPrinterColumns.*.type": _words("boolean date integer number string"),
    },
    ("apps", "DaemonSet"): {"spec.updateStrategy.type": _or_default("OnDelete RollingUpdate")},
    ("apps", "Deployment"): {"spec.strategy.type": _or_default("Recreate RollingUpdate")},
    ("apps", "StatefulSet"): {
        "spec.podManagementPolicy": _or_default("OrderedReady Parallel"),
        # Recreate is behind a feature gate in 1.37.
        "spec.updateStrategy.type": _or_default("OnDelete Recreate RollingUpdate"),
        "spec.persistentVolumeClaimRetentionPolicy.whenDeleted": _RETENTION,
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled": _RETENTION,
        **{f"spec.volumeClaimTemplates.*.spec.{field}": words for field, words in _CLAIM.items()},
    },
    ("autoscaling", "HorizontalPodAutoscaler"): {
        "spec.metrics.*.type": _words("ContainerResource External Object Pods Resource"),
        **{f"spec.metrics.*.{metric}.target.type": _METRIC_TARGET for metric in _METRICS},
        **{f"spec.behavior.{way}.selectPolicy": _words("Disabled Max Min") for way in ("scaleDown", "scaleUp")},
        **{f"spec.behavior.{way}.policies.*.type": _words("Percent Pods") for way in ("scaleDown", "scaleUp")},
    },
    ("batch", "CronJob"): {
        "spec.concurrencyPolicy": _or_default("Allow Forbid Replace"),
        **{f"spec.jobTemplate.spec.{field}": words for field, words in _JOB.items()},
    },
    ("batch", "Job"): {f"spec.{field}": words for field, words in _JOB.items()},
    ("discovery.k8s.io", "EndpointSlice"): {
        "addressType": _words("FQDN IPv4 IPv6"),
        "ports.*.protocol": _PROTOCOL,
    },
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {
        "spec.distinguisherMethod.type": _words("ByNamespace ByUser"),
        "spec.rules.*.subjects.*.kind": _words("Group ServiceAccount User"),
        "spec.rules.*.resourceRules.*.verbs.*": _VERBS,
    },
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): {
        "spec.type": _words("Exempt Limited"),
        "spec.limited.limitResponse.type": _words("Queue Reject"),
    },
    ("networking.k8s.io", "Ingress"): {
        "spec.rules.*.http.paths.*.pathType": _words("Exact ImplementationSpecific Prefix"),
    },
    ("networking.k8s.io", "IngressClass"): {"spec.parameters.scope": _words("Cluster Namespace")},
    ("networking.k8s.io", "NetworkPolicy"): {
        "spec.policyTypes.*": _words("Egress Ingress"),
        "spec.ingress.*.ports.*.protocol": _words("SCTP TCP UDP"),
        "spec.egress.*.ports.*.protocol": _words("SCTP TCP UDP"),
    },
    ("node.k8s.io", "RuntimeClass"): {
        "scheduling.tolerations.*.effect": _or_default("NoExecute NoSchedule PreferNoSchedule"),
        "scheduling.tolerations.*.operator": _or_default("Equal Exists Gt Lt"),
    },
    ("policy", "PodDisruptionBudget"): {"spec.unhealthyPodEvictionPolicy": _words("AlwaysAllow IfHealthyBudget")},
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): {**_ROLE_REF, "roleRef.kind": _words("ClusterRole")},
    ("rbac.authorization.k8s.io", "RoleBinding"): {**_ROLE_REF, "roleRef.kind": _words("ClusterRole Role")},
    ("resource.k8s.io", "ResourceClaim"): {f"spec.{field}": words for field, words in _DEVICES.items()},
    ("resource.k8s.io", "ResourceClaimTemplate"): {f"spec.spec.{field}": words for field, words in _DEVICES.items()},
    ("scheduling.k8s.io", "PriorityClass"): {"preemptionPolicy": _words("Never PreemptLowerPriority")},
    ("storage.k8s.io", "CSIDriver"): {
        "spec.fsGroupPolicy": _words("File None ReadWriteOnceWithFSType"),
        "spec.volumeLifecycleModes.*": _words("Ephemeral Persistent"),
    },
    ("storage.k8s.io", "StorageClass"): {
        "reclaimPolicy": _or_default("Delete Retain"),
        "volumeBindingMode": _words("Immediate WaitForFirstConsumer"),
    },
}

_AMOUNTS = _words(
    "limits.cpu limits.ephemeral-storage limits.memory requests.cpu requests.ephemeral-storage requests.memory"
)
_POD = {
    "volumes.*.downwardAPI.items.*.resourceFieldRef.resource": _AMOUNTS,
    "volumes.*.projected.sources.*.downwardAPI.items.*.resourceFieldRef.resource": _AMOUNTS,
    "restartPolicy": _or_default("Always Never OnFailure"),
    "dnsPolicy": _or_default("ClusterFirst ClusterFirstWithHostNet Default None"),
    "preemptionPolicy": _words("Never PreemptLowerPriority"),
    "os.name": _words("linux windows"),
    "securityContext.fsGroupChangePolicy": _words("Always OnRootMismatch"),
    "securityContext.supplementalGroupsPolicy": _words("Merge Strict"),
    "securityContext.seccompProfile.type": _PROFILE,
    "securityContext.appArmorProfile.type": _PROFILE,
    "tolerations.*.effect": _or_default("NoExecute NoSchedule PreferNoSchedule"),
    # Gt and Lt are behind a feature gate since 1.35.
    "tolerations.*.operator": _or_default("Equal Exists Gt Lt"),
    "topologySpreadConstraints.*.whenUnsatisfiable": _words("DoNotSchedule ScheduleAnyway"),
    "topologySpreadConstraints.*.nodeAffinityPolicy": _HONOR,
    "topologySpreadConstraints.*.nodeTaintsPolicy": _HONOR,
    **{f"volumes.*.ephemeral.volumeClaimTemplate.spec.{field}": words for field, words in _CLAIM.items()},
    "volumes.*.image.pullPolicy": _or_default("Always IfNotPresent Never"),
    "volumes.*.hostPath.type": _or_default(
        "BlockDevice CharDevice Directory DirectoryOrCreate File FileOrCreate Socket"
    ),
}
_CONTAINER = {
    "imagePullPolicy": _or_default("Always IfNotPresent Never"),
    "terminationMessagePolicy": _or_default("FallbackToLogsOnError File"),
    "restartPolicy": _words("Always Never OnFailure"),
    "ports.*.protocol": _PROTOCOL,
    "env.*.valueFrom.fieldRef.fieldPath": _words(
        "metadata.name metadata.namespace metadata.uid spec.nodeName spec.serviceAccountName "
        "status.hostIP status.hostIPs status.podIP status.podIPs"
    ),
    "env.*.valueFrom.resourceFieldRef.resource": _AMOUNTS,
    "resizePolicy.*.resourceName": _words("cpu memory"),
    "resizePolicy.*.restartPolicy": _or_default("NotRequired RestartContainer"),
    "securityContext.procMount": _words("Default Unmasked"),
    "securityContext.seccompProfile.type": _PROFILE,
    "securityContext.appArmorProfile.type": _PROFILE,
    "volumeMounts.*.mountPropagation": _words("Bidirectional HostToContainer None"),
    "volumeMounts.*.recursiveReadOnly": _words("Disabled Enabled IfPossible"),
    **{f"{probe}.httpGet.scheme": _SCHEME for probe in ("livenessProbe", "readinessProbe", "startupProbe")},
    **{f"lifecycle.{hook}.httpGet.scheme": _SCHEME for hook in ("postStart", "preStop")},
}
_ENUMS: Table[Words] = Table(_KINDS, _POD, _CONTAINER)
_OPEN_ENDED = {
    "fieldPath": ("metadata.annotations['", "metadata.labels['"),
    "resource": ("limits.hugepages-", "requests.hugepages-"),
}
"""What else the values of two fields may begin with."""


@rule("unsupported-value", family=Family.API_SERVER, severity=Severity.ERROR)
def unsupported_value(resource: Resource) -> Iterator[Problem]:
    """A field holds a word that is not in its closed list.

    The published schemas hold no such lists. Case counts: `always` is not `Always`. What any
    Kubernetes from 1.31 to 1.37 knows is accepted.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              imagePullPolicy: always

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: nginx:1.29
              imagePullPolicy: Always

    Source: pkg/apis/core/validation/validation.go (validatePullPolicy and its neighbours), and the
    validation.go of apps, autoscaling, batch, networking, policy, rbac, scheduling and storage
    """
    for value, pointer, words in _ENUMS.fields(resource):
        if isinstance(value, str) and value not in words and not _is_open(value, pointer):
            yield unsupported(resource, pointer, value, words - {""})


def _is_open(value: str, pointer: Pointer) -> bool:
    return value.startswith(_OPEN_ENDED.get(str(pointer[-1]), ("?",)))


_RUNS_TO_THE_END = frozenset({("batch", "CronJob"), ("batch", "Job")})
_RUNS_FOREVER = frozenset(
    {
        ("", "ReplicationController"),
        ("apps", "DaemonSet"),
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
    }
)


@rule("wrong-restart-policy", family=Family.API_SERVER, severity=Severity.ERROR)
def wrong_restart_policy(resource: Resource) -> Iterator[Problem]:
    """A pod template has a `restartPolicy` that its workload cannot have.

    A Job must say `Never` or `OnFailure`, because the default is `Always`; a Deployment, ReplicaSet,
    StatefulSet, DaemonSet or ReplicationController takes no other than `Always`.

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
        spec:
          template:
            spec:
              containers:
                - name: migrate
                  image: migrate:1.4

    Good:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
        spec:
          template:
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Source: pkg/apis/batch/validation/validation.go (validateJobSpec),
    pkg/apis/apps/validation/validation.go (ValidatePodTemplateSpecForReplicaSet, ValidateDaemonSetSpec)
    """
    kind = kind_of(resource)
    pod = pod_spec(resource)
    if pod is None:
        return
    spec, pointer = pod
    policy = spec.get("restartPolicy") or "Always"
    pointer = (*pointer, "restartPolicy")
    if kind in _RUNS_TO_THE_END and policy == "Always":
        yield required(resource, pointer, 'valid values: "OnFailure", "Never"')
    elif kind in _RUNS_FOREVER and policy in ("Never", "OnFailure"):
        yield unsupported(resource, pointer, policy, ("Always",))


RULES = (unsupported_value, wrong_restart_policy)
