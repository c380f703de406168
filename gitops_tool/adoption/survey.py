"""What stands in a repository: directories that can be rendered, and what Argo CD's objects say of them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.applications import API_GROUP
from gitops_tool.applicationsets import expand
from gitops_tool.errors import GitopsError, TreeError
from gitops_tool.graph import closure
from gitops_tool.layout import MANIFEST_SUFFIXES, holds_manifests
from gitops_tool.process import redact
from gitops_tool.records import field, record
from gitops_tool.tree import ROOT, is_directory, normalize, read
from gitops_tool.validate.discovery import built_upon, is_component, kustomization_directories, manifest_directories
from gitops_tool.wording import counted
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

_GENERATORS = frozenset({"configMapGenerator", "secretGenerator", "generators", "helmCharts"})
_KINDS = ("Application", "ApplicationSet", "AppProject")


@record
class Unclear:
    """A place that is not understood, and why."""

    place: str
    reason: str


@record
class Synced:
    """A directory that an Application syncs, and where to; `charts` if Helm renders it."""

    path: PurePosixPath
    application: str
    repo_url: str
    namespace: str | None
    cluster: str | None
    charts: bool


@record(frozen=False)
class Survey:
    """What was found. `roots` are the directories to render that no other is built from."""

    synced: list[Synced] = field(default_factory=list)
    roots: list[PurePosixPath] = field(default_factory=list)
    argocd: list[PurePosixPath] = field(default_factory=list)
    namespaces: list[str] = field(default_factory=list)
    remote_bases: int = 0
    unclear: list[Unclear] = field(default_factory=list)


def survey(tree: Tree, settings: Settings) -> Survey:
    """Look at everything in a tree."""
    found = Survey()
    elsewhere: Counter[str] = Counter()
    for path in tree.search((API_GROUP,), ROOT):
        if path.name.endswith(MANIFEST_SUFFIXES) and not any(part.startswith(".") for part in path.parts):
            for body in _objects(tree, path, found):
                _take(tree, settings, found, path, body, elsewhere)
    for url, count in sorted(elsewhere.items()):
        where = "in another repository" if url else 'without a "repoURL", at paths that are not here'
        found.unclear.append(Unclear(url or "-", f"{counted(count, 'source')} of Applications {where}"))
    _find_roots(tree, found)
    return found


def _objects(tree: Tree, path: PurePosixPath, found: Survey) -> Iterator[dict[str, Any]]:
    """Yield Argo CD's objects of a file."""
    data = read(tree, path)
    try:
        documents = load_documents(data, path)
    except GitopsError as error:
        if b"{{" not in data:  # a chart's template is no manifest
            found.unclear.append(Unclear(str(path), error.message))
            found.argocd.append(path)
        return
    for body in documents:
        if isinstance(body, dict) and str(body.get("apiVersion", "")).startswith(API_GROUP):
            if body.get("kind") in _KINDS and path not in found.argocd:
                found.argocd.append(path)
            yield body


def _take(
    tree: Tree, settings: Settings, found: Survey, path: PurePosixPath, body: dict[str, Any], elsewhere: Counter[str]
) -> None:
    metadata = _mapping(body.get("metadata"))
    if body.get("kind") in _KINDS and isinstance(metadata.get("namespace"), str):
        found.namespaces.append(metadata["namespace"])
    if body.get("kind") == "Application":
        _take_application(tree, found, path, body, elsewhere)
    elif body.get("kind") == "ApplicationSet":
        expansion = expand(body, tree, settings)
        for generated in expansion.applications:
            _take_application(tree, found, path, generated.manifest, elsewhere)
        name = metadata.get("name", "")
        reasons = [fault.message for fault in expansion.problems] + [part.reason for part in expansion.unchecked]
        found.unclear += [Unclear(str(path), f'ApplicationSet "{name}": {reason}') for reason in dict.fromkeys(reasons)]


def _take_application(
    tree: Tree, found: Survey, file: PurePosixPath, body: Mapping[str, Any], elsewhere: Counter[str]
) -> None:
    """Note what an Application syncs from this repository, and what else it has."""
    name = str(_mapping(body.get("metadata")).get("name", ""))
    spec = _mapping(body.get("spec"))
    destination = _mapping(spec.get("destination"))
    sources = spec.get("sources") if isinstance(spec.get("sources"), list) else [spec.get("source")]
    for source in sources or []:
        url, path = _mapping(source).get("repoURL"), _mapping(source).get("path")
        if not isinstance(url, str) or not isinstance(path, str):
            if isinstance(_mapping(source).get("chart"), str):
                elsewhere[redact(str(url))] += 1
            continue
        directory = _directory(tree, path)
        if directory is None:
            elsewhere[redact(url)] += 1
            continue
        charts = "Chart.yaml" in tree.modes(directory) or "helm" in _mapping(source)
        cluster = destination.get("server") or destination.get("name")
        namespace = destination.get("namespace")
        found.synced.append(Synced(directory, name, url, _text(namespace), _text(cluster), charts))
        if not charts and not holds_manifests(tree, directory):
            reason = f'Application "{name}" syncs "{path}", which has no manifests of its own'
            found.unclear.append(Unclear(str(file), reason))


def _directory(tree: Tree, path: str) -> PurePosixPath | None:
    try:
        directory = normalize(PurePosixPath(os.path.normpath(path)))
        return directory if is_directory(tree, directory) else None
    except TreeError:
        return None


def _find_roots(tree: Tree, found: Survey) -> None:
    """Note what is to be rendered: what Applications sync, and what no other kustomization is built from."""
    kustomizations = kustomization_directories(tree, ROOT)
    used, files = built_upon(tree, kustomizations)
    others = {path for path in kustomizations if path in used}
    roots = [path for path in kustomizations if path not in used and not is_component(tree, path)]
    roots += manifest_directories(tree, ROOT, {*kustomizations}, files)
    synced = [one.path for one in found.synced if not one.charts and holds_manifests(tree, one.path)]
    candidates = {*roots, *synced, *(path for path in others if _is_overlay(path))}
    found.roots = sorted(path for path in candidates if _is_for_apps(tree, found, path))
    found.remote_bases = sum(_has_remote(tree, path) for path in found.roots)
    for one in found.synced:
        if one.charts:
            found.unclear.append(Unclear(str(one.path), f'Application "{one.application}": Helm is not rendered here'))


def _is_overlay(path: PurePosixPath) -> bool:
    """Whether a directory that another one collects is an overlay all the same: its place says so."""
    from gitops_tool.adoption.names import is_holder

    return len(path.parts) > 1 and is_holder(path.parts[-2])


def _is_for_apps(tree: Tree, found: Survey, directory: PurePosixPath) -> bool:
    """Whether a directory renders to something, and not to Argo CD's objects alone."""
    try:
        files = closure(tree, directory)
    except GitopsError:
        return True
    manifests = [path for path in files.files if path not in files.kustomizations]
    if not manifests and not files.remotes and not _generates(tree, files):
        found.unclear.append(Unclear(str(directory), "it has nothing to render"))
        return False
    return not manifests or not all(path in found.argocd for path in manifests)


def _generates(tree: Tree, files: Closure) -> bool:
    """Whether a kustomization makes objects of its own."""
    bodies = (body for path in files.kustomizations for body in load_documents(read(tree, path), path))
    return any(isinstance(body, dict) and _GENERATORS & {*body} for body in bodies)


def _has_remote(tree: Tree, directory: PurePosixPath) -> bool:
    try:
        return bool(closure(tree, directory).remotes)
    except GitopsError:
        return False


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
