"""Repositories as a test writes them, validated by the whole of the validate way: every rule, traced to the source."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from pathlib import Path

from gitops_tool import toolchain
from gitops_tool.cachedir import cache_folder
from gitops_tool.config import load_settings
from gitops_tool.layout import find_apps
from gitops_tool.model import Finding
from gitops_tool.render import Renderer
from gitops_tool.rules.base import Rule
from gitops_tool.tree import DirTree
from gitops_tool.validate import SchemaChecker, Validator

HOME = "apps/web/overlays/production"
KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - objects.yaml\n"
SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
    cluster: staging.example.com
  - name: production
    cluster: production.example.com
kubernetesVersion: "1.36"
"""


def findings(folder: Path, files: Mapping[str, str], *rules: Rule, complete: bool = True) -> list[Finding]:
    """Write a repository, render all its overlays, and return what the rules find."""
    for name, text in {"gitops.yaml": SETTINGS, **files}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    tree = DirTree(folder)
    settings = load_settings(tree)
    renderer = Renderer(toolchain.kustomize_engine(toolchain.KUSTOMIZE.pinned), settings, None)
    validator = Validator(settings, SchemaChecker(settings, cache_folder().path, None))
    overlays = [overlay for app in find_apps(tree, settings) for overlay in app.overlays]
    renders = [(overlay, renderer.render(tree, overlay.path)) for overlay in overlays]
    known = {rule.id for rule in rules}
    reports = validator.check(tree, renders, complete=complete)
    return [finding for report in reports for finding in report.findings if finding.rule in known]


def said(folder: Path, text: str, rule: Rule, *, complete: bool = True, settings: str = SETTINGS) -> list[str]:
    """Return severity and message of what a rule finds in the objects of one plain directory, or in several.

    A comment with a directory begins another overlay: `# apps/database/overlays/production`.
    """
    pieces = re.split(r"^# (apps/\S+)\n", textwrap.dedent(text), flags=re.MULTILINE)
    files = {f"{HOME}/objects.yaml": pieces[0]} if pieces[0].strip() else {}
    files |= {f"{path}/objects.yaml": objects for path, objects in zip(pieces[1::2], pieces[2::2], strict=True)}
    found = findings(folder, {"gitops.yaml": settings, **files}, rule, complete=complete)
    return [f"{finding.severity}: {finding.message}" for finding in found]


def example(rule: Rule, part: str) -> dict[str, str]:
    """Return the files of a documented example; a comment with a name begins a file."""
    match = re.search(rf"^{part}:\n\n((?:    .*\n|\n)+)", rule.documentation, re.MULTILINE)
    assert match, f"{rule.id} has no example {part!r}"
    text = textwrap.dedent(match[1]).strip() + "\n"
    pieces = re.split(r"^# (\S+\.yaml)\n", text, flags=re.MULTILINE)
    if len(pieces) == 1:
        return {f"{HOME}/kustomization.yaml": KUSTOMIZATION, f"{HOME}/objects.yaml": text}
    return {_place(name): content for name, content in zip(pieces[1::2], pieces[2::2], strict=True)}


def _place(name: str) -> str:
    """Return a documented file's path; what is in a hidden folder stands at the root."""
    return name if name.startswith(".") else f"{HOME}/{name}"


def blamed_line(folder: Path, finding: Finding) -> str:
    """Return the name of the file and the text of the line that a finding blames."""
    text = (folder / finding.location.path).read_text().splitlines()[finding.location.line - 1]
    return f"{finding.location.path.name}: {text.strip()}"


def documented_parts(rule: Rule) -> list[str]:
    """Return the headings of a rule's documentation, after its first sentence."""
    first, *rest = rule.documentation.splitlines()
    assert re.fullmatch(r"[A-Z].*[.]", first), first
    return [line.partition(":")[0] for line in rest if re.match(r"(Bad|Good|Source):", line)]
