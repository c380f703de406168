"""`gitops history`: what ran before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment
from gitops_tool.cli.moments import MomentType
from gitops_tool.cli.reports import print_report

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.git import GitRepo
    from gitops_tool.model import App, Revision
    from gitops_tool.status.history import History


@click.command()
@click.argument("name", metavar="APP", shell_complete=complete_app)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.")
@click.option(
    "--since",
    type=MomentType(),
    metavar="WHEN",
    help="Only what ran since: 2026-01-31, 2026-01-31T10:00 (UTC), or 12h, 3d, 2w, 6m, 1y ago.",
)
@click.option("--rev", metavar="REV", help="The history of another commit than HEAD, such as origin/main.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="Format of the result.",
)
@click.pass_obj
def history(
    session: Session,
    name: str,
    environments: tuple[str, ...],
    limit: int | None,
    since: int | None,
    rev: str | None,
    output: str,
) -> int:
    """List every version that ran in an app's environments, newest first.

    When the branch got it and for how long it kept it, who made it, in which commit, and how: by bump, promote,
    rollback, a revert in git, or by hand. All of it is read from git: only what the branch pointed to counts, so a
    merged branch is one step, told as the commit behind it. Renames of the app are followed.

    \b
    gitops history payment-service
    gitops history payment-service --env production --since 2w
    """
    from gitops_tool.cli.clock import now
    from gitops_tool.cli.status import check_environments
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode
    from gitops_tool.git import GitRepo
    from gitops_tool.layout import find_app

    repo = GitRepo.open(session.folder)
    try:
        revision = repo.resolve(rev) if rev is not None else repo.head()
        tree = repo.tree(revision)
        app = find_app(tree, load_settings(tree), name)
        check_environments((app,), environments)
        found = _read(repo, revision, app, environments, limit, since)
    finally:
        repo.close()
    if not found.is_complete:
        click.echo("note: the clone is shallow: what is older is not known (git fetch --unshallow)", err=True)
    print_report(_text(app, revision, found, output, now()))
    return ExitCode.OK


def _read(
    repo: GitRepo, revision: Revision, app: App, environments: tuple[str, ...], limit: int | None, since: int | None
) -> History:
    """Read the history as far back as is asked for."""
    from gitops_tool.records import replace
    from gitops_tool.status.history import read_history

    overlays = [overlay for overlay in app.overlays if not environments or overlay.environment in environments]
    wanted = iter(range(1, limit) if limit is not None else ())

    def enough(change: object) -> bool:
        return limit is not None and since is None and next(wanted, None) is None

    found = read_history(repo, revision, overlays, enough)
    changes = [one for one in found.changes if since is None or one.until is None or one.until > since]
    return replace(found, changes=tuple(changes[:limit]))


def _text(app: App, revision: Revision, found: History, output: str, now: int) -> str:
    if output == "json":
        from gitops_tool.output.status.json import history_json

        return history_json(app.name, revision, found)
    if output == "markdown":
        from gitops_tool.output.status.markdown import history_markdown

        return history_markdown(found, now)
    from gitops_tool.output.status.text import history_text

    return history_text(found, now)
