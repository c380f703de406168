"""Every rule's documentation is true: its bad example is found where it should be, its good one passes all rules."""

from __future__ import annotations

import re
import textwrap

import pytest

from gitops_tool.model import Severity
from gitops_tool.rules.api_server.problems import dotted
from gitops_tool.rules.base import Family, Rule, Scope

from .checking import ON_RESOURCES, RULES, load, problems

PLACES = {
    "missing-name": ["metadata.name"],
    "invalid-name": ["metadata.name"],
    "invalid-label": ["metadata.labels[app.kubernetes.io/version]"],
    "invalid-annotation": ["metadata.annotations[example.com/owner/team]"],
    "invalid-container-name": ["spec.containers[0].name"],
    "invalid-volume-name": ["spec.volumes[0].name"],
    "invalid-port-name": ["spec.ports[0].targetPort"],
    "invalid-env-name": ["spec.containers[0].env[0].name"],
    "invalid-referenced-name": ["spec.serviceAccountName"],
    "invalid-data-key": ["data[conf/app.yaml]"],
    "selector-mismatch": ["spec.template.metadata.labels"],
    "empty-selector": ["spec.selector"],
    "invalid-selector": ["spec.selector.matchExpressions[0].values"],
    "job-selector": ["spec.selector"],
    "unsupported-value": ["spec.containers[0].imagePullPolicy"],
    "wrong-restart-policy": ["spec.template.spec"],
    "number-out-of-range": ["spec.ports[0].targetPort"],
    "node-port-out-of-range": ["spec.ports[0].nodePort"],
    "invalid-quantity": ["spec.containers[0].resources.limits.memory"],
    "request-over-limit": ["spec.containers[0].resources.requests.memory"],
    "invalid-resource-name": ["spec.containers[0].resources.limits.mem"],
    "invalid-schedule": ["spec.schedule"],
    "invalid-timestamp": ["metadata.creationTimestamp"],
    "invalid-base64": ["data.password"],
    "data-too-large": ["data"],
    "volume-path": ["spec.containers[0].volumeMounts[0].subPath"],
    "invalid-address": ["spec.egress[0].to[0].ipBlock.cidr"],
    "invalid-host": ["spec.rules[0].host"],
    "one-handler": ["spec.containers[0].livenessProbe"],
    "one-volume-source": ["spec.volumes[0].persistentVolumeClaim"],
    "one-env-source": ["spec.containers[0].env[0].valueFrom"],
    "mount-without-volume": ["spec.containers[0].volumeMounts[0].name"],
    "claim-without-source": ["spec.containers[0].resources.claims[0].name"],
    "duplicate-container": ["spec.containers[1].name"],
    "duplicate-volume": ["spec.volumes[1].name"],
    "duplicate-mount-path": ["spec.containers[0].volumeMounts[1].mountPath"],
    "duplicate-env": ["spec.containers[0].env[1].name"],
    "duplicate-port": ["spec.ports[1].port"],
    "duplicate-object": ["metadata.name"],
    "missing-spec": ["spec"],
    "missing-containers": ["spec.containers"],
    "missing-image": ["spec.containers[0].image"],
    "service-ports": ["spec.ports[0]", "spec.ports[1]"],
    "incomplete-claim": ["spec"],
    "empty-value": ["spec.containers[0].envFrom[0].configMapRef"],
    "secret-keys": ["", ""],
    "service-type": ["spec.ports[0].nodePort"],
    "init-container-field": ["spec.initContainers[0].livenessProbe"],
    "forbidden-pod-field": ["spec.template.spec.activeDeadlineSeconds"],
    "privilege-conflict": ["spec.containers[0].securityContext.allowPrivilegeEscalation"],
    "invalid-toleration": ["spec.tolerations[0].value"],
    "ingress-rules": ["spec.rules[0].http.paths"],
    "ingress-backend": ["spec.defaultBackend.service"],
    "ingress-path": ["spec.rules[0].http.paths[0].path"],
    "network-policy-peer": ["spec.ingress[0].from[0]"],
    "port-range": ["spec.ingress[0].ports[0].endPort"],
    "invalid-share": ["spec.minAvailable"],
    "stuck-rollout": ["spec.strategy.rollingUpdate.maxUnavailable"],
    "disruption-budget": ["spec.maxUnavailable"],
    "strategy-conflict": ["spec.strategy.rollingUpdate"],
    "autoscaler-bounds": ["spec.maxReplicas"],
    "metric-source": ["spec.metrics[0]", "spec.metrics[0].pods"],
    "incomplete-role": ["rules[0]"],
    "binding-subject": ["subjects[0]"],
    "endpoint-address": ["endpoints[0].addresses[0]"],
    "service-addresses": ["spec"],
    "strict-address": ["spec.egress[0].to[0].ipBlock.cidr"],
    "duplicate-entry": ["spec.limits[1].type"],
    "pod-dns": ["spec"],
    "security-profile": ["spec.securityContext.seccompProfile"],
    "mount-option": ["spec.containers[0].volumeMounts[0].mountPropagation"],
    "projected-item": ["spec.volumes[0].downwardAPI.items[0].fieldRef.fieldPath"],
    "grace-period": ["spec.containers[0].lifecycle.preStop.sleep.seconds"],
    "pod-claim": ["spec.resourceClaims[0]"],
    "indexed-job": ["spec.backoffLimitPerIndex"],
    "pod-failure-policy": ["spec.podFailurePolicy.rules[0]"],
    "limit-range": ["spec.limits[0].default.memory"],
    "resource-quota": ["spec.hard.cpus"],
    "webhook": ["webhooks[0].name"],
    "admission-policy": ["spec.validationActions"],
    "definition-names": ["metadata.name"],
    "definition-versions": ["spec.versions[0]"],
    "definition-schema": ["spec.versions[0].schema.openAPIV3Schema.properties.spec"],
    "api-service": ["metadata.name"],
    "reserved-priority": ["metadata.name"],
    "pod-security-level": ["metadata.labels[pod-security.kubernetes.io/enforce]"],
    "ingress-class-scope": ["spec.parameters"],
    "pod-os": ["spec.securityContext.runAsUser"],
    "pod-resources": ["spec.containers[0].resources.limits.memory"],
    "claim-source": ["spec.dataSourceRef"],
    "device-request": ["spec.devices.requests[0]"],
    "runtime-scheduling": ["scheduling.nodeSelector.sandbox"],
    "flow-control": ["spec.rules[0].resourceRules[0]"],
}
"""Where each rule points to in its bad example: the value to blame, or what it is missing from."""

_FIRST_LINE = re.compile(r"[A-Z].*[.]")


def example(rule: Rule, part: str) -> list[dict[str, object]]:
    match = re.search(rf"^{part}:\n\n((?:    .*\n|\n)+)", rule.documentation, re.MULTILINE)
    assert match, f"{rule.id} has no example {part!r}"
    return load(textwrap.dedent(match[1]).replace("<1048577 bytes>", "x" * 1048577))


each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_bad_example_is_found_where_it_is_bad(rule: Rule) -> None:
    found = problems(rule, example(rule, "Bad"))
    assert [dotted(problem.pointer) for problem in found] == PLACES[rule.id]


@each_rule
def test_bad_example_breaks_no_other_rule(rule: Rule) -> None:
    others = {other.id for other in ON_RESOURCES if other is not rule and problems(other, example(rule, "Bad"))}
    assert others == set()


@each_rule
def test_good_example_passes_every_rule(rule: Rule) -> None:
    messages = [problem.message for other in RULES for problem in problems(other, example(rule, "Good"))]
    assert messages == []


@each_rule
def test_documentation_is_complete(rule: Rule) -> None:
    first, *rest = rule.documentation.splitlines()
    headings = [line.partition(":")[0] for line in rest if re.match(r"(Bad|Good|Source):", line)]
    assert _FIRST_LINE.fullmatch(first), first
    assert headings == ["Bad", "Good", "Source"]


def test_ids_are_unique_and_kebab_case() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", identity) for identity in ids)


def test_only_what_some_api_server_accepts_is_a_warning() -> None:
    assert {rule.family for rule in RULES} == {Family.API_SERVER}
    warnings = {rule.id for rule in RULES if rule.severity is not Severity.ERROR}
    assert warnings == {"claim-without-source", "duplicate-env", "node-port-out-of-range"}
    assert {rule.id for rule in RULES if rule.scope is Scope.OVERLAY} == {"duplicate-object"}
