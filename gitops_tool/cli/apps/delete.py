"""`gitops app delete`: an app goes, and with it what Argo CD prunes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, preview
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes import Change
    from gitops_tool.cli.app import Session


@click.command(short_help="Delete an app, or take it out of environments.")
@click.argument("name", metavar="NAME", shell_complete=complete_app)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated. [default: everywhere, with the base]",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def delete(session: Session, name: str, environments: tuple[str, ...], yes: bool, options: ChangeOptions) -> int:
    """Delete an app, or take it out of an environment: its directories and its Applications.

    Lists exactly the objects that Argo CD deletes in the clusters for it, and those that stay, and asks. Where
    nobody can answer, it needs --yes.
    """
    from gitops_tool.changes.app.delete import DeleteApp

    change = DeleteApp(name, environments, options.message)
    confirm(session, change, options, yes=yes)
    return carry_out(session, change, options)


def confirm(session: Session, change: Change, options: ChangeOptions, *, yes: bool) -> None:
    """Show what Argo CD deletes for a change, and ask whether it is meant.

    Raises:
        click.UsageError: there is nobody to ask.
        click.Abort: the answer is no.
    """
    if yes or options.dry_run:
        return
    from gitops_tool.output.text import removed_lines

    planned = preview(session, change, options)
    for line in [*planned.plan.proposal.summary, *removed_lines(planned.plan.removed())]:
        click.echo(line, err=True)
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to confirm this: look at it with --dry-run, then use --yes")
    click.confirm("\nGo on?", abort=True, err=True)
