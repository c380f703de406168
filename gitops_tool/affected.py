"""Which overlays a change reaches: through what they are built from, settings, schemas and Applications."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.applications import read_applications, syncs
from gitops_tool.config import SETTINGS_PATH, load_settings
from gitops_tool.errors import GitopsError
from gitops_tool.git.changes import ChangeKind
from gitops_tool.graph import closure
from gitops_tool.layout import MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.tree import FILES, mode_at
from gitops_tool.validate.schema_check import OWN_SCHEMAS
from gitops_tool.validate.selection import everything

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.git.changes import PathChange
    from gitops_tool.model import ApplicationSource, Overlay
    from gitops_tool.tree import Tree

_CRD = lazy_pattern(rb"^kind:\s*[\"']?CustomResourceDefinition\b", re.MULTILINE)
_OVERRIDES = ".argocd-source"


@record
class Affected:
    """An overlay that a change reaches, and the changed paths that do it."""

    overlay: Overlay
    because: tuple[PurePosixPath, ...]


def affected(
    before: Tree, after: Tree, settings: Settings, overlays: Sequence[Overlay], changes: Sequence[PathChange]
) -> list[Affected]:
    """Return the overlays that render, or are judged, differently after a change, in their order.

    More may be named than really differ, never fewer: what cannot be read counts as affected.

    Args:
        before: the files before the change.
        after: the files after it.
        settings: those after it.
        overlays: the ones to look at, of the tree after the change.
        changes: the paths that differ.
    """
    if not changes:
        return []
    search = _Search(before, after, settings, changes)
    found = ((overlay, search.reasons(overlay)) for overlay in overlays)
    return [Affected(overlay, tuple(sorted(because))) for overlay, because in found if because]


def removed_overlays(before: Tree, overlays: Collection[Overlay], changes: Sequence[PathChange]) -> list[Overlay]:
    """Return the overlays that were there before a change, and are not any more."""
    if not any(change.kind is ChangeKind.REMOVED for change in changes):
        return []
    try:
        earlier = everything(before, load_settings(before))
    except GitopsError:  # then nothing could be said about that state in the first place
        return []
    paths = {overlay.path for overlay in overlays}
    return [overlay for overlay in earlier if overlay.path not in paths]


class _Search:
    """One change, with what it means for all overlays found out once."""

    def __init__(self, before: Tree, after: Tree, settings: Settings, changes: Sequence[PathChange]) -> None:
        self.before = before
        self.after = after
        self.paths = frozenset(change.path for change in changes)
        # Only what goes away, or becomes a link, leaves no trace in what an overlay is built from afterwards.
        self.lossy = any(change.kind in {ChangeKind.REMOVED, ChangeKind.RETYPED} for change in changes)
        self.added = [change.path for change in changes if change.kind is ChangeKind.ADDED]
        self.everywhere = frozenset(path for path in self.paths if self._reaches_all(settings, path))
        self.sources = [(path, source) for path in sorted(self.paths) for source in self._sources(path)]

    def reasons(self, overlay: Overlay) -> set[PurePosixPath]:
        """Return the changed paths that reach an overlay."""
        if self.everywhere:
            return set(self.everywhere)
        found = {path for path, source in self.sources if syncs(source, overlay.path)}
        found |= {path for path in self.paths if path.parent == overlay.path and path.name.startswith(_OVERRIDES)}
        for tree in (self.after, self.before) if self.lossy else (self.after,):
            found |= self._built_from(tree, overlay)
        return found

    def _built_from(self, tree: Tree, overlay: Overlay) -> set[PurePosixPath]:
        """Return the changed paths that an overlay is built from in one of the trees."""
        if tree is self.before and not tree.modes(overlay.path):
            return set()
        try:
            found = closure(tree, overlay.path)
        except GitopsError:
            return {overlay.path}
        beside = {path for path in self.added if self._kustomization_of(path) in found.kustomizations}
        return {path for path in self.paths if found.reads(path)} | beside

    def _kustomization_of(self, path: PurePosixPath) -> PurePosixPath | None:
        """Return the kustomization that a new manifest lies beside or below: it may have been forgotten there."""
        if not path.name.endswith(MANIFEST_SUFFIXES):
            return None
        for parent in path.parents:
            try:
                found = kustomization_in(self.after, parent)
            except GitopsError:
                continue
            if found is not None:
                return found
        return None

    def _reaches_all(self, settings: Settings, path: PurePosixPath) -> bool:
        """Whether a path is about every overlay: the settings, a schema, the definition of a custom resource."""
        folders = settings.schemas or (OWN_SCHEMAS,)
        if path == SETTINGS_PATH or any(path.is_relative_to(folder) for folder in folders):
            return True
        return any(_CRD.search(data) for data in self._contents(path))

    def _sources(self, path: PurePosixPath) -> Iterator[ApplicationSource]:
        """Yield the sources of the Applications that a changed file holds or held."""
        if path.name.endswith(MANIFEST_SUFFIXES):
            for tree in (self.after, self.before):
                if mode_at(tree, path) in FILES:
                    for application in read_applications(tree, path):
                        yield from application.sources

    def _contents(self, path: PurePosixPath) -> Iterator[bytes]:
        if path.name.endswith(MANIFEST_SUFFIXES):
            for tree in (self.after, self.before):
                if mode_at(tree, path) in FILES:
                    yield tree.blob(path)
