"""`gitops runbook`: the commands that look into an app that is in trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.runbook import Result, Runbook


@click.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@click.option(
    "--env",
    "environment",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment. [default: the first in promotion order]",
)
@click.option("--run", "running", is_flag=True, help="Run the commands that only read, with kubectl.")
@click.option("--context", metavar="NAME", help="kubectl's context. [default: its current one]")
@click.option(
    "--timeout",
    type=click.FloatRange(1, 3600),
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="For each command that is run.",
)
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option(
    "--output",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Format of the result.",
)
@click.pass_obj
def runbook(
    session: Session,
    app: str,
    environment: str | None,
    running: bool,
    context: str | None,
    timeout: float,
    rev: str | None,
    output: str,
) -> int:
    """Print the commands that look into an app that is in trouble.

    Names, labels, containers, ports and namespaces are those of what is rendered. Commands are ready to be
    copied; --run runs those that only read. Values of Secrets are never asked for.

    \b
    gitops runbook payment-service --env production
    gitops runbook payment-service --env production --run --context prod
    gitops runbook payment-service --output markdown > docs/payment-service.md
    """
    from gitops_tool.cli.repository import opened
    from gitops_tool.output.runbook import runbook_json, runbook_markdown, runbook_text

    with opened(session.folder, rev) as here:
        book = _build(here, app, environment, context)
    for name in book.left_out:
        click.echo(f'note: "{name}" is left out: no API server takes that name', err=True)
    if running:
        return _run(book, context, timeout, output)
    if output == "json":
        click.echo(runbook_json(book, ()), nl=False)
    else:
        click.echo((runbook_text if output == "text" else runbook_markdown)(book), nl=False)
    return 0


def _build(here: Opened, app: str, environment: str | None, context: str | None) -> Runbook:
    from gitops_tool.config import load_settings
    from gitops_tool.engines import pick_renderer
    from gitops_tool.layout import find_app, select_overlays
    from gitops_tool.runbook import applications_of, build

    settings = load_settings(here.tree)
    found = find_app(here.tree, settings, app)
    (overlay,) = select_overlays(settings, found, (environment,) if environment is not None else ())
    renderer, notes = pick_renderer(settings)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    render = renderer.render(here.tree, overlay.path)
    applications = applications_of(here.tree, settings, overlay)
    return build(overlay, render.resources, applications, settings.environment(overlay.environment), context)


def _run(book: Runbook, context: str | None, timeout: float, output: str) -> int:
    from gitops_tool import toolchain
    from gitops_tool.errors import ExitCode, ToolError
    from gitops_tool.output.runbook import result_text, runbook_json, summary
    from gitops_tool.runbook import run

    kubectl = toolchain.usable("kubectl")
    if kubectl is None:
        raise ToolError('"kubectl" was not found', hint="without --run the commands are printed")
    results: list[Result] = []
    title = None
    for step, result in run(book, kubectl.path, context, timeout):
        results.append(result)
        if output != "json":
            if step.title != title:
                click.echo(step.title if title is None else f"\n{step.title}")
            title = step.title
            click.echo(result_text(result), nl=False)
    if output == "json":
        click.echo(runbook_json(book, results), nl=False)
    for line in summary(results):
        click.echo(line, err=True)
    return ExitCode.FINDINGS if any(result.is_bad for result in results) else ExitCode.OK
