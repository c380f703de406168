"""No rule breaks on objects of another shape than Argo CD's."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.records import replace
from gitops_tool.render import resource
from gitops_tool.rules.argocd import RULES
from gitops_tool.rules.base import OverlayView, RepositoryView, Scope
from gitops_tool.yamlload import load_documents

from .shop import APPLICATION, DEPLOYMENT, KUSTOMIZATION, PRODUCTION, PROJECTS, view_of, write

RICH = f"""{APPLICATION}  syncPolicy:
    syncOptions: [CreateNamespace=true, RespectIgnoreDifferences=true]
    retry: {{backoff: {{duration: 5s}}}}
  ignoreDifferences:
    - {{group: apps, kind: Deployment, jsonPointers: [/spec/replicas]}}
  sources:
    - repoURL: https://git.example.com/shop/manifests.git
      path: apps/web/overlays/production
      ref: values
      targetRevision: main
      kustomize: {{images: [web:1]}}
      directory: {{recurse: true, include: "*"}}
"""
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
DEFINITION = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: carts.shop.example.com}
spec: {group: shop.example.com, scope: Cluster, names: {kind: Cart}}
"""
JUNK: tuple[Any, ...] = (None, "", "x", "[", "{{a}}", 3, True, [], ["x", None], {}, {"x": None}, [{}])


def _mutants(value: Any) -> Iterator[Any]:
    """Yield copies of a value, one place at a time replaced by junk."""
    yield from JUNK
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        for mutant in _mutants(child):
            changed = copy.copy(value)
            changed[key] = mutant
            yield changed


def _with(view: RepositoryView, overlay: int, body: dict[str, Any]) -> RepositoryView:
    """Return the view with one object more, as if an overlay rendered it."""
    owner = view.overlays[overlay]
    item = resource(body, owner.overlay.path, owner.render.entry)
    changed = replace(owner, render=replace(owner.render, resources=(*owner.render.resources, item)))
    return replace(view, overlays=(*view.overlays[:overlay], changed, *view.overlays[overlay + 1 :]))


def _run(view: RepositoryView) -> None:
    for rule in RULES:
        if rule.scope is Scope.REPOSITORY:
            assert all(isinstance(owner, OverlayView) for owner, _ in rule.check(view))
        elif rule.scope is Scope.RESOURCE:
            for overlay in view.overlays:
                for item in overlay.render.resources:
                    list(rule.check(item))


@pytest.mark.parametrize(
    ("text", "overlay"),
    [(RICH, -1), (PROJECTS.partition("---")[0], -1), (SCALER, 0), (DEFINITION, 0), (DEPLOYMENT, 0)],
    ids=["Application", "AppProject", "HorizontalPodAutoscaler", "CustomResourceDefinition", "Deployment"],
)
def test_any_value_may_be_anything(tmp_path: Path, text: str, overlay: int) -> None:
    scaled = f"{KUSTOMIZATION}  - scaler.yaml\nreplicas: [{{name: web, count: 3}}]\n"
    view = view_of(write(tmp_path, {f"{PRODUCTION}/kustomization.yaml": scaled, f"{PRODUCTION}/scaler.yaml": SCALER}))
    (body,) = load_documents(text.encode(), Path("x"))
    for mutant in _mutants(body):
        if isinstance(mutant, dict):
            _run(_with(view, overlay % len(view.overlays), mutant))


@pytest.mark.parametrize(
    "text",
    [
        "images: x\n",
        "images: [x, {name: 3}]\n",
        "patches: [x, {target: x}, {target: {kind: '['}}]\nresources: [3, x]\n",
        "bases: {a: b}\ncomponents: x\n",
        "[]\n",
    ],
)
def test_a_kustomization_may_be_anything(tmp_path: Path, text: str) -> None:
    tree = write(tmp_path, {})
    view = view_of(tree)
    (tmp_path / "apps/web/overlays/production/kustomization.yaml").write_text(text)
    changed = replace(view.overlays[1], tree=type(tree)(tmp_path))
    for rule in RULES:
        if rule.scope is Scope.SOURCES:
            list(rule.check(changed))
