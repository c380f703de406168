"""`gitops preview`: environments for a while, for merge requests."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_app

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?", re.ASCII)


@click.group()
def preview() -> None:
    """Make environments for a while: for a merge request, with an end that is written in git."""


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.UsageError(f'NAME is "{name}", but takes lower-case letters, digits and -, such as mr-12')
    return name


@preview.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@click.argument("name", metavar="NAME")
@click.argument("tag", metavar="TAG")
@click.option("--ttl", metavar="UNTIL", help="When it ends: 7d, 12h, 2027-01-31 or never. [default: of the settings]")
@click.option("--image", metavar="NAME", help="Which image, if the app has several.")
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def create(
    session: Session, app: str, name: str, tag: str, ttl: str | None, image: str | None, options: ChangeOptions
) -> int:
    """Make a preview of an app at a tag, or bring the one of that name up to date.

    The template overlay is copied, PREVIEW_NAME and PREVIEW_NAMESPACE in it filled in, the image set; its
    Application creates the namespace. The same command again is no change.

    \b
    gitops preview create shop mr-12 1a2b3c4 --ttl 3d --push
    """
    from gitops_tool.changes.preview import CreatePreview, at
    from gitops_tool.cli.clock import now
    from gitops_tool.images import ImageRef

    version = ImageRef.parse_version(tag)
    change = CreatePreview(app, _checked(name), version, at(now()), ttl, image, options.message)
    return carry_out(session, change, options)


@preview.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@click.argument("name", metavar="NAME")
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def delete(session: Session, app: str, name: str, options: ChangeOptions) -> int:
    """Delete a preview; one that is gone already is no error.

    \b
    gitops preview delete shop mr-12 --push
    """
    from gitops_tool.changes.preview import DeletePreviews, at
    from gitops_tool.cli.clock import now

    return carry_out(session, DeletePreviews(at(now()), app, _checked(name), options.message), options)


@preview.command()
@click.argument("app", metavar="[APP]", required=False, shell_complete=complete_app)
@change_options(last_wins=False, placeholders="{app}, {environment}")
@click.pass_obj
def reap(session: Session, app: str | None, options: ChangeOptions) -> int:
    """Delete the previews whose time has come, all in one commit; for a scheduled job.

    \b
    gitops preview reap --push
    """
    from gitops_tool.changes.preview import DeletePreviews, at
    from gitops_tool.cli.clock import now

    return carry_out(session, DeletePreviews(at(now()), app, None, options.message), options)


@preview.command("list")
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def list_previews(session: Session, rev: str | None, output: str) -> int:
    """List the previews and when each ends."""
    from gitops_tool.changes.preview import at, previews
    from gitops_tool.cli.clock import now
    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.holds.times import shown, written

    with opened(session.folder, rev) as here:
        found = previews(here.tree, load_settings(here.tree))
    time = at(now())
    if output == "json":
        entries = [
            {
                "app": one.app,
                "name": one.name,
                "path": str(one.path),
                "expires": written(one.expires) if one.expires else None,
                "over": one.is_over(time),
            }
            for one in found
        ]
        click.echo(json.dumps({"version": 1, "previews": entries}, indent=2))
        return 0
    for one in found:
        end = f"until {shown(one.expires)}" if one.expires else "until it is deleted"
        click.echo(f"{one.app} {one.name}: {'over since ' + shown(one.expires) if one.is_over(time) else end}")
    if not found:
        click.echo("no previews")
    return 0
