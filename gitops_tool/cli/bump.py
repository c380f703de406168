"""`gitops bump`: set an app's image to a tag or digest, through a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes.bump import BumpTarget
    from gitops_tool.cli.app import Session


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="APP TAG | APP=TAG...", shell_complete=complete_app)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment; may be repeated. [default: the first in promotion order]",
)
@click.option("--image", metavar="NAME", help="Which image, if the app has several.")
@click.option("--if-tag", metavar="OLD", help="Only if this is the tag now; exit 5 otherwise.")
@change_options()
@click.pass_obj
def bump(
    session: Session,
    words: tuple[str, ...],
    environments: tuple[str, ...],
    image: str | None,
    if_tag: str | None,
    options: ChangeOptions,
) -> int:
    """Set an app's image to a tag or digest, through a commit.

    TAG is a tag, a digest (sha256:...), tag@sha256:... or a full reference. The new version is
    rendered with kustomize and validated before the commit exists; what does not pass is refused.

    \b
    gitops bump payment-service 1a2b3c4                    commit on the current branch
    gitops bump payment-service 1a2b3c4 --push             land on the remote branch
    gitops bump payment-service=v2 user-service=v7 --push  several apps in one commit
    """
    from gitops_tool.changes.bump import Bump

    return carry_out(session, Bump(_targets(words), environments, image, if_tag, options.message), options)


def _targets(words: tuple[str, ...]) -> tuple[BumpTarget, ...]:
    """Read `APP TAG` or `APP=TAG ...`."""
    from gitops_tool.changes.bump import BumpTarget
    from gitops_tool.images import ImageRef

    if len(words) == 2 and not any("=" in word for word in words):
        words = (f"{words[0]}={words[1]}",)
    found: dict[str, BumpTarget] = {}
    for word in words:
        app, equals, version = word.partition("=")
        if not equals:
            raise click.UsageError(f'"{word}" is neither APP=TAG nor an APP with its TAG')
        if app in found:
            raise click.UsageError(f'app "{app}" is named twice')
        found[app] = BumpTarget(app, ImageRef.parse_version(version))
    return tuple(found.values())
