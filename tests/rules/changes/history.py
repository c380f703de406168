"""A repository with a past: what one overlay was made of, and what it is made of now."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.config import load_settings
from gitops_tool.model import Finding
from gitops_tool.render import Renderer
from gitops_tool.rules.base import Rule
from gitops_tool.tree import DirTree
from gitops_tool.validate import Before, SchemaChecker, Validator
from gitops_tool.validate.selection import select

HOME = "apps/web/overlays/production"
SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: production
kubernetesVersion: "1.36"
argocd:
  path: argocd
  repoURL: https://git.example.com/shop/manifests.git
"""
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - objects.yaml\n"
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.com/shop/manifests.git
    path: apps/web/overlays/production
  destination:
    server: https://kubernetes.default.svc
    namespace: web
  syncPolicy:
    automated:
      prune: true
"""


def findings(
    folder: Path, before: Mapping[str, str], after: Mapping[str, str], *, names: tuple[str, ...] = ()
) -> list[Finding]:
    """Write both states, render them, and return what the rules say about the way from one to the other."""
    trees = []
    for name, files in (("before", before), ("after", after)):
        tree = {"gitops.yaml": SETTINGS, f"{HOME}/kustomization.yaml": KUSTOMIZATION, **files}
        for path, text in tree.items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        trees.append(DirTree(folder / name))
    settings = load_settings(trees[1])
    renderer = Renderer(toolchain.kustomize_engine(toolchain.KUSTOMIZE.pinned), settings, cache_folder().path)
    validator = Validator(settings, SchemaChecker(settings, cache_folder().path, None))
    overlays = select(trees[1], settings, names).overlays
    renders = [(overlay, renderer.render(trees[1], overlay.path)) for overlay in overlays]
    state = Before(trees[0], {one.path: renderer.render(trees[0], one.path) for one in overlays})
    return [one for report in validator.check_changes(trees[1], renders, state) for one in report.findings]


def example(rule: Rule, part: str) -> tuple[str, str]:
    """Return the objects of a documented example before and after."""
    match = re.search(rf"^{part}:\n\n((?:    .*\n|\n)+)", rule.documentation, re.MULTILINE)
    assert match, f"{rule.id} has no example {part!r}"
    _, before, after = re.split(r"^# (?:before|after)\n", textwrap.dedent(match[1]), flags=re.MULTILINE)
    return before, after


def blamed(folder: Path, finding: Finding) -> str:
    """Return the place that a finding blames, with the text of its line."""
    place = finding.location
    text = (folder / "after" / place.path).read_text().splitlines()
    return f"{place.path.name}: {text[place.line - 1].strip()}" if place.line else place.path.name
