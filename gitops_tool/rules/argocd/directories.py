"""Rules on the directories that Applications name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError
from gitops_tool.layout import KUSTOMIZATION_NAMES, SKIP_MARK, kustomization_in
from gitops_tool.model import Severity
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Application, Reported, Source, known_text, source_path, written_sources
from gitops_tool.rules.argocd.patterns import matches_glob
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.tree import DIRECTORY, mode_at, read, resolve, walk
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView
    from gitops_tool.tree import Tree

_MANIFESTS = (".yaml", ".yml", ".json", ".jsonnet")
_OPTIONS = ("helm", "kustomize", "plugin")
_LOOKS = (b"apiVersion:", b"kind:", b"metadata:")
"""What makes Argo CD take a file that it cannot read for a manifest."""


@rule("application-path", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_path(view: RepositoryView) -> Iterator[Reported]:
    """An Application's path is not a directory of the repository.

    Argo CD then says "app path does not exist", "app path is not a directory", "app path is absolute" or "app path
    outside root". Paths are looked up if `repoURL` is this repository (`argocd.repoURL` in gitops.yaml; where that is
    not set, a remote of the clone or the repository that most paths belong to, and the finding is a warning): in the
    files that are validated if the revision is the usual branch, else at that revision.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlay/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Good:

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

    Source: Argo CD 3.6, util/app/path/path.go (Path)
    """
    for application in landscape(view).applications:
        for body, pointer in written_sources(application.spec):
            path = known_text(body.get("path"))
            if not body.get("chart") and (path.startswith("/") or ".." in _parts(path)[:1]):
                where = "is absolute" if path.startswith("/") else "leads out of the repository"
                hint = "write the path from the repository's root"
                yield application.problem(f'path "{path}" {where}', *pointer, "path", hint=hint)
        for source in application.sources:
            what = _missing(view.tree, source.path) or _missing_elsewhere(view, source)
            if what is not None:
                certain = view.settings.argocd.repo_url is not None
                severity = Severity.ERROR if certain else Severity.WARNING
                message = f'path "{source_path(source.body)}" {what}'
                yield application.problem(message, *source.pointer, "path", severity=severity)


def _missing_elsewhere(view: RepositoryView, source: Source) -> str | None:
    """Return why a path is no directory of this repository at another revision."""
    name = known_text(source.body.get("targetRevision"))
    if view.revisions is None or not source.is_own or source.is_current or not name:
        return None
    tree = view.revisions.tree(name)
    what = None if tree is None else _missing(tree, source_path(source.body))
    return None if what is None else f'{what} at revision "{name}"'


def _parts(path: str) -> tuple[str, ...]:
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        else:
            parts.append(part)
    return tuple(parts)


def _missing(tree: Tree, path: PurePosixPath | None) -> str | None:
    """Return why a path is no directory, None if it is one or leads elsewhere."""
    if path is None or ".." in path.parts:
        return None
    try:
        mode = mode_at(tree, resolve(tree, path))
    except GitopsError as error:
        return f"cannot be followed: {error.message}"
    if mode == DIRECTORY:
        return None
    return "does not exist" if mode is None else "is not a directory"


@rule("application-directory", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_directory(view: RepositoryView) -> Iterator[Reported]:
    """An Application's directory is not read as it seems to be meant.

    Without a kustomization, Argo CD applies the manifests that lie in the directory itself, and nothing below it:
    an Application on the folder above its overlays syncs nothing (a warning, for Argo CD does not complain). With
    `directory:`, a kustomization is taken for a manifest. In a plain directory a document without `kind` behind others
    is an error, and so is a manifest that cannot be read, such as a template of Helm.

    Bad:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/plain
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        # apps/web/plain/config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {{ .Values.name }}

    Good:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/plain
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        # apps/web/plain/config.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web

    Source: Argo CD 3.6, reposerver/repository/repository.go (findManifests, getObjsFromYAMLOrJSON);
    https://argo-cd.readthedocs.io/en/stable/user-guide/directory/; argoproj/argo-cd#8695
    """
    for application in landscape(view).applications:
        for source in application.sources:
            path = source.path
            if path is not None and ".." not in path.parts and _missing(view.tree, path) is None:
                yield from _directory_problems(view.tree, application, source, resolve(view.tree, path))


def _directory_problems(
    tree: Tree, application: Application, source: Source, path: PurePosixPath
) -> Iterator[Reported]:
    names = tree.modes(path)
    if any(source.body.get(option) for option in _OPTIONS) or "Chart.yaml" in names:
        return
    try:
        kustomization = kustomization_in(tree, path)
    except GitopsError:
        return  # the render tells
    if kustomization is not None:
        yield from _taken_for_a_manifest(tree, application, source, kustomization)
        return
    read_here, below = _manifests(tree, source, path)
    if not read_here:
        yield _nothing_to_read(application, source, below)
    for manifest in read_here:
        wrong = None if manifest.name.endswith(".jsonnet") else _unreadable(tree, manifest)
        if wrong is not None:
            message = f'path "{source.path}" is a plain directory, and "{manifest}" cannot be read: {wrong}'
            hint = "a plain directory is read as a whole; `directory.exclude` leaves files out"
            yield application.problem(message, *source.pointer, "path", hint=hint)
        elif not manifest.name.endswith((".json", ".jsonnet")) and _lacks_kind(tree, manifest):
            message = f'path "{source.path}" is a plain directory, and in "{manifest}" a document has no kind'
            yield application.problem(message, *source.pointer, "path", hint="a plain directory is read as a whole")


def _taken_for_a_manifest(
    tree: Tree, application: Application, source: Source, kustomization: PurePosixPath
) -> Iterator[Reported]:
    directory = source.body.get("directory")
    if not isinstance(directory, dict) or not any(directory.values()) or not _is_read(source, kustomization.name):
        return
    try:
        typed = any(dig(document, "kind") for document in load_documents(read(tree, kustomization), kustomization))
    except GitopsError:
        return
    what = "applied as a manifest" if typed else "not used"
    yield application.problem(
        f'because of "directory", "{kustomization}" is {what}',
        *source.pointer,
        "directory",
        hint="remove `directory`, so that Argo CD runs kustomize",
        severity=Severity.ERROR if typed else Severity.WARNING,
    )


def _is_read(source: Source, name: str) -> bool:
    """Whether `directory.include` and `directory.exclude` let a file pass, by its path in the directory."""
    include, exclude = (known_text(dig(source.body, "directory", key)) for key in ("include", "exclude"))
    return not (exclude and matches_glob(exclude, name)) and (not include or matches_glob(include, name))


def _manifests(tree: Tree, source: Source, path: PurePosixPath) -> tuple[list[PurePosixPath], list[PurePosixPath]]:
    """Return the manifests that Argo CD reads from a plain directory, and those below that it does not."""
    recurse = dig(source.body, "directory", "recurse") is True
    taken: list[PurePosixPath] = []
    left: list[PurePosixPath] = []
    for file, _ in walk(tree, path):
        if file.name.endswith(_MANIFESTS) or file.name in KUSTOMIZATION_NAMES:
            reached = recurse or file.parent == path
            if not reached:
                left.append(file)
            elif _is_read(source, str(file.relative_to(path))):
                taken.append(file)
    return taken, left


def _nothing_to_read(application: Application, source: Source, below: list[PurePosixPath]) -> Reported:
    path = ("path",) if source.body.get("path") else ()
    kustomizations = [file for file in below if file.name in KUSTOMIZATION_NAMES]
    message = f'path "{source.path}" has neither a kustomization nor manifests'
    if kustomizations:
        hint = f'did you mean "{min(kustomizations, key=lambda file: (len(file.parts), file)).parent}"?'
    else:
        hint = "set directory.recurse, or move the manifests up" if below else "is a plugin to make them?"
    return application.problem(message, *source.pointer, *path, hint=hint, severity=Severity.WARNING)


def _unreadable(tree: Tree, path: PurePosixPath) -> str | None:
    """Return why Argo CD stops at a manifest; None if it reads it, or takes it for something else."""
    try:
        data = read(tree, path)
    except GitopsError:
        return None  # the render tells
    if SKIP_MARK in data:
        return None
    if path.name.endswith(".json"):
        return _json_refusal(data)
    if not all(key in data for key in _LOOKS):
        return None
    try:
        load_documents(data, path)
    except GitopsError as error:
        return None if "is written twice" in error.message else error.message
    return None


def _json_refusal(data: bytes) -> str | None:
    """A JSON file holds one object, and it has a kind."""
    try:
        body = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return str(error) if isinstance(error, json.JSONDecodeError) else "not valid JSON"
    kind = body.get("kind") if isinstance(body, dict) else None
    return None if isinstance(kind, str) and kind else "the object has no kind"


def _lacks_kind(tree: Tree, path: PurePosixPath) -> bool:
    """Whether a file holds a document without kind, and is a manifest by the other documents or its keys."""
    try:
        data = read(tree, path)
        documents = [document for document in load_documents(data, path) if document is not None]
    except GitopsError:
        return False
    typed = [isinstance(document, dict) and isinstance(document.get("kind"), str) for document in documents]
    if all(typed):
        return False
    return SKIP_MARK not in data and (typed[0] or all(key in data for key in _LOOKS))


RULES = (application_path, application_directory)
