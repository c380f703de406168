"""The Applications that sync an overlay, with the names that they have in the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.applications import applications_at, syncs
from gitops_tool.applicationsets.generated import generated_applications

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Application, Overlay
    from gitops_tool.tree import Tree


def applications_of(tree: Tree, settings: Settings, overlay: Overlay) -> tuple[Application, ...]:
    """Return the Applications of an overlay; for a template of an ApplicationSet, what it generates for it.

    A template whose generators need a cluster stays one.
    """
    found = applications_at(tree, settings, overlay.path, overlay.app)
    named = (one for template in found for one in _named(tree, settings, overlay, template))
    return tuple({(one.namespace, one.name): one for one in named}.values())


def _named(tree: Tree, settings: Settings, overlay: Overlay, found: Application) -> Iterator[Application]:
    generated = generated_applications(tree, settings, found.location.path) if "{{" in found.name else ()
    fitting = [one for one in generated if any(syncs(source, overlay.path) for source in one.sources)]
    yield from fitting or (found,)
