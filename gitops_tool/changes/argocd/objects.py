"""Argo CD's objects as they are written in a repository's files, each with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError, LayoutError
from gitops_tool.layout import MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.model import Location, Overlay
from gitops_tool.records import record
from gitops_tool.rules.argocd.objects import source_path, written_sources
from gitops_tool.rules.argocd.projects import normalize_url
from gitops_tool.rules.base import dig
from gitops_tool.tree import ROOT, read
from gitops_tool.validate.selection import ARGOCD
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.changes.draft import Draft
    from gitops_tool.config import Settings
    from gitops_tool.rules.base import Pointer
    from gitops_tool.tree import Tree

_GROUP = "argoproj.io/"
_KINDS = ("Application", "AppProject")
_MOST_RENDERED = 500
"""Files of a kustomization with Argo CD's objects that a change renders."""


@record
class Written:
    """An Application, ApplicationSet or AppProject: the file, the document in it, what it says."""

    path: PurePosixPath
    document: int
    documents: int
    body: Mapping[str, Any]
    data: bytes

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.body.get("kind", ""))

    @property
    def name(self) -> str:
        """The object's name."""
        return str(dig(self.body, "metadata", "name") or "")

    @property
    def spec(self) -> Mapping[str, Any]:
        """The object's `spec`."""
        found = self.body.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def application_spec(self) -> Mapping[str, Any]:
        """The `spec` of the Application, or of those that an ApplicationSet generates."""
        found = dig(self.spec, "template", "spec") if self.kind == "ApplicationSet" else self.spec
        return found if isinstance(found, dict) else {}

    @property
    def sources(self) -> list[tuple[Mapping[str, Any], Pointer]]:
        """The sources that count, each with its place."""
        return written_sources(self.spec)

    @property
    def paths(self) -> tuple[PurePosixPath, ...]:
        """The directories that the sources name."""
        found = (source_path(body) for body, _ in self.sources)
        return tuple(path for path in found if path is not None)

    def at(self, *pointer: str | int) -> Location:
        """Return where a value stands."""
        return locate(self.data, self.document, pointer, self.path)


def argocd_objects(tree: Tree, settings: Settings, *needles: str) -> tuple[Written, ...]:
    """Return Argo CD's objects below `argocd.path`, or anywhere; of files with one of the words, if any."""
    under = settings.argocd.path or ROOT
    return tuple(
        item
        for path in tree.search(needles or _KINDS, under)
        if path.name.endswith(MANIFEST_SUFFIXES)
        for item in _objects_in(tree, path)
    )


def app_objects(tree: Tree, settings: Settings, *apps: str) -> tuple[Written, ...]:
    """Return what concerns some apps: projects, sets, what syncs their directory, and Applications that name the apps.

    All Applications where gitops.yaml leaves it to them what a new one gets.
    """
    argocd = settings.argocd
    if argocd.path is None or argocd.project is None or argocd.repo_url is None:
        return argocd_objects(tree, settings)
    roots = (f"path: {quote}{argocd.path}{quote}" for quote in ("", '"', "'"))
    return argocd_objects(tree, settings, "AppProject", "ApplicationSet", *roots, *apps)


def _objects_in(tree: Tree, path: PurePosixPath) -> Iterator[Written]:
    data = read(tree, path)
    if _GROUP.encode() not in data:
        return
    try:
        documents = load_documents(data, path)
    except GitopsError:
        return  # what is not YAML is a rule's business
    for index, body in enumerate(documents):
        if isinstance(body, dict) and str(body.get("apiVersion", "")).startswith(_GROUP):
            yield Written(path, index, len(documents), body, data)


def own_overlay(tree: Tree, path: PurePosixPath) -> tuple[tuple[Overlay, ...], tuple[tuple[Overlay, str], ...]]:
    """Return the directory of Argo CD's objects as an overlay: one to render, or one that is not, with the reason.

    The time that kustomize takes grows with the square of the number of objects: a second for 400, minutes for 4,000.
    """
    overlay, number = Overlay(ARGOCD, "", path), len(tree.modes(path))
    if number <= _MOST_RENDERED or kustomization_in(tree, path) is None:
        return (overlay,), ()
    return (), ((overlay, f"{number} files are more than kustomize renders in seconds; `gitops validate` does"),)


def argocd_overlay(draft: Draft, settings: Settings) -> tuple[tuple[Overlay, ...], tuple[tuple[Overlay, str], ...]]:
    """Return the overlay of Argo CD's own objects, if some of them change; see `own_overlay`."""
    path = settings.argocd.path
    if path is None or not any(edit.path.is_relative_to(path) for edit in draft.edits):
        return (), ()
    return own_overlay(draft.tree, path)


@record
class Defaults:
    """What new Applications get: as gitops.yaml says, else as most Applications here have it."""

    path: PurePosixPath
    namespace: str
    project: str
    repo_url: str
    target_revision: str


def defaults(settings: Settings, found: tuple[Written, ...]) -> Defaults | None:
    """Return what new Applications get; None where gitops.yaml does not say where Applications are.

    Raises:
        LayoutError: neither settings nor Applications tell a project or the repository's URL.
    """
    path = settings.argocd.path
    if path is None:
        return None
    applications = [item for item in found if item.kind == "Application" and path not in item.paths]
    sources = [body for item in applications for body, _ in item.sources]
    project = settings.argocd.project or _usual(dig(item.spec, "project") for item in applications)
    url = settings.argocd.repo_url or _usual(body.get("repoURL") for body in sources)
    for value, key in ((project, "project"), (url, "repoURL")):
        if not value:
            raise LayoutError(
                f"nothing tells the {key} of new Applications", hint=f"set argocd.{key} in {settings.path}"
            )
    revision = settings.argocd.target_revision or _usual(
        body.get("targetRevision") for body in sources if normalize_url(str(body.get("repoURL"))) == normalize_url(url)
    )
    return Defaults(path, settings.argocd.namespace, project, url, revision or "main")


def _usual(values: Iterator[Any]) -> str:
    found = Counter(value for value in values if isinstance(value, str) and value)
    return found.most_common(1)[0][0] if found else ""
