"""Writes `gitops.yaml` for a repository that has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.adoption import Adoption, adopt, report_lines
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.message import filled, with_trailers
from gitops_tool.config import SETTINGS_PATH
from gitops_tool.model import Edit

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Finding
    from gitops_tool.tree import Tree


class Adopt:
    """Writes the settings that a look at the repository suggests; see `Change`.

    `found` is what the last proposal is made of.
    """

    def __init__(self, template: str | None = None) -> None:
        self.template = template
        self.found: Adoption | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Look at the repository and write its settings; see `Change`."""
        self.found = found = adopt(tree)
        subject = "adopt the repository: gitops.yaml" if self.template is None else filled(self.template, {})
        message = with_trailers(subject, ["Gitops-Action: adopt"])
        return Proposal((Edit(SETTINGS_PATH, None, found.text),), message, summary=tuple(report_lines(found)))

    def prove(self, *_: object) -> Iterator[Finding]:
        """Nothing that is rendered changes; see `Change`."""
        yield from ()
