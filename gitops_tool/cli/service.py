"""`gitops service`: what an application's own repository needs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*", re.ASCII)
_PORT = click.IntRange(1, 65535)


@click.group()
def service() -> None:
    """Write what an application's own repository needs: image, pipeline, promotion by `gitops bump`."""


@service.command()
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path))
@click.option("--app", required=True, metavar="APP", help="What the manifests call it.")
@click.option("--image", required=True, metavar="NAME", help="Its image, without a tag.")
@click.option("--manifests", required=True, metavar="URL", help="The manifests repository.")
@click.option("--language", type=click.Choice(["node", "python"]), default="node", show_default=True)
@click.option("--port", type=_PORT, default=3000, show_default=True, help="Where it listens.")
@click.option("--metrics-port", type=_PORT, help="Where Prometheus reads, if that is another port.")
@click.option("--staging", default="develop=staging", show_default=True, metavar="BRANCH=ENV", help="Bumped at once.")
@click.option(
    "--production", default="main=production", show_default=True, metavar="BRANCH=ENV", help="Bumped by hand."
)
@click.option("--dry-run", is_flag=True, help="Show the files; write nothing.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format on stdout."
)
@click.pass_obj
def init(
    session: Session,
    folder: Path | None,
    app: str,
    image: str,
    manifests: str,
    language: str,
    port: int,
    metrics_port: int | None,
    staging: str,
    production: str,
    dry_run: bool,
    output: str,
) -> int:
    """Write Dockerfile, .dockerignore, .gitlab-ci.yml and a note on metrics into an application's repository.

    The pipeline tests, builds an image for each commit, and bumps it in the manifests repository, without a checkout
    of that: staging at once, production by hand. No file that is there is changed.

    \b
    gitops service init --app shop --image registry.example.org/shop \\
        --manifests https://git.example.org/platform/manifests.git
    """
    from gitops_tool.changes.service import ServiceFiles
    from gitops_tool.errors import ExitCode
    from gitops_tool.images import ImageRef
    from gitops_tool.output.text import outcome_text
    from gitops_tool.pipeline import write_files
    from gitops_tool.pipeline.local import dry_run_of_files

    root = session.folder / folder if folder else session.folder
    if not root.is_dir():
        raise click.UsageError(f'there is no folder "{root}"')
    _check(app, _NAME, "--app", "lower-case letters, digits and -, as a Service's name")
    if ImageRef.parse(image) != ImageRef(image):
        raise click.UsageError("--image takes a name without tag or digest: every commit gets its own")
    (staging_branch, first), (production_branch, second) = _pair(staging), _pair(production)
    change = ServiceFiles(
        app,
        image,
        _url(manifests),
        language,
        port,
        metrics_port,
        environments=(first, second),
        branches=(staging_branch, production_branch),
    )
    outcome = dry_run_of_files(change, root) if dry_run else write_files(change, root)
    if output == "json":
        from gitops_tool.output.json import outcome_json

        click.echo(outcome_json(outcome))
    else:
        click.echo(outcome_text(outcome, None), nl=False)
    return ExitCode.OK


def _check(text: str, pattern: re.Pattern[str], option: str, expected: str) -> None:
    if not pattern.fullmatch(text):
        raise click.UsageError(f'{option} is "{text}", but takes {expected}')


def _pair(text: str) -> tuple[str, str]:
    branch, equals, environment = text.rpartition("=")
    if not equals:
        raise click.UsageError(f'"{text}" is not BRANCH=ENV')
    _check(branch, _BRANCH, "BRANCH", "the name of a branch")
    _check(environment, _NAME, "ENV", "the name of an environment")
    return branch, environment


def _url(text: str) -> str:
    """Return a URL that is safe to write down: a password in it would be in the history of the repository."""
    from gitops_tool.git.remote import Credentials, check_url

    check_url(text)
    if Credentials.from_url(text):
        raise click.UsageError("--manifests holds a password: put it into the masked variable GITOPS_TOKEN")
    return text
