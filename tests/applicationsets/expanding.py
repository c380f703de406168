"""ApplicationSets over trees that exist in memory only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from gitops_tool.applicationsets import Expansion, expand
from gitops_tool.config import Argocd, Cluster, Settings
from gitops_tool.model import Edit
from gitops_tool.tree import DirTree, PatchedTree
from gitops_tool.yamlload import load_documents

GO = """\
metadata: {name: "{{.name}}"}
spec: {project: shop, source: {repoURL: u, path: "{{.path.path}}"}, destination: {server: s}}
"""


def tree_of(files: Mapping[str, str]) -> PatchedTree:
    """Return a tree of these files and nothing else."""
    edits = [Edit(PurePosixPath(name), None, content.encode()) for name, content in files.items()]
    return PatchedTree(DirTree(Path("/nonexistent")), edits)


def application_set(generators: str, template: str = GO, **spec: Any) -> dict[str, Any]:
    """Return an ApplicationSet with Go templates, of YAML texts."""
    found, whole = (load_documents(text.encode(), PurePosixPath("x"))[0] for text in (generators, template))
    return {
        "kind": "ApplicationSet",
        "metadata": {"name": "set", "namespace": "argocd"},
        "spec": {"goTemplate": True, "generators": found, "template": whole, **spec},
    }


def expansion(
    body: Mapping[str, Any],
    files: Mapping[str, str] | None = None,
    *,
    clusters: Sequence[Cluster] | None = None,
    here: bool | None = True,
) -> Expansion:
    """Expand an ApplicationSet over files."""
    settings = Settings(argocd=Argocd(clusters=None if clusters is None else tuple(clusters)))
    return expand(body, tree_of(files or {}), settings, lambda _url, _revision: here)


def names(found: Expansion) -> list[str]:
    """Return the names of the Applications, when nothing is wrong or open."""
    assert (found.problems, found.unchecked) == ((), ())
    return [application.name for application in found.applications]
