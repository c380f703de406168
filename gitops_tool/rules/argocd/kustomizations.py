"""Rules on kustomizations that render, but not for long or not as they seem to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from gitops_tool.errors import GitopsError
from gitops_tool.graph import kustomization_documents
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.argocd.objects import Same
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, dig, rule
from gitops_tool.tree import normalize, read, resolve
from gitops_tool.yamlload import locate

_DEPRECATED = {
    "bases": "resources",
    "commonLabels": "labels",
    "imageTags": "images",
    "patchesJson6902": "patches",
    "patchesStrategicMerge": "patches",
    "vars": "replacements",
}
_DIRECTORIES = ("resources", "bases", "components")
_MOVING = frozenset({"HEAD", "head", "heads", "latest", "main", "master"})
_RENAMING = ("namePrefix", "nameSuffix")
_OPAQUE = ("generators", "helmCharts", "helmChartInflationGenerator", "transformers")
_IDENTITY = ("group", "version", "kind", "name")
_HASHED = frozenset({"ConfigMap", "Secret"})


@record
class Kustomization:
    """A kustomization that takes part in a build."""

    path: PurePosixPath
    data: bytes
    body: Mapping[str, Any]

    def problem(self, message: str, *pointer: str | int, hint: str | None = None) -> Problem:
        """Complain of one of its fields."""
        return Problem(message, hint=hint, location=locate(self.data, 0, pointer, self.path))

    def items(self, field: str) -> Iterator[tuple[int, Any]]:
        """Yield the items of a field that is a list, with their numbers."""
        found = self.body.get(field)
        yield from enumerate(found if isinstance(found, list) else [])


def built(view: OverlayView) -> list[Kustomization]:
    """Return the kustomizations of a build: the overlay's own first, then those that it names, in turn.

    The closure of a render may hold more, because it takes every text for a path. The last answer is kept,
    because several rules ask.
    """
    return _built(Same(view))


@lru_cache(maxsize=1)
def _built(same: Same[OverlayView]) -> list[Kustomization]:
    view = same.value
    known = {path.parent: path for path in view.render.closure.kustomizations}
    found: dict[PurePosixPath, Kustomization] = {}
    pending = [view.overlay.path]
    while pending:
        here = _kustomization(view, pending.pop(), known)
        if here is None or here.path in found:
            continue
        found[here.path] = here
        for field in _DIRECTORIES:
            for _, item in here.items(field):
                if isinstance(item, str) and "://" not in item and not item.endswith(MANIFEST_SUFFIXES):
                    pending.append(here.path.parent / item)
    return list(found.values())


def _kustomization(
    view: OverlayView, directory: PurePosixPath, known: Mapping[PurePosixPath, PurePosixPath]
) -> Kustomization | None:
    """Read the kustomization of a directory. Those of the closure are known by their real directories."""
    try:
        directory = normalize(directory)
        path = known.get(directory) or known.get(resolve(view.tree, directory))
        if path is None:
            return None
        data = view.tree.blob(path)
        body = _body(data, path)
    except GitopsError:
        return None
    return None if body is None else Kustomization(path, data, body)


def _body(data: bytes, path: PurePosixPath) -> Mapping[str, Any] | None:
    """Return what kustomize reads of a kustomization: its first document."""
    documents = kustomization_documents(data, path)
    return documents[0] if documents and isinstance(documents[0], dict) else None


@rule("kustomize-field-deprecated", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.SOURCES)
def kustomize_field_deprecated(view: OverlayView) -> Iterator[Problem]:
    """A kustomization has a field that kustomize is to drop.

    `kustomize edit fix` writes the new ones.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        commonLabels:
          team: shop

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        labels:
          - pairs:
              team: shop
            includeSelectors: true

    Source: kustomize 5.8.1, api/types/kustomization.go (the deprecation messages)
    """
    for kustomization in built(view):
        for field, better in _DEPRECATED.items():
            if kustomization.body.get(field):
                message = f'the field "{field}" is deprecated'
                yield kustomization.problem(message, field, hint=f'use "{better}"; `kustomize edit fix` writes it')


@rule("remote-base-unpinned", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.SOURCES)
def remote_base_unpinned(view: OverlayView) -> Iterator[Problem]:
    """A base from another repository has no revision, so it changes without a commit here.

    Add `?ref=` with a tag or a commit.

    Bad:

        # gitops.yaml
        version: 1
        layout: apps/{app}/overlays/{env}
        environments:
          - name: production
        kustomize:
          allowRemote: true
        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - https://github.com/example/manifests//base

    Good:

        # gitops.yaml
        version: 1
        layout: apps/{app}/overlays/{env}
        environments:
          - name: production
        kustomize:
          allowRemote: true
        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - https://github.com/example/manifests//base?ref=v1.4.0

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/ (Ensuring Manifests At Git Revisions Are
    Truly Immutable)
    """
    for remote in view.render.closure.remotes:
        if _moves(remote.url):
            message = f'remote base "{remote.url}" has no fixed revision'
            yield Problem(message, hint="add ?ref= with a tag or a commit", location=remote.location)


def _moves(url: str) -> bool:
    """Whether a URL names no revision: a repository's without `ref`, a file's by a branch."""
    path, _, query = url.partition("?")
    if re.search(r"(?:^|&)(?:ref|version)=[^&]", query):
        return False
    if path.endswith((".yaml", ".yml", ".json")) and "//" not in path.partition("://")[2]:
        return bool(_MOVING & set(path.split("/")))
    return True


@rule("patch-target-unmatched", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.SOURCES)
def patch_target_unmatched(view: OverlayView) -> Iterator[Problem]:
    """A patch's target matches no object, and kustomize says nothing.

    Only what is certain is found: the kind, or the name where nothing renames objects.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        patches:
          - target:
              kind: Deployment
              name: webb
            patch: |-
              - op: add
                path: /spec/paused
                value: true

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        patches:
          - target:
              kind: Deployment
              name: web
            patch: |-
              - op: add
                path: /spec/paused
                value: true

    Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/patches/
    """
    kustomizations = built(view)
    if any(_changes_identities(view, item) for item in kustomizations):
        return
    renamed = any(item.body.get(field) for item in kustomizations for field in _RENAMING)
    for kustomization in kustomizations:
        for field in ("patches", "patchesJson6902"):
            for index, patch in kustomization.items(field):
                target = dig(patch, "target")
                if isinstance(target, dict) and not _is_hit(view, target, renamed=renamed):
                    what = "/".join(str(target[key]) for key in _IDENTITY if target.get(key))
                    yield kustomization.problem(f'the target "{what}" matches no object', field, index, "target")


def _changes_identities(view: OverlayView, kustomization: Kustomization) -> bool:
    """Whether a build can remove objects, or change their kinds, so that the result does not tell what was there."""
    if any(kustomization.body.get(field) for field in _OPAQUE):
        return True
    for field in ("patches", "patchesStrategicMerge"):
        for _, patch in kustomization.items(field):
            path = patch if isinstance(patch, str) else dig(patch, "path")
            text = str(dig(patch, "patch") or (patch if isinstance(patch, str) else ""))
            if isinstance(path, str) and "\n" not in path:
                text += _text(view, kustomization.path.parent / path)
            if "$patch" in text or "/metadata/name" in text or "/kind" in text or dig(patch, "options"):
                return True
    return False


def _text(view: OverlayView, path: PurePosixPath) -> str:
    try:
        return read(view.tree, normalize(path)).decode("utf-8", "replace")
    except GitopsError:
        return ""


def _is_hit(view: OverlayView, target: Mapping[str, Any], *, renamed: bool) -> bool:
    """Whether a target may match an object: kustomize's are regular expressions on whole texts."""
    wanted = {key: str(target[key]) for key in _IDENTITY if target.get(key)}
    if renamed:
        wanted.pop("name", None)
    for item in view.render.resources:
        identity = item.id
        names = [identity.name]
        if identity.kind in _HASHED:
            names.append(re.sub(r"-[a-z0-9]{10}$", "", identity.name))
        values = {"group": [identity.group], "version": [identity.version], "kind": [identity.kind], "name": names}
        if all(any(_fits(pattern, value) for value in values[key]) for key, pattern in wanted.items()):
            return True
    return not wanted


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        return True  # Go's regular expressions are not quite Python's: what cannot be told is no finding


RULES = (kustomize_field_deprecated, remote_base_unpinned, patch_target_unmatched)
