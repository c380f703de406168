"""`gitops app add-env` and `gitops app rename`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.apps.delete import confirmed
from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session


@click.command("add-env", short_help="Put an app into a further environment.")
@click.argument("name", metavar="NAME", shell_complete=complete_app)
@click.argument("environment", metavar="ENV", shell_complete=complete_environment)
@click.option(
    "--from",
    "source",
    metavar="ENV",
    shell_complete=complete_environment,
    help="What to copy. [default: the environment before it in promotion order]",
)
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def add_environment(session: Session, name: str, environment: str, source: str | None, options: ChangeOptions) -> int:
    """Put an app into a further environment, as it is in another one.

    Copies the overlay with the namespace changed, and the Application with name, path and destination changed; what
    is written by hand in them comes along. Tells where the copies still name the other environment.
    """
    from gitops_tool.changes.app.environment import AddEnvironment

    return carry_out(session, AddEnvironment(name, environment, source, options.message), options)


@click.command(short_help="Give an app another name.")
@click.argument("old", metavar="OLD", shell_complete=complete_app)
@click.argument("new", metavar="NEW")
@click.option("--yes", is_flag=True, help="Do not ask.")
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def rename(session: Session, old: str, new: str, yes: bool, options: ChangeOptions) -> int:
    """Give an app another name: its directories, its objects, its Applications, and what others call it.

    Objects cannot be renamed in a cluster: Argo CD deletes the old ones and makes new ones; what is stored in a
    PersistentVolumeClaim goes with it. Lists them, and asks. Tells where the old name still stands.
    """
    from gitops_tool.changes.app.rename import RenameApp

    change = RenameApp(old, new, options.message)
    return carry_out(session, confirmed(session, change, options, yes=yes), options)


@click.command(short_help="Copy the templates, as a start for your own.")
@click.argument("folder", metavar="[FOLDER]", default="templates/app")
@change_options(last_wins=False, placeholders="")
@click.pass_obj
def templates(session: Session, folder: str, options: ChangeOptions) -> int:
    """Copy the templates for apps into the repository, as a start for your own.

    FOLDER is templates/app unless you name another. `templates` in gitops.yaml names it from then on, and
    `gitops app create` takes what is there.
    """
    from gitops_tool.changes.app.own_templates import OwnTemplates

    return carry_out(session, OwnTemplates(PurePosixPath(folder), options.message), options)
