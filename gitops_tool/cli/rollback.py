"""`gitops rollback`: bring an environment back to a version that it ran before, through a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, override_option
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session


@click.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@click.option(
    "--env",
    "environment",
    required=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment to change.",
)
@click.option(
    "--to",
    default="-1",
    show_default=True,
    metavar="-N|TAG|REV",
    help="-1 is the version before the present one; or a tag, a digest or a commit.",
)
@click.option("--image", metavar="NAME", help="Only this image. [default: all that have changed since]")
@click.option("--reason", default="", metavar="TEXT", help="Why, for those who are stopped by the hold.")
@click.option("--until", metavar="WHEN", help="How long to hold: 7d, 12h, 2027-01-05 or never. [default: 7d]")
@click.option("--no-hold", is_flag=True, help="Do not keep further changes away.")
@click.option("--hold-bad-only", "only_bad", is_flag=True, help="Keep only the version away that is rolled back from.")
@click.option("--refs", is_flag=True, help="Set the ?ref= of remote bases back, too.")
@click.option("--unrendered", is_flag=True, help="Go on where the app cannot be rendered; the commit says so.")
@override_option
@change_options()
@click.pass_obj
def rollback(
    session: Session,
    app: str,
    environment: str,
    to: str,
    image: str | None,
    reason: str,
    until: str | None,
    no_hold: bool,
    only_bad: bool,
    refs: bool,
    unrendered: bool,
    override: str | None,
    options: ChangeOptions,
) -> int:
    """Set an app's images back to what an environment ran before, and hold it there, through a commit.

    What ran before is read from the history of the branch. Versions that were rolled back from are
    not gone back to. In the same commit a hold keeps bump and promote from undoing it.

    \b
    gitops rollback payment-service --env production --push --reason OPS-1234
    gitops rollback payment-service --env production --to 1a2b3c4 --dry-run
    """
    from gitops_tool.changes.guard import Pass
    from gitops_tool.changes.holds import Terms
    from gitops_tool.changes.rollback import Rollback
    from gitops_tool.git import author

    if no_hold and (only_bad or until or reason):
        raise click.UsageError("--no-hold contradicts --hold-bad-only, --until and --reason")
    if options.no_commit:
        raise click.UsageError("--no-commit is not for a rollback: its versions are in the history")
    terms = Terms(reason, author(session.folder), until, template=options.message)
    change = Rollback(
        app,
        environment,
        terms,
        Pass(override),
        to,
        image,
        holds=not no_hold,
        only_bad=only_bad,
        refs=refs,
        unrendered=unrendered,
    )
    return carry_out(session, change, options)
