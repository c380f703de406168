"""Rules on objects of the cluster as a whole: aggregated APIs, priorities, namespaces, flow control."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.api_server import formats
from gitops_tool.rules.api_server.conflicts import toleration_problems
from gitops_tool.rules.api_server.metadata import labels_problems
from gitops_tool.rules.api_server.objects import kind_of, members, part, parts
from gitops_tool.rules.api_server.problems import forbidden, invalid, required, unsupported
from gitops_tool.rules.api_server.tables import places
from gitops_tool.rules.base import Family, Problem, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import Pointer

_FLOW = "flowcontrol.apiserver.k8s.io"


@rule("api-service", family=Family.API_SERVER, severity=Severity.ERROR)
def api_service(resource: Resource) -> Iterator[Problem]:
    """An APIService is not called `<version>.<group>`, or skips TLS beside a certificate or without a service.

    Bad:

        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata:
          name: metrics.example.com
        spec:
          group: metrics.example.com
          version: v1
          groupPriorityMinimum: 100
          versionPriority: 100
          service:
            name: metrics
            namespace: default

    Good:

        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata:
          name: v1.metrics.example.com
        spec:
          group: metrics.example.com
          version: v1
          groupPriorityMinimum: 100
          versionPriority: 100
          service:
            name: metrics
            namespace: default

    Source: k8s.io/kube-aggregator, pkg/apis/apiregistration/validation/validation.go
    """
    spec = part(resource.body, ("spec",))
    if kind_of(resource) != ("apiregistration.k8s.io", "APIService") or spec is None:
        return
    group, version = spec.get("group") or "", spec.get("version") or ""
    wanted = f"{version}.{group}"
    if resource.id.name != wanted:
        yield invalid(
            resource, ("metadata", "name"), resource.id.name, f'must be spec.version+"."+spec.group: "{wanted}"'
        )
    place = ("spec", "insecureSkipTLSVerify")
    if spec.get("insecureSkipTLSVerify") is True and not spec.get("service"):
        yield invalid(resource, place, True, "local APIServices may not have insecureSkipTLSVerify")
    elif spec.get("insecureSkipTLSVerify") is True and spec.get("caBundle"):
        yield invalid(resource, place, True, "may not be true if caBundle is present")


@rule("reserved-priority", family=Family.API_SERVER, severity=Severity.ERROR)
def reserved_priority(resource: Resource) -> Iterator[Problem]:
    """A PriorityClass has a name that begins with `system-`, which Kubernetes keeps for its own.

    Bad:

        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata:
          name: system-payments
        value: 1000000

    Good:

        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata:
          name: payments
        value: 1000000

    Source: pkg/apis/scheduling/validation/validation.go, ValidatePriorityClass
    """
    if kind_of(resource) != ("scheduling.k8s.io", "PriorityClass"):
        return
    name = resource.id.name
    if name.startswith("system-") and name not in {"system-cluster-critical", "system-node-critical"}:
        why = "priority class names with 'system-' prefix are reserved for system use only"
        yield forbidden(resource, ("metadata", "name"), why)


_LEVELS = frozenset({"baseline", "privileged", "restricted"})
_POD_SECURITY = "pod-security.kubernetes.io/"


@rule("pod-security-level", family=Family.API_SERVER, severity=Severity.ERROR)
def pod_security_level(resource: Resource) -> Iterator[Problem]:
    """A Namespace asks for a level of Pod Security that does not exist.

    Bad:

        apiVersion: v1
        kind: Namespace
        metadata:
          name: payments
          labels:
            pod-security.kubernetes.io/enforce: strict

    Good:

        apiVersion: v1
        kind: Namespace
        metadata:
          name: payments
          labels:
            pod-security.kubernetes.io/enforce: restricted

    Source: k8s.io/pod-security-admission, api/helpers.go; https://kubernetes.io/docs/concepts/security/pod-security-admission/
    """
    if kind_of(resource) != ("", "Namespace"):
        return
    labels = part(resource.body, ("metadata", "labels")) or {}
    for mode in ("audit", "enforce", "warn"):
        level = labels.get(f"{_POD_SECURITY}{mode}", "privileged")
        if isinstance(level, str | None) and level not in _LEVELS:
            yield unsupported(resource, ("metadata", "labels", f"{_POD_SECURITY}{mode}"), level or "", _LEVELS)


@rule("ingress-class-scope", family=Family.API_SERVER, severity=Severity.ERROR)
def ingress_class_scope(resource: Resource) -> Iterator[Problem]:
    """The parameters of an IngressClass are in a namespace that is not named, or in none and one is.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata:
          name: external
        spec:
          controller: example.com/ingress
          parameters:
            kind: ConfigMap
            name: external
            scope: Namespace

    Good:

        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata:
          name: external
        spec:
          controller: example.com/ingress
          parameters:
            kind: ConfigMap
            name: external
            scope: Namespace
            namespace: ingress

    Source: pkg/apis/networking/validation/validation.go, validateIngressClassParametersReference
    """
    found = part(resource.body, ("spec", "parameters"))
    if kind_of(resource) != ("networking.k8s.io", "IngressClass") or found is None:
        return
    place = ("spec", "parameters", "namespace")
    if found.get("scope") == "Namespace" and not found.get("namespace"):
        yield required(resource, place, "`parameters.scope` is set to 'Namespace'")
    elif found.get("scope") in (None, "Cluster") and found.get("namespace") is not None:
        yield forbidden(resource, place, "`parameters.scope` is set to 'Cluster'")


@rule("runtime-scheduling", family=Family.API_SERVER, severity=Severity.ERROR)
def runtime_scheduling(resource: Resource) -> Iterator[Problem]:
    """A RuntimeClass sends its pods to nodes by labels that cannot be, or tolerates nothing that can be.

    Bad:

        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata:
          name: sandboxed
        handler: runsc
        scheduling:
          nodeSelector:
            sandbox: a b

    Good:

        apiVersion: node.k8s.io/v1
        kind: RuntimeClass
        metadata:
          name: sandboxed
        handler: runsc
        scheduling:
          nodeSelector:
            sandbox: gvisor

    Source: pkg/apis/node/validation/validation.go, validateScheduling
    """
    if kind_of(resource) != ("node.k8s.io", "RuntimeClass"):
        return
    yield from labels_problems(resource, ("scheduling", "nodeSelector"))
    for index, item in parts(dig(resource.body, "scheduling", "tolerations")):
        yield from toleration_problems(resource, item, ("scheduling", "tolerations", index))


_URLS = places({(_FLOW, "FlowSchema"): ("spec.rules.*.nonResourceRules.*.nonResourceURLs.*",)})
_SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}


@rule("flow-control", family=Family.API_SERVER, severity=Severity.ERROR)
def flow_control(resource: Resource) -> Iterator[Problem]:
    """A FlowSchema's rule matches nothing that can be, or a PriorityLevelConfiguration lacks what its type needs.

    Bad:

        apiVersion: flowcontrol.apiserver.k8s.io/v1
        kind: FlowSchema
        metadata:
          name: reports
        spec:
          priorityLevelConfiguration:
            name: workload-low
          rules:
            - subjects:
                - kind: User
                  user:
                    name: reports
              resourceRules:
                - apiGroups: [""]
                  resources: [pods]
                  verbs: [list]

    Good:

        apiVersion: flowcontrol.apiserver.k8s.io/v1
        kind: FlowSchema
        metadata:
          name: reports
        spec:
          priorityLevelConfiguration:
            name: workload-low
          rules:
            - subjects:
                - kind: User
                  user:
                    name: reports
              resourceRules:
                - apiGroups: [""]
                  resources: [pods]
                  verbs: [list]
                  namespaces: ["*"]

    Source: pkg/apis/flowcontrol/validation/validation.go
    """
    kind = kind_of(resource)
    if kind == (_FLOW, "PriorityLevelConfiguration"):
        yield from _level_problems(resource)
    if kind != (_FLOW, "FlowSchema"):
        return
    for index, item in parts(dig(resource.body, "spec", "rules")):
        yield from _flow_problems(resource, item, ("spec", "rules", index))
    for url, pointer, _ in _URLS.fields(resource):
        if isinstance(url, str) and url != "*" and not url.startswith("/"):
            yield invalid(resource, pointer, url, "must start with slash")


def _flow_problems(resource: Resource, item: Mapping[Any, Any], place: Pointer) -> Iterator[Problem]:
    if not item.get("resourceRules") and not item.get("nonResourceRules"):
        yield required(resource, place, "at least one of resourceRules and nonResourceRules has to be non-empty")
    for number, subject in parts(item.get("subjects")):
        field = _SUBJECTS.get(str(subject.get("kind")))
        if field is not None and subject.get(field) is None:
            why = f"{field} is required when subject kind is '{subject['kind']}'"
            yield required(resource, (*place, "subjects", number, field), why)
    for number, found in parts(item.get("resourceRules")):
        here = (*place, "resourceRules", number, "namespaces")
        namespaces = found.get("namespaces")
        if not namespaces and found.get("clusterScope") is not True:
            why = "resource rules that are not cluster scoped must supply at least one namespace"
            yield required(resource, here, why)
        for index, name in enumerate(namespaces if isinstance(namespaces, list) else ()):
            if name is None or (isinstance(name, str) and name != "*" and formats.dns_label(name)):
                why = "each member of this list must be '*' or a DNS-1123 label"
                yield invalid(resource, (*here, index), name or "", why)


def _level_problems(resource: Resource) -> Iterator[Problem]:
    spec = part(resource.body, ("spec",)) or {}
    kind, name = spec.get("type"), resource.id.name
    if kind == "Exempt" and name != "exempt":
        yield invalid(resource, ("spec", "type"), kind, "must be 'Exempt' if and only if `name` is 'exempt'")
    if kind == "Limited" and not members(spec, ("limited",)):
        yield required(resource, ("spec", "limited"), "must not be empty when type is Limited")
    response = part(spec, ("limited", "limitResponse")) or {}
    if kind == "Limited" and spec.get("limited") and not response.get("type"):
        yield required(resource, ("spec", "limited", "limitResponse", "type"))
    queuing = part(response, ("queuing",))
    place = ("spec", "limited", "limitResponse", "queuing")
    if queuing is None:
        if response.get("type") == "Queue":
            yield required(resource, place, "must not be empty if limited.limitResponse.type is Queue")
        return
    if response.get("type") == "Reject":
        yield forbidden(resource, place, "must be nil if limited.limitResponse.type is not Queue")
    hand, queues = queuing.get("handSize"), queuing.get("queues")
    if type(hand) is int and hand > (queues if type(queues) is int and queues else 64):
        yield invalid(resource, (*place, "handSize"), hand, f"should not be greater than queues ({queues or 64})")


RULES = (
    api_service,
    reserved_priority,
    pod_security_level,
    ingress_class_scope,
    runtime_scheduling,
    flow_control,
)
