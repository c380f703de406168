"""`gitops wait`: until Argo CD reports a revision synced and healthy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment

if TYPE_CHECKING:
    from gitops_tool.argocd import State, Waited
    from gitops_tool.argocd.waiting import Source
    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.model import Application


@click.command()
@click.argument("app", metavar="APP", shell_complete=complete_app)
@click.option(
    "--env",
    "environment",
    metavar="ENV",
    shell_complete=complete_environment,
    help="Environment. [default: the first in promotion order]",
)
@click.option("--revision", metavar="SHA", help="The commit that should be there, or a later one. [default: HEAD]")
@click.option("--application", metavar="NAME", help="Argo CD's Application. [default: the one that syncs the app]")
@click.option(
    "--timeout",
    type=click.FloatRange(0, 86_400),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="When to stop waiting (exit 4).",
)
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 600),
    default=3.0,
    show_default=True,
    metavar="SECONDS",
    help="Between two questions.",
)
@click.option("--context", metavar="NAME", help="kubectl's context, where kubectl is asked.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def wait(
    session: Session,
    app: str,
    environment: str | None,
    revision: str | None,
    application: str | None,
    timeout: float,
    interval: float,
    context: str | None,
    output: str,
) -> int:
    """Wait until Argo CD reports that an app is synced to a revision, or a later one, and healthy.

    Argo CD's API is asked where ARGOCD_SERVER and ARGOCD_AUTH_TOKEN are set, else the cluster through kubectl.
    Exit status: 0 synced and healthy, 1 the sync failed or the app is degraded, 3 Argo CD cannot be asked,
    4 not there in time (safe to run again), 5 another revision is there that does not contain this one.

    \b
    gitops bump shop v1.2.3 --push && gitops wait shop --env staging
    """
    from gitops_tool.argocd import wait as run
    from gitops_tool.argocd.waiting import Wanted
    from gitops_tool.cli.repository import opened

    source = _source(context)
    with opened(session.folder, None) as here:
        sha = _revision(here, revision)
        found = _application(here, app, environment, application)
        wanted = Wanted(found[0], found[1], sha, timeout, interval)
        waited = run(source, wanted, lambda newer, older: _contains(here, newer, older), _report)
    _notify(waited, app, environment or "")
    if output == "json":
        click.echo(_json(waited))
    else:
        seconds = f"after {waited.seconds:.0f} s"
        how = f"not there yet {seconds}, the time limit" if waited.timed_out else f"{waited.verdict} {seconds}"
        click.echo(f"{found[0]}: {how}: {waited.state}")
    return _exit_code(waited)


def _report(state: State) -> None:
    click.echo(f"{state}{f': {state.message}' if state.message else ''}", err=True)


def _notify(waited: Waited, app: str, environment: str) -> None:
    from gitops_tool import notify
    from gitops_tool.output.event import waited_event

    if notify.wanted() and (problem := notify.notify(waited_event(waited, app, environment))):
        click.echo(f"note: {problem}", err=True)


def _exit_code(waited: Waited) -> int:
    from gitops_tool.argocd import Verdict
    from gitops_tool.errors import ExitCode

    if waited.timed_out:
        return ExitCode.RACE_LOST
    return {
        Verdict.DONE: ExitCode.OK,
        Verdict.SUPERSEDED: ExitCode.SUPERSEDED,
    }.get(waited.verdict, ExitCode.FINDINGS)


def _source(context: str | None) -> Source:
    from gitops_tool import toolchain
    from gitops_tool.argocd.sources import Api, Kubectl
    from gitops_tool.errors import ToolError

    if context is None and (api := Api.from_environment()):
        return api
    found = toolchain.find("kubectl")
    if found is None or found.problem is not None:
        raise ToolError(
            "Argo CD cannot be asked: there is no kubectl",
            hint="set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN, or install kubectl",
        )
    return Kubectl(found.path, context)


def _revision(here: Opened, name: str | None) -> str:
    """Return the full id of a commit; one that is not here is taken as it is."""
    from gitops_tool.errors import GitError, UsageError

    if name is not None and len(name) in {40, 64} and all(char in "0123456789abcdef" for char in name):
        return name
    if here.repo is None:
        raise UsageError("this is not a git repository", hint="name the commit: --revision, with its full id")
    try:
        return here.repo.resolve(name or "HEAD").sha
    except GitError as error:
        raise UsageError(error.message, hint="fetch it first, or give its full id") from error


def _contains(here: Opened, newer: str, older: str) -> bool | None:
    """Whether a commit has another one in its history; None where one of them is not here."""
    from gitops_tool.errors import GitError

    if here.repo is None:
        return None
    try:
        return here.repo.is_ancestor(here.repo.resolve(older), here.repo.resolve(newer))
    except GitError:
        return None


def _application(here: Opened, app: str, environment: str | None, name: str | None) -> tuple[str, str]:
    """Return name and namespace of the Application that syncs an app.

    Raises:
        LayoutError: there is none.
        UsageError: there are several.
    """
    from gitops_tool.applications import applications_at
    from gitops_tool.config import load_settings
    from gitops_tool.errors import LayoutError, UsageError
    from gitops_tool.layout import find_app, select_overlays

    settings = load_settings(here.tree)
    if name is not None:
        return name, settings.argocd.namespace
    overlays = select_overlays(settings, find_app(here.tree, settings, app), (environment,) if environment else ())
    found: list[Application] = []
    for overlay in overlays:
        found += applications_at(here.tree, settings, overlay.path, app)
    names = sorted({one.name for one in found})
    if not names:
        raise LayoutError(f'no Application here syncs "{overlays[0].path}"', hint="name it with --application")
    if len(names) > 1:
        raise UsageError(f'several Applications sync "{overlays[0].path}"', hint=f"--application: {', '.join(names)}")
    return names[0], found[0].namespace or settings.argocd.namespace


def _json(waited: Waited) -> str:
    state = waited.state
    document = {
        "version": 1,
        "application": waited.wanted.name,
        "revision": waited.wanted.revision,
        "result": "timeout" if waited.timed_out else waited.verdict.name.lower(),
        "sync": state.sync,
        "health": state.health,
        "revisions": list(state.revisions),
        "operation": state.operation or None,
        "message": state.message or None,
        "seconds": round(waited.seconds, 1),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)
