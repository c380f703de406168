"""Gives an app another name: its directories, objects, Applications, and what others call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.app.confirmed import unconfirmed
from gitops_tool.changes.app.delete import app_files, applications_of
from gitops_tool.changes.app.names import check_app_name
from gitops_tool.changes.app.placement import base_of, check_unused, fitting
from gitops_tool.changes.app.references import mention_lines, mentions
from gitops_tool.changes.app.renaming import Renaming, defined_names, own_objects
from gitops_tool.changes.argocd.listing import relist_file
from gitops_tool.changes.argocd.objects import app_objects, argocd_overlay
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import app_message
from gitops_tool.errors import GitopsError, LayoutError
from gitops_tool.graph import closure
from gitops_tool.holds import FOLDER, hold_path
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, find_app, find_apps
from gitops_tool.model import Location, Overlay
from gitops_tool.records import record
from gitops_tool.tree import FILES, ROOT, is_file, mode_at, read
from gitops_tool.yamledit.rewrite import rewrite

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Written
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import App, Finding
    from gitops_tool.tree import Tree
    from gitops_tool.yamledit.rewrite import Choose as _Choose
    from gitops_tool.yamledit.scalar import Pointer


@record
class RenameApp:
    """Renames an app; see `Change`.

    Args:
        old: its name.
        new: the name that it gets.
        template: the commit message's, instead of the standard subject.
        confirmed: the objects whose removal a person has agreed to; None where nobody was asked.
    """

    old: str
    new: str
    template: str | None = None
    confirmed: frozenset[str] | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Move the files, and rename what names the app; see `Change`."""
        check_app_name(self.new)
        app = find_app(tree, settings, self.old)
        check_unused(tree, settings, self.new)
        run = _Run(tree, settings, app, self.new)
        run.move()
        run.rename_applications()
        run.rename_elsewhere()
        still = mention_lines(mentions(run.draft.now, self.old))
        summary = [f"renames {self.old} to {self.new}: objects get new names, so the old ones are deleted"]
        summary += ["still named by:", *(f"  {line}" for line in still)] if still else []
        environments = [overlay.environment for overlay in app.overlays]
        rendered, unrendered = argocd_overlay(run.draft, settings)
        return Proposal(
            run.draft.sorted_edits,
            app_message("rename", self.old, environments, self.template, f" to {self.new}"),
            (*run.overlays(), *rendered),
            summary=tuple(summary),
            unrendered=unrendered,
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check that nothing goes that was not confirmed."""
        yield from unconfirmed(self.confirmed, overlay, changes)


class _Run:
    """One renaming."""

    def __init__(self, tree: Tree, settings: Settings, app: App, new: str) -> None:
        self.draft = Draft(tree)
        self.settings = settings
        self.app = app
        files = sorted(app_files(tree, settings, app, app.overlays, whole=True))
        self.places = {overlay.path: _renamed(settings, overlay, new) for overlay in app.overlays}
        moved = {path: self._target(path, new) for path in files}
        mine = own_objects(tree, files, app.name)
        self.applications = [*applications_of(app_objects(tree, settings, app.name), {*self.places})]
        others = [
            path
            for path in tree.search(sorted(mine or {app.name}), ROOT)
            if path not in moved and path.name.endswith(MANIFEST_SUFFIXES) and not path.is_relative_to(FOLDER)
        ]
        # A name that something else has, too, proves nothing about who is meant.
        self.names = Renaming(app.name, new, mine - defined_names(tree, others), moved)
        self.mine = Renaming(app.name, new, mine, moved)
        self.others = others
        self.reached: list[Overlay] = []

    def _target(self, path: PurePosixPath, new: str) -> PurePosixPath:
        """Return where a file of the app goes.

        Raises:
            LayoutError: the place has not the app's name in it.
        """
        for folder, after in (*self.places.items(), *_bases(self.settings, self.app, new)):
            if path.is_relative_to(folder):
                return after / path.relative_to(folder)
        target = PurePosixPath(*(new if part == self.app.name else part for part in path.parts))
        if target == path:
            hint = "rename it by hand first"
            raise LayoutError(
                "this is the app's, and its place has not the app's name", location=Location(path), hint=hint
            )
        return target

    def move(self) -> None:
        """Move the files of the app, with the names in them changed."""
        tree = self.draft.tree
        for path, target in self.mine.moved.items():
            if mode_at(tree, path) not in FILES:
                raise LayoutError("a link cannot be moved", location=Location(path), hint="move it by hand first")
            data = tree.blob(path)
            if path.name.endswith(MANIFEST_SUFFIXES) or path.name in KUSTOMIZATION_NAMES:
                data = _rewritten(data, _choice(self.mine, self.mine.own, path), path)
            self.draft.create(target, data)
            self.draft.put([(path, None)])
        for overlay in self.app.overlays:
            if is_file(tree, path := hold_path(overlay)):
                self.draft.create(hold_path(Overlay(self.mine.new, overlay.environment, path)), tree.blob(path))
                self.draft.put([(path, None)])

    def rename_applications(self) -> None:
        """Rename the app's Applications, and their files."""
        for item in self.applications:
            self.draft.put([(item.path, self._application(read(self.draft.now, item.path), item))])
            target = item.path.with_name(_like(item.path.name, self.app.name, self.mine.new))
            if item.documents == 1 and target != item.path:
                data = read(self.draft.now, item.path)
                relist_file(self.draft, item.path, target)
                self.draft.put([(item.path, None)])
                self.draft.create(target, data)

    def _application(self, data: bytes, item: Written) -> bytes:
        names = {item.name: _like(item.name, self.app.name, self.mine.new)}
        paths = {str(old): str(new) for old, new in self.places.items()}

        def choose(pointer: Pointer, text: str) -> str | None:
            if pointer == ("metadata", "name"):
                return names.get(text)
            if pointer[:2] == ("metadata", "labels") and text == self.app.name:
                return self.mine.new
            return paths.get(text) if pointer[-1:] == ("path",) else None

        return _rewritten(data, choose, item.path)

    def rename_elsewhere(self) -> None:
        """Rename what other manifests call the app's objects, and the ways of other kustomizations to its files."""
        handled = {item.path for item in self.applications}
        changed = []
        for path in self.others:
            if path in handled:
                continue
            before = read(self.draft.now, path)
            after = _rewritten(before, _choice(self.names, self.names.elsewhere, path), path)
            if after != before:
                self.draft.put([(path, after)])
                changed.append(path)
        for app in find_apps(self.draft.tree, self.settings) if changed else ():
            for overlay in app.overlays:
                if app.name != self.app.name and _reads(self.draft.tree, overlay, changed):
                    self.reached.append(overlay)

    def overlays(self) -> Iterator[Overlay]:
        """Yield what is to be rendered: the app under both names, and who names it."""
        yield from self.app.overlays
        for overlay in self.app.overlays:
            yield Overlay(self.mine.new, overlay.environment, self.places[overlay.path])
        yield from self.reached


def _rewritten(data: bytes, choose: _Choose, path: PurePosixPath) -> bytes:
    """Return a file with its texts renamed; one that is not YAML stays as it is."""
    try:
        return rewrite(data, choose, path=path)
    except GitopsError:
        return data


def _choice(names: Renaming, choose: _Choose, path: PurePosixPath) -> _Choose:
    """Return what chooses the texts of a file: in a kustomization, also those that are ways to what moves."""
    if path.name not in KUSTOMIZATION_NAMES:
        return choose
    return lambda pointer, text: names.in_kustomization(path, text) or choose(pointer, text)


def _like(text: str, old: str, new: str) -> str:
    """Return a name that begins with the app's, with the new one; others stay."""
    return new + text[len(old) :] if text == old or text.startswith((f"{old}-", f"{old}.")) else text


def _renamed(settings: Settings, overlay: Overlay, new: str) -> PurePosixPath:
    """Return an overlay's directory under the app's new name, by the pattern that it fits.

    Raises:
        LayoutError: none fits.
    """
    pattern = fitting(settings, overlay)
    if pattern is None:
        raise LayoutError("no layout pattern names this directory", location=Location(overlay.path))
    return PurePosixPath(str(pattern).format(app=new, env=overlay.environment))


def _bases(settings: Settings, app: App, new: str) -> Iterator[tuple[PurePosixPath, PurePosixPath]]:
    """Yield the app's bases, each with its place under the new name."""
    for overlay in app.overlays:
        pattern = fitting(settings, overlay)
        if pattern is not None and "{env}" in str(pattern):
            yield base_of(pattern, app.name), base_of(pattern, new)


def _reads(tree: Tree, overlay: Overlay, paths: Sequence[PurePosixPath]) -> bool:
    try:
        found = closure(tree, overlay.path)
    except GitopsError:
        return False
    return any(found.reads(path) for path in paths)
