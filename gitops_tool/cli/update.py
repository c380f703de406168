"""`gitops update`: bump images to the newest tag that their policies allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, override_option, preview, report
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session


@click.command()
@click.argument("apps", nargs=-1, metavar="[APP]...", shell_complete=complete_app)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated. [default: where there is a policy]",
)
@click.option("--check", is_flag=True, help="Only tell: exit 1 if there is something to update.")
@override_option
@change_options()
@click.pass_obj
def update(
    session: Session,
    apps: tuple[str, ...],
    environments: tuple[str, ...],
    check: bool,
    override: str | None,
    options: ChangeOptions,
) -> int:
    """Bump images to the newest tag that their policies allow, in one commit.

    A policy is a rule of "updates" in gitops.yaml, or a comment behind the tag. What is held or frozen stays.

    \b
    newTag: v1.4.2 # gitops: update semver ^1.4
    newTag: main-1207-1a2b3c4 # gitops: update numeric main-(?P<order>\\d+)-[0-9a-f]{7}
    \b
    gitops update --check         is there anything newer?
    gitops update --push          bump everything that is
    gitops update --mr            the same as a merge request
    """
    from gitops_tool.changes.guard import Pass
    from gitops_tool.changes.update import Update
    from gitops_tool.errors import ExitCode
    from gitops_tool.registry import Registries

    if check and (options.push or options.mr or options.no_commit):
        raise click.UsageError("--check only tells: it goes with no --push, --mr or --no-commit")
    with Registries() as registries:
        change = Update(registries, apps, environments, options.message, Pass(override))
        if not check:
            return carry_out(session, change, options)
        outcome = preview(session, change, options)
    status = report(outcome, options)
    return ExitCode.FINDINGS if outcome.plan.proposal.edits else status
