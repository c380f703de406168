"""What a shell offers for APP and ENV when the user presses Tab; silent when anything is in the way."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree


def complete_app(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the apps whose name begins with what is typed."""
    from gitops_tool.errors import GitopsError
    from gitops_tool.layout import app_names

    try:
        tree, settings = _repository(ctx)
        return [name for name in app_names(tree, settings) if name.startswith(incomplete)]
    except (GitopsError, OSError):
        return []


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments of the settings whose name begins with what is typed."""
    from gitops_tool.errors import GitopsError

    try:
        _, settings = _repository(ctx)
        return [e.name for e in settings.environments if e.name.startswith(incomplete)]
    except (GitopsError, OSError):
        return []


def _repository(ctx: click.Context) -> tuple[Tree, Settings]:
    """Open the repository around the folder without starting git."""
    from gitops_tool.config import load_settings
    from gitops_tool.tree import DirTree

    folder = Path(ctx.find_root().params.get("folder") or ".").resolve()
    root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
    tree = DirTree(root)
    return tree, load_settings(tree)
