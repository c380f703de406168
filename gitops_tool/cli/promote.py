"""`gitops promote`: bring what runs in one environment to the next, through a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, override_option
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session


@click.command()
@click.argument("apps", nargs=-1, metavar="APP...", shell_complete=complete_app)
@click.option("--all", "everything", is_flag=True, help="Every app that is in both environments and not held.")
@click.option(
    "--from",
    "source",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment to copy from. [default: the one before --to in promotion order]",
)
@click.option(
    "--to",
    "target",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment to change. [default: the one after --from, if there is but one]",
)
@click.option("--image", metavar="NAME", help="Only this image. [default: all that both environments have]")
@click.option("--refs", is_flag=True, help="Copy the ?ref= of remote bases, too.")
@click.option("--unrendered", is_flag=True, help="Go on where the target cannot be rendered; the commit says so.")
@override_option
@change_options()
@click.pass_obj
def promote(
    session: Session,
    apps: tuple[str, ...],
    everything: bool,
    source: str | None,
    target: str | None,
    image: str | None,
    refs: bool,
    unrendered: bool,
    override: str | None,
    options: ChangeOptions,
) -> int:
    """Copy the tags and digests that run in one environment to the next, through a commit.

    The tags and digests are copied exactly, for several apps in one commit; what is rendered is
    shown and validated before the commit exists. If the source changes while others push, too,
    what was shown is not what would land: exit 5.

    \b
    gitops promote payment-service --dry-run                show what production would get
    gitops promote payment-service --push                   land it
    gitops promote --all --from staging --to production     a release train
    """
    from gitops_tool.changes.guard import Pass
    from gitops_tool.changes.promotion import Promote

    if everything == bool(apps):
        raise click.UsageError(
            "name apps, or give --all" if not apps else "--all and names of apps contradict each other"
        )
    names = tuple(dict.fromkeys(apps))
    change = Promote(names, source, target, image, refs, unrendered, options.message, Pass(override))
    return carry_out(session, change, options)
