"""Every rule's documentation is true: its bad example is found at the right line, its good one is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rendered import blamed_line, documented_parts, example, findings

from gitops_tool.rules import deprecations, hygiene
from gitops_tool.rules.base import Family, Rule

RULES = (*hygiene.RULES, *deprecations.RULES)

PLACES = {
    "ambiguous-scalar": "objects.yaml: enabled: on",
    "null-item": "objects.yaml: -",
    "duplicate-key": "patch.yaml: LOG_LEVEL: warning",
    "empty-kustomization": "kustomization.yaml: apiVersion: kustomize.config.k8s.io/v1beta1",
    "unlisted-file": "limits.yaml: apiVersion: v1",
    "plain-secret": "objects.yaml: password: hunter2",
    "unknown-ingress-annotation": 'objects.yaml: nginx.ingress.kubernetes.io/rate-limit-window: "1m"',
    "malformed-hold": "production.yaml: until: next week",
    "ended-hold": "production.yaml: until: 2026-01-05T09:00:00Z",
    "missing-resources": "objects.yaml: resources:",
    "missing-probe": "objects.yaml: - name: web",
    "deprecated-api": "objects.yaml: apiVersion: resource.k8s.io/v1beta2",
}
"""The file and the line that each bad example is found at."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_bad_example_is_found_where_it_is_bad(rule: Rule, tmp_path: Path) -> None:
    (found,) = findings(tmp_path, example(rule, "Bad"), rule)
    assert blamed_line(tmp_path, found) == PLACES[rule.id]
    assert found.severity is rule.severity
    assert not found.rendered
    for text in filter(None, (found.message, found.hint)):
        assert re.match(r'[a-z"]|Kubernetes|ConfigMap|Deployment', text)
        assert not text.endswith(".")


@each_rule
def test_good_example_passes_every_rule_of_the_family(rule: Rule, tmp_path: Path) -> None:
    assert [found.message for found in findings(tmp_path, example(rule, "Good"), *RULES)] == []


@each_rule
def test_documentation_is_complete(rule: Rule) -> None:
    assert documented_parts(rule) == ["Bad", "Good", "Source"]


def test_ids_are_unique_and_kebab_case() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", identity) for identity in ids)
    assert {rule.family for rule in RULES} == {Family.HYGIENE, Family.API_SERVER}
