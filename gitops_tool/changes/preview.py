"""Environments for a while: a copy of a template overlay, its Application, and when it ends, all in git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.argocd.applications import (
    APPLICATION,
    app_templates,
    application_path,
    application_values,
    destination,
)
from gitops_tool.changes.argocd.listing import list_file, take_out
from gitops_tool.changes.argocd.objects import app_objects, argocd_objects, argocd_overlay, defaults
from gitops_tool.changes.argocd.permissions import Needs, permit
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.images import image_setting, spliced
from gitops_tool.changes.message import app_message
from gitops_tool.changes.targets import choose
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.holds.times import parse_moment, parse_until, shown, written
from gitops_tool.layout import find_app, kustomization_in
from gitops_tool.model import Environment, Location, Overlay
from gitops_tool.records import record, replace
from gitops_tool.rules.base import dig
from gitops_tool.tree import FILES, is_directory, walk
from gitops_tool.versions import candidates
from gitops_tool.yamledit.items import add_item, set_value

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Defaults, Written
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Finding
    from gitops_tool.tree import Tree

EXPIRES = "gitops/preview-expires"
"""The annotation of an Application that tells when its preview ends; no other Application has it."""

_NAME_TOKEN, _NAMESPACE_TOKEN = b"PREVIEW_NAME", b"PREVIEW_NAMESPACE"
_LONGEST = 63
_NEVER = "never"


@record
class Preview:
    """A preview that is there. `expires` is None where it is written so that nobody can read it, or never does."""

    app: str
    name: str
    path: PurePosixPath
    expires: datetime | None
    location: Location

    def is_over(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.expires is not None and self.expires <= now


def previews(tree: Tree, settings: Settings) -> tuple[Preview, ...]:
    """Return the previews that a repository has, by app and name.

    Raises:
        LayoutError: what says that it is a preview syncs another directory, or ends at no time.
    """
    found = (_read(item, settings) for item in argocd_objects(tree, settings, EXPIRES))
    return tuple(sorted(filter(None, found), key=lambda one: (one.app, one.name)))


def _read(item: Written, settings: Settings) -> Preview | None:
    text = dig(item.body, "metadata", "annotations", EXPIRES)
    labels = dig(item.body, "metadata", "labels")
    app, name = (dig(labels, key) for key in ("app", "environment"))
    if item.kind != "Application" or not text or not item.paths or not app or not name:
        return None
    place = item.at("metadata", "annotations", EXPIRES)
    try:
        expires = None if text == _NEVER else parse_moment(str(text))
    except ValueError as error:
        raise LayoutError(f'"{EXPIRES}" is "{text}", which is no time', location=place) from error
    path = _path(settings, str(app), str(name))
    if {*item.paths} != {path}:  # else the annotation on another Application would delete what that one syncs
        other = next(one for one in (*item.paths, path) if one != path)
        hint = f'a preview is in "{path}": take the annotation "{EXPIRES}" off what is none'
        raise LayoutError(f'Application "{item.name}" is no preview: it syncs "{other}"', location=place, hint=hint)
    return Preview(str(app), str(name), path, expires, place)


def _path(settings: Settings, app: str, name: str) -> PurePosixPath:
    return PurePosixPath(settings.preview.path.format(app=app, name=name))


@record
class CreatePreview:
    """Makes a preview, or brings the one that is there up to date; see `Change`.

    Args:
        app: the app.
        name: what the preview is called, such as `mr-12`.
        version: the tag or digest that it runs.
        now: the time.
        ttl: when it ends, as `parse_until` reads it; as the settings say if None.
        image: which of the app's images, if it has several.
        template: the commit message's, instead of the standard subject.
    """

    app: str
    name: str
    version: ImageRef
    now: datetime
    ttl: str | None = None
    image: str | None = None
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Copy the template, set image, namespace and end, and add the Application; see `Change`."""
        find_app(tree, settings, self.app)
        label = f"{self.app}-{self.name}"
        if len(label) > _LONGEST:
            raise UsageError(f'"{label}" is longer than {_LONGEST} characters, which an Application may have')
        source = PurePosixPath(settings.preview.template.format(app=self.app))
        path = _path(settings, self.app, self.name)
        overlay = Overlay(self.app, self.name, path)
        environment = self._environment(settings)
        draft = Draft(tree)
        is_new = not is_directory(tree, path)
        if is_new:
            self._copy(draft, source, overlay, environment)
        chosen = choose(candidates(draft.now, path), overlay, self.image or self.version.name or None)
        setting = image_setting(chosen, overlay, self.version)
        draft.put(spliced(draft.now, chosen, setting))
        # The same command again is no change: what runs anew, or is asked for, gets a new end.
        end = None if setting.is_done and not is_new and self.ttl is None else self._end(settings)
        summary = [f"{'creates' if is_new else 'updates'} preview {label}{f', {_until(end)}' if end else ''}"]
        summary += self._registered(draft, settings, overlay, environment, end)
        if not draft.edits:
            return Proposal((), "", summary=(f"preview {label} is as it should be",))
        message = app_message("preview", self.app, [self.name], self.template, f" {self.version.version}")
        rendered, unrendered = argocd_overlay(draft, settings)
        return Proposal(
            draft.sorted_edits, message, (overlay, *rendered), summary=tuple(summary), unrendered=unrendered
        )

    def _end(self, settings: Settings) -> str:
        """Return when the preview ends, as its Application writes it."""
        end = parse_until(self.ttl or settings.preview.ttl, self.now)
        return written(end) if end else _NEVER

    def _environment(self, settings: Settings) -> Environment:
        """Return where the preview goes: to the cluster of an environment, in a namespace of its own."""
        name = settings.preview.environment
        like = settings.environment(name) if name else next(iter(settings.environments), None)
        if like is None:
            hint = "set preview.environment in gitops.yaml"
            raise LayoutError("no environment tells the cluster of a preview", hint=hint)
        return replace(like, name=self.name, namespace=settings.preview.namespace.format(app=self.app, name=self.name))

    def _copy(self, draft: Draft, source: PurePosixPath, overlay: Overlay, environment: Environment) -> None:
        if kustomization_in(draft.tree, source) is None:
            hint = "make an overlay there that previews are copied from; see docs/preview.md"
            raise LayoutError(f'there is no template "{source}"', hint=hint)
        for path, mode in walk(draft.tree, source):
            if mode not in FILES:
                raise LayoutError("a link cannot be copied", location=Location(path))
            data = draft.tree.blob(path)
            data = data.replace(_NAMESPACE_TOKEN, str(environment.namespace).encode())
            draft.create(overlay.path / path.relative_to(source), data.replace(_NAME_TOKEN, self.name.encode()))

    def _registered(
        self, draft: Draft, settings: Settings, overlay: Overlay, environment: Environment, end: str | None
    ) -> Iterator[str]:
        """Add the Application or set its end anew; the project has to permit the namespaces of all previews."""
        found = app_objects(draft.tree, settings, self.app)
        project = defaults(settings, found)
        if project is None:
            raise LayoutError("gitops.yaml does not tell where Applications are", hint="set argocd.path")
        path = application_path(project, overlay)
        there = next((item for item in found if item.kind == "Application" and overlay.path in item.paths), None)
        if there is not None:
            if end is not None:
                _end_anew(draft, there, end)
            return
        data = self._application(draft, settings, project, overlay, environment)
        draft.create(path, set_value(data, ("metadata", "annotations", EXPIRES), end or self._end(settings), path=path))
        list_file(draft, path)
        everywhere = settings.preview.namespace.format(app=self.app, name="*")
        where = {**destination(environment, settings), "namespace": everywhere}
        for item in found:
            if item.kind == "AppProject" and item.name == project.project:
                yield from permit(draft, item, [Needs(project.repo_url, where, frozenset())])

    def _application(
        self,
        draft: Draft,
        settings: Settings,
        project: Defaults,
        overlay: Overlay,
        environment: Environment,
    ) -> bytes:
        path = application_path(project, overlay)
        values = application_values(overlay, environment, settings, project)
        data = app_templates(draft.tree, settings).fill(APPLICATION, values)
        if data is None:
            raise LayoutError(f'the template "{APPLICATION}" makes nothing')
        option = "CreateNamespace=true"
        if option.encode() in data:
            return data
        return add_item(data, ("spec", "syncPolicy", "syncOptions"), option, path=path)

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: the overlay is the preview's own."""
        yield from ()


def _end_anew(draft: Draft, item: Written, end: str) -> None:
    pointer = ("metadata", "annotations", EXPIRES)
    draft.change(item.path, lambda data: set_value(data, pointer, end, path=item.path, document=item.document))


def _until(end: str) -> str:
    return "until it is deleted" if end == _NEVER else f"until {shown(parse_moment(end))}"


@record
class DeletePreviews:
    """Deletes previews: one by name, or all whose time has come; see `Change`.

    Args:
        now: the time.
        app: the app of the one; of all if None.
        name: of the one; those that are over if None.
        template: the commit message's, instead of the standard subject.
    """

    now: datetime
    app: str | None = None
    name: str | None = None
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Take directories and Applications away; nothing is left to do where they are gone. See `Change`."""
        gone = [one for one in previews(tree, settings) if self._is_meant(one)]
        draft = Draft(tree)
        paths = {one.path for one in gone}
        for preview in gone:
            draft.put((path, None) for path, _ in walk(tree, preview.path))
        items = [item for item in argocd_objects(tree, settings, EXPIRES) if paths.intersection(item.paths)]
        for item in sorted(items, key=lambda item: (item.path, -item.document)):
            take_out(draft, item.path, item.document, item.documents)
        if not gone:
            what = f"there is no preview {self.app}-{self.name}" if self.name else "no preview is over"
            return Proposal((), "", summary=(what,))
        overlays = tuple(Overlay(one.app, one.name, one.path) for one in gone)
        apps = ",".join(dict.fromkeys(one.app for one in gone))
        message = app_message("delete preview", apps, [one.name for one in gone], self.template)
        summary = tuple(f"deletes preview {one.app}-{one.name}{self._when(one)}" for one in gone)
        rendered, unrendered = argocd_overlay(draft, settings)
        return Proposal(draft.sorted_edits, message, (*overlays, *rendered), summary=summary, unrendered=unrendered)

    def _is_meant(self, preview: Preview) -> bool:
        if self.app is not None and preview.app != self.app:
            return False
        return preview.is_over(self.now) if self.name is None else preview.name == self.name

    def _when(self, preview: Preview) -> str:
        return f", over since {shown(preview.expires)}" if preview.is_over(self.now) else ""

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: what is removed is shown."""
        yield from ()


def at(seconds: float) -> datetime:
    """Return a clock's seconds since 1970 as a time."""
    return datetime.fromtimestamp(int(seconds), UTC)
