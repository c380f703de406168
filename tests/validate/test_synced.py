"""Directories that only an Application names are validated like those of the layout.

That Argo CD 3.6.1 refuses to sync what is found here was seen in a running one.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from gitops_tool.config import load_settings
from gitops_tool.model import Edit
from gitops_tool.tree import DirTree, PatchedTree
from gitops_tool.validate.selection import everything

SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments: [{name: production}]
argocd: {path: argocd, repoURL: "https://git.example.com/shop/manifests.git"}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
KUSTOMIZATION = "resources: [web.yaml]\n"
OWN = "https://git.example.com/shop/manifests"


def application(path: str, more: str = "", *, url: str = OWN) -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\n"
        f"spec:\n  source:\n    repoURL: {url}\n    path: {path}\n{more}"
    )


def found(files: Mapping[str, str]) -> list[str]:
    """Return the directories that are rendered, without the layout's own and Argo CD's."""
    shop = {"gitops.yaml": SETTINGS, "apps/web/overlays/production/kustomization.yaml": KUSTOMIZATION, **files}
    edits = [Edit(PurePosixPath(name), None, text.encode()) for name, text in shop.items()]
    tree = PatchedTree(DirTree(Path("/nonexistent")), edits)
    rendered = {str(overlay.path) for overlay in everything(tree, load_settings(tree))}
    return sorted(rendered - {"apps/web/overlays/production", "argocd"})


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: teams, namespace: argocd}
spec:
  goTemplate: true
  generators: [{git: {repoURL: "https://git.example.com/shop/manifests.git", directories: [{path: teams/*}]}}]
  template:
    metadata: {name: "{{.path.basename}}"}
    spec: {project: shop, source: {repoURL: "https://git.example.com/shop/manifests", path: "{{.path.path}}"}}
"""


@pytest.mark.parametrize(
    ("files", "paths"),
    [
        ({"argocd/web.yaml": application("apps/web/overlays/production")}, []),
        ({"argocd/web.yaml": application("plain"), "plain/web.yaml": CONFIG}, ["plain"]),
        ({"argocd/deep/web.yaml": application("./plain/"), "plain/web.yaml": CONFIG}, ["plain"]),
        ({"argocd/web.yaml": application("other"), "other/kustomization.yaml": KUSTOMIZATION}, ["other"]),
        ({"argocd/teams.yaml": SET, "teams/a/x.yaml": CONFIG, "teams/b/x.yaml": CONFIG}, ["teams/a", "teams/b"]),
        (
            {
                "argocd/root.yaml": application("clusters"),
                "clusters/web.yaml": application("plain"),
                "plain/x.yaml": CONFIG,
            },
            ["clusters", "plain"],
        ),
        ({"argocd/web.yaml": application("plain"), "plain/web.yaml": CONFIG + "---\na: b\n"}, []),
        ({"argocd/web.yaml": application("plain"), "plain/web.yaml": CONFIG, "plain/Chart.yaml": "name: x\n"}, []),
        ({"argocd/web.yaml": application("plain", "    directory: {recurse: true}\n"), "plain/web.yaml": CONFIG}, []),
        ({"argocd/web.yaml": application("plain", "    targetRevision: v1.0.0\n"), "plain/web.yaml": CONFIG}, []),
        ({"argocd/web.yaml": application("plain", url="https://else.example.com/x"), "plain/web.yaml": CONFIG}, []),
        ({"argocd/web.yaml": application("../plain"), "argocd/b.yaml": application("none")}, []),
        ({"argocd/web.yaml": "path: plain\n", "plain/web.yaml": CONFIG}, []),
        ({"argocd/web.yaml": "path: plain\n  - [", "plain/web.yaml": CONFIG}, []),
    ],
)
def test_directories_that_applications_sync(files: Mapping[str, str], paths: list[str]) -> None:
    assert found(files) == paths


def test_without_settings_that_say_where_applications_are_nothing_more_is_rendered() -> None:
    files = {"argocd/web.yaml": application("plain"), "plain/web.yaml": CONFIG}
    assert found({**files, "gitops.yaml": SETTINGS.replace("path: argocd, ", "")}) == []
    assert found({**files, "gitops.yaml": SETTINGS.split(", repoURL", maxsplit=1)[0] + "}"}) == []
