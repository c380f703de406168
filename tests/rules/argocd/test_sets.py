"""The rules on Applications look at those that ApplicationSets generate, and complain at the template."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.rules.argocd import RULES
from gitops_tool.rules.argocd.landscape import landscape

from .shop import SETTINGS, check, overlay, view_of, write

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata:
  name: web
  namespace: argocd
spec:
  goTemplate: true
  goTemplateOptions:
    - missingkey=error
  generators:
    - git:
        repoURL: https://git.example.com/shop/manifests.git
        revision: HEAD
        directories:
          - path: apps/*/overlays/*
  template:
    metadata:
      name: "{{index .path.segments 1}}-{{.path.basename}}"
    spec:
      project: shop
      source:
        repoURL: https://git.example.com/shop/manifests.git
        path: "{{.path.path}}"
      destination:
        server: https://kubernetes.default.svc
        namespace: web
"""
GENERATED = {"argocd/web.yaml": "", "argocd/set.yaml": SET}


def test_each_overlay_is_synced_by_the_application_generated_for_it(tmp_path: Path) -> None:
    view = view_of(write(tmp_path, GENERATED))
    found = landscape(view)
    assert {item.overlay.path.name: [one.name for one in found.syncing(item)] for item in view.overlays} == {
        "argocd": [],
        "staging": ["web-staging"],
        "production": ["web-production"],
    }


def test_generated_applications_without_fault_are_fault_free(tmp_path: Path) -> None:
    set_of_one = SET.replace("overlays/*", "overlays/production")
    view = view_of(write(tmp_path, {"argocd/web.yaml": "", "argocd/set.yaml": set_of_one}))
    assert {rule.id for rule in RULES if check(rule.id, view)} == {"namespace-not-created"}


@pytest.mark.parametrize(
    ("rule", "before", "after", "message", "line"),
    [
        (
            "application-path",
            'path: "{{.path.path}}"',
            'path: "{{.path.path}}/live"',
            'path "apps/web/overlays/production/live" does not exist',
            'path: "{{.path.path}}/live"',
        ),
        ("project-missing", "project: shop", "project: shopp", 'AppProject "shopp" is not here', "project: shopp"),
        (
            "sync-option-unknown",
            "      destination:",
            "      syncPolicy:\n        syncOptions: [Prun=false]\n      destination:",
            '"Prun=false" is not a sync option of an Application',
            "syncOptions: [Prun=false]",
        ),
    ],
)
def test_a_rule_complains_at_the_template(
    tmp_path: Path, rule: str, before: str, after: str, message: str, line: str
) -> None:
    text = SET.replace("overlays/*", "overlays/production").replace(before, after)
    (found,) = check(rule, view_of(write(tmp_path, {"argocd/web.yaml": "", "argocd/set.yaml": text})))
    assert found.line == line
    assert found.place.startswith("argocd/set.yaml:")
    assert message.split('"')[1] in found.message


def test_a_set_shares_objects_with_a_written_application(tmp_path: Path) -> None:
    found = check("object-shared", view_of(write(tmp_path, {"argocd/set.yaml": SET})))
    assert any('"web"' in item.message and '"web-production"' in item.message for item in found)


def test_files_that_nothing_renders_are_read(tmp_path: Path) -> None:
    files = {"gitops.yaml": SETTINGS.replace("  path: argocd\n", ""), **GENERATED}
    assert [item.declared.resource.id.name for item in landscape(view_of(write(tmp_path, files))).sets] == ["web"]


def test_one_overlay_alone_is_judged_by_the_sets_that_sync_it(tmp_path: Path) -> None:
    other = SET.replace("name: web\n", "name: charts\n").replace("overlays/*", "overlays/staging")
    broken = SET.replace("name: web\n", "name: broken\n").replace(".path.basename", ".nope")
    tree = write(tmp_path, {**GENERATED, "argocd/other.yaml": other, "argocd/broken.yaml": broken})
    found = landscape(view_of(tree, overlays=[overlay(tree)]))
    assert [item.name for item in found.applications] == ["web-production"]
    assert [item.declared.resource.id.name for item in found.sets] == ["web"]


def test_another_repositorys_directories_are_not_checked(tmp_path: Path) -> None:
    text = SET.replace("shop/manifests", "shop/charts")
    (found,) = check("applicationset-not-checked", view_of(write(tmp_path, {"argocd/set.yaml": text})))
    assert (
        found.message
        == 'not checked: the files of "https://git.example.com/shop/charts.git" at "HEAD" are not those here'
    )
    assert found.line == "- git:"
