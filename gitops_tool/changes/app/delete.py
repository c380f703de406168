"""Deletes an app, or takes it out of environments: its directories and its Applications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.app.confirmed import unconfirmed
from gitops_tool.changes.app.placement import base_of, fitting
from gitops_tool.changes.app.references import mention_lines, mentions
from gitops_tool.changes.argocd.listing import take_out
from gitops_tool.changes.argocd.objects import app_objects, argocd_overlay
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import app_message
from gitops_tool.errors import GitopsError, LayoutError
from gitops_tool.graph import closure
from gitops_tool.holds import hold_path
from gitops_tool.layout import KUSTOMIZATION_NAMES, find_app, select_overlays
from gitops_tool.model import Location, Overlay
from gitops_tool.records import record
from gitops_tool.tree import ROOT, is_file, walk

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Written
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import App, Finding
    from gitops_tool.tree import Tree


@record
class DeleteApp:
    """Deletes an app; see `Change`.

    Args:
        app: its name.
        environments: where; everywhere, with its base, if empty.
        template: the commit message's, instead of the standard subject.
        confirmed: the objects whose removal a person has agreed to; None where nobody was asked.
    """

    app: str
    environments: tuple[str, ...] = ()
    template: str | None = None
    confirmed: frozenset[str] | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Take the files away; see `Change`."""
        app = find_app(tree, settings, self.app)
        overlays = select_overlays(settings, app, self.environments) if self.environments else app.overlays
        whole = len(overlays) == len(app.overlays)
        files = app_files(tree, settings, app, overlays, whole=whole)
        _refuse_users(tree, app.name, files)
        draft = Draft(tree)
        draft.put((path, None) for path in sorted(files))
        draft.put((path, None) for path in map(hold_path, overlays) if is_file(tree, path))
        paths = {overlay.path for overlay in overlays}
        for item in applications_of(app_objects(tree, settings, app.name), paths):
            take_out(draft, item.path, item.document, item.documents)
        names = [overlay.environment for overlay in overlays]
        summary = [f"deletes {app.name}" + ("" if whole else f" in {', '.join(names)}")]
        if whole:
            still = mention_lines(mentions(draft.now, app.name))
            summary += ["still named by:", *(f"  {line}" for line in still)] if still else []
        rendered, unrendered = argocd_overlay(draft, settings)
        return Proposal(
            draft.sorted_edits,
            app_message("delete", app.name, names, self.template),
            (*overlays, *rendered),
            summary=tuple(summary),
            unrendered=unrendered,
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check that nothing goes that was not confirmed."""
        yield from unconfirmed(self.confirmed, overlay, changes)


def app_files(
    tree: Tree, settings: Settings, app: App, overlays: Sequence[Overlay], *, whole: bool
) -> set[PurePosixPath]:
    """Return the files that go: the overlays', and with the last of them the base and all of the app's directory."""
    folders = {overlay.path for overlay in overlays}
    if whole:
        folders |= {app.path} if all(folder.is_relative_to(app.path) for folder in folders) else set()
        patterns = {pattern for overlay in overlays if (pattern := fitting(settings, overlay)) is not None}
        folders |= {base_of(pattern, app.name) for pattern in patterns if "{env}" in str(pattern)}
    return {path for folder in folders for path, _ in walk(tree, folder)}


def _closure(tree: Tree, directory: PurePosixPath) -> tuple[PurePosixPath, ...]:
    try:
        return tuple(closure(tree, directory).files)
    except GitopsError:
        return ()  # what cannot be read can be deleted all the same


def _refuse_users(tree: Tree, name: str, files: set[PurePosixPath]) -> None:
    """Refuse to take away what another kustomization is built from.

    Raises:
        LayoutError: with the kustomization.
    """
    for path in tree.search([name], ROOT):
        if path.name in KUSTOMIZATION_NAMES and path not in files:
            used = sorted({*_closure(tree, path.parent)} & files)
            if used:
                raise LayoutError(f'it is built from "{used[0]}"', location=Location(path), hint="change it first")


def applications_of(found: Sequence[Written], paths: set[PurePosixPath]) -> Iterator[Written]:
    """Yield the Applications of directories that go, those of one file from its end.

    Raises:
        LayoutError: one also syncs something that stays.
    """
    for item in reversed(found):
        if item.kind != "Application" or not paths & {*item.paths}:
            continue
        others = [body for body, _ in item.sources if not body.get("ref")]
        if len(others) > len([path for path in item.paths if path in paths]):
            hint = "take the source out by hand first"
            raise LayoutError(f'Application "{item.name}" syncs more than the app', location=item.at("spec"), hint=hint)
        yield item
