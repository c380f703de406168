"""Finds what can be rendered in a repository that says nothing about itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.graph import closure, directory_manifests
from gitops_tool.layout import KUSTOMIZATION_NAMES, SKIP_MARK, kustomization_in
from gitops_tool.tree import DIRECTORY, LINK, read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

_FOREIGN = frozenset({"node_modules"})
_CHART = "Chart.yaml"
_KUSTOMIZE_GROUP = "kustomize.config.k8s.io/"


def directories(tree: Tree, under: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yield a directory and those below it; not hidden ones, other people's packages and Helm charts."""
    pending = [under]
    while pending:
        here = pending.pop()
        modes = tree.modes(here)
        if _CHART in modes:
            continue
        yield here
        inner = (name for name, mode in sorted(modes.items(), reverse=True) if mode == DIRECTORY)
        pending.extend(here / name for name in inner if not name.startswith(".") and name not in _FOREIGN)


def is_looked_into(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether `directories` comes by a directory on its way from the root."""
    if any(part.startswith(".") or part in _FOREIGN for part in directory.parts):
        return False
    return not any(_CHART in tree.modes(parent) for parent in (directory, *directory.parents))


def kustomization_directories(tree: Tree, under: PurePosixPath) -> list[PurePosixPath]:
    """Return the directories below one that hold a kustomization."""
    return [path for path in directories(tree, under) if any(name in KUSTOMIZATION_NAMES for name in tree.modes(path))]


def built_upon(tree: Tree, overlays: Collection[PurePosixPath]) -> tuple[set[PurePosixPath], set[PurePosixPath]]:
    """Return the kustomization directories that others are built from, and every file that one is built from."""
    used: set[PurePosixPath] = set()
    files: set[PurePosixPath] = set()
    for path in overlays:
        if path in used:
            continue  # what it is built from is known from the one that uses it
        try:
            found = closure(tree, path)
        except GitopsError:  # rendering it will say why
            continue
        used.update(kustomization.parent for kustomization in found.kustomizations[1:])
        files.update(found.files)
    return used, files


def is_component(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether a directory holds a component, which is nothing by itself."""
    try:
        path = kustomization_in(tree, directory)
        documents = load_documents(read(tree, path), path) if path else []
    except GitopsError:
        return False
    return any(isinstance(document, dict) and document.get("kind") == "Component" for document in documents)


def manifest_directories(
    tree: Tree, under: PurePosixPath, others: Set[PurePosixPath], files: Set[PurePosixPath]
) -> Iterator[PurePosixPath]:
    """Yield the directories of plain manifests, as Argo CD syncs them: no kustomization, nothing but objects.

    What lies below a kustomization belongs to it, even where it lists it no more.

    Args:
        tree: the repository.
        under: where to look.
        others: the directories that are rendered in another way.
        files: what these are built from; a directory with one of them is a part of them.
    """
    for path in directories(tree, under):
        manifests = [] if {path, *path.parents} & others else directory_manifests(tree, path)
        if manifests and not any(file in files for file in manifests) and _holds_objects(tree, manifests):
            yield path


def holds_only_objects(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether Argo CD finds in a directory itself objects of a cluster and nothing else; charts do not count."""
    manifests = [] if _CHART in tree.modes(directory) else directory_manifests(tree, directory)
    return bool(manifests) and _holds_objects(tree, manifests)


def _holds_objects(tree: Tree, manifests: Collection[PurePosixPath]) -> bool:
    """Whether files hold objects of a cluster, and no file anything else; what is not YAML does not count."""
    found = False
    for path in manifests:
        if tree.modes(path.parent).get(path.name) == LINK:
            continue
        data = tree.blob(path)
        if b"apiVersion" not in data or SKIP_MARK in data:
            return False
        try:
            documents = [document for document in load_documents(data, path) if document is not None]
        except GitopsError:
            if b"{{" in data:  # a template of something
                return False
            continue
        if not all(_is_object(document) for document in documents):
            return False
        found = found or bool(documents)
    return found


def _is_object(document: Any) -> bool:
    return (
        isinstance(document, dict)
        and isinstance(document.get("kind"), str)
        and isinstance(document.get("apiVersion"), str)
        and not document["apiVersion"].startswith(_KUSTOMIZE_GROUP)
    )
