"""The files that an application's own repository needs: its image, and the pipeline that asks the manifests for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool import __version__
from gitops_tool.changes.base import Proposal
from gitops_tool.errors import LayoutError
from gitops_tool.model import Edit, Finding, Overlay
from gitops_tool.records import record
from gitops_tool.templating import built_in
from gitops_tool.tree import mode_at

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.tree import Tree

LANGUAGES = ("node", "python")

_FILES = {
    "{language}/Dockerfile": "Dockerfile",
    "{language}/dockerignore": ".dockerignore",
    "gitlab-ci.yml": ".gitlab-ci.yml",
    "metrics.md": "docs/metrics.md",
}
"""Each template, and the file that it makes."""


@record
class ServiceFiles:
    """Writes an application's Dockerfile and pipeline; see `Change`.

    Args:
        app: what the manifests call it.
        image: the name of its image, without a tag.
        manifests: the URL of the manifests repository.
        language: one of `LANGUAGES`.
        port: where it listens.
        metrics_port: where Prometheus reads, if that is another port.
        environments: the two that the pipeline bumps: at once, and by hand.
        branches: the branches for these.
    """

    app: str
    image: str
    manifests: str
    language: str = LANGUAGES[0]
    port: int = 3000
    metrics_port: int | None = None
    environments: tuple[str, str] = ("staging", "production")
    branches: tuple[str, str] = ("develop", "main")

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Fill the templates in; see `Change`.

        Raises:
            LayoutError: a file is there already.
        """
        there = [name for name in _FILES.values() if mode_at(tree, PurePosixPath(name)) is not None]
        if there:
            names = ", ".join(f'"{name}"' for name in there)
            hint = "move them away, or write the files to another folder and compare"
            raise LayoutError(f"{names} would be overwritten; nothing was written", hint=hint)
        templates = built_in("service")
        values = {
            "app": self.app,
            "image": self.image,
            "manifests": self.manifests,
            "port": self.port,
            "metrics_port": self.metrics_port,
            "staging": self.environments[0],
            "production": self.environments[1],
            "staging_branch": self.branches[0],
            "production_branch": self.branches[1],
            "gitops_version": __version__,
        }
        values["test"] = (templates.fill(PurePosixPath(self.language, "test.yml"), values) or b"").decode()
        edits = []
        for template, name in _FILES.items():
            path = PurePosixPath(template.format(language=self.language))
            edits.append(Edit(PurePosixPath(name), None, templates.fill(path, values)))
        return Proposal(tuple(edits), f"{self.app}: image and pipeline\n", summary=(f"{self.app}: image and pipeline",))

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Have nothing to say: no overlay is rendered; see `Change`."""
        yield from ()
