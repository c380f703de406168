"""Puts an app into a further environment, as it is in another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.app.placement import fitting, wanted_environments
from gitops_tool.changes.argocd.applications import (
    APPLICATION,
    app_templates,
    application_path,
    application_values,
    destination,
)
from gitops_tool.changes.argocd.listing import list_file
from gitops_tool.changes.argocd.objects import app_objects, defaults, own_overlay
from gitops_tool.changes.argocd.permissions import Needs, permit
from gitops_tool.changes.argocd.pruning import syncs
from gitops_tool.changes.argocd.sets import ensure_set
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import app_message
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.layout import find_app, kustomization_in, select_overlays
from gitops_tool.model import Location, Overlay
from gitops_tool.records import record
from gitops_tool.rules.base import dig
from gitops_tool.tree import FILES, walk
from gitops_tool.yamledit.items import remove_value, set_value
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Defaults, Written
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import App, Environment, Finding
    from gitops_tool.tree import Tree

_MOST = 20


@record
class AddEnvironment:
    """Copies an app's overlay and Application for another environment; see `Change`.

    Args:
        app: its name.
        environment: where it is put.
        source: the environment to copy; the one before it in the order of promotion, else the app's last.
        template: the commit message's, instead of the standard subject.
    """

    app: str
    environment: str
    source: str | None = None
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Copy the files, with namespace and cluster changed; see `Change`."""
        app = find_app(tree, settings, self.app)
        [environment] = wanted_environments(tree, settings, (self.environment,))
        if any(overlay.environment == environment.name for overlay in app.overlays):
            raise UsageError(f'app "{app.name}" is in environment "{environment.name}" already')
        source = self._source(settings, app, environment)
        overlay = Overlay(app.name, environment.name, _placed(settings, source, environment))
        draft = Draft(tree)
        copied = list(_copied(draft, settings, source, overlay, environment))
        summary = [f"puts {app.name} into {environment.name}, as it is in {source.environment}"]
        overlays = [overlay]
        unrendered: tuple[tuple[Overlay, str], ...] = ()
        found = app_objects(tree, settings, app.name)
        if settings.argocd.path is not None:
            summary += _registered(draft, settings, found, source, overlay, environment)
            rendered, unrendered = own_overlay(draft.now, settings.argocd.path)
            overlays += rendered
        summary += _left(draft, copied, source.environment)
        message = app_message("add", app.name, [environment.name], self.template)
        return Proposal(draft.sorted_edits, message, tuple(overlays), summary=tuple(summary), unrendered=unrendered)

    def _source(self, settings: Settings, app: App, environment: Environment) -> Overlay:
        if self.source is not None:
            return select_overlays(settings, app, (self.source,))[0]
        before = (overlay for overlay in app.overlays if overlay.environment == environment.promotes_from)
        return next(before, app.overlays[-1])

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: the overlay is new."""
        yield from ()


def _placed(settings: Settings, source: Overlay, environment: Environment) -> PurePosixPath:
    """Return the directory of a further environment, by the pattern that an overlay fits.

    Raises:
        LayoutError: none fits, or it has no place for environments.
    """
    pattern = fitting(settings, source)
    if pattern is not None and "{env}" in str(pattern):
        return PurePosixPath(str(pattern).format(app=source.app, env=environment.name))
    raise LayoutError("the layout has no place for a further environment", location=Location(source.path))


def _copied(
    draft: Draft, settings: Settings, source: Overlay, overlay: Overlay, environment: Environment
) -> Iterator[PurePosixPath]:
    """Copy the files of an overlay; its kustomization gets the environment's namespace. Yields the new paths."""
    own = kustomization_in(draft.tree, source.path)
    for path, mode in walk(draft.tree, source.path):
        if path.name.startswith(".argocd-source"):
            continue  # what Argo CD has written for the other environment
        if mode not in FILES:
            raise LayoutError("a link cannot be copied", location=Location(path), hint="copy it by hand first")
        data, target = draft.tree.blob(path), overlay.path / path.relative_to(source.path)
        if path == own and environment.namespace is not None:
            documents = load_documents(data, path)
            if dig(documents[0] if documents else None, "namespace") is not None:
                data = set_value(data, ("namespace",), environment.namespace, path=path)
        draft.create(target, data)
        yield target


def _registered(
    draft: Draft,
    settings: Settings,
    found: tuple[Written, ...],
    source: Overlay,
    overlay: Overlay,
    environment: Environment,
) -> Iterator[str]:
    """Add the Application, list it, and let its project permit the destination."""
    project = defaults(settings, found)
    if project is None:
        return
    by = [item for item in found if syncs(item, source.path)]
    if any(item.kind == "ApplicationSet" for item in by):
        yield from ensure_set(draft, settings, found, project, [overlay])
        names = {str(dig(item.application_spec, "project") or "default") for item in by}
    else:
        copies = [item for item in by if item.documents == 1 and len(item.sources) == 1]
        if len(by) == len(copies) == 1:
            path, data = _copy(copies[0], source, overlay, environment, settings)
            names = {str(copies[0].spec.get("project") or "default")}
        else:
            path, data = _new(draft, settings, project, overlay, environment)
            names = {project.project}
        draft.create(path, data)
        list_file(draft, path)
    needs = Needs(project.repo_url, destination(environment, settings), frozenset())
    for item in found:
        if item.kind == "AppProject" and item.name in names:
            yield from permit(draft, item, [needs])


def _new(
    draft: Draft, settings: Settings, project: Defaults, overlay: Overlay, environment: Environment
) -> tuple[PurePosixPath, bytes]:
    values = application_values(overlay, environment, settings, project)
    data = app_templates(draft.tree, settings).fill(APPLICATION, values)
    if data is None:
        raise LayoutError(f'the template "{APPLICATION}" makes nothing')
    return application_path(project, overlay), data


def _copy(
    item: Written, source: Overlay, overlay: Overlay, environment: Environment, settings: Settings
) -> tuple[PurePosixPath, bytes]:
    """Return an Application's file for another environment: all that is written by hand in it comes along."""
    where = destination(environment, settings)
    [(_, pointer)] = item.sources
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(source.environment)}(?![A-Za-z0-9])")
    name = word.sub(environment.name, item.name)
    wanted: dict[tuple[str | int, ...], str] = {
        ("metadata", "name"): name if name != item.name else f"{overlay.app}-{overlay.environment}",
        (*pointer, "path"): str(overlay.path),
        **{("spec", "destination", key): value for key, value in where.items()},
    }
    labels = dig(item.body, "metadata", "labels")
    for key, value in (labels if isinstance(labels, dict) else {}).items():
        if value == source.environment:
            wanted["metadata", "labels", key] = environment.name
    data = item.data
    for place, value in wanted.items():
        data = set_value(data, place, value, path=item.path)
    for key in {"server", "name"} - where.keys():
        if dig(item.spec, "destination", key) is not None:
            data = remove_value(data, ("spec", "destination", key), path=item.path)
    file = word.sub(environment.name, item.path.name)
    return item.path.with_name(file if file != item.path.name else f"{overlay.app}-{overlay.environment}.yaml"), data


def _left(draft: Draft, copied: Sequence[PurePosixPath], source: str) -> Iterator[str]:
    """Tell where the copies still name the environment that they come from."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(source)}(?![A-Za-z0-9])")
    places = [
        Location(path, number)
        for path in copied
        for number, line in enumerate(draft.now.blob(path).decode("utf-8", "replace").splitlines(), start=1)
        if word.search(line)
    ]
    if places:
        yield f'the copy still says "{source}":'
        yield from (f"  {place}" for place in places[:_MOST])
