"""Brings Argo CD's objects in step with directories and settings, by the smallest edits that do it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.argocd.applications import (
    APPLICATION,
    app_templates,
    application_path,
    application_values,
    argocd_values,
    destination,
)
from gitops_tool.changes.argocd.listing import list_file, take_out
from gitops_tool.changes.argocd.objects import argocd_objects, defaults, own_overlay
from gitops_tool.changes.argocd.permissions import Needs, permit
from gitops_tool.changes.argocd.pruning import syncs
from gitops_tool.changes.argocd.sets import ensure_set
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import filled, with_trailers
from gitops_tool.errors import LayoutError
from gitops_tool.layout import find_app, find_apps, kustomization_in
from gitops_tool.model import Environment, Overlay
from gitops_tool.records import record
from gitops_tool.rules.argocd.drift import differences
from gitops_tool.rules.argocd.objects import source_path
from gitops_tool.rules.argocd.projects import same_repository
from gitops_tool.rules.base import dig
from gitops_tool.templating import built_in
from gitops_tool.tree import is_directory, is_file, read
from gitops_tool.yamledit.items import set_value

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Defaults, Written
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Finding
    from gitops_tool.tree import Tree

Kinds = Callable[["Tree", Sequence[PurePosixPath]], Mapping[PurePosixPath, frozenset[tuple[str, str, str]]]]
"""Renders overlays, and returns the group, kind and namespace of what each holds."""

_ROOT_FILES = ("project-root.yaml", "root.yaml")
_IGNORED = re.compile(rb"#\s*gitops:\s*ignore\[[^\]]*application-differs")


@record
class Generate:
    """Makes the Applications that are missing, and mends those that differ; see `Change`.

    Args:
        kinds: tells what overlays render to.
        apps: only these; all if empty.
        prune: whether Applications go whose directory is gone.
        template: the commit message, instead of the standard one.
    """

    kinds: Kinds
    apps: tuple[str, ...] = ()
    prune: bool = False
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Compare, and edit what differs; see `Change`."""
        if settings.argocd.path is None:
            hint = "set argocd.path in gitops.yaml"
            raise LayoutError("gitops.yaml does not say where Argo CD's objects are", hint=hint)
        apps = [find_app(tree, settings, name) for name in self.apps] if self.apps else find_apps(tree, settings)
        overlays = tuple(overlay for app in apps for overlay in app.overlays)
        found = argocd_objects(tree, settings)
        project = defaults(settings, found)
        assert project is not None  # noqa: S101 - argocd.path is set
        run = _Run(Draft(tree), settings, found, project)
        summary = [*run.applications(overlays), *(() if self.apps else run.gone(prune=self.prune))]
        summary += run.root()
        summary += () if self.apps else run.listing()
        summary += run.permissions(overlays, self.kinds)
        edits = run.draft.sorted_edits
        message = "Applications in step with the directories" if self.template is None else filled(self.template, {})
        rendered, unrendered = own_overlay(run.draft.now, project.path) if edits else ((), ())
        return Proposal(
            edits,
            with_trailers(message, ["Gitops-Action: generate"]),
            rendered,
            summary=tuple(summary or ["the Applications are in step with the directories"]),
            unrendered=unrendered,
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: what comes out is validated."""
        yield from ()


class _Run:
    """One comparison of directories, settings and Argo CD's objects."""

    def __init__(self, draft: Draft, settings: Settings, found: tuple[Written, ...], project: Defaults) -> None:
        self.draft = draft
        self.settings = settings
        self.found = found
        self.project = project

    def applications(self, overlays: Sequence[Overlay]) -> Iterator[str]:
        """Make what is missing, mend what differs."""
        if self.settings.argocd.generate == "applicationset":
            yield from ensure_set(self.draft, self.settings, self.found, self.project, overlays)
            return
        for overlay in overlays:
            if any(item.kind == "ApplicationSet" and syncs(item, overlay.path) for item in self.found):
                continue
            syncing = list(self._of(overlay))
            for item in syncing:
                yield from self._mended(item, overlay)
            if not syncing:
                yield self._made(overlay)

    def _of(self, overlay: Overlay) -> Iterator[Written]:
        """Yield the Applications of an overlay: by its path, else by the name that it would have."""
        by_path = [item for item in self.found if item.kind == "Application" and overlay.path in item.paths]
        named = (item for item in self.found if item.kind == "Application" and item.name == _name(overlay))
        yield from by_path or (item for item in named if not _is_elsewhere(item, self.draft.tree))

    def _made(self, overlay: Overlay) -> str:
        path = application_path(self.project, overlay)
        values = application_values(overlay, self._environment(overlay), self.settings, self.project)
        data = app_templates(self.draft.tree, self.settings).fill(APPLICATION, values)
        if data is None:
            raise LayoutError(f'the template "{APPLICATION}" makes nothing')
        self.draft.create(path, data)
        list_file(self.draft, path)
        return f'Application "{_name(overlay)}" is new'

    def _environment(self, overlay: Overlay) -> Environment:
        return self.settings.environment(overlay.environment) or Environment(overlay.environment)

    def _mended(self, item: Written, overlay: Overlay) -> Iterator[str]:
        wanted = [(pointer, new) for pointer, _, new in differences(item.spec, overlay.environment, self.settings)]
        if overlay.path not in item.paths:
            [(_, pointer)] = item.sources
            wanted.append(((*pointer, "path"), str(overlay.path)))
        for pointer, new in wanted:
            if self._may_change(item, pointer):
                self._set(item, pointer, new)
                yield f'Application "{item.name}": {pointer[-1]} is {new}'

    def _may_change(self, item: Written, pointer: tuple[str | int, ...]) -> bool:
        """Whether a value may be set: not where a comment on its line says that the difference is meant."""
        lines = item.data.splitlines()
        line = item.at(*pointer).line
        return not _IGNORED.search(b"\n".join(lines[max(line - 2, 0) : line]))

    def _set(self, item: Written, pointer: tuple[str | int, ...], value: str) -> None:
        def changed(data: bytes) -> bytes:
            return set_value(data, pointer, value, path=item.path, document=item.document)

        self.draft.change(item.path, changed)

    def gone(self, *, prune: bool) -> Iterator[str]:
        """Take out the Applications whose directory is gone, or only tell of them."""
        for item in reversed(argocd_objects(self.draft.now, self.settings)):
            if item.kind != "Application" or not self._is_gone(item):
                continue
            if prune:
                take_out(self.draft, item.path, item.document, item.documents)
                yield f'Application "{item.name}" goes: its directory "{item.paths[0]}" is gone'
            else:
                yield f'Application "{item.name}" stays, though "{item.paths[0]}" is gone: --prune takes it out'

    def _is_gone(self, item: Written) -> bool:
        here = all(same_repository(str(body.get("repoURL") or ""), self.project.repo_url) for body, _ in item.sources)
        paths = item.paths
        return bool(paths) and here and not any(is_directory(self.draft.now, path) for path in paths)

    def root(self) -> Iterator[str]:
        """Make the root Application and its project, if nothing syncs this directory."""
        path = self.project.path
        if any(syncs(item, folder) for item in self.found for folder in (path, *path.parents[:-1])):
            return
        templates = built_in("repository")
        values = {"argocd": argocd_values(self.project)}
        for name in _ROOT_FILES:
            target = path / name
            if is_file(self.draft.now, target):
                continue
            data = templates.fill(PurePosixPath("argocd", name), values) or b""
            self.draft.create(target, data.replace(b"path: argocd\n", f"path: {path}\n".encode()))
            list_file(self.draft, target)
            yield f"{target} is new: apply it once by hand"

    def listing(self) -> Iterator[str]:
        """Name every file with Argo CD's objects in the kustomization beside it, unless a comment there names it."""
        kustomization = kustomization_in(self.draft.now, self.project.path)
        if kustomization is None:
            return
        for path in dict.fromkeys(item.path for item in argocd_objects(self.draft.now, self.settings)):
            if path.parent == self.project.path and path.name.encode() not in read(self.draft.now, kustomization):
                list_file(self.draft, path)
                yield f"{path} is listed"

    def permissions(self, overlays: Sequence[Overlay], kinds: Kinds) -> Iterator[str]:
        """Let the projects permit what the Applications need."""
        projects = {item.name: item for item in self.found if item.kind == "AppProject"}
        now = argocd_objects(self.draft.now, self.settings)
        rendered = kinds(self.draft.now, [overlay.path for overlay in overlays])
        needed: dict[str, list[Needs]] = {}
        for overlay in overlays:
            for item in now:
                if item.kind == "Application" and overlay.path in item.paths:
                    name = str(item.spec.get("project") or "default")
                    needed.setdefault(name, []).extend(_needs(item, rendered.get(overlay.path, frozenset())))
                elif item.kind == "ApplicationSet" and syncs(item, overlay.path):
                    environment = self.settings.environment(overlay.environment)
                    name = str(dig(item.application_spec, "project") or "default")
                    if environment is not None:
                        where = destination(environment, self.settings)
                        kinds_here = frozenset((group, kind) for group, kind, _ in rendered.get(overlay.path, ()))
                        needed.setdefault(name, []).append(Needs(self.project.repo_url, where, kinds_here))
        for name, needs in needed.items():
            if name in projects:
                yield from permit(self.draft, projects[name], needs)


def _needs(item: Written, rendered: Iterable[tuple[str, str, str]]) -> Iterator[Needs]:
    """Yield what an Application needs: for its own namespace, and for each other one that objects name."""
    found = item.spec.get("destination")
    where = {key: str(value) for key, value in (found if isinstance(found, dict) else {}).items() if value}
    kinds = frozenset((group, kind) for group, kind, _ in rendered)
    for body, _ in item.sources:
        yield Needs(str(body.get("repoURL") or ""), where, kinds)
        for namespace in sorted({name for _, _, name in rendered if name and name != where.get("namespace")}):
            yield Needs(str(body.get("repoURL") or ""), {**where, "namespace": namespace}, frozenset())


def _name(overlay: Overlay) -> str:
    return f"{overlay.app}-{overlay.environment}"


def _is_elsewhere(item: Written, tree: Tree) -> bool:
    """Whether an Application cannot be given another path: it has several sources, or its own directory is there."""
    if len(item.sources) != 1:
        return True
    path = source_path(item.sources[0][0])
    return path is None or is_directory(tree, path)
