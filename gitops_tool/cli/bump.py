"""`gitops bump`: set an app's image to a tag or digest, through a commit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.changes.bump import Bump, BumpTarget
    from gitops_tool.cli.app import Session
    from gitops_tool.pipeline import Outcome, PushOptions

_LONGEST_TIMEOUT = 86_400
"""Seconds; a day."""


def _seconds(ctx: click.Context, option: click.Parameter, value: float) -> float:
    """Refuse what no clock can count to; click's ranges let "nan" pass."""
    if not 0 < value <= _LONGEST_TIMEOUT:
        raise click.BadParameter(f"{value:g} is not between 0 and {_LONGEST_TIMEOUT} seconds")
    return value


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
@click.option("--push", is_flag=True, help="Build on the remote branch's tip and push, again if others push first.")
@click.option("--branch", metavar="B", help="Branch to push to. [default: what the current branch tracks]")
@click.option("--remote", default="origin", show_default=True, metavar="R", help="Remote to push to.")
@click.option(
    "--timeout",
    type=float,
    callback=_seconds,
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="When to stop trying to push (exit 4).",
)
@click.option("--last-wins", is_flag=True, help="Overwrite what others set meanwhile, instead of exit 5.")
@click.option("--dry-run", is_flag=True, help="Show the edit, the rendered diff and the findings; write nothing.")
@click.option("--no-commit", is_flag=True, help="Write the files only.")
@click.option(
    "--message", metavar="TEMPLATE", help="Commit message with {app}, {environment}, {image}, {old}, {new}, {short}."
)
@click.option("--sign", is_flag=True, help="Sign the commit, as `git commit -S` does.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "kubeconform", "embedded"]),
    default="auto",
    show_default=True,
    help="What checks schemas.",
)
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format of the result."
)
@click.pass_obj
def bump(
    session: Session,
    words: tuple[str, ...],
    environments: tuple[str, ...],
    image: str | None,
    if_tag: str | None,
    push: bool,
    branch: str | None,
    remote: str,
    timeout: float,
    last_wins: bool,
    dry_run: bool,
    no_commit: bool,
    message: str | None,
    sign: bool,
    engine: str,
    output: str,
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
    from gitops_tool.pipeline import PushOptions

    _refuse_contradictions(
        push=push, branch=branch, last_wins=last_wins, dry_run=dry_run, no_commit=no_commit, sign=sign
    )
    change = Bump(_targets(words), environments, image, if_tag, message)
    options = PushOptions(remote, branch, timeout, last_wins) if push else None
    outcome = _carry_out(
        session.folder, change, options, dry_run=dry_run, no_commit=no_commit, sign=sign, engine=engine
    )
    for note in (*outcome.plan.notes, *outcome.notes):
        click.echo(f"note: {note}", err=True)
    _print(outcome, options, output)
    from gitops_tool.errors import ExitCode
    from gitops_tool.model import Severity

    return ExitCode.FINDINGS if any(f.severity is Severity.ERROR for f in outcome.plan.findings) else ExitCode.OK


def _refuse_contradictions(
    *, push: bool, branch: str | None, last_wins: bool, dry_run: bool, no_commit: bool, sign: bool
) -> None:
    contradictions = [
        (no_commit and push, "--no-commit and --push contradict each other"),
        (no_commit and dry_run, "--no-commit and --dry-run contradict each other"),
        (no_commit and sign, "--no-commit and --sign contradict each other"),
        (branch is not None and not push, "--branch goes with --push"),
        (last_wins and not push, "--last-wins goes with --push"),
    ]
    for found, message in contradictions:
        if found:
            raise click.UsageError(message)


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


def _carry_out(
    folder: Path, change: Bump, options: PushOptions | None, *, dry_run: bool, no_commit: bool, sign: bool, engine: str
) -> Outcome:
    from gitops_tool import pipeline
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo
    from gitops_tool.schemas import SchemaEngine

    chosen = SchemaEngine(engine)
    try:
        repo = GitRepo.open(folder)
    except GitError:
        if no_commit:
            return pipeline.write_files(change, folder, chosen)
        raise
    try:
        if no_commit:
            return pipeline.write_files(change, repo.root or folder, chosen)
        if dry_run:
            return pipeline.dry_run(repo, change, options, chosen)
        if options:
            return pipeline.publish(repo, change, options, sign=sign, engine=chosen, report=_progress)
        return pipeline.commit(repo, change, sign=sign, engine=chosen)
    finally:
        repo.close()


def _progress(message: str) -> None:
    click.echo(message, err=True)


def _print(outcome: Outcome, options: PushOptions | None, output: str) -> None:
    if output == "json":
        from gitops_tool.output.json import outcome_json

        click.echo(outcome_json(outcome))
        return
    from gitops_tool.output.text import outcome_text

    click.echo(outcome_text(outcome, options.remote if options else None), nl=False)
