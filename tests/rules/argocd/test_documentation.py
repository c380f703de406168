"""Every rule's documentation is true: its bad example is found at the right line, its good one is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gitops_tool.rules.argocd import RULES
from gitops_tool.rules.base import Family, Rule

from .conftest import Clone
from .shop import PRODUCTION, check, example, view_of, write

PLACES = {
    "application-source": "argocd/web.yaml: chart: redis",
    "application-source-type": "argocd/web.yaml: helm:",
    "application-path": "argocd/web.yaml: path: apps/web/overlay/production",
    "application-directory": "argocd/web.yaml: path: apps/web/plain",
    "jq-expression-invalid": ("argocd/web.yaml: - .spec.template.spec.containers[] | select(.name == 'web')"),
    "application-tool-options": "argocd/web.yaml: - ../../components/canary",
    "project-invalid": f"{PRODUCTION}/example.yaml: duration: 1d",
    "source-override-invalid": f"{PRODUCTION}/.argocd-source.yaml: images: registry.example.com/web:1.4.1",
    "generated-name": "apps/web/plain/job.yaml: generateName: migrate-",
    "revision-missing": "argocd/web.yaml: targetRevision: relaese-1",
    "revision-moving": "argocd/web.yaml: targetRevision: 20.*",
    "application-destination": "argocd/web.yaml: name: in-cluster",
    "cluster-unknown": "argocd/web.yaml: name: soul",
    "project-missing": "argocd/web.yaml: project: shopp",
    "project-denies-application": "argocd/web.yaml: namespace: web",
    "project-denies-repository": "argocd/web.yaml: repoURL: https://git.example.com/other/manifests.git",
    "project-denies-destination": "argocd/web.yaml: namespace: payment",
    "project-denies-object": f"{PRODUCTION}/role.yaml: kind: ClusterRole",
    "application-duplicate": "argocd/web.yaml: name: web",
    "applicationset-template": "argocd/environments.yaml: name: web-{{.env}}",
    "applicationset-not-checked": "argocd/clusters.yaml: - clusters: {}",
    "object-shared": "apps/web/overlays/staging/deployment.yaml: name: web",
    "allow-empty": "argocd/web.yaml: allowEmpty: true",
    "sync-option-unknown": "argocd/web.yaml: - serverSideApply=true",
    "sync-option-annotation-unknown": f"{PRODUCTION}/example.yaml: argocd.argoproj.io/sync-options: Prune=no",
    "finalizer-unknown": "argocd/web.yaml: - resources-finalizer.argocd.io",
    "retry-duration": "argocd/web.yaml: duration: 5 seconds",
    "hook-unknown": f"{PRODUCTION}/example.yaml: argocd.argoproj.io/hook: Presync",
    "hook-delete-policy-unknown": (f"{PRODUCTION}/example.yaml: argocd.argoproj.io/hook-delete-policy: HookSuccess"),
    "sync-wave-not-integer": f'{PRODUCTION}/example.yaml: argocd.argoproj.io/sync-wave: "1.5"',
    "namespace-not-created": "argocd/web.yaml: namespace: web",
    "namespace-missing": "argocd/web.yaml: destination:",
    "namespace-on-cluster-object": f"{PRODUCTION}/priority.yaml: namespace: web",
    "ignore-differences-unmatched": "argocd/web.yaml: - kind: Deployment",
    "replicas-autoscaled": f"{PRODUCTION}/deployment.yaml: spec:",
    "definition-elsewhere": f"{PRODUCTION}/cart.yaml: kind: Cart",
    "object-too-large": f"{PRODUCTION}/kustomization.yaml: - 300-kilobytes.json",
    "image-overridden": f"{PRODUCTION}/.argocd-source.yaml: - registry.example.com/web:1.3.0",
    "image-entry-unused": f"{PRODUCTION}/kustomization.yaml: newTag: 1.5.0",
    "kustomize-field-deprecated": f"{PRODUCTION}/kustomization.yaml: commonLabels:",
    "remote-base-unpinned": (f"{PRODUCTION}/kustomization.yaml: - https://github.com/example/manifests//base"),
    "patch-target-unmatched": f"{PRODUCTION}/kustomization.yaml: - target:",
}
"""The file and the line that each bad example is found at."""

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_bad_example_is_found_where_it_is_bad(rule: Rule, tmp_path: Path, clone: Clone) -> None:
    tree = write(tmp_path / "files", example(rule, "Bad"))
    found = check(rule.id, view_of(tree, revisions=clone() if rule.id == "revision-missing" else None))
    assert [f"{item.place.partition(':')[0]}: {item.line}" for item in found] == [PLACES[rule.id]]
    assert [item.severity for item in found] == [rule.severity]
    assert all(re.match(r'[a-z"]|AppProject|Applications? "|Argo CD|CreateNamespace', item.message) for item in found)
    assert not any((item.message + (item.hint or "")).endswith(".") for item in found)


@each_rule
def test_good_example_is_not_found(rule: Rule, tmp_path: Path, clone: Clone) -> None:
    tree = write(tmp_path / "files", example(rule, "Good"))
    revisions = clone() if rule.id == "revision-missing" else None
    assert check(rule.id, view_of(tree, revisions=revisions)) == []


@each_rule
def test_documentation_is_complete(rule: Rule) -> None:
    first, *rest = rule.documentation.splitlines()
    headings = [line.partition(":")[0] for line in rest if re.match(r"(Bad|Good|Source):", line)]
    assert re.fullmatch(r"[A-Z].*[.]", first), first
    assert headings == ["Bad", "Good", "Source"]


def test_ids_are_unique_and_kebab_case() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", identity) for identity in ids)
    assert {rule.family for rule in RULES} == {Family.ARGOCD}
