"""Manifests with the verdict that they deserve: `valid.yaml`, and what breaks each of them in one place."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Manifest = dict[str, Any]
REMOVED = object()
"""Stands for a value that is to be taken out."""


def load(name: str) -> list[Manifest]:
    """Read a file of this folder."""
    return [document for document in yaml.safe_load_all((Path(__file__).parent / name).read_text()) if document]


VALID = {str(manifest["metadata"].get("name", "list")): manifest for manifest in load("valid.yaml")}


def changed(name: str, pointer: str, value: object) -> Manifest:
    """Return a manifest of `valid.yaml` with one value set or removed."""
    manifest = copy.deepcopy(VALID[name])
    *parents, last = pointer.removeprefix("/").split("/")
    node: Any = manifest
    for step in parents:
        node = node[int(step)] if isinstance(node, list) else node.setdefault(step, {})
    key = int(last) if isinstance(node, list) else last.replace("~1", "/")
    if value is REMOVED:
        del node[key]
    elif isinstance(node, list) and key == len(node):
        node.append(value)
    else:
        node[key] = value
    return manifest


@dataclass(frozen=True)
class Case:
    """A change of a valid manifest, and what is to be found: nothing, or message by pointer."""

    name: str
    pointer: str
    value: object
    found: dict[str, str]

    def __str__(self) -> str:
        shown = "removed" if self.value is REMOVED else ascii(self.value)[:40]
        return f"{self.name}{self.pointer}={shown}"


def wrong(name: str, pointer: str, value: object, message: str, at: str | None = None) -> Case:
    """Return a case with one finding, at the changed place unless said otherwise."""
    return Case(name, pointer, value, {pointer if at is None else at: message})


def fine(name: str, pointer: str, value: object) -> Case:
    """Return a case without findings."""
    return Case(name, pointer, value, {})


_POD = "/spec/template/spec"
_CONTAINER = f"{_POD}/containers/0"
_QUANTITY = 'expected a quantity such as "100m", "0.5" or "1Gi"'
_TIME = 'expected a time such as "2006-01-02T15:04:05Z"'

UNKNOWN_FIELDS = [
    wrong("web", "/spec/replica", 3, 'unknown field "replica", did you mean "replicas"?'),
    wrong("web", "/spec/Replicas", 3, 'unknown field "Replicas", did you mean "replicas"?'),
    wrong("web", "/spec/replica", None, 'unknown field "replica", did you mean "replicas"?'),
    wrong("web", "/metadata/lables", {"a": "b"}, 'unknown field "lables", did you mean "labels"?'),
    wrong("web", "/imagePullPolicy", "Always", 'unknown field "imagePullPolicy"'),
    wrong(
        "web",
        f"{_CONTAINER}/imagePullpolicy",
        "Always",
        'unknown field "imagePullpolicy", did you mean "imagePullPolicy"?',
    ),
    wrong("web", f"{_CONTAINER}/livenessProbe/httpGet/prot", 1, 'unknown field "prot", did you mean "port"?'),
    wrong(
        "web",
        f"{_CONTAINER}/env/1/valueFrom/secretKeyRef/namespace",
        "x",
        'unknown field "namespace", did you mean "name"?',
    ),
    wrong("web", f"{_CONTAINER}/a~1b", 1, 'unknown field "a/b"'),
    wrong("web", f"{_POD}/이름", 1, 'unknown field "이름"'),
    wrong("web", f"{_POD}/" + "k" * 2000, 1, f'unknown field "{"k" * 2000}"'),
    wrong("web", "/Kind", "List", 'unknown field "Kind", did you mean "kind"?'),
    wrong("web", "/ITEMS", [], 'unknown field "ITEMS"'),
    wrong("service", "/spec/ports/1/targetport", 1, 'unknown field "targetport", did you mean "targetPort"?'),
    wrong("config", "/spec", {}, 'unknown field "spec"'),
    wrong(
        "account",
        "/automountToken",
        True,
        'unknown field "automountToken", did you mean "automountServiceAccountToken"?',
    ),
    wrong(
        "database",
        "/spec/volumeClaimTemplates/0/spec/storage",
        "1Gi",
        'unknown field "storage", did you mean "storageClassName"?',
    ),
    wrong("cron", "/spec/jobTemplate/spec/schedule", "@daily", 'unknown field "schedule"'),
    wrong("autoscaler", "/spec/targetCPUUtilizationPercentage", 70, 'unknown field "targetCPUUtilizationPercentage"'),
    wrong(
        "autoscaler",
        "/spec/behavior/scaleDown/policies/0/period",
        60,
        'unknown field "period", did you mean "periodSeconds"?',
    ),
    wrong("network", "/spec/egress/0/to/0/ipBlock/cidrs", [], 'unknown field "cidrs", did you mean "cidr"?'),
    wrong(
        "ingress",
        "/spec/rules/0/http/paths/0/backend/serviceName",
        "web",
        'unknown field "serviceName", did you mean "service"?',
    ),
    wrong("list", "/items/0/dta", {}, 'unknown field "dta", did you mean "data"?'),
    wrong("list", "/items/1/items/0/data", {}, 'unknown field "data", did you mean "metadata"?'),
    wrong(
        "application",
        "/spec/source/targetRevison",
        "v1",
        'unknown field "targetRevison", did you mean "targetRevision"?',
    ),
    wrong(
        "application", "/spec/syncPolicy/automated/selfheal", True, 'unknown field "selfheal", did you mean "selfHeal"?'
    ),
    wrong("application", "/metadata/labls", {}, 'unknown field "labls", did you mean "labels"?'),
    wrong("project", "/spec/destinations/0/cluster", "x", 'unknown field "cluster"'),
    wrong("set", "/spec/generators/0/lists", {}, 'unknown field "lists", did you mean "list"?'),
    wrong("monitor", "/spec/endpoints/0/timeout", "10s", 'unknown field "timeout", did you mean "scrapeTimeout"?'),
    wrong("alerts", "/spec/groups/0/rules/0/fro", "5m", 'unknown field "fro", did you mean "for"?'),
    wrong("credentials", "/spec/data/0/remoteRef/propery", "x", 'unknown field "propery", did you mean "property"?'),
    wrong("credentials-beta", "/spec/dataFrom/0/extrat", {}, 'unknown field "extrat", did you mean "extract"?'),
    wrong("certificate", "/spec/dnsName", "a", 'unknown field "dnsName", did you mean "dnsNames"?'),
    wrong("issuer", "/spec/acme/solvers/0/http01/ingress/clas", "nginx", 'unknown field "clas", did you mean "class"?'),
    wrong("forwarder", "/spec/outputs/0/url", "https://es", 'unknown field "url"'),
    wrong("rollout", f"{_CONTAINER}/imag", "x", 'unknown field "imag", did you mean "image"?'),
    wrong(
        "prometheus",
        "/spec/topologySpreadConstraints/0/additionalLabels",
        "x",
        'unknown field "additionalLabels", did you mean "additionalLabelSelectors"?',
    ),
]

TYPES = [
    wrong("web", "/spec/replicas", "3", "expected integer, got string"),
    wrong("web", "/spec/replicas", 1.5, "expected integer, got number"),
    wrong("web", "/spec/replicas", True, "expected integer, got boolean"),
    wrong("web", "/spec/paused", "yes", "expected boolean, got string"),
    wrong("web", "/metadata/name", 5, "expected string, got integer"),
    wrong("web", "/metadata/namespace", [], "expected string, got array"),
    wrong("web", "/metadata", "web", "expected object, got string"),
    wrong("web", "/metadata/labels/version", 1.1, "expected string, got number"),
    wrong("web", "/metadata/annotations/on", True, "expected string, got boolean"),
    wrong("web", "/metadata/creationTimestamp", "yesterday", _TIME),
    wrong("web", f"{_POD}/containers", {"name": "web"}, "expected array, got object"),
    wrong("web", f"{_POD}/containers/1", None, "expected object, got null"),
    wrong("web", f"{_POD}/containers/1", "web", "expected object, got string"),
    wrong("web", f"{_CONTAINER}/env/0/value", 8080, "expected string, got integer"),
    wrong("web", f"{_CONTAINER}/command", "sh -c x", "expected array, got string"),
    wrong("web", f"{_CONTAINER}/args/0", 8080, "expected string, got integer"),
    wrong("web", f"{_CONTAINER}/ports/0/containerPort", "http", "expected integer, got string"),
    wrong("web", f"{_CONTAINER}/livenessProbe/httpGet/port", [80], "expected integer or string, got array"),
    wrong("web", f"{_CONTAINER}/livenessProbe/httpGet/port", None, "expected integer or string, got null"),
    wrong("web", f"{_CONTAINER}/resources", [], "expected object, got array"),
    wrong("web", f"{_CONTAINER}/resources/limits/cpu", {"value": 1}, "expected number or string, got object"),
    wrong("web", f"{_CONTAINER}/resources/limits/memory", "128mb", _QUANTITY),
    wrong("web", f"{_CONTAINER}/resources/limits/memory", "", _QUANTITY),
    wrong("web", f"{_CONTAINER}/resources/limits/memory", "1Gi\n1", _QUANTITY),
    wrong("web", "/spec/strategy/rollingUpdate/maxSurge", 0.25, "expected integer or string, got number"),
    wrong("service", "/spec/selector", ["web"], "expected object, got array"),
    wrong("service", "/spec/selector/app", 1, "expected string, got integer"),
    wrong("config", "/data/port", 8080, "expected string, got integer"),
    wrong("config", "/data/nested", {"a": "b"}, "expected string, got object"),
    wrong("config", "/data", "text", "expected object, got string"),
    wrong("secret", "/stringData/pin", 1234, "expected string, got integer"),
    wrong("secret", "/data/flag", True, "expected string, got boolean"),
    wrong("claim", "/spec/accessModes", "ReadWriteOnce", "expected array, got string"),
    wrong("claim", "/spec/resources/requests/storage", "ten", _QUANTITY),
    wrong("cron", "/spec/suspend", "false", "expected boolean, got string"),
    wrong("autoscaler", "/spec/metrics/1/pods/target/averageValue", "1 k", _QUANTITY),
    wrong("role", "/rules/0/verbs", "get", "expected array, got string"),
    wrong("list", "/items", {}, "expected array, got object"),
    wrong("list", "/items/2", "web", "expected object, got string"),
    wrong("list", "/items/0/data/a", 1, "expected string, got integer"),
    wrong("application", "/spec/syncPolicy/automated/prune", "true", "expected boolean, got string"),
    wrong("application", "/spec/syncPolicy/syncOptions", "CreateNamespace=true", "expected array, got string"),
    wrong("application", "/spec/syncPolicy/retry/limit", "5", "expected integer, got string"),
    wrong("monitor", "/spec/endpoints/0/interval", 30, "expected string, got integer"),
    wrong("alerts", "/spec/groups/0/rules/0/expr", True, "expected integer or string, got boolean"),
    wrong("credentials", "/spec/target", "credentials", "expected object, got string"),
    wrong("certificate", "/spec/dnsNames", "api.example.com", "expected array, got string"),
    wrong("gadgets.example.com", "/spec/versions/0/served", "true", "expected boolean, got string"),
]

REQUIRED = [
    wrong("web", "/spec/selector", REMOVED, 'missing required field "selector"', at="/spec"),
    wrong("web", "/spec/selector", None, "expected object, got null"),
    wrong("web", "/spec/template", REMOVED, 'missing required field "template"', at="/spec"),
    wrong("web", f"{_POD}/containers", REMOVED, 'missing required field "containers"', at=_POD),
    wrong("web", f"{_CONTAINER}/name", REMOVED, 'missing required field "name"', at=_CONTAINER),
    wrong("web", f"{_CONTAINER}/name", None, "expected string, got null"),
    wrong(
        "web",
        f"{_CONTAINER}/ports/0/containerPort",
        REMOVED,
        'missing required field "containerPort"',
        at=f"{_CONTAINER}/ports/0",
    ),
    wrong(
        "web",
        f"{_CONTAINER}/volumeMounts/0/mountPath",
        REMOVED,
        'missing required field "mountPath"',
        at=f"{_CONTAINER}/volumeMounts/0",
    ),
    wrong("service", "/spec/ports/0/port", REMOVED, 'missing required field "port"', at="/spec/ports/0"),
    wrong("cron", "/spec/schedule", REMOVED, 'missing required field "schedule"', at="/spec"),
    wrong("autoscaler", "/spec/maxReplicas", REMOVED, 'missing required field "maxReplicas"', at="/spec"),
    wrong(
        "ingress",
        "/spec/rules/0/http/paths/0/pathType",
        REMOVED,
        'missing required field "pathType"',
        at="/spec/rules/0/http/paths/0",
    ),
    wrong("binding", "/roleRef", REMOVED, 'missing required field "roleRef"', at=""),
    wrong("storage", "/provisioner", REMOVED, 'missing required field "provisioner"', at=""),
    wrong("application", "/spec/project", REMOVED, 'missing required field "project"', at="/spec"),
    wrong("application", "/spec/source/repoURL", REMOVED, 'missing required field "repoURL"', at="/spec/source"),
    wrong("monitor", "/spec/selector", REMOVED, 'missing required field "selector"', at="/spec"),
    wrong("alerts", "/spec/groups/0/name", REMOVED, 'missing required field "name"', at="/spec/groups/0"),
    wrong("credentials", "/spec/data/0/secretKey", REMOVED, 'missing required field "secretKey"', at="/spec/data/0"),
    wrong("certificate", "/spec/issuerRef", REMOVED, 'missing required field "issuerRef"', at="/spec"),
    wrong("forwarder", "/spec/serviceAccount", REMOVED, 'missing required field "serviceAccount"', at="/spec"),
    wrong("sealed", "/spec/encryptedData", REMOVED, 'missing required field "encryptedData"', at="/spec"),
]

RANGES = [
    wrong("web", "/spec/replicas", 2147483648, "must be at most 2147483647"),
    wrong("web", "/spec/replicas", 10**400, "is too large a number"),
    wrong("web", "/spec/replicas", float("nan"), "is not a finite number"),
    wrong("web", f"{_POD}/terminationGracePeriodSeconds", 10**19, "must be at most 9223372036854776000"),
    wrong("web", f"{_CONTAINER}/livenessProbe/httpGet/port", -(2**40), "must be at least -2147483648"),
    wrong(
        "alerts",
        "/spec/groups/0/interval",
        "5 minutes",
        "does not match the pattern "
        "^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
    ),
    wrong(
        "alerts", "/spec/groups/0/partial_response_strategy", "ignore", "does not match the pattern ^(?i)(abort|warn)?$"
    ),
    wrong("credentials", "/spec/target/creationPolicy", "owner", 'expected one of "Owner", "Orphan", "Merge", "None"'),
    wrong("credentials", "/spec/data/0/secretKey", "a b", "does not match the pattern ^[-._a-zA-Z0-9]+$"),
    wrong("credentials", "/spec/data/0/secretKey", "a\n", "does not match the pattern ^[-._a-zA-Z0-9]+$"),
    wrong(
        "forwarder",
        "/spec/outputs/0/type",
        "elastic",
        'expected one of "azureMonitor", "cloudwatch", "elasticsearch", "http", "kafka", "loki", "lokiStack", '
        '"googleCloudLogging", "splunk", "syslog", "otlp"',
    ),
    wrong("forwarder", "/spec/outputs/0/elasticsearch/version", 9, "must be at most 8"),
    wrong(
        "forwarder",
        "/spec/outputs/0/rateLimit",
        {"maxRecordsPerSecond": 0},
        "must be more than 0",
        at="/spec/outputs/0/rateLimit/maxRecordsPerSecond",
    ),
    wrong(
        "forwarder",
        "/spec/outputs/0/elasticsearch/index",
        "a" * 60 + "!",
        r"does not match the pattern ^(([a-zA-Z0-9-_.\/])*"
        r'(\{(\.[a-zA-Z0-9_]+|\."[^"]+")+((\|\|)(\.[a-zA-Z0-9_]+|\.?"[^"]+")+)*\|\|"[^"]*"\})*)*$',
    ),
    wrong("forwarder", "/spec/pipelines/0/inputRefs", [], "must have at least 1 item"),
    wrong("route", "/spec/rules/0/backendRefs/0/port", 65536, "must be at most 65535"),
    wrong(
        "route",
        "/spec/hostnames",
        ["Api.Example.com"],
        r"does not match the pattern ^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        at="/spec/hostnames/0",
    ),
]

ACCEPTED = [
    fine("account", "/imagePullSecrets/0", None),
    fine("account", "/imagePullSecrets", [None]),
    fine("network", "/spec/ingress", [None]),
    fine("ingress", "/spec/rules/0", None),
    fine("web", f"{_POD}/tolerations", [None]),
    fine("web", f"{_CONTAINER}/lifecycle/preStop/sleep/seconds", None),
    fine("web", "/spec", None),  # refused by a rule, as in an API server by code
    fine("web", "/spec/replicas", None),
    fine("web", "/spec/replicas", 3.0),
    fine("web", "/spec/replicas", 2147483647),
    fine("web", "/spec/replicas", -1),
    fine("web", "/status", {}),
    fine("web", "/status", None),
    fine("web", "/metadata", None),
    fine("web", "/metadata/annotations", {}),
    fine("web", "/metadata/creationTimestamp", "2024-01-01T00:00:00.123Z"),
    fine("web", "/metadata/name", "😀\u0000\u2029"),
    fine("web", f"{_POD}/containers", []),
    fine("web", f"{_POD}/terminationGracePeriodSeconds", 2**63 - 1),
    fine("web", f"{_POD}/volumes/0/emptyDir", None),
    fine("web", f"{_CONTAINER}/livenessProbe/httpGet/port", "80"),
    fine("web", f"{_CONTAINER}/resources/limits/cpu", "1e3"),
    fine("web", f"{_CONTAINER}/resources/limits/cpu", ".5"),
    fine("web", f"{_CONTAINER}/resources/limits/nvidia.com~1gpu", 1),
    fine("service", "/spec/ports", None),
    fine("config", "/data", {}),
    fine("config", "/data/" + "k" * 3000, "v"),
    fine("config", "/data/~1<<", "*a &b !c %d"),
    fine("network", "/spec/podSelector/matchLabels", None),
    fine("list", "/items", None),
    fine("list", "/items", []),
    fine(
        "application",
        "/status",
        {"sync": {"status": "Synced", "comparedTo": {"source": {"repoURL": "x"}, "destination": {}}}},
    ),
    fine("application", "/spec/source/helm", {"valuesObject": {"any": [1, {"thing": None}]}}),
    fine("application", "/spec/sources", [{"repoURL": "a", "ref": "values"}]),
    fine("set", "/spec/generators/0/list/elements/0", {"deep": {"er": [1, 2.5, None]}}),
    fine("alerts", "/spec/groups/0/partial_response_strategy", "ABORT"),
    fine("credentials", "/spec/refreshInterval", None),
    fine("credentials", "/spec/refreshInterval", REMOVED),
    fine("forwarder", "/spec/collector", {"nodeSelector": {"a": "b"}, "resources": {"limits": {"cpu": "1"}}}),
    fine("sealed", "/spec/template/data", {"a": "b"}),
]

CASES = [*UNKNOWN_FIELDS, *TYPES, *REQUIRED, *RANGES, *ACCEPTED]

# No schema at Kubernetes 1.34: the kind was removed, never was, or is of a project that is not bundled.
MISSING = [
    ("extensions/v1beta1", "Ingress"),
    ("networking.k8s.io/v1beta1", "Ingress"),
    ("policy/v1beta1", "PodSecurityPolicy"),
    ("policy/v1beta1", "PodDisruptionBudget"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
    ("batch/v1beta1", "CronJob"),
    ("v1", "ServiceMonitor"),
    ("v1", "Deployment"),
    ("apps/v1", "deployment"),
    ("apps/v2", "Deployment"),
    ("app/v1", "Deployment"),
    ("v1", "list"),
    ("v1", "DeleteOptions"),
    ("logging.coreos.com/v1", "ClusterLogForwarder"),
    ("kustomize.config.k8s.io/v1beta1", "Kustomization"),
    ("example.com/v1", "Gadget"),
    ("../v1", "ConfigMap"),
    ("a/b/v1", "Thing"),
    ("", "ConfigMap"),
    ("v1", ""),
    (1, "ConfigMap"),
    ("v1", None),
]
