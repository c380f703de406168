"""`gitops hold`, `unhold`, `freeze`, `unfreeze`, `holds`: keep changes away for a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes.holds import Terms
    from gitops_tool.cli.app import Session

_reason = click.option("--reason", required=True, metavar="TEXT", help="Why, for those who are stopped by it.")
_replaces = click.option("--replace", "replaces", is_flag=True, help="Put it in the place of another, not exit 5.")
_one_or_more = click.option(
    "--env",
    "environments",
    multiple=True,
    required=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment; may be repeated.",
)
_some_or_all = click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment; may be repeated. [default: all]",
)
_APP = "{app}, {environment}, {reason}"
_ENVIRONMENT = "{environment}, {reason}"


@click.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@_one_or_more
@_reason
@click.option("--until", metavar="WHEN", help="7d, 12h, 2027-01-05, 2027-01-05T09:00+09:00 or never. [default: 7d]")
@click.option("--tag", "versions", multiple=True, metavar="BAD", help="Refuse this version only; may be repeated.")
@_replaces
@change_options(last_wins=False, placeholders=_APP)
@click.pass_obj
def hold(
    session: Session,
    app: str,
    environments: tuple[str, ...],
    reason: str,
    until: str | None,
    versions: tuple[str, ...],
    replaces: bool,
    options: ChangeOptions,
) -> int:
    """Keep changes away from an app, through a commit.

    A file in .gitops/holds/ says why, by whom and until when; bump, promote and rollback are refused
    while it is there (exit 1), unless --override REASON is given.

    \b
    gitops hold payment-service --env production --reason "memory leak, OPS-1234"
    gitops hold payment-service --env production --tag 1a2b3c4 --reason "loses refunds" --until never
    """
    from gitops_tool.changes.holds import PlaceHold
    from gitops_tool.images import ImageRef

    for version in versions:
        ImageRef.parse_version(version)
    terms = _terms(session, reason, until, replaces, options)
    return carry_out(session, PlaceHold(app, environments, terms, versions), options)


@click.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@_one_or_more
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def unhold(session: Session, app: str, environments: tuple[str, ...], options: ChangeOptions) -> int:
    """Let changes of an app pass again, through a commit."""
    from gitops_tool.changes.holds import LiftHold

    return carry_out(session, LiftHold(app, environments, options.message), options)


@click.command()
@_some_or_all
@_reason
@click.option("--from", "starts", metavar="WHEN", help="When it begins. [default: now]")
@click.option("--until", metavar="WHEN", help="7d, 12h, 2027-01-05, 2027-01-05T09:00+09:00 or never. [default: never]")
@_replaces
@change_options(last_wins=False, placeholders=_ENVIRONMENT)
@click.pass_obj
def freeze(
    session: Session,
    environments: tuple[str, ...],
    reason: str,
    starts: str | None,
    until: str | None,
    replaces: bool,
    options: ChangeOptions,
) -> int:
    """Keep changes away from whole environments, through a commit.

    A file in .gitops/ says why, by whom and until when. Windows that come back every week are settings:
    `freeze` in gitops.yaml.

    \b
    gitops freeze --env production --until 2027-01-05 --reason "year-end"
    """
    from gitops_tool.changes.holds import PlaceFreeze

    change = PlaceFreeze(environments, _terms(session, reason, until, replaces, options), starts)
    return carry_out(session, change, options)


@click.command()
@_some_or_all
@change_options(last_wins=False, placeholders="{environment}")
@click.pass_obj
def unfreeze(session: Session, environments: tuple[str, ...], options: ChangeOptions) -> int:
    """Let changes of frozen environments pass again, through a commit."""
    from gitops_tool.changes.holds import LiftFreeze

    return carry_out(session, LiftFreeze(environments, options.message), options)


def _terms(session: Session, reason: str, until: str | None, replaces: bool, options: ChangeOptions) -> Terms:
    from gitops_tool.changes.holds import Terms
    from gitops_tool.git import author

    return Terms(reason, author(session.folder), until, replaces, options.message)


@click.command()
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)
@click.pass_obj
def holds(session: Session, rev: str | None, output: str) -> int:
    """List what is held and frozen, by whom, until when and why."""
    import time

    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.holds.listing import holding
    from gitops_tool.output.holds import holds_json, holds_text

    with opened(session.folder, rev) as here:
        found = holding(here.tree, load_settings(here.tree), time.time())
    click.echo(holds_json(found) if output == "json" else holds_text(found), nl=False)
    return ExitCode.OK
