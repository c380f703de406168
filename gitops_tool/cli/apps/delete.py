"""`gitops app delete`: an app goes, and with it what Argo CD prunes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from gitops_tool import records
from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, preview
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes.app.delete import DeleteApp
    from gitops_tool.changes.app.rename import RenameApp
    from gitops_tool.cli.app import Session

_Removal = TypeVar("_Removal", bound="DeleteApp | RenameApp")


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
    return carry_out(session, confirmed(session, change, options, yes=yes), options)


def confirmed(session: Session, change: _Removal, options: ChangeOptions, *, yes: bool) -> _Removal:
    """Show what Argo CD deletes for a change, ask whether it is meant, and return the change with the answer.

    Raises:
        click.UsageError: there is nobody to ask.
        click.Abort: the answer is no.
    """
    if yes or options.dry_run:
        return change
    from gitops_tool.output.text import removed_lines

    plan = preview(session, change, options).plan
    for line in [*plan.proposal.summary, *removed_lines(plan.removed())]:
        click.echo(line, err=True)
    if not sys.stdin.isatty():
        raise click.UsageError("nobody is there to confirm this: look at it with --dry-run, then use --yes")
    click.confirm("\nGo on?", abort=True, err=True)
    gone = frozenset(str(diff.id) for effect in plan.effects for diff in effect.diffs if diff.after is None)
    return records.replace(change, confirmed=gone)
