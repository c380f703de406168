"""Finds the directories that Applications sync although no layout pattern names them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.layout import MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.objects import GROUP, TIPS, known_text, source_path, written_sources
from gitops_tool.rules.argocd.projects import same_repository
from gitops_tool.tree import FILES, is_directory, walk
from gitops_tool.validate.discovery import holds_only_objects
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

_PATH = lazy_pattern(rb"""\bpath:[ \t]*["']?([^\s"',}#]+)""")
_OTHER_TOOLS = ("helm", "plugin", "directory")


def synced_directories(tree: Tree, settings: Settings, known: Collection[PurePosixPath]) -> Iterator[PurePosixPath]:
    """Yield the directories of this repository that Applications below `argocd.path` sync, other than the known ones.

    Applications of Applications are followed. Left out are charts, other revisions, and directories that Argo CD reads
    with options of their own. Nothing is found where gitops.yaml does not say both `argocd.path` and `argocd.repoURL`.
    """
    if settings.argocd.path is None or settings.argocd.repo_url is None:
        return
    seen = {str(path) for path in known}
    pending = [settings.argocd.path]
    while pending:
        for path in sorted(_named_below(tree, settings, pending.pop(), seen)):
            seen.add(str(path))
            if _is_rendered(tree, path):
                pending.append(path)
                yield path


def _named_below(tree: Tree, settings: Settings, under: PurePosixPath, seen: Collection[str]) -> set[PurePosixPath]:
    """Return the directories that the Applications in some files name. What names only known ones is not parsed."""
    found: set[PurePosixPath] = set()
    for file, mode in walk(tree, under):
        if mode not in FILES or not file.name.endswith(MANIFEST_SUFFIXES):
            continue
        data = tree.blob(file)
        if b"ApplicationSet" not in data and not _names_another(data, seen):
            continue
        try:
            documents = load_documents(data, file)
        except GitopsError:
            continue  # the render tells
        for body in documents:
            if isinstance(body, dict) and str(body.get("apiVersion", "")).startswith(f"{GROUP}/"):
                found.update(path for path in _sources(tree, settings, body) if str(path) not in seen)
    return {path for path in found if _is_directory(tree, path)}


def _names_another(data: bytes, seen: Collection[str]) -> bool:
    named = (match.decode("utf-8", "replace") for match in _PATH.findall(data))
    return any(name not in seen and os.path.normpath(name) not in seen for name in named)


def _sources(tree: Tree, settings: Settings, body: Mapping[str, Any]) -> Iterator[PurePosixPath]:
    for spec in _specs(tree, settings, body):
        for source, _ in written_sources(spec):
            path, url = source_path(source), known_text(source.get("repoURL"))
            own = bool(url) and same_repository(url, settings.argocd.repo_url or "")
            current = str(source.get("targetRevision") or "") in {*TIPS, settings.argocd.target_revision}
            if path is not None and own and current and not any(source.get(key) for key in ("chart", *_OTHER_TOOLS)):
                yield path


def _specs(tree: Tree, settings: Settings, body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the spec of an Application, or of those that an ApplicationSet generates."""
    bodies = [body]
    if body.get("kind") == "ApplicationSet":
        from gitops_tool.applicationsets import expand

        own = settings.argocd.repo_url or ""
        expansion = expand(body, tree, settings, lambda url, _revision: same_repository(url, own))
        bodies = [application.manifest for application in expansion.applications]
    elif body.get("kind") != "Application":
        return
    yield from (item["spec"] for item in bodies if isinstance(item.get("spec"), dict))


def _is_directory(tree: Tree, path: PurePosixPath) -> bool:
    try:
        return ".." not in path.parts and is_directory(tree, path)
    except GitopsError:
        return False  # the rules tell


def _is_rendered(tree: Tree, path: PurePosixPath) -> bool:
    """Whether a directory is rendered here as Argo CD does: a kustomization, or nothing but objects."""
    try:
        return kustomization_in(tree, path) is not None or holds_only_objects(tree, path)
    except GitopsError:
        return True  # rendering it will say why
