"""Rules on the options that an Application gives to the tool that makes its manifests."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.layout import kustomization_in
from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Application, Reported, Source, known_text
from gitops_tool.rules.argocd.sources import is_set
from gitops_tool.rules.base import Family, Scope, dig, rule
from gitops_tool.tree import is_directory, is_file, resolve
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.render import Render
    from gitops_tool.rules.base import RepositoryView
    from gitops_tool.tree import Tree

_EDITS = (
    *("namePrefix", "nameSuffix", "images", "replicas", "commonLabels", "commonAnnotations"),
    *("namespace", "patches", "components"),
)
_LABEL = lazy_pattern(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_PART = lazy_pattern(r"[a-z0-9.:-]+")
_KEY = lazy_pattern(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_NAME = lazy_pattern(r"[a-z0-9-]+")
_UNSEEN = frozenset(
    {"metadata", "data", "stringData", "binaryData", "containers", "initContainers", "ephemeralContainers"}
)
_COUNT = lazy_pattern(r"\d+")
Fault = tuple[tuple[str | int, ...], str, Severity]
"""A place in the options, what is wrong there, and how bad it is."""

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


@rule("application-tool-options", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_tool_options(view: RepositoryView) -> Iterator[Reported]:
    """A source has options for kustomize or Helm that its directory cannot have.

    Argo CD writes the options of `kustomize` into the directory's kustomization before it runs kustomize, and stops
    where there is none, a component does not exist, or a patch cannot be read. With options of `helm` it looks for a
    chart and nothing else. A `version` has to be registered in `argocd-cm`, which nothing here can tell: a warning.

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
            path: apps/web/overlays/production
            kustomize:
              components:
                - ../../components/canary
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
            kustomize:
              components:
                - ../../components/canary
              ignoreMissingComponents: true
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, util/kustomize/kustomize.go (Build), reposerver/repository/repository.go (GetAppSourceType)
    """
    for application in landscape(view).applications:
        for source in application.sources:
            if source.path is None or not any(is_set(source.body.get(tool)) for tool in ("kustomize", "helm")):
                continue
            try:
                directory = resolve(view.tree, source.path)
                if is_directory(view.tree, directory) and ".." not in source.path.parts:
                    yield from _problems(view.tree, application, source, directory)
            except GitopsError:
                continue  # another rule tells


def _problems(tree: Tree, application: Application, source: Source, directory: PurePosixPath) -> Iterator[Reported]:
    kustomize, kustomization = source.body.get("kustomize"), kustomization_in(tree, directory)
    if is_set(source.body.get("helm")):
        if "Chart.yaml" not in tree.modes(directory):
            message = f'the source has options for Helm, and in "{source.path}" is no Chart.yaml'
            yield application.problem(message, *source.pointer, "helm", hint="remove them")
    elif isinstance(kustomize, dict) and kustomization is None:
        if any(kustomize.get(key) for key in _EDITS):
            message = f'the source has options for kustomize, and in "{source.path}" is no kustomization'
            yield application.problem(message, *source.pointer, "kustomize", hint="add a kustomization.yaml")
    elif isinstance(kustomize, dict):
        render = source.view.render if source.view else None
        for pointer, message, severity in kustomize_faults(tree, render, directory, kustomize):
            yield application.problem(message, *source.pointer, "kustomize", *pointer, severity=severity)


def kustomize_faults(
    tree: Tree, render: Render | None, directory: PurePosixPath, kustomize: Mapping[str, Any]
) -> Iterator[Fault]:
    """Yield what kustomize refuses of a source's options, each with its place and how bad it is.

    Args:
        tree: the repository.
        render: what the directory renders, if that is known.
        directory: where the kustomization is.
        kustomize: the options.
    """
    for check in (_components, _patches, _values, _labels):
        yield from check(tree, render, directory, kustomize)


def _components(
    tree: Tree, _render: Render | None, directory: PurePosixPath, kustomize: Mapping[str, Any]
) -> Iterator[Fault]:
    if kustomize.get("ignoreMissingComponents") is True:
        return
    for index, name in enumerate(_list(kustomize, "components")):
        text = known_text(name)
        if text and not _is_remote(text) and not _exists(tree, directory, text, file=False):
            yield ("components", index), f'the component "{text}" does not exist', _ERROR


def _patches(
    tree: Tree, render: Render | None, directory: PurePosixPath, kustomize: Mapping[str, Any]
) -> Iterator[Fault]:
    patches = _list(kustomize, "patches")
    # What a component or another patch brings is not known.
    known = render if len(patches) == 1 and not kustomize.get("components") else None
    for index, entry in enumerate(patches):
        if not isinstance(entry, dict):
            continue
        pointer, text, path = ("patches", index), entry.get("patch"), known_text(entry.get("path"))
        if path and not _is_remote(path) and not _exists(tree, directory, path, file=True):
            yield (*pointer, "path"), f'the patch "{path}" does not exist', _ERROR
        elif not entry.get("path") and not text:
            yield pointer, "the patch has neither patch nor path", _ERROR
        elif isinstance(text, str) and text and known_text(text):
            wrong = _patch_refusal(known, text, entry.get("target"))
            if wrong:
                yield (*pointer, "patch"), wrong, _ERROR


def _patch_refusal(render: Render | None, text: str, target: Any) -> str | None:
    wrong = _reading_refusal(text)
    if wrong or render is None:
        return wrong
    documents = [item for item in load_documents(text.encode(), PurePosixPath("patch")) if item is not None]
    if not documents:
        return None
    if is_set(target):
        items = _targeted(render, target)
        operations = [item for item in documents[0] if isinstance(item, dict)] if isinstance(documents[0], list) else []
        return _unreachable(items, operations)
    for body in documents:
        kind, name = dig(body, "kind"), dig(body, "metadata", "name")
        if not kind or not name:
            return "the patch has no target, and does not name an object itself"
        named = (item.id.name for item in render.resources if item.id.kind == kind)
        if not any(str(name) in rendered for rendered in named):
            return f'the patch is for {kind} "{name}", which is not rendered'
    return None


def _reading_refusal(text: str) -> str | None:
    """Return why kustomize cannot read a patch; what begins with a bracket it takes for JSON."""
    try:
        load_documents(text.encode(), PurePosixPath("patch"))
    except GitopsError as error:
        return f"the patch cannot be read: {error.message}"
    try:
        json.loads(text if text.startswith("[") else "[]")
    except (ValueError, RecursionError):
        return "a patch that begins with a bracket has to be JSON: write its operations with hyphens"
    return None


def _targeted(render: Render, target: Mapping[str, Any]) -> list[Resource]:
    """Return the objects that a patch is for; none where a pattern or labels choose them."""
    wanted = {key: value for key, value in target.items() if value}
    kind, name = wanted.get("kind"), wanted.get("name")
    if (
        not kind
        or not wanted.keys() <= {"group", "version", "kind", "name"}
        or (name and not _NAME.fullmatch(str(name)))
    ):
        return []
    return [
        item
        for item in render.resources
        if item.id.kind == kind
        and (not name or item.id.name == name)
        and wanted.get("group", item.id.group) == item.id.group
    ]


def _unreachable(items: list[Resource], operations: Sequence[Mapping[str, Any]]) -> str | None:
    """Return which path of a JSON patch leads nowhere; behind an operation that adds something, nothing is said."""
    for operation in operations:
        kind, path = operation.get("op"), str(operation.get("path") or "")
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:]]
        for item in items:
            if kind in {"add", "remove", "replace"} and _lacks(item.body, keys, needed=kind == "remove"):
                return f'the patch\'s path "{path}" does not exist in {item.id}'
        if kind not in {"remove", "replace", "test"}:
            return None
    return None


def _lacks(body: Any, keys: list[str], *, needed: bool) -> bool:
    """Whether a path leaves an object before its end; what is in lists, data and metadata is not looked at."""
    for number, key in enumerate(keys, start=1):
        if not isinstance(body, dict) or key in _UNSEEN:
            return False
        if key not in body:
            return needed or number < len(keys)
        body = body[key]
    return False


def _values(
    _tree: Tree, render: Render | None, _directory: PurePosixPath, kustomize: Mapping[str, Any]
) -> Iterator[Fault]:
    version = known_text(kustomize.get("version"))
    if version:
        yield ("version",), f'Argo CD renders only if "{version}" is registered in argocd-cm', _WARNING
    for key in ("namePrefix", "nameSuffix"):
        text = known_text(kustomize.get(key))
        if text and not _PART.fullmatch(text):
            yield (key,), f'"{text}" cannot be a part of a name', _ERROR
    for index, entry in enumerate(_list(kustomize, "replicas")):
        count = dig(entry, "count")
        if isinstance(count, str) and known_text(count) and not _COUNT.fullmatch(count):
            yield ("replicas", index, "count"), f'"{count}" is no number of replicas', _ERROR
        name = known_text(dig(entry, "name"))
        if (
            name
            and render
            and not kustomize.get("components")
            and not any(name in item.id.name for item in render.resources)
        ):
            yield ("replicas", index, "name"), f'"{name}" is not rendered, and kustomize then stops', _ERROR


def _labels(
    _tree: Tree, _render: Render | None, _directory: PurePosixPath, kustomize: Mapping[str, Any]
) -> Iterator[Fault]:
    labels = kustomize.get("commonLabels")
    for key, value in labels.items() if isinstance(labels, dict) else ():
        if known_text(value) and not _LABEL.fullmatch(value):
            yield ("commonLabels", key), f'"{value}" is no value of a label', _ERROR
    for field in ("commonLabels", "commonAnnotations"):
        found = kustomize.get(field)
        for key in found if isinstance(found, dict) else ():
            if known_text(key) and not _KEY.fullmatch(key):
                yield (field, key), f'"{key}" is no key of a label or annotation', _ERROR


def _list(body: Mapping[str, Any], key: str) -> list[Any]:
    found = body.get(key)
    return found if isinstance(found, list) else []


def _is_remote(text: str) -> bool:
    return "://" in text or "?ref=" in text or text.startswith(("git@", "github.com"))


def _exists(tree: Tree, directory: PurePosixPath, name: str, *, file: bool) -> bool:
    path = PurePosixPath(os.path.normpath(directory / name))
    try:
        return is_file(tree, path) if file else is_directory(tree, path)
    except GitopsError:
        return False


RULES = (application_tool_options,)
