"""Bumps of trees in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from gitops_tool.changes import Proposal
from gitops_tool.changes.bump import Bump, BumpTarget
from gitops_tool.changes.reach import Reach
from gitops_tool.config import load_settings
from gitops_tool.images import ImageRef
from gitops_tool.model import Edit
from gitops_tool.tree import DirTree, PatchedTree


def proposed(
    files: Mapping[str, str],
    version: str,
    reach: Reach | None = None,
    *environments: str,
    app: str = "web",
    image: str | None = None,
    if_tag: str | None = None,
) -> Proposal:
    """Return what a bump of an app would do to these files."""
    edits = [Edit(PurePosixPath(name), None, text.encode()) for name, text in files.items()]
    tree = PatchedTree(DirTree(Path("/nonexistent")), edits)
    parsed = ImageRef("", version) if reach and not reach.images else ImageRef.parse_version(version)
    bump = Bump((BumpTarget(app, parsed),), environments, image, if_tag, None, reach)
    return bump.propose(tree, load_settings(tree))


def changed(proposal: Proposal) -> dict[str, str]:
    """Return the files that differ, as they would be."""
    return {str(edit.path): (edit.after or b"").decode() for edit in proposal.edits}


def refusal(error: Exception) -> str:
    """Return an error as the command line prints it."""
    return f"{error}\n{getattr(error, 'hint', None) or ''}"
