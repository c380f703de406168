"""Argo CD's Applications, and what they set over the heads of the kustomizations."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool.applications import applications_at, image_overrides, read_applications, sets_image
from gitops_tool.config import Argocd, Settings
from gitops_tool.tree import Tree

from .trees import tree_of

P = PurePosixPath
OVERLAY = P("apps/web/overlays/prod")
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web-prod
  namespace: argocd
spec:
  project: shop
  source:
    repoURL: https://git.example.org/manifests.git
    path: apps/web/overlays/prod
    targetRevision: main
"""
TEMPLATE = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all}
spec:
  generators: [{git: {directories: [{path: apps/*/overlays/*}]}}]
  template:
    metadata: {name: '{{.path.basename}}-x'}
    spec:
      project: shop
      source:
        repoURL: https://git.example.org/manifests.git
        path: '{{.path.path}}'
"""


def names(tree: Tree, settings: Settings | None = None, overlay: PurePosixPath = OVERLAY) -> list[str]:
    return [application.name for application in applications_at(tree, settings or Settings(), overlay, "web")]


def overrides(files: dict[str, str]) -> list[tuple[str, str]]:
    found = image_overrides(tree_of(files), Settings(), OVERLAY, "web")
    return [(text, str(location)) for text, location in found]


def test_an_application_is_read_with_its_places() -> None:
    tree = tree_of({"argocd/web.yaml": f"# all of them\n---\nkind: Other\n---\n{APPLICATION}"})
    (found,) = read_applications(tree, P("argocd/web.yaml"))
    assert (found.name, found.namespace, found.project) == ("web-prod", "argocd", "shop")
    assert str(found.location) == "argocd/web.yaml:8:9"
    (source,) = found.sources
    assert (source.repo_url, source.path, source.target_revision) == (
        "https://git.example.org/manifests.git",
        OVERLAY,
        "main",
    )
    assert str(source.location) == "argocd/web.yaml:12:3"


@pytest.mark.parametrize(
    "path", ["apps/web/overlays/prod", "./apps/web/overlays/prod/", "apps/web/../web/overlays/prod"]
)
def test_a_path_is_the_same_in_every_spelling(path: str) -> None:
    assert names(tree_of({"a.yaml": APPLICATION.replace("apps/web/overlays/prod", path)})) == ["web-prod"]


def test_an_application_of_another_path_does_not_count() -> None:
    assert names(tree_of({"a.yaml": APPLICATION}), overlay=P("apps/web/overlays/staging")) == []
    assert names(tree_of({"a.yaml": APPLICATION}), overlay=P("apps/web")) == []


def test_one_of_several_sources_is_enough_and_they_win_over_the_single_one() -> None:
    sources = "  sources:\n  - {repoURL: x, chart: y}\n  - {repoURL: x, path: apps/api}\n"
    assert names(tree_of({"a.yaml": APPLICATION + sources})) == []
    sources += "  - {repoURL: x, path: apps/web/overlays/prod}\n"
    assert names(tree_of({"a.yaml": APPLICATION + sources})) == ["web-prod"]


def test_a_template_stands_for_any_text() -> None:
    assert names(tree_of({"a.yaml": TEMPLATE})) == ["{{.path.basename}}-x"]
    other = TEMPLATE.replace("{{.path.path}}", "apps/{{name}}/overlays/staging")
    assert names(tree_of({"a.yaml": other})) == []


def test_settings_say_where_applications_lie() -> None:
    tree = tree_of({"argocd/a.yaml": APPLICATION, "old/b.yaml": APPLICATION.replace("web-prod", "web-old")})
    assert names(tree) == ["web-prod", "web-old"]
    assert names(tree, Settings(argocd=Argocd(path=P("argocd")))) == ["web-prod"]


@pytest.mark.parametrize(
    "text",
    [
        "not: [yaml # argoproj.io/ web",
        "{{ if .Values.web }} argoproj.io/ {{ end }}",
        "- argoproj.io/v1alpha1\n- web",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application # web\nspec: 1\nmetadata: []\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application # web\nspec: {source: {path: 5}}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet # web\nspec: {template: text}\n",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application # web\nspec: {sources: text}\n",
    ],
)
def test_what_is_malformed_is_passed_over(text: str) -> None:
    assert names(tree_of({"a.yaml": text})) == []


def test_images_of_an_application_are_overrides_with_their_lines() -> None:
    images = "    kustomize:\n      images:\n        - web=registry.example.org/web:1\n        - side:2\n"
    assert overrides({"a.yaml": APPLICATION + images}) == [
        ("web=registry.example.org/web:1", "a.yaml:14:11"),
        ("side:2", "a.yaml:15:11"),
    ]


@pytest.mark.parametrize(
    ("name", "applies"),
    [
        (".argocd-source.yaml", True),
        (".argocd-source-web-prod.yaml", True),
        (".argocd-source-api-prod.yaml", False),
        ("argocd-source.yaml", False),
        (".argocd-source-web-prod.yml", False),
    ],
)
def test_override_files_apply_to_every_application_or_to_the_one_they_name(name: str, applies: bool) -> None:
    files = {"a.yaml": APPLICATION, f"{OVERLAY}/{name}": "kustomize:\n  images:\n  - web:1\n"}
    assert overrides(files) == ([("web:1", f"{OVERLAY}/{name}:3:5")] if applies else [])


def test_an_override_file_of_a_templates_application_applies() -> None:
    files = {"a.yaml": TEMPLATE}
    files[f"{OVERLAY}/.argocd-source-prod-x.yaml"] = "kustomize: {images: [web:1]}\n"
    files[f"{OVERLAY}/.argocd-source-prod-y.yaml"] = "kustomize: {images: [web:2]}\n"
    assert [text for text, _ in overrides(files)] == ["web:1"]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("web:1", "web", True),
        ("web=other:1", "web", True),
        ("web=other:1", "other", False),
        ("registry:5000/web@sha256:abc", "registry:5000/web", True),
        ("registry:5000/web", "registry:5000/web", True),
        ("webb:1", "web", False),
        ("{{.image}}:{{.tag}}", "web", True),
        ("registry/{{.app}}:1", "registry/web", True),
        ("registry/{{.app}}:1", "other/web", False),
    ],
)
def test_an_override_is_about_the_image_it_names(text: str, name: str, expected: bool) -> None:
    assert sets_image(text, name) is expected
