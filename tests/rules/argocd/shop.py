"""A small repository that Argo CD syncs from, and what the rules find in it."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.config import load_settings
from gitops_tool.git import GitRepo
from gitops_tool.git.revisions import LocalRevisions
from gitops_tool.graph import closure
from gitops_tool.layout import find_apps
from gitops_tool.model import Overlay, Severity
from gitops_tool.render import Render, Renderer
from gitops_tool.rules.argocd import RULES
from gitops_tool.rules.base import OverlayView, Problem, RepositoryView, Rule, Scope
from gitops_tool.sources import SourceMap
from gitops_tool.tree import DirTree
from gitops_tool.validate.selection import everything

BY_ID = {rule.id: rule for rule in RULES}

PRODUCTION = "apps/web/overlays/production"
EXAMPLE = f"{PRODUCTION}/example.yaml"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example.com/web:1.4.0
"""
KUSTOMIZATION = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - deployment.yaml
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  project: shop
  source:
    repoURL: https://git.example.com/shop/manifests.git
    path: apps/web/overlays/production
  destination:
    server: https://kubernetes.default.svc
    namespace: web
"""
PROJECTS = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
  namespace: argocd
spec:
  sourceRepos:
    - https://git.example.com/shop/*
    - https://charts.example.com
  destinations:
    - server: https://kubernetes.default.svc
      namespace: web
---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: open
  namespace: argocd
spec:
  sourceRepos:
    - "*"
  destinations:
    - server: "*"
      namespace: "*"
  clusterResourceWhitelist:
    - group: "*"
      kind: "*"
"""
SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
  - name: production
argocd:
  path: argocd
  repoURL: https://git.example.com/shop/manifests.git
"""
SHOP: Mapping[str, str] = {
    "gitops.yaml": SETTINGS,
    "argocd/projects.yaml": PROJECTS,
    "argocd/web.yaml": APPLICATION,
    **{
        f"apps/web/overlays/{environment}/{name}": text
        for environment in ("staging", "production")
        for name, text in (("kustomization.yaml", KUSTOMIZATION), ("deployment.yaml", DEPLOYMENT))
    },
    f"{PRODUCTION}/300-kilobytes.json": "x" * 300_000,
}
"""One app in two environments, an Application for one of them, and two projects."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says, where, and the text of that line."""

    severity: Severity
    message: str
    place: str
    line: str
    hint: str | None


def write(folder: Path, files: Mapping[str, str]) -> DirTree:
    """Write the shop with other files laid over it; an empty text leaves a file out."""
    for name, text in {**SHOP, **files}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if text:
            target.write_text(text)
    return DirTree(folder)


def view_of(
    tree: DirTree, *, overlays: list[Overlay] | None = None, revisions: LocalRevisions | None = None
) -> RepositoryView:
    """Render a repository with the real kustomize; all of it, or some overlays."""
    settings = load_settings(tree)
    engine = toolchain.kustomize_engine(toolchain.KUSTOMIZE.pinned)
    renderer = Renderer(engine, settings, cache_folder().path)
    wanted = everything(tree, settings) if overlays is None else overlays
    views = (OverlayView(tree, settings, item, _render(renderer, tree, item.path)) for item in wanted)
    return RepositoryView(tree, settings, tuple(views), overlays is None, revisions)


def clone_shop(folder: Path, *options: str) -> GitRepo:
    """Return a clone of a shop with the branches main and release-1 and the tag v1.

    Both branches have apps/web/overlays/production, the second one and the tag also apps/old.
    """

    def git(*args: str) -> None:
        subprocess.run(["git", *args], check=True, capture_output=True, cwd=folder)

    origin = folder / "origin"
    write(origin, {})
    git("init", "--quiet", "-b", "main", str(origin))
    git("-C", "origin", "add", "--all")
    git("-C", "origin", "commit", "--quiet", "-m", "a shop")
    git("-C", "origin", "switch", "--quiet", "-c", "release-1")
    write(origin, {"apps/old/objects.yaml": DEPLOYMENT})
    git("-C", "origin", "add", "--all")
    git("-C", "origin", "commit", "--quiet", "-m", "an old app")
    git("-C", "origin", "tag", "v1")
    git("-C", "origin", "switch", "--quiet", "main")
    git("clone", "--quiet", *options, origin.as_uri(), "clone")
    return GitRepo.open(folder / "clone")


def overlay(tree: DirTree, environment: str = "production") -> Overlay:
    """Return the overlay of the app "web" in an environment."""
    apps = find_apps(tree, load_settings(tree))
    return next(found for app in apps for found in app.overlays if found.environment == environment)


def _render(renderer: Renderer, tree: DirTree, path: PurePosixPath) -> Render:
    """Render an overlay; one with a remote base has no objects here, as nothing is fetched."""
    found = closure(tree, path)
    return Render(path, (), found) if found.remotes else renderer.render(tree, path)


def check(rule_id: str, view: RepositoryView) -> list[Found]:
    """Return what one rule finds, traced to the source."""
    rule = BY_ID[rule_id]
    return [_found(rule, owner, problem) for owner, problem in _problems(rule, view)]


def _problems(rule: Rule, view: RepositoryView) -> list[tuple[OverlayView, Problem]]:
    if rule.scope is Scope.REPOSITORY:
        return list(rule.check(view))
    if rule.scope is Scope.SOURCES:
        return [(owner, problem) for owner in view.overlays for problem in rule.check(owner)]
    return [
        (owner, problem) for owner in view.overlays for item in owner.render.resources for problem in rule.check(item)
    ]


def _found(rule: Rule, owner: OverlayView, problem: Problem) -> Found:
    location = problem.location
    if location is None and problem.resource is not None:
        location = SourceMap(owner.tree, owner.render).trace(problem.resource, problem.pointer).location
    assert location is not None, problem
    lines = owner.tree.blob(location.path).decode().splitlines()
    place = f"{location.path}:{location.line}"
    severity = problem.severity or rule.severity
    return Found(severity, problem.message, place, lines[location.line - 1].strip(), problem.hint)


def example(rule: Rule, part: str) -> dict[str, str]:
    """Return the files of a documented example.

    A comment with a path begins a file. Without one, an Application is `argocd/web.yaml`, and any other object is
    one more resource of the overlay for production.
    """
    match = re.search(rf"^{part}:\n\n((?:    .*\n|\n)+)", rule.documentation, re.MULTILINE)
    assert match, f"{rule.id} has no example {part!r}"
    text = textwrap.dedent(match[1]).strip() + "\n"
    if not text.startswith("# "):
        if "kind: Application\n" in text:
            return {"argocd/web.yaml": text}
        return {EXAMPLE: text, f"{PRODUCTION}/kustomization.yaml": f"{KUSTOMIZATION}  - example.yaml\n"}
    pieces = re.split(r"^# (\S+/\S+|gitops\.yaml)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))
