"""`gitops bump`: set an app's image to a tag or digest, through a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options, override_option
from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes.bump import BumpTarget
    from gitops_tool.changes.reach import Reach
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
@click.option("--with-refs", is_flag=True, help="Move the ?ref= of the app's remote base along.")
@click.option("--set-refs-only", is_flag=True, help="Move the ?ref= alone; TAG is any git ref.")
@click.option("--ref", metavar="REF", help="With --with-refs, the git ref, where it is not the TAG.")
@click.option("--ref-url", metavar="PATTERN", help="Which remote base, such as github.com/owner/app; * for any text.")
@click.option("--path", "paths", multiple=True, metavar="FILE:YAML.PATH", help="Set this value instead; repeatable.")
@click.option("--unrendered", is_flag=True, help="Go on where the overlay cannot be rendered; the commit says so.")
@click.option("--verify-image", is_flag=True, help="Ask the registry first whether the image is there.")
@click.option("--pin-digest", is_flag=True, help="Write the tag with the digest that it stands for in the registry.")
@override_option
@change_options()
@click.pass_obj
def bump(
    session: Session,
    words: tuple[str, ...],
    environments: tuple[str, ...],
    image: str | None,
    if_tag: str | None,
    with_refs: bool,
    set_refs_only: bool,
    ref: str | None,
    ref_url: str | None,
    paths: tuple[str, ...],
    unrendered: bool,
    verify_image: bool,
    pin_digest: bool,
    override: str | None,
    options: ChangeOptions,
) -> int:
    """Set an app's image to a tag or digest, through a commit.

    TAG is a tag, a digest (sha256:...), tag@sha256:... or a full reference. The new version is
    rendered with kustomize and validated before the commit exists; what does not pass is refused.

    \b
    gitops bump payment-service 1a2b3c4                    commit on the current branch
    gitops bump payment-service 1a2b3c4 --push             land on the remote branch
    gitops bump payment-service=v2 user-service=v7 --push  several apps in one commit
    gitops bump payment-service 1a2b3c4 --with-refs        its remote base's ?ref= and the tag
    gitops bump payment-service v2 --path charts/pay/values-{env}.yaml:image.tag
    """
    from gitops_tool.changes.bump import Bump
    from gitops_tool.changes.guard import Pass

    reach = None
    if with_refs or set_refs_only or ref is not None or ref_url is not None or paths or unrendered:
        reach = _reach(paths, ref, ref_url, with_refs=with_refs, only=set_refs_only, unrendered=unrendered)
    targets = _targets(words, refs=set_refs_only)
    change = Bump(targets, environments, image, if_tag, options.message, reach, Pass(override))
    if verify_image or pin_digest:
        from gitops_tool.changes.preflight import Preflight
        from gitops_tool.registry import Registries

        with Registries() as registries:
            return carry_out(session, Preflight(change, registries, pin_digest), options)
    return carry_out(session, change, options)


def _reach(
    paths: tuple[str, ...], ref: str | None, ref_url: str | None, *, with_refs: bool, only: bool, unrendered: bool
) -> Reach:
    from gitops_tool.changes.reach import Reach, ValueTarget
    from gitops_tool.yamledit.paths import parse_path

    contradictions = [
        (with_refs and only, "--with-refs and --set-refs-only contradict each other"),
        (bool(paths) and (with_refs or only), "--path sets values, not refs: it does not go with them"),
        (ref is not None and not with_refs, "--ref goes with --with-refs"),
        (ref_url is not None and not (with_refs or only), "--ref-url goes with --with-refs or --set-refs-only"),
    ]
    for found, message in contradictions:
        if found:
            raise click.UsageError(message)
    targets = []
    for word in paths:
        file, colon, path = word.partition(":")
        if not colon or not file or not path:
            raise click.UsageError(f'"{word}" is not FILE:YAML.PATH')
        parse_path(path.replace("{env}", "env").replace("{app}", "app"))
        targets.append(ValueTarget(file, path))
    return Reach(with_refs or only, not only, ref_url, ref, tuple(targets), unrendered)


def _targets(words: tuple[str, ...], *, refs: bool) -> tuple[BumpTarget, ...]:
    """Read `APP TAG` or `APP=TAG ...`; a TAG is a git ref where only refs are set."""
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
        found[app] = BumpTarget(app, ImageRef("", version) if refs else ImageRef.parse_version(version))
    return tuple(found.values())
