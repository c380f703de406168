"""`gitops comment`: the rendered diff and the findings under a merge request, in one comment kept up to date."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.forge import Forge

_LONGEST = {"gitlab": 1_000_000, "github": 65_536, "gitea": 65_536}
"""Characters that each forge takes in a comment."""

_ROOM = 200
"""Characters for the hidden line that finds the comment again."""


@click.command()
@click.option(
    "--mr", "number", type=click.IntRange(min=1), envvar="CI_MERGE_REQUEST_IID", metavar="IID", help="Merge request."
)
@click.option("--base", metavar="BASE", help="What to compare with. [default: as for `gitops diff`]")
@click.option("--name", default="review", show_default=True, metavar="N", help="Which of several comments to update.")
@click.option("--remote", default="origin", show_default=True, metavar="R", help="Remote whose forge is meant.")
@click.option("--mask-keys", is_flag=True, help="Mask values at names like password or token outside of Secrets, too.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 on findings of severity error.")
@click.option("--dry-run", is_flag=True, help="Print the comment instead.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format on stdout."
)
@click.pass_obj
def comment(
    session: Session,
    number: int | None,
    base: str | None,
    name: str,
    remote: str,
    mask_keys: bool,
    exit_code: bool,
    dry_run: bool,
    output: str,
) -> int:
    """Post what a merge request changes in the cluster, and what validation finds, as a comment under it.

    A later run updates the same comment instead of adding another. In a merge request pipeline of GitLab, the merge
    request, the project and the base are known. The token comes from GITOPS_TOKEN (scope api); a job's own token may
    not comment.
    """
    from gitops_tool.cli.diff import difference
    from gitops_tool.cli.validate import findings_since
    from gitops_tool.errors import ExitCode
    from gitops_tool.model import Severity
    from gitops_tool.output.review import review_markdown

    if number is None and not dry_run:
        raise click.UsageError("which merge request? --mr IID, or run it in a merge request pipeline")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise click.UsageError("--name takes letters, digits, - and _")
    forge, kind = (None, "gitlab") if dry_run else _forge(session, remote)
    found = difference(session.folder, base, mask_keys=mask_keys)
    findings = findings_since(session.folder, base)
    text = review_markdown(found, findings, _LONGEST[kind] - _ROOM)
    url = None if forge is None or number is None else forge.comment(number, name, text)
    if output == "json":
        click.echo(json.dumps({"version": 1, "mergeRequest": number, "url": url, "text": text}, indent=2))
    else:
        click.echo(url or text, nl=url is not None)
    errors = found.broken or any(finding.severity is Severity.ERROR for finding in findings)
    return ExitCode.FINDINGS if exit_code and errors else ExitCode.OK


def _forge(session: Session, remote: str) -> tuple[Forge, str]:
    """Open the forge of the checkout's remote, or of the pipeline's project."""
    from gitops_tool.cli.forge import forge_for
    from gitops_tool.forge import Project
    from gitops_tool.git import GitRepo

    url = os.environ.get("CI_MERGE_REQUEST_PROJECT_URL")
    if not url:
        repo = GitRepo.open(session.folder)
        try:
            url = repo.remote(remote).url
        finally:
            repo.close()
    return forge_for(url), Project.of(url).kind.value
