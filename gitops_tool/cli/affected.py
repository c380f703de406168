"""`gitops affected`: which overlays a change reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session


@click.command()
@click.argument("ref", required=False, metavar="[REF]")
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)
@click.pass_obj
def affected(session: Session, ref: str | None, rev: str | None, output: str) -> int:
    """List the overlays that the changes since REF reach, one path a line.

    What counts is what changed since the history left that of REF: in commits, in the index, in files.
    A change reaches an overlay through bases, components, patches, generators, its Applications,
    gitops.yaml and schemas. Without REF: the base of GitLab's merge request, else the remote's default
    branch.
    """
    from gitops_tool.affected import affected as reached
    from gitops_tool.affected import removed_overlays
    from gitops_tool.cli.repository import changes_since, default_ref, opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.validate.selection import everything

    with opened(session.folder, rev) as here:
        before, changes = changes_since(here, ref or default_ref(here, "REF"))
        settings = load_settings(here.tree)
        overlays = everything(here.tree, settings)
        found = reached(before, here.tree, settings, overlays, changes)
        removed = removed_overlays(before, overlays, changes)
    if output == "json":
        from gitops_tool.output.json import affected_json

        click.echo(affected_json(found, removed), nl=False)
    else:
        for one in found:
            click.echo(str(one.overlay.path))
    return ExitCode.OK
