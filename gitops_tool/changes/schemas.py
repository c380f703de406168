"""Brings the schemas of custom resources into a repository."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.message import filled
from gitops_tool.errors import LayoutError
from gitops_tool.model import Edit
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, FILES, mode_at, normalize, resolve

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.schemas.importing import SchemaFile
    from gitops_tool.tree import Tree


@record
class ImportSchemas:
    """Writes schema files into a folder of schemas; see `Change`.

    Args:
        files: what to write, by paths below the folder.
        default: the folder where gitops.yaml names none.
        template: the commit message instead of the standard one.
    """

    files: tuple[SchemaFile, ...]
    default: PurePosixPath
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Lay the files over what is there; those that are as they should be stay; see `Change`."""
        folder = settings.schemas[0] if settings.schemas else self.default
        edits: list[Edit] = []
        summary: list[str] = []
        for file in self.files:
            path = _inside(tree, folder, file.path)
            before = tree.blob(path) if mode_at(tree, path) in FILES else None
            if before != file.data:
                edits.append(Edit(path, before, file.data))
                summary.append(f"{'imports' if before is None else 'updates'} {file.kind.api_version} {file.kind.kind}")
        return Proposal(tuple(edits), self._message(summary), summary=tuple(summary))

    def _message(self, summary: Sequence[str]) -> str:
        if self.template is not None:
            return filled(self.template, {}) + "\n"
        if len(summary) == 1:
            return f"schemas: {summary[0]}\n"
        return f"schemas: {len(summary)} of custom resources\n\n" + "".join(f"- {line}\n" for line in summary)

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Find nothing wrong, as nothing is rendered differently; see `Change`."""
        yield from ()


def _inside(tree: Tree, folder: PurePosixPath, name: PurePosixPath) -> PurePosixPath:
    """Return the path of a file, through links as far as they stay in the repository.

    Raises:
        LayoutError: something that is no file is in the way.
        TreeError: it would lie outside the repository.
    """
    path = normalize(folder / name)
    place = resolve(tree, path.parent) / path.name
    allowed = {None, *FILES}
    for there in (place, *place.parents):
        if mode_at(tree, there) not in allowed:
            raise LayoutError(f'"{there}" is in the way: the schema "{name}" belongs there')
        allowed = {None, DIRECTORY}
    return place
