"""What Argo CD finds in a repository: its Applications and AppProjects, and which overlay each Application syncs.

Applications are those that are written and those that ApplicationSets generate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.applications import WHOEVER_NAMES_IT
from gitops_tool.errors import GitopsError
from gitops_tool.layout import MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record, replace
from gitops_tool.render import resource
from gitops_tool.rules.argocd.objects import (
    GROUP,
    TIPS,
    Application,
    ApplicationSet,
    Declared,
    Same,
    Source,
    known_text,
    source_path,
    written_sources,
)
from gitops_tool.rules.argocd.projects import normalize_url
from gitops_tool.rules.base import dig
from gitops_tool.schemas.scopes import is_namespaced
from gitops_tool.tree import ROOT, is_directory, read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import OverlayView, RepositoryView
    from gitops_tool.tree import Tree

_KINDS = frozenset({"Application", "ApplicationSet", "AppProject"})
_PINNED = lazy_pattern(r"[0-9a-f]{7,40}|v?\d+(\.[\dx*]+)*([-+].*)?|refs/tags/.*|.*[~^<>=|*].*")
_LISTING = frozenset({"apiVersion", "kind", "metadata", "resources"})


Kind = tuple[str, str]
"""An API group, and a kind in it."""


@record
class Definition:
    """A CustomResourceDefinition that an overlay renders."""

    view: OverlayView
    namespaced: bool


@record
class Landscape:
    """The Applications, ApplicationSets and AppProjects of a repository.

    Projects of one name can be for several Argo CDs. `undecided` are the names of those that something
    may change on their way to the cluster.
    """

    applications: tuple[Application, ...]
    sets: tuple[ApplicationSet, ...]
    projects: Mapping[str, tuple[Declared, ...]]
    undecided: frozenset[str]
    definitions: Mapping[Kind, tuple[Definition, ...]]
    _by_overlay: Mapping[PurePosixPath, tuple[Application, ...]]

    def is_namespaced(self, group: str, kind: str) -> bool | None:
        """Tell whether objects of a kind have a namespace: built-in ones, and those that are defined here."""
        defined = self.definitions.get((group, kind))
        return defined[0].namespaced if defined else is_namespaced(group, kind)

    def namespace_of(self, item: Resource, application: Application) -> str:
        """Return the namespace that an Application puts an object into; empty for one that has none."""
        if self.is_namespaced(item.id.group, item.id.kind) is False:
            return ""
        return item.id.namespace or application.namespace

    def syncing(self, view: OverlayView) -> tuple[Application, ...]:
        """Return the Applications that sync an overlay."""
        return self._by_overlay.get(view.overlay.path, ())


def landscape(view: RepositoryView) -> Landscape:
    """Return what Argo CD finds in a repository. The last answer is kept, because every rule asks."""
    return _landscape(Same(view))


@lru_cache(maxsize=1)
def _landscape(same: Same[RepositoryView]) -> Landscape:
    view = same.value
    undecided: set[str] = set()
    found = [*_rendered(view, undecided), *_beside_renders(view, undecided)]
    written = [item for item in found if item.resource.id.kind == "Application"]
    sets = tuple(_sets(view, found, _Repository(view, written)))
    declared = [*written, *(application for item in sets for application in item.applications)]
    repository = _Repository(view, declared)
    applications = tuple(Application(item, tuple(repository.sources(item.spec))) for item in declared)
    projects: dict[str, tuple[Declared, ...]] = {}
    by_overlay: dict[PurePosixPath, tuple[Application, ...]] = {}
    for item in found:
        if item.resource.id.kind == "AppProject":
            projects[item.resource.id.name] = (*projects.get(item.resource.id.name, ()), item)
    for application in applications:
        for overlay in application.overlays:
            by_overlay[overlay.overlay.path] = (*by_overlay.get(overlay.overlay.path, ()), application)
    return Landscape(applications, sets, projects, frozenset(undecided), _definitions(view), by_overlay)


def _sets(view: RepositoryView, found: Sequence[Declared], repository: _Repository) -> Iterator[ApplicationSet]:
    """Expand the ApplicationSets. Of those beside what is looked at, only what syncs it is of interest."""
    for item in found:
        if item.resource.id.kind == "ApplicationSet":
            expanded = ApplicationSet.of(item, repository.is_here)
            if view.complete or item.document is None:
                yield expanded
            elif syncing := tuple(one for one in expanded.applications if repository.syncs_any(one.spec)):
                yield replace(expanded, applications=syncing)


def _definitions(view: RepositoryView) -> dict[Kind, tuple[Definition, ...]]:
    found: dict[Kind, tuple[Definition, ...]] = {}
    for overlay in view.overlays:
        for item in overlay.render.resources:
            if item.id.kind == "CustomResourceDefinition":
                kind = (str(dig(item.body, "spec", "group")), str(dig(item.body, "spec", "names", "kind")))
                namespaced = dig(item.body, "spec", "scope") != "Cluster"
                found[kind] = (*found.get(kind, ()), Definition(overlay, namespaced))
    return found


def _rendered(view: RepositoryView, undecided: set[str]) -> Iterator[Declared]:
    """Yield the Applications and projects of the overlays.

    In a repository without settings a plain directory below a kustomization that changes objects may be there
    for that one to pick from, with gaps that it fills.
    """
    guessed = view.settings.path is None
    for overlay in view.overlays:
        items = [item for item in overlay.render.resources if item.id.group == GROUP and item.id.kind in _KINDS]
        directory, is_plain = overlay.overlay.path, not overlay.render.closure.kustomizations
        if items and guessed and is_plain and not all(_is_listing(view.tree, above) for above in directory.parents):
            undecided.update(item.id.name for item in items if item.id.kind == "AppProject")
        else:
            yield from (Declared(item, overlay) for item in items)


def _beside_renders(view: RepositoryView, undecided: set[str]) -> Iterator[Declared]:
    """Read the Applications and projects that no overlay here renders, where their files say all there is to say."""
    settings = view.settings
    if not view.overlays or (view.complete and settings.argocd.path is not None):
        return
    rendered = {path for overlay in view.overlays for path in overlay.render.closure.files}
    names = {"Application"} if view.complete else {item.overlay.app for item in view.overlays}
    needles = {*WHOEVER_NAMES_IT, *names}
    is_listing = cache(lambda directory: _is_listing(view.tree, directory))
    for path in view.tree.search(sorted(needles), settings.argocd.path or ROOT):
        if path.suffix not in MANIFEST_SUFFIXES or path in rendered:
            continue
        final = all(is_listing(directory) for directory in path.parents)
        for item in _declared_in(view, path):
            if final:
                yield item
            elif item.resource.id.kind == "AppProject":
                undecided.add(item.resource.id.name)


def _declared_in(view: RepositoryView, path: PurePosixPath) -> Iterator[Declared]:
    data = read(view.tree, path)
    if f"{GROUP}/".encode() not in data:
        return
    kinds = {"ApplicationSet"} if b"{{" in data else _KINDS  # what others fill in is for them to say
    try:
        documents = load_documents(data, path)
    except GitopsError:
        return  # what is not YAML is another rule's business
    for index, body in enumerate(documents):
        if isinstance(body, dict) and isinstance(body.get("spec"), dict):
            item = resource(body, path.parent, path)
            if item.id.group == GROUP and item.id.kind in kinds:
                yield Declared(item, _owner(view, body["spec"]), index)


def _owner(view: RepositoryView, spec: Mapping[str, Any]) -> OverlayView:
    """Return the overlay that an Application syncs, so that its problems are reported there; else the first one."""
    paths = {source_path(body) for body, _ in written_sources(spec)}
    return next((overlay for overlay in view.overlays if overlay.overlay.path in paths), view.overlays[0])


def _is_listing(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether a directory has no kustomization that could change the objects below it; one may list them."""
    try:
        path = kustomization_in(tree, directory)
        documents = load_documents(read(tree, path), path) if path else []
    except GitopsError:
        return False
    return all(isinstance(document, dict) and document.keys() <= _LISTING for document in documents)


class _Repository:
    """Tells which sources of Applications are directories of the repository itself."""

    def __init__(self, view: RepositoryView, applications: Sequence[Declared]) -> None:
        self._views = {overlay.overlay.path: overlay for overlay in view.overlays}
        sources = [body for item in applications for body, _ in written_sources(item.spec)]
        self._urls = _own_urls(view, sources)
        self._is_certain = view.settings.argocd.repo_url is not None
        own = (str(body.get("targetRevision") or "") for body in sources if self._is_own(body))
        self._branch = next((revision for revision, _ in Counter(own).most_common(1)), "")

    def _is_own(self, body: Mapping[str, Any]) -> bool:
        return normalize_url(known_text(body.get("repoURL"))) in self._urls and not body.get("chart")

    def is_here(self, url: str, _revision: str) -> bool | None:
        """Whether a URL is the repository's; None where that is not known."""
        own = normalize_url(known_text(url)) in self._urls
        return own if own or self._is_certain else None

    def syncs_any(self, spec: Mapping[str, Any]) -> bool:
        """Whether an Application syncs one of the overlays that are looked at, or may."""
        return any(source_path(body) in self._views for body, _ in written_sources(spec))

    def sources(self, spec: Mapping[str, Any]) -> Iterator[Source]:
        """Yield an Application's sources, those in this repository with their directories and renders."""
        for body, pointer in written_sources(spec):
            own, current = self._is_own(body), self._is_current(body)
            path = source_path(body) if own and current else None
            yield Source(body, pointer, path, None if path is None else self._views.get(path), own, current)

    def _is_current(self, body: Mapping[str, Any]) -> bool:
        """Whether a source follows a branch that the files here are a state of: the usual ones, or the most used."""
        revision = str(body.get("targetRevision") or "")
        return revision in TIPS or (revision == self._branch and not _PINNED.fullmatch(revision))


def _own_urls(view: RepositoryView, sources: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Return the repository's own URLs: as the settings say, else its remotes and those that paths here are of."""
    if view.settings.argocd.repo_url is not None:
        return frozenset({normalize_url(view.settings.argocd.repo_url)})
    remotes = frozenset(normalize_url(url) for url in view.revisions.urls) if view.revisions else frozenset()
    paths: dict[str, set[PurePosixPath]] = {}
    for source in sources:
        path, url = source_path(source), known_text(source.get("repoURL"))
        if path is not None and path != ROOT and normalize_url(url):
            paths.setdefault(normalize_url(url), set()).add(path)
    return remotes | frozenset(
        url for url, named in paths.items() if 2 * sum(_is_here(view.tree, path) for path in named) > len(named)
    )


def _is_here(tree: Tree, path: PurePosixPath) -> bool:
    try:
        return is_directory(tree, path)
    except GitopsError:
        return False
