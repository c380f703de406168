"""What breaks or silently spoils an Argo CD sync.

The rules follow Argo CD 3.6. Those on Applications see what the overlays of a run render, and follow each
Application to the overlays that it syncs; in repositories that do not say where Argo CD's objects are, they
also read the files that nothing renders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.argocd import (
    definitions,
    destinations,
    differences,
    directories,
    hooks,
    images,
    kustomizations,
    limits,
    namespaces,
    options,
    permissions,
    project_specs,
    revisions,
    sets,
    sharing,
    source_files,
    sources,
    tool_options,
)

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *sources.RULES,
    *directories.RULES,
    *revisions.RULES,
    *destinations.RULES,
    *permissions.RULES,
    *project_specs.RULES,
    *sharing.RULES,
    *sets.RULES,
    *options.RULES,
    *hooks.RULES,
    *namespaces.RULES,
    *differences.RULES,
    *definitions.RULES,
    *limits.RULES,
    *images.RULES,
    *source_files.RULES,
    *kustomizations.RULES,
    *tool_options.RULES,
)
