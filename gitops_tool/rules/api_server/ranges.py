"""Rules on numbers and percentages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.api_server.problems import invalid
from gitops_tool.rules.api_server.tables import Table, places
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource

_INT32 = 2**31 - 1
_INT64 = 2**63 - 1


@record
class Range:
    """The least and the greatest number of a field, both allowed.

    `zero` says that 0 is taken for "not set" and replaced by a default.
    """

    least: int
    greatest: int = _INT32
    zero: bool = False

    def refusal(self, number: int) -> str | None:
        """Return why a number is refused, in the API server's words, None if it is not."""
        if self.least <= number <= self.greatest or (number == 0 and self.zero):
            return None
        if self.least == self.greatest:
            return f"must be {self.least}"
        if self.greatest in {_INT32, _INT64}:
            if number > self.greatest:
                return f"does not fit into an integer of {32 if self.greatest == _INT32 else 64} bits"
            return f"must be greater than or equal to {self.least}"
        return f"must be between {self.least} and {self.greatest}, inclusive"


_COUNT = Range(0)
_POSITIVE = Range(1)
_PORT = Range(1, 65535)
_OPTIONAL_PORT = Range(1, 65535, zero=True)
_ID = Range(0, _INT32)
_WEIGHT = Range(1, 100)
_FILE_MODE = Range(0, 0o777)
_SECONDS = Range(0, _INT64)

_JOB = {
    "activeDeadlineSeconds": _SECONDS,
    "backoffLimit": _COUNT,
    "backoffLimitPerIndex": _COUNT,
    "completions": _COUNT,
    "maxFailedIndexes": _COUNT,
    "parallelism": _COUNT,
    "ttlSecondsAfterFinished": _COUNT,
}
_SCALING = {
    "stabilizationWindowSeconds": Range(0, 3600),
    "policies.*.value": _POSITIVE,
    "policies.*.periodSeconds": Range(1, 1800),
}
_METRICS = ("containerResource", "external", "object", "pods", "resource")
_WEBHOOK = {"webhooks.*.timeoutSeconds": Range(1, 30), "webhooks.*.clientConfig.service.port": _PORT}
_APPS = {"spec.minReadySeconds": _COUNT, "spec.revisionHistoryLimit": _COUNT}
_REQUESTS = ("exactly", "firstAvailable.*")
_TOKEN_SECONDS = Range(600, 2**32)
_KINDS = {
    ("", "Endpoints"): {"subsets.*.ports.*.port": _PORT},
    ("", "ReplicationController"): {"spec.replicas": _COUNT, "spec.minReadySeconds": _COUNT},
    ("", "Service"): {
        "spec.ports.*.port": _PORT,
        "spec.ports.*.targetPort": _OPTIONAL_PORT,
        "spec.healthCheckNodePort": Range(0, 65535),
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds": Range(1, 86400),
    },
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
    ("apiregistration.k8s.io", "APIService"): {
        "spec.groupPriorityMinimum": Range(1, 20000),
        "spec.service.port": _PORT,
        "spec.versionPriority": Range(1, 1000),
    },
    ("apps", "DaemonSet"): _APPS,
    ("apps", "Deployment"): {**_APPS, "spec.replicas": _COUNT, "spec.progressDeadlineSeconds": _COUNT},
    ("apps", "ReplicaSet"): {"spec.replicas": _COUNT, "spec.minReadySeconds": _COUNT},
    ("apps", "StatefulSet"): {
        "spec.replicas": _COUNT,
        "spec.minReadySeconds": _COUNT,
        "spec.ordinals.start": _COUNT,
        "spec.updateStrategy.rollingUpdate.partition": _COUNT,
    },
    ("autoscaling", "HorizontalPodAutoscaler"): {
        "spec.minReplicas": _COUNT,
        "spec.maxReplicas": _POSITIVE,
        "spec.targetCPUUtilizationPercentage": _POSITIVE,
        **{f"spec.metrics.*.{metric}.target.averageUtilization": _POSITIVE for metric in _METRICS},
        **{f"spec.behavior.{way}.{field}": limits for way in ("scaleUp", "scaleDown")
           for field, limits in _SCALING.items()},
    },
    ("batch", "CronJob"): {
        "spec.failedJobsHistoryLimit": _COUNT,
        "spec.startingDeadlineSeconds": _SECONDS,
        "spec.successfulJobsHistoryLimit": _COUNT,
        **{f"spec.jobTemplate.spec.{field}": limits for field, limits in _JOB.items()},
    },
    ("batch", "Job"): {f"spec.{field}": limits for field, limits in _JOB.items()},
    ("coordination.k8s.io", "Lease"): {"spec.leaseDurationSeconds": _POSITIVE, "spec.leaseTransitions": _COUNT},
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): {"spec.matchingPrecedence": Range(1, 10000, zero=True)},
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): {
        "spec.limited.nominalConcurrencyShares": _COUNT,
        "spec.limited.lendablePercent": Range(0, 100),
        "spec.limited.borrowingLimitPercent": _COUNT,
        "spec.limited.limitResponse.queuing.handSize": Range(1, zero=True),
        "spec.limited.limitResponse.queuing.queues": Range(1, 10_000_000, zero=True),
        "spec.limited.limitResponse.queuing.queueLengthLimit": Range(1, zero=True),
    },
    ("networking.k8s.io", "Ingress"): {
        "spec.defaultBackend.service.port.number": _OPTIONAL_PORT,
        "spec.rules.*.http.paths.*.backend.service.port.number": _OPTIONAL_PORT,
    },
    ("networking.k8s.io", "NetworkPolicy"): {
        f"spec.{way}.*.ports.*.{field}": _PORT for way in ("ingress", "egress") for field in ("port", "endPort")
    },
    ("resource.k8s.io", "ResourceClaim"): {
        f"spec.devices.requests.*.{request}.count": Range(1, _INT64, zero=True) for request in _REQUESTS
    },
    ("resource.k8s.io", "ResourceClaimTemplate"): {
        f"spec.spec.devices.requests.*.{request}.count": Range(1, _INT64, zero=True) for request in _REQUESTS
    },
    ("scheduling.k8s.io", "PriorityClass"): {"value": Range(-(2**31), 1_000_000_000)},
    ("storage.k8s.io", "CSIDriver"): {
        "spec.nodeAllocatableUpdatePeriodSeconds": Range(10, _INT64),
        "spec.tokenRequests.*.expirationSeconds": _TOKEN_SECONDS,
    },
}  # fmt: skip

_AFFINITY = "preferredDuringSchedulingIgnoredDuringExecution.*.weight"
_POD = {
    "activeDeadlineSeconds": Range(1, _INT32),
    "securityContext.fsGroup": _ID,
    "securityContext.runAsGroup": _ID,
    "securityContext.runAsUser": _ID,
    "securityContext.supplementalGroups.*": _ID,
    "topologySpreadConstraints.*.maxSkew": _POSITIVE,
    "topologySpreadConstraints.*.minDomains": _POSITIVE,
    "volumes.*.projected.sources.*.serviceAccountToken.expirationSeconds": _TOKEN_SECONDS,
    "volumes.*.iscsi.lun": Range(0, 255),
    "volumes.*.awsElasticBlockStore.partition": Range(0, 255),
    "volumes.*.gcePersistentDisk.partition": Range(0, 255),
    **{f"affinity.{kind}.{_AFFINITY}": _WEIGHT for kind in ("nodeAffinity", "podAffinity", "podAntiAffinity")},
    **{f"volumes.*.{source}.{field}": _FILE_MODE for source in ("configMap", "downwardAPI", "projected", "secret")
       for field in ("defaultMode", "items.*.mode")},
}  # fmt: skip


def _probe(success: Range) -> dict[str, Range]:
    limits = dict.fromkeys(("failureThreshold", "initialDelaySeconds", "periodSeconds", "timeoutSeconds"), _COUNT)
    ports = dict.fromkeys(("grpc.port", "httpGet.port", "tcpSocket.port"), _PORT)
    return {**limits, **ports, "successThreshold": success, "terminationGracePeriodSeconds": Range(1, _INT64)}


_ONCE = Range(1, 1, zero=True)
_PROBES = {"livenessProbe": _ONCE, "readinessProbe": _COUNT, "startupProbe": _ONCE}
_CONTAINER = {
    "ports.*.containerPort": _PORT,
    "ports.*.hostPort": _OPTIONAL_PORT,
    "securityContext.runAsGroup": _ID,
    "securityContext.runAsUser": _ID,
    **{f"{probe}.{field}": limits for probe, success in _PROBES.items() for field, limits in _probe(success).items()},
    **{f"lifecycle.{hook}.{action}.port": _PORT for hook in ("postStart", "preStop")
       for action in ("httpGet", "tcpSocket")},
}  # fmt: skip
_RANGES: Table[Range] = Table(_KINDS, _POD, _CONTAINER)


@rule("number-out-of-range", family=Family.API_SERVER, severity=Severity.ERROR)
def number_out_of_range(resource: Resource) -> Iterator[Problem]:
    """A number is smaller or greater than its field allows: a port, a count, a period, a weight, a user id.

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
              targetPort: 80800

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

    Source: k8s.io/apimachinery/pkg/util/validation/validation.go (IsValidPortNum, IsValidUserID),
    pkg/apis/core/validation/validation.go (ValidateNonnegativeField, validateProbe)
    """
    for value, pointer, limits in _RANGES.fields(resource):
        # A bool is an int in Python, and is the schema's to report.
        if type(value) is int and (wrong := limits.refusal(value)):
            yield invalid(resource, pointer, value, wrong)


_NODE_PORTS = places({("", "Service"): ("spec.ports.*.nodePort", "spec.healthCheckNodePort")})


@rule("node-port-out-of-range", family=Family.API_SERVER, severity=Severity.WARNING)
def node_port_out_of_range(resource: Resource) -> Iterator[Problem]:
    """A node port lies outside 30000 to 32767, the range that API servers give out by default.

    It is a warning, because `--service-node-port-range` can be set to another range. A server-side dry run accepts any
    number; the sync does not.

    Bad:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          type: NodePort
          selector:
            app: web
          ports:
            - port: 80
              nodePort: 8080

    Good:

        apiVersion: v1
        kind: Service
        metadata:
          name: web
        spec:
          type: NodePort
          selector:
            app: web
          ports:
            - port: 80
              nodePort: 30080

    Source: https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport
    """
    for value, pointer, _ in _NODE_PORTS.fields(resource):
        if type(value) is int and value and not 30000 <= value <= 32767:
            yield invalid(resource, pointer, value, "the default range of node ports is 30000-32767")


RULES = (number_out_of_range, node_port_out_of_range)
