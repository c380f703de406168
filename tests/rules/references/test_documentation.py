"""Every rule's documentation is true: its bad example is found at the right line, its good one is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from rendered import blamed_line, documented_parts, example, findings

from gitops_tool.rules.base import Family, Rule
from gitops_tool.rules.references import RULES

PLACES = {
    "service-without-pods": "objects.yaml: selector:",
    "service-target-port": "objects.yaml: targetPort: https",
    "probe-port": "objects.yaml: port: htp",
    "missing-backend": "objects.yaml: name: web-service",
    "missing-backend-port": "objects.yaml: number: 3000",
    "missing-scale-target": "objects.yaml: name: website",
    "budget-without-pods": "objects.yaml: selector:",
    "eviction-blocked": "objects.yaml: minAvailable: 2",
    "monitor-without-targets": "objects.yaml: selector:",
    "monitor-port": 'objects.yaml: - port: "9090"',
    "missing-config-map": "objects.yaml: name: setings",
    "missing-secret": "objects.yaml: name: databse",
    "missing-key": "objects.yaml: key: log-level",
    "missing-service-account": "objects.yaml: serviceAccountName: web-sa",
    "missing-claim": "objects.yaml: claimName: web-data",
    "open-network-policy": "objects.yaml: - to: []",
    "policy-without-pods": "objects.yaml: podSelector:",
    "policy-port": "objects.yaml: - port: https",
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
    assert {rule.family for rule in RULES} == {Family.REFERENCES}
