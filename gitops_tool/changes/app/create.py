"""Creates an app: base, overlays, its Applications, and what the project has to permit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.changes.app.names import check_app_name
from gitops_tool.changes.app.placement import check_unused, overlays_of, place, wanted_environments
from gitops_tool.changes.argocd.applications import (
    APPLICATION,
    app_templates,
    application_path,
    application_values,
    argocd_values,
    destination,
    environment_values,
)
from gitops_tool.changes.argocd.listing import list_file
from gitops_tool.changes.argocd.objects import app_objects, defaults, own_overlay
from gitops_tool.changes.argocd.permissions import Needs, permit
from gitops_tool.changes.argocd.sets import ensure_set
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import app_message
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES
from gitops_tool.model import Overlay
from gitops_tool.records import record
from gitops_tool.schemas.catalogue import newest_version
from gitops_tool.tree import ROOT
from gitops_tool.wording import quoted
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.changes.app.placement import Placement
    from gitops_tool.changes.app.spec import AppSpec
    from gitops_tool.changes.argocd.objects import Defaults, Written
    from gitops_tool.changes.argocd.permissions import Kind
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Environment, Finding
    from gitops_tool.templating import Templates
    from gitops_tool.tree import Tree

_ORDER = (
    *("serviceaccount.yaml", "deployment.yaml", "service.yaml", "externalsecret.yaml", "hpa.yaml", "pdb.yaml"),
    *("networkpolicy.yaml", "ingress.yaml", "servicemonitor.yaml"),
)
"""How the files are listed; others follow by name."""

_GENERATED = {"configMapGenerator": ("", "ConfigMap"), "secretGenerator": ("", "Secret")}


@record
class CreateApp:
    """Creates an app from templates; see `Change`.

    Args:
        spec: what it is to be.
        environments: where; in all of the repository's if empty.
        template: the commit message's, instead of the standard subject.
    """

    spec: AppSpec
    environments: tuple[str, ...] = ()
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Fill the templates in; see `Change`."""
        name = self.spec.name
        check_app_name(name)
        check_unused(tree, settings, name)
        environments = wanted_environments(tree, settings, self.environments)
        self._check(environments)
        placement = place(tree, settings, name, environments)
        found = app_objects(tree, settings, name)
        project = defaults(settings, found)
        draft = Draft(tree)
        files = _AppFiles(app_templates(tree, settings), self.spec, placement, settings, project)
        for path, data in files.all(environments):
            draft.create(path, data)
        overlays = overlays_of(placement, name)
        unrendered: tuple[tuple[Overlay, str], ...] = ()
        summary = [f"creates {name} in {', '.join(environment.name for environment in environments)}"]
        if project is None:
            summary.append("no Application: gitops.yaml does not say where they are (argocd.path)")
        else:
            summary += _registered(draft, files, project, overlays, environments, found)
            rendered, unrendered = own_overlay(draft.now, project.path)
            overlays = (*overlays, *rendered)
        names = [environment.name for environment in environments]
        message = app_message("create", name, names, self.template)
        return Proposal(draft.sorted_edits, message, overlays, summary=tuple(summary), unrendered=unrendered)

    def _check(self, environments: Sequence[Environment]) -> None:
        """Refuse values for environments that the app is not put into, or that have no Ingress where others have.

        Raises:
            UsageError: with the environment.
        """
        names = [environment.name for environment in environments]
        routed = [route.environment for route in self.spec.routes]
        for name in (*filter(None, routed), *(self.spec.own_replicas or {})):
            if name not in names:
                raise UsageError(f"{quoted(name)} is none of the app's environments: {', '.join(names)}")
        if routed and None not in routed:
            for name in names:
                if name not in routed:
                    raise UsageError(
                        f'no host is given for environment "{name}"', hint="--ingress HOST/PATH is for all"
                    )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: the app is new."""
        yield from ()


def _registered(
    draft: Draft,
    files: _AppFiles,
    project: Defaults,
    overlays: Sequence[Overlay],
    environments: Sequence[Environment],
    found: tuple[Written, ...],
) -> Iterator[str]:
    """Add the Applications, list them, and let the project permit them."""
    settings = files.settings
    if settings.argocd.generate == "applications":
        for overlay, environment in zip(overlays, environments, strict=True):
            taken = f"{overlay.app}-{overlay.environment}"
            if any(item.kind == "Application" and item.name == taken for item in found):
                raise LayoutError(f'there is an Application "{taken}" already')
            path, data = files.application(project, overlay, environment)
            draft.create(path, data)
            list_file(draft, path)
    else:
        yield from ensure_set(draft, settings, found, project, overlays)
    kinds = frozenset(_kinds(draft.edits, project.path))
    needs = [Needs(project.repo_url, destination(environment, settings), kinds) for environment in environments]
    for item in found:
        if item.kind == "AppProject" and item.name == project.project:
            yield from permit(draft, item, needs)


def _kinds(edits: Sequence[Any], without: PurePosixPath) -> Iterator[Kind]:
    """Yield the kinds of the objects in new files, and of what kustomizations generate."""
    for edit in edits:
        if edit.path.is_relative_to(without) or not edit.path.name.endswith(MANIFEST_SUFFIXES):
            continue
        for body in load_documents(edit.after or b"", edit.path):
            if not isinstance(body, dict):
                continue
            if edit.path.name in KUSTOMIZATION_NAMES:
                yield from (kind for key, kind in _GENERATED.items() if body.get(key))
            elif isinstance(body.get("kind"), str) and isinstance(body.get("apiVersion"), str):
                yield body["apiVersion"].rpartition("/")[0], body["kind"]


@record
class _AppFiles:
    """The files of one app, from templates."""

    templates: Templates
    spec: AppSpec
    placement: Placement
    settings: Settings
    argocd: Defaults | None

    def all(self, environments: Sequence[Environment]) -> Iterator[tuple[PurePosixPath, bytes]]:
        """Yield the files of the base and of the overlays."""
        flat = self.placement.is_flat
        yield from self._folder("base", self.placement.base, self._values(environments[0] if flat else None))
        for file in self.spec.config:
            yield self.placement.base / file.name, file.data
        if not flat:
            for environment in environments:
                values = self._values(environment)
                yield from self._folder("overlay", self.placement.overlays[environment.name], values)

    def application(self, project: Defaults, overlay: Overlay, environment: Environment) -> tuple[PurePosixPath, bytes]:
        """Return the Application of an overlay."""
        values = application_values(overlay, environment, self.settings, project)
        data = self.templates.fill(APPLICATION, values)
        if data is None:
            raise LayoutError(f'the template "{self.templates.folder / APPLICATION}" makes nothing')
        return application_path(project, overlay), data

    def _values(self, environment: Environment | None) -> dict[str, Any]:
        values = self.spec.values() | {"environment": None, "own_replicas": None, "own_ingress": None, "base": None}
        values["project"] = self.argocd.project if self.argocd else self.spec.name
        values["kubernetes_minor"] = self._kubernetes_minor()
        values["argocd"] = argocd_values(self.argocd) if self.argocd else None
        if environment is not None:
            values |= self.spec.values_in(environment.name)
            values["environment"] = environment_values(environment, self.settings)
            values["base"] = self.placement.base_from(environment.name)
        return values

    def _kubernetes_minor(self) -> int:
        """Return the oldest minor version of the environments; the newest that is known where none is set."""
        own = [self.settings.environment(name) for name in self.placement.overlays]
        named = {environment.kubernetes_version for environment in own if environment} or {None}
        found = [name or self.settings.kubernetes_version or newest_version() for name in named]
        return min(int(version.removeprefix("v").split(".")[1]) for version in found)

    def _folder(
        self, name: str, target: PurePosixPath, values: Mapping[str, Any]
    ) -> Iterator[tuple[PurePosixPath, bytes]]:
        """Yield the files of a folder of templates; its kustomization sees the others as `files`."""
        made: dict[PurePosixPath, bytes] = {}
        kustomizations = []
        for path in self.templates.below(name):
            if path.name in KUSTOMIZATION_NAMES:
                kustomizations.append(path)
            elif (data := self.templates.fill(path, values)) is not None:
                made[path.relative_to(name)] = data
        files = sorted((str(path) for path in made if path.parent == ROOT), key=_rank)
        for path in kustomizations:
            data = self.templates.fill(path, dict(values) | {"files": files})
            if data is not None:
                made[path.relative_to(name)] = data
        taken = {str(path) for path in made} & {file.name for file in self.spec.config}
        if name == "base" and taken:
            raise UsageError(f'a configuration file is called "{min(taken)}", as one of the app\'s manifests is')
        yield from ((target / path, data) for path, data in made.items())


def _rank(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)
