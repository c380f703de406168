"""Rules on label selectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.metadata import labels_problems
from gitops_tool.rules.api_server.objects import kind_of, part, parts, pod_template
from gitops_tool.rules.api_server.problems import forbidden, invalid, required
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_SELECTOR: Pointer = ("spec", "selector")
_APPS = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})
_LISTED = ("In", "NotIn")
_BARE = ("Exists", "DoesNotExist")
_GENERATED = frozenset(
    {"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"}
)


@rule("selector-mismatch", family=Family.API_SERVER, severity=Severity.ERROR)
def selector_mismatch(resource: Resource) -> Iterator[Problem]:
    """A workload's selector does not select the pods that its own template makes.

    Such a workload would make pods without end. The usual cause is a label renamed in one of
    the two places.

    Bad:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: website
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go, ValidatePodTemplateSpecForReplicaSet
    """
    template = pod_template(resource)
    selector = _own_selector(resource)
    if template is None or not selector:
        return
    labels = part(template[0], ("metadata", "labels")) or {}
    unmet = next((text for text, met in _requirements(selector, labels) if not met), None)
    if unmet:
        pointer = (*template[1], "metadata", "labels")
        why = "`selector` does not match template `labels`"
        shown = ", ".join(f"{key}: {value}" for key, value in labels.items())
        yield invalid(resource, pointer, shown, why, hint=f"the selector asks for {unmet}")


def _own_selector(resource: Resource) -> Mapping[str, Any] | None:
    kind = kind_of(resource)
    selector = part(resource.body, _SELECTOR)
    if kind is None or selector is None:
        return None
    if kind[0] == "apps" and kind[1] in _APPS:
        return selector
    if kind == ("batch", "Job") and resource.body["spec"].get("manualSelector") is True:
        return selector
    return {"matchLabels": selector} if kind == ("", "ReplicationController") else None


_ABSENT = object()


def _requirements(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """Yield each requirement of a selector, and whether labels meet it; what is malformed is met."""
    for key, wanted in (part(selector, ("matchLabels",)) or {}).items():
        # A null is an empty text there. Another type is the schema's to report.
        value, label = (_text(wanted), _text(labels.get(key, _ABSENT)))
        typed = isinstance(value, str) and (label is _ABSENT or isinstance(label, str))
        yield f'"{key}: {value}"', not typed or label == value
    for _, expression in parts(selector.get("matchExpressions")):
        name, operator, values = (expression.get(field) for field in ("key", "operator", "values"))
        if isinstance(name, str) and isinstance(values, list | None):
            met = _meets(labels, name, operator, values or [])
            yield f'"{name} {operator}{" " if values else ""}{", ".join(map(str, values or []))}"', met


def _text(value: Any) -> Any:
    return "" if value is None else value


def _meets(labels: Mapping[str, Any], key: str, operator: Any, values: list[Any]) -> bool:
    present = key in labels
    if operator == "In":
        return present and labels[key] in values
    if operator == "NotIn":
        return not present or labels[key] not in values
    if operator == "Exists":
        return present
    return not present if operator == "DoesNotExist" else True


@rule("empty-selector", family=Family.API_SERVER, severity=Severity.ERROR)
def empty_selector(resource: Resource) -> Iterator[Problem]:
    """A workload's selector is missing or has no requirement: it would select every pod of the namespace.

    Bad:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector: {}
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go, ValidateDeploymentSpec
    """
    group, kind = kind_of(resource) or ("", "")
    spec = part(resource.body, ("spec",))
    if group != "apps" or kind not in _APPS or spec is None:
        return
    selector = spec.get("selector")
    if selector is None:
        yield required(resource, _SELECTOR)
    elif isinstance(selector, dict) and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid(resource, _SELECTOR, selector, f"empty selector is invalid for {kind.lower()}")


def _affinity(kind: str) -> Iterator[str]:
    timing = "DuringSchedulingIgnoredDuringExecution.*."
    for way in (f"required{timing}", f"preferred{timing}podAffinityTerm."):
        yield f"affinity.{kind}.{way}labelSelector"
        yield f"affinity.{kind}.{way}namespaceSelector"


_PEERS = ("spec.ingress.*.from.*.", "spec.egress.*.to.*.")
_WEBHOOK = ("webhooks.*.namespaceSelector", "webhooks.*.objectSelector")
_SELECTORS = places(
    {
        **{("apps", kind): ("spec.selector",) for kind in _APPS},
        ("", "PersistentVolumeClaim"): ("spec.selector",),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOK,
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOK,
        **{
            ("admissionregistration.k8s.io", f"{kind}AdmissionPolicy{suffix}"): tuple(
                f"spec.{way}.{field}" for field in ("namespaceSelector", "objectSelector")
            )
            for kind in ("Mutating", "Validating")
            for suffix, way in (("", "matchConstraints"), ("Binding", "matchResources"))
        },
        ("networking.k8s.io", "NetworkPolicy"): (
            "spec.podSelector",
            *(f"{peer}{field}" for peer in _PEERS for field in ("podSelector", "namespaceSelector")),
        ),
        ("policy", "PodDisruptionBudget"): ("spec.selector",),
        ("rbac.authorization.k8s.io", "ClusterRole"): ("aggregationRule.clusterRoleSelectors.*",),
    },
    pod=(
        *_affinity("podAffinity"),
        *_affinity("podAntiAffinity"),
        "topologySpreadConstraints.*.labelSelector",
    ),
)


_COMPARING = ("Gt", "Lt")
_NODE_TERMS = places(
    {("", "PersistentVolume"): ("spec.nodeAffinity.required.nodeSelectorTerms.*",)},
    pod=(
        "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.*",
        "affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution.*.preference",
    ),
)


@rule("invalid-selector", family=Family.API_SERVER, severity=Severity.ERROR)
def invalid_selector(resource: Resource) -> Iterator[Problem]:
    """A label selector, or a node affinity, has a requirement that cannot be read.

    `In` and `NotIn` need values, `Exists` and `DoesNotExist` may have none; a node affinity knows `Gt` and `Lt` with
    one value, too. Keys and values must be labels.

    Bad:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 1
          selector:
            matchExpressions:
              - key: app
                operator: In
                values: []

    Good:

        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata:
          name: web
        spec:
          minAvailable: 1
          selector:
            matchExpressions:
              - key: app
                operator: In
                values: [web]

    Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go, ValidateLabelSelectorRequirement;
    pkg/apis/core/validation/validation.go, ValidateNodeSelectorRequirement
    """
    for selector, pointer, _ in _SELECTORS.fields(resource):
        if not isinstance(selector, dict):
            continue
        yield from labels_problems(resource, (*pointer, "matchLabels"))
        for index, expression in parts(selector.get("matchExpressions")):
            place = (*pointer, "matchExpressions", index)
            yield from _requirement_problems(resource, expression, place)
            yield from _value_problems(resource, expression, place)
    for term, pointer, _ in _NODE_TERMS.fields(resource):
        for index, field in parts(term.get("matchFields")) if isinstance(term, dict) else ():
            key = field.get("key")
            if isinstance(key, str) and key != "metadata.name":
                why = "not a valid field selector key: only metadata.name is"
                yield invalid(resource, (*pointer, "matchFields", index, "key"), key, why)
            yield from _field_problems(resource, field, (*pointer, "matchFields", index))
        for index, expression in parts(term.get("matchExpressions")) if isinstance(term, dict) else ():
            place = (*pointer, "matchExpressions", index)
            yield from _requirement_problems(resource, expression, place, _COMPARING)
            if "preference" not in pointer:
                yield from _value_problems(resource, expression, place)


def _requirement_problems(
    resource: Resource, expression: Mapping[str, Any], pointer: Pointer, comparing: tuple[str, ...] = ()
) -> Iterator[Problem]:
    key, operator, values = (expression.get(field) for field in ("key", "operator", "values"))
    if operator in _LISTED and values in (None, []):
        yield required(resource, (*pointer, "values"), "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in _BARE and values:
        why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield forbidden(resource, (*pointer, "values"), why)
    elif operator in comparing and (values is None or (isinstance(values, list) and len(values) != 1)):
        why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
        yield required(resource, (*pointer, "values"), why)
    elif isinstance(operator, str | None) and operator not in (*_LISTED, *_BARE, *comparing):
        yield invalid(resource, (*pointer, "operator"), operator or "", "not a valid selector operator")
    if isinstance(key, str | None) and (wrong := formats.qualified_name(key or "")):
        yield invalid(resource, (*pointer, "key"), key or "", wrong)


def _field_problems(resource: Resource, field: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    operator, values = field.get("operator"), field.get("values")
    if isinstance(operator, str | None) and operator not in _LISTED:
        yield invalid(resource, (*pointer, "operator"), operator or "", "not a valid selector operator")
    elif values is None or (isinstance(values, list) and len(values) != 1):
        yield required(resource, (*pointer, "values"), "must be only one value for a node field selector")
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str) and (wrong := formats.dns_subdomain(value)):
            yield invalid(resource, (*pointer, "values", index), value, wrong)


def _value_problems(resource: Resource, expression: Mapping[str, Any], pointer: Pointer) -> Iterator[Problem]:
    values = expression.get("values")
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, str) and (wrong := formats.label_value(value)):
            yield invalid(resource, (*pointer, "values", index), value, wrong)


@rule("job-selector", family=Family.API_SERVER, severity=Severity.ERROR)
def job_selector(resource: Resource) -> Iterator[Problem]:
    """A Job brings its own selector, which the API server generates.

    A Job that was exported from a cluster has one. `manualSelector: true` allows it in a Job; a CronJob's
    template never may have one.

    Bad:

        apiVersion: batch/v1
        kind: Job
        metadata:
          name: migrate
        spec:
          selector:
            matchLabels:
              app: migrate
          template:
            metadata:
              labels:
                app: migrate
            spec:
              restartPolicy: Never
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
            metadata:
              labels:
                app: migrate
            spec:
              restartPolicy: Never
              containers:
                - name: migrate
                  image: migrate:1.4

    Source: pkg/apis/batch/validation/validation.go, validateGeneratedSelector and ValidateJobTemplateSpec
    """
    kind = kind_of(resource)
    if kind == ("batch", "CronJob"):
        pointer: Pointer = ("spec", "jobTemplate", "spec", "selector")
        selector = part(resource.body, pointer)
        if selector is not None:
            yield invalid(resource, pointer, selector, "`selector` will be auto-generated")
    elif kind == ("batch", "Job"):
        selector = part(resource.body, _SELECTOR)
        manual = selector is not None and resource.body["spec"].get("manualSelector") is True
        labels = part(selector, ("matchLabels",)) or {}
        if selector and not manual and (set(labels) - _GENERATED or selector.get("matchExpressions")):
            hint = "leave the selector out, or set manualSelector: true"
            yield invalid(resource, _SELECTOR, selector, "`selector` not auto-generated", hint=hint)


RULES = (selector_mismatch, empty_selector, invalid_selector, job_selector)
