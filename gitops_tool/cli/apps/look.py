"""`gitops app list` and `gitops app show`: what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session

_REV = click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
_OUTPUT = click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)


@click.command("list", short_help="List the apps with their images.")
@_REV
@_OUTPUT
@click.pass_obj
def list_apps(session: Session, rev: str | None, output: str) -> int:
    """List the apps with the versions of their images, environment by environment."""
    from gitops_tool.changes.app.listing import listed
    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.output.apps import apps_json, apps_text

    with opened(session.folder, rev) as here:
        apps = listed(here.tree, load_settings(here.tree))
    click.echo(apps_json(apps) if output == "json" else apps_text(apps), nl=False)
    return ExitCode.OK


@click.command(short_help="Show overlays, images, Applications and objects.")
@click.argument("name", metavar="NAME", shell_complete=complete_app)
@_REV
@_OUTPUT
@click.pass_obj
def show(session: Session, name: str, rev: str | None, output: str) -> int:
    """Show an app: its overlays, images, Applications and rendered objects."""
    from gitops_tool import engines
    from gitops_tool.changes.app.listing import shown
    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.output.apps import app_json, app_text

    with opened(session.folder, rev) as here:
        settings = load_settings(here.tree)
        renderer, notes = engines.pick_renderer(settings)
        app = shown(here.tree, settings, name, renderer)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    click.echo(app_json(app) if output == "json" else app_text(app), nl=False)
    return ExitCode.OK
