"""Trees that exist in memory only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gitops_tool.model import Edit
from gitops_tool.tree import DirTree, PatchedTree


def tree_of(files: Mapping[str, str | bytes]) -> PatchedTree:
    """Return a tree of these files and nothing else."""
    edits = [
        Edit(PurePosixPath(name), None, content.encode() if isinstance(content, str) else content)
        for name, content in files.items()
    ]
    return PatchedTree(DirTree(Path("/nonexistent")), edits)
