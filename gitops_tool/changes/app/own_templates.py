"""Copies the tool's templates into a repository, as a start for its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import filled, with_trailers
from gitops_tool.config import SETTINGS_PATH
from gitops_tool.errors import LayoutError
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.templating import built_in
from gitops_tool.tree import normalize
from gitops_tool.yamledit.items import set_value

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.tree import Tree


@record
class OwnTemplates:
    """Writes the templates for apps into a folder, and names it in the settings; see `Change`."""

    folder: PurePosixPath
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Copy the templates; see `Change`."""
        if settings.path is None:
            raise LayoutError("there is no gitops.yaml to name the templates in", hint="start with `gitops init`")
        if settings.templates is not None:
            raise LayoutError(
                f'this repository has its own templates in "{settings.templates}"', location=Location(SETTINGS_PATH)
            )
        folder = normalize(self.folder)
        draft = Draft(tree)
        for path, text in built_in("app").texts.items():
            draft.create(folder / path, text.encode())
        draft.change(settings.path, lambda data: set_value(data, ("templates",), str(folder), path=SETTINGS_PATH))
        message = "own templates for apps" if self.template is None else filled(self.template, {})
        summary = f"copies the templates for apps to {folder}; from now on, new apps are made from these"
        return Proposal(draft.sorted_edits, with_trailers(message, ["Gitops-Action: templates"]), summary=(summary,))

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: nothing that is rendered changes."""
        yield from ()
