"""What a shell offers for APP and ENV when the user presses Tab; silent when anything is in the way."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree


def complete_app(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the apps whose name begins with what is typed; none where the TAG of an APP is expected."""
    from gitops_tool.errors import GitopsError
    from gitops_tool.layout import app_names

    words = ctx.params.get("words")
    if param.name == "words" and isinstance(words, tuple) and len(words) == 1 and "=" not in words[0]:
        return []
    try:
        tree, settings = _repository(ctx)
        return _beginning(app_names(tree, settings), incomplete)
    except (GitopsError, OSError):
        return []


def complete_environment(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments whose name begins with what is typed: of the settings, else of all apps."""
    from gitops_tool.errors import GitopsError
    from gitops_tool.layout import find_apps

    try:
        tree, settings = _repository(ctx)
        names = [environment.name for environment in settings.environments]
        names = names or [overlay.environment for app in find_apps(tree, settings) for overlay in app.overlays]
        return _beginning(names, incomplete)
    except (GitopsError, OSError):
        return []


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    """Return the names that begin with a text; what a terminal cannot show is left out."""
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete) and name.isprintable()]


def _repository(ctx: click.Context) -> tuple[Tree, Settings]:
    """Open the repository around the folder without starting git."""
    from gitops_tool.config import load_settings
    from gitops_tool.tree import DirTree

    folder = Path(ctx.find_root().params.get("folder") or ".").resolve()
    root = next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)
    tree = DirTree(root)
    return tree, load_settings(tree)
