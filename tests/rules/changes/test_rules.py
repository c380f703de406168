"""What the rules on changes say, where, and when they say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.model import Severity
from gitops_tool.rules.base import Rule, Scope
from gitops_tool.rules.changes import RULES

from .history import APPLICATION, HOME, KUSTOMIZATION, blamed, example, findings

PLACES = {
    "immutable-selector": "objects.yaml: team: shop",
    "immutable-field": "objects.yaml: name: writer",
    "pruned-object": "objects.yaml",
}
"""The file and the line that each bad example is found at."""

OBJECTS = f"{HOME}/objects.yaml"
SECRET = """\
apiVersion: v1
kind: Secret
metadata:
  name: web
immutable: true
stringData:
  password: {password}
"""
JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    example.com/owner: shop{more}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/web:{tag}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {name}
spec:
  accessModes:
    - ReadWriteOnce
  resources:
    requests:
      storage: 10Gi
"""
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


@each_rule
def test_bad_example_is_found_where_it_is_bad(rule: Rule, tmp_path: Path) -> None:
    before, after = example(rule, "Bad")
    found = findings(tmp_path, {OBJECTS: before}, {OBJECTS: after})
    assert [(one.rule, blamed(tmp_path, one), one.severity) for one in found] == [
        (rule.id, PLACES[rule.id], rule.severity)
    ]
    assert rule.scope is Scope.CHANGE


@each_rule
def test_good_example_is_not_found(rule: Rule, tmp_path: Path) -> None:
    before, after = example(rule, "Good")
    assert findings(tmp_path, {OBJECTS: before}, {OBJECTS: after}) == []


@pytest.mark.parametrize(
    "text",
    [
        "commonLabels:\n  team: shop\n",
        "labels:\n  - pairs:\n      tier: web\n  - includeSelectors: true\n    pairs:\n      team: shop\n",
    ],
)
def test_a_label_for_everything_is_blamed_on_its_kustomization(tmp_path: Path, text: str) -> None:
    objects = example(RULES[0], "Bad")[0]
    labels = KUSTOMIZATION + text
    found = findings(tmp_path, {OBJECTS: objects}, {OBJECTS: objects, f"{HOME}/kustomization.yaml": labels})
    assert [one.message for one in found] == ['spec.selector: field is immutable; matchLabels.team is new: "shop"']
    assert [blamed(tmp_path, one) for one in found] == ["kustomization.yaml: team: shop"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", [Severity.ERROR]),
        ("\n    argocd.argoproj.io/sync-options: Force=true,Replace=true", []),
        ("\n    argocd.argoproj.io/sync-options: Replace=true", [Severity.WARNING]),
        ("\n    argocd.argoproj.io/hook: PreSync", []),
        ("\n    gitops/ignore: immutable-field", []),
    ],
)
def test_a_job_keeps_its_image_unless_it_is_made_anew(tmp_path: Path, more: str, expected: list[Severity]) -> None:
    before, after = (JOB.format(tag=tag, more=more) for tag in ("v1", "v2"))
    found = findings(tmp_path, {OBJECTS: before}, {OBJECTS: after})
    assert [one.severity for one in found] == expected
    for one in found:
        assert blamed(tmp_path, one) == "objects.yaml: image: registry.example.com/web:v2"
        assert one.message == (
            'spec.template: field is immutable; spec.containers[0].image was "registry.example.com/web:v1" '
            'and is now "registry.example.com/web:v2"'
        )


def test_the_values_of_a_secret_are_not_printed(tmp_path: Path) -> None:
    before, after = (SECRET.format(password=password) for password in ("first-one", "second-one"))
    found = findings(tmp_path, {OBJECTS: before}, {OBJECTS: after})
    assert [one.message for one in found] == ["stringData: field is immutable when `immutable` is set"]


@pytest.mark.parametrize(
    ("options", "severities"),
    [
        ("    automated:\n      prune: true\n", [Severity.WARNING]),
        ("    automated: {}\n", [Severity.INFO]),
        ("    automated:\n      prune: true\n    syncOptions: [Prune=confirm]\n", []),
    ],
)
def test_what_vanishes_is_told_by_what_the_application_does(
    tmp_path: Path, options: str, severities: list[Severity]
) -> None:
    application = APPLICATION.partition("    automated:")[0] + options
    argocd = {"argocd/web.yaml": application}
    before = {OBJECTS: CLAIM.format(name="orders"), **argocd}
    found = findings(tmp_path, before, {OBJECTS: CLAIM.format(name="bills"), **argocd})
    assert [one.severity for one in found] == severities


def test_an_application_that_vanishes_takes_what_it_syncs(tmp_path: Path) -> None:
    kept = APPLICATION.replace("  name: web\n", "  name: api\n")
    cascading = APPLICATION.replace(
        "metadata:\n", "metadata:\n  finalizers:\n    - resources-finalizer.argocd.argoproj.io\n"
    )
    objects = {OBJECTS: CLAIM.format(name="orders"), "argocd/api.yaml": kept}
    for text, messages in (
        (APPLICATION, []),
        (
            cascading,
            [
                "Application/argocd/web is not rendered any more and would be deleted, and with it all that it syncs, "
                "because of its finalizer"
            ],
        ),
    ):
        found = findings(tmp_path, {**objects, "argocd/web.yaml": text}, objects)
        assert [one.message for one in found] == messages


def test_the_file_of_what_vanished_may_be_gone(tmp_path: Path) -> None:
    both = f"{KUSTOMIZATION}  - claim.yaml\n"
    rest = JOB.format(tag="v1", more="")
    before = {OBJECTS: rest, f"{HOME}/claim.yaml": CLAIM.format(name="orders"), f"{HOME}/kustomization.yaml": both}
    found = findings(tmp_path, before, {OBJECTS: rest})
    assert [(one.rule, blamed(tmp_path, one)) for one in found] == [("pruned-object", "kustomization.yaml")]
