"""Rules on kustomizations: what they list, and what they forget."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError
from gitops_tool.layout import KUSTOMIZATION_NAMES
from gitops_tool.model import Location, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.base import Family, OverlayView, Problem, RepositoryView, Scope, dig, rule
from gitops_tool.rules.hygiene.sources import sources
from gitops_tool.tree import FILES, read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.tree import Tree

_HEADER = frozenset({"apiVersion", "kind", "metadata"})
_YAML = (".yaml", ".yml")
_OBJECT = lazy_pattern(rb"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
_NO_OBJECTS = frozenset({b"Kustomization", b"Component"})


@rule("empty-kustomization", family=Family.HYGIENE, severity=Severity.WARNING, scope=Scope.SOURCES)
def empty_kustomization(view: OverlayView) -> Iterator[Problem]:
    """A kustomization that an overlay is built from lists nothing and changes nothing.

    Where the overlay itself renders nothing, `empty-render` says so.

    Bad:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
          - more
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # more/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources: []

    Good:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info

    Source: kustomize 5.8.1 exits with 0 and prints nothing for `resources: []`
    """
    for kustomization in sources(view).kustomizations:
        path, body = kustomization.path, kustomization.body
        if path != view.render.entry and not any(body[key] for key in body.keys() - _HEADER):
            message = f'"{path.parent}" lists nothing'
            yield Problem(
                message, hint="list its files, or remove it from those that use it", location=Location(path, 1, 1)
            )


@rule("unlisted-file", family=Family.HYGIENE, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def unlisted_file(view: RepositoryView) -> Iterator[tuple[OverlayView, Problem]]:
    """A manifest lies beside others that a kustomization lists, and no kustomization lists it: it is not synced.

    A file that the kustomization mentions, be it in a comment, was left out on purpose.

    Bad:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # limits.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: limits
        data:
          MAX_REQUESTS: "100"

    Good:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
          - limits.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # limits.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: limits
        data:
          MAX_REQUESTS: "100"

    Source: https://github.com/redhat-appstudio/infra-deployments/pull/8533 (a ConfigMap that vanished)
    """
    if not view.complete:
        return
    used = {path for overlay in view.overlays for path in overlay.render.closure.files}
    for directory, (overlay, kustomization) in _owners(view).items():
        for path in _manifests_in(view.tree, directory):
            if path not in used and _is_object(view.tree, path) and not _mentions(view.tree, kustomization, path.name):
                message = f'"{kustomization}" does not list "{path.name}", and nothing else does'
                hint = "list it, or remove it; a comment that names it there is enough to keep it"
                yield overlay, Problem(message, hint=hint, location=Location(path, 1, 1))


def _owners(view: RepositoryView) -> dict[PurePosixPath, tuple[OverlayView, PurePosixPath]]:
    """Return the directories that kustomizations list files of, each with the kustomization and an overlay of it."""
    owners: dict[PurePosixPath, tuple[OverlayView, PurePosixPath]] = {}
    for overlay in view.overlays:
        for path in overlay.render.closure.kustomizations:
            owners.setdefault(path.parent, (overlay, path))
    for overlay in view.overlays:
        for directory in {path.parent for path in overlay.render.closure.files}:
            if directory in owners:
                continue
            nearest = next((parent for parent in directory.parents if parent in owners), None)
            if nearest is not None:
                owners[directory] = owners[nearest]
    return owners


def _mentions(tree: Tree, kustomization: PurePosixPath, name: str) -> bool:
    return name.encode() in read(tree, kustomization)


def _manifests_in(tree: Tree, directory: PurePosixPath) -> Iterator[PurePosixPath]:
    for name, mode in sorted(tree.modes(directory).items()):
        if mode in FILES and name.endswith(_YAML) and name not in KUSTOMIZATION_NAMES and not name.startswith("."):
            yield directory / name


def _is_object(tree: Tree, path: PurePosixPath) -> bool:
    """Whether a file is a manifest, and neither a template nor a kustomization of another name."""
    data = read(tree, path)
    found = _OBJECT.search(data)
    if found is None or found[1] in _NO_OBJECTS or b"\napiVersion:" not in b"\n" + data or b"{{" in data:
        return False
    return found[1] != b"Application" or not _syncs_itself(data, path)


def _syncs_itself(data: bytes, path: PurePosixPath) -> bool:
    """Whether an Application is the one that syncs its own directory: it is applied by hand, once."""
    try:
        documents = load_documents(data, path)
    except GitopsError:
        return False
    paths = [dig(document, "spec", "source", "path") for document in documents]
    return any(isinstance(text, str) and path.is_relative_to(text.strip("/")) for text in paths)


RULES = (empty_kustomization, unlisted_file)
