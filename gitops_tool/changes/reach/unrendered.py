"""Overlays that cannot be rendered here, so that nothing proves what a change does to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from gitops_tool.errors import RenderError
from gitops_tool.graph import Closure, closure
from gitops_tool.model import Location, Overlay
from gitops_tool.process import redact
from gitops_tool.records import record
from gitops_tool.tree import read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

_CHARTS = frozenset({"helmCharts", "helmChartInflationGenerator"})


@record
class Obstacle:
    """Why an overlay is not rendered, and the way out."""

    reason: str
    hint: str
    location: Location | None = None


def obstacle_to(tree: Tree, settings: Settings, directory: PurePosixPath) -> Obstacle | None:
    """Return what keeps an overlay from being rendered here: charts, or bases that must not be fetched."""
    found = closure(tree, directory)
    if charts := _with_charts(tree, found):
        return Obstacle("Helm charts are not rendered here", "the change itself can be right", Location(charts))
    if found.remotes and not settings.kustomize.allow_remote:
        remote = found.remotes[0]
        reason = f'"{redact(remote.url)}" would be fetched over the network'
        return Obstacle(reason, "set kustomize.allowRemote in gitops.yaml", remote.location)
    return None


def _with_charts(tree: Tree, found: Closure) -> PurePosixPath | None:
    """Return the kustomization that has charts."""
    for path in found.kustomizations:
        for body in load_documents(read(tree, path), path):
            if isinstance(body, dict) and _CHARTS & {*body}:
                return path
    return None


def refuse_unrendered(overlay: Overlay, obstacle: Obstacle) -> NoReturn:
    """Stop at an overlay that cannot be rendered.

    Raises:
        RenderError: with the way out.
    """
    raise RenderError(
        f"{overlay.app}({overlay.environment}) cannot be rendered: {obstacle.reason}",
        location=obstacle.location,
        hint=f"{obstacle.hint}, or set it with --unrendered: its effect is not proven then, and the commit says so",
    )
