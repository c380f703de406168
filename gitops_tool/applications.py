"""Argo CD's Application objects in a tree, and what they set over the heads of the kustomizations."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import YamlError
from gitops_tool.images import ImageRef
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Application, ApplicationSource, Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import ROOT, read
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

API_GROUP = "argoproj.io/"
WHOEVER_NAMES_IT = ("ApplicationSet", "AppProject")
"""Kinds that concern an app without its name; the rules search for the same, so one search does for both."""

_TEMPLATE = lazy_pattern(r"\{\{.*?\}\}")
_OVERRIDE_FILE = lazy_pattern(r"\.argocd-source(?:-(?P<application>.+))?\.yaml")


def applications_at(tree: Tree, settings: Settings, overlay: PurePosixPath, app: str) -> tuple[Application, ...]:
    """Return the Applications, and templates of ApplicationSets, that may sync a directory.

    Only files that name the app, or hold an ApplicationSet, are read: with 10,000 Applications in the
    repository that takes as long as one search. A template's `{{...}}` stands for any text.
    """
    under = settings.argocd.path or ROOT
    found: list[Application] = []
    for path in tree.search((app, *WHOEVER_NAMES_IT), under):
        if path.name.endswith(MANIFEST_SUFFIXES):
            found.extend(
                application
                for application in read_applications(tree, path)
                if any(syncs(source, overlay) for source in application.sources)
            )
    return tuple(found)


def search_ahead(tree: Tree, settings: Settings, apps: Iterable[str]) -> None:
    """Find out what `applications_at` will ask a tree for, which then knows the answer."""
    for app in sorted(apps):
        tree.search((app, *WHOEVER_NAMES_IT), settings.argocd.path or ROOT)


def syncs(source: ApplicationSource, overlay: PurePosixPath) -> bool:
    """Whether a source may be a directory; a template's `{{...}}` stands for any text."""
    if source.path is None:
        return False
    return _stands_for(os.path.normpath(str(source.path)).lstrip("/"), str(overlay))


def _stands_for(template: str, text: str) -> bool:
    """Whether a text is what a template can become; each `{{...}}` stands for any text."""
    return re.fullmatch(".+".join(re.escape(part) for part in _TEMPLATE.split(template)), text) is not None


def read_applications(tree: Tree, path: PurePosixPath) -> Iterator[Application]:
    """Yield the Applications of one file; what is not YAML is another rule's business."""
    data = read(tree, path)
    if API_GROUP.encode() not in data:
        return
    try:
        documents = load_documents(data, path)
    except YamlError:
        return
    for index, body in enumerate(documents):
        if not isinstance(body, dict) or not str(body.get("apiVersion", "")).startswith(API_GROUP):
            continue
        if body.get("kind") == "Application":
            yield _application(body, (), data, index, path)
        elif body.get("kind") == "ApplicationSet":
            template = _mapping(_mapping(body.get("spec")).get("template"))
            yield _application(template, ("spec", "template"), data, index, path)


def _application(
    body: dict[str, Any], prefix: tuple[str | int, ...], data: bytes, document: int, path: PurePosixPath
) -> Application:
    metadata, spec = _mapping(body.get("metadata")), _mapping(body.get("spec"))
    sources = spec.get("sources")
    # `sources` wins where both are given: Argo CD's ApplicationSpec.GetSources.
    found: list[tuple[Any, tuple[str | int, ...]]] = [(spec.get("source"), ("spec", "source"))]
    if isinstance(sources, list) and sources:
        found = [(item, ("spec", "sources", number)) for number, item in enumerate(sources)]
    return Application(
        name=str(metadata.get("name", "")),
        namespace=str(metadata.get("namespace", "")),
        project=str(spec.get("project", "")),
        sources=tuple(
            _source(item, data, document, (*prefix, *pointer), path)
            for item, pointer in found
            if isinstance(item, dict)
        ),
        body=body,
        location=locate(data, document, (*prefix, "metadata", "name"), path),
    )


def _source(
    body: dict[str, Any], data: bytes, document: int, pointer: tuple[str | int, ...], file: PurePosixPath
) -> ApplicationSource:
    path, revision = body.get("path"), body.get("targetRevision")
    return ApplicationSource(
        repo_url=str(body.get("repoURL", "")),
        path=PurePosixPath(path) if isinstance(path, str) else None,
        target_revision=revision if isinstance(revision, str) else None,
        images=tuple(_images(body, data, document, pointer, file)),
        body=body,
        location=locate(data, document, pointer, file),
    )


def _images(
    source: dict[str, Any], data: bytes, document: int, pointer: tuple[str | int, ...], file: PurePosixPath
) -> Iterator[tuple[str, Location]]:
    """Yield the texts of `kustomize.images`, each with its place."""
    images = _mapping(source.get("kustomize")).get("images")
    for index, item in enumerate(images if isinstance(images, list) else []):
        if isinstance(item, str):
            yield item, locate(data, document, (*pointer, "kustomize", "images", index), file)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def image_overrides(tree: Tree, settings: Settings, overlay: PurePosixPath, app: str) -> Iterator[tuple[str, Location]]:
    """Yield what Argo CD sets images of an overlay to after kustomize, as it is written, and where.

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/ (`.argocd-source.yaml`) and
    `spec.source.kustomize.images` in https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/.
    """
    names = {""}
    for application in applications_at(tree, settings, overlay, app):
        names.add(application.name)
        for source in application.sources:
            if syncs(source, overlay):
                yield from source.images
    yield from override_files(tree, overlay, names)


def override_files(tree: Tree, overlay: PurePosixPath, names: Iterable[str]) -> Iterator[tuple[str, Location]]:
    """Yield what the `.argocd-source*.yaml` files of an overlay set images to, as it is written, and where.

    Args:
        tree: the repository.
        overlay: the directory.
        names: the Applications whose files count, empty for the file that counts for all.
    """
    wanted = tuple(names)
    for file in sorted(tree.modes(overlay)):
        override = _OVERRIDE_FILE.fullmatch(file)
        if override is None or not any(_stands_for(name, override["application"] or "") for name in wanted):
            continue
        path = overlay / file
        data = read(tree, path)
        for index, document in enumerate(load_documents(data, path)):
            if isinstance(document, dict):
                yield from _images(document, data, index, (), path)


def sets_image(text: str, name: str) -> bool:
    """Whether an entry of `kustomize.images` is about an image; a template's `{{...}}` stands for any text.

    An entry is `name=new-name:tag`, `name:tag` or `name@digest`.
    """
    entry = _TEMPLATE.sub("\0", text)  # no name holds this character, nor the `:` and `=` of a template
    written, equals, _ = entry.partition("=")
    if not equals:
        written = ImageRef.split(entry).name
    return re.fullmatch(".+".join(re.escape(part) for part in written.split("\0")), name) is not None
