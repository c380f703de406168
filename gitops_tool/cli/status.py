"""`gitops status`: what runs where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment
from gitops_tool.cli.reports import print_report

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.config import Settings
    from gitops_tool.model import App
    from gitops_tool.status.matrix import Status
    from gitops_tool.tree import Tree


@click.command()
@click.option(
    "--app",
    "names",
    multiple=True,
    metavar="APP",
    shell_complete=complete_app,
    help="Only this app; may be repeated.",
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated.",
)
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "markdown", "html"]),
    default="text",
    show_default=True,
    help="Format of the result.",
)
@click.pass_obj
def status(
    session: Session, names: tuple[str, ...], environments: tuple[str, ...], rev: str | None, output: str
) -> int:
    """Show what runs where: every app in every environment.

    For each image its version, since when and by which commit the branch has it, who made that, and how far the
    environment is behind the one it promotes from. All of it is read from the manifests and from git.

    \b
    gitops status                                     everything
    gitops status --app payment-service --env staging
    gitops status --rev v2.1 --output markdown        as it was at a tag
    """
    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.status.matrix import read_status

    with opened(session.folder, rev) as here:
        settings = load_settings(here.tree)
        apps = selected_apps(here.tree, settings, names)
        check_environments(apps, environments)
        found = read_status(here.tree, settings, apps, here.repo, here.tip())
        note_holds(here.tree, settings, {app.name for app in apps}, environments)
    note_problems(found)
    print_report(_text(found.only(environments), output))
    return ExitCode.OK


def selected_apps(tree: Tree, settings: Settings, names: tuple[str, ...]) -> tuple[App, ...]:
    """Return the apps of that name, all if none is named.

    Raises:
        LayoutError: there is no such app, or none at all.
    """
    from gitops_tool.errors import LayoutError
    from gitops_tool.layout import find_app, find_apps, where_apps_are

    apps = tuple(find_app(tree, settings, name) for name in dict.fromkeys(names)) or find_apps(tree, settings)
    if not apps:
        raise LayoutError("no app in this repository", hint=where_apps_are(settings))
    return apps


def check_environments(apps: tuple[App, ...], environments: tuple[str, ...]) -> None:
    """Refuse an environment that none of the apps has.

    Raises:
        UsageError: with the closest name.
    """
    from gitops_tool.errors import UsageError
    from gitops_tool.wording import did_you_mean, quoted

    known = list(dict.fromkeys(overlay.environment for app in apps for overlay in app.overlays))
    for name in environments:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are: {', '.join(known)}"
            raise UsageError(f"no app here has the environment {quoted(name)}", hint=hint)


def note_problems(found: Status) -> None:
    """Say on stderr what the result cannot tell, and why."""
    for one in found.overlays:
        if one.problem is not None:
            click.echo(f"note: {one.overlay.app}({one.overlay.environment}) cannot be read: {one.problem}", err=True)
    if not found.history.is_complete:
        click.echo("note: the clone is shallow: ages may be higher, and lags unknown (git fetch --unshallow)", err=True)


def note_holds(tree: Tree, settings: Settings, apps: set[str], environments: tuple[str, ...]) -> None:
    """Say on stderr what is held or frozen of that which is shown."""
    from gitops_tool.holds import has_holds

    if not settings.freezes and not has_holds(tree):
        return
    import time

    from gitops_tool.holds.listing import State, holding
    from gitops_tool.output.holds import hold_line

    for one in holding(tree, settings, time.time()):
        shown = (one.app is None or one.app in apps) and (not environments or one.environment in {None, *environments})
        if shown and one.state in {State.ACTIVE, State.MALFORMED}:
            click.echo(f"note: {hold_line(one)}", err=True)


def _text(found: Status, output: str) -> str:
    from gitops_tool.cli.clock import now

    if output == "json":
        from gitops_tool.output.status.json import status_json

        return status_json(found)
    if output == "markdown":
        from gitops_tool.output.status.markdown import status_markdown

        return status_markdown(found, now())
    if output == "html":
        from gitops_tool.output.report.page import status_page

        return status_page(found, "What runs where", now())
    from gitops_tool.output.status.text import status_text

    return status_text(found, now())
