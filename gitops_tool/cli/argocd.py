"""`gitops argocd`: Argo CD's objects, held against directories and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gitops_tool.cli.change import ChangeOptions, carry_out, change_options
from gitops_tool.cli.completion import complete_app
from gitops_tool.cli.reports import FORMATS, print_report, report_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import PurePosixPath

    from gitops_tool.cli.app import Session
    from gitops_tool.tree import Tree


@click.group()
def argocd() -> None:
    """Make Argo CD's Applications from the directories, and find where the two differ."""


@argocd.command(short_help="Find where directories and Applications differ.")
@click.option("--rev", metavar="REV", help="Look at a commit instead of the files as they are now.")
@click.option("--output", type=click.Choice(FORMATS), default="text", show_default=True, help="Format on stdout.")
@click.pass_obj
def check(session: Session, rev: str | None, output: str) -> int:
    """Find where directories, gitops.yaml and Argo CD's objects do not fit each other.

    An overlay that no Application syncs, an Application of a directory that is gone, another project, cluster,
    namespace or repository than gitops.yaml says, a project that does not permit what is rendered, files that the
    kustomization does not list, no root Application. Exits with 1 if there is any such.
    """
    from gitops_tool import engines
    from gitops_tool.cli.memory import validated
    from gitops_tool.cli.repository import opened
    from gitops_tool.config import load_settings
    from gitops_tool.errors import ExitCode, LayoutError
    from gitops_tool.model import Severity
    from gitops_tool.rules import drift_rules
    from gitops_tool.schemas import SchemaEngine
    from gitops_tool.validate.overrides import check_rule_names

    with opened(session.folder, rev) as here:
        settings = load_settings(here.tree)
        check_rule_names(settings)
        if settings.argocd.path is None:
            hint = "set argocd.path in gitops.yaml"
            raise LayoutError("gitops.yaml does not say where Argo CD's objects are", hint=hint)
        renderer, notes = engines.pick_renderer(settings)
        for note in notes:
            click.echo(f"note: {note}", err=True)
        validator = engines.pick_validator(settings, SchemaEngine.AUTO, drift_rules)
        tools = engines.Engines(renderer, validator, notes)
        result = validated(here, settings, tools, "argocd check").at_least(Severity.WARNING)
        print_report(report_text(result, here.tree, output))
    return ExitCode.FINDINGS if result.findings else ExitCode.OK


@argocd.command(short_help="Make and mend Applications.")
@click.option(
    "--app", "apps", multiple=True, metavar="A", shell_complete=complete_app, help="Only this app; may be repeated."
)
@click.option("--prune", is_flag=True, help="Take out Applications whose directory is gone.")
@change_options(last_wins=False, placeholders="")
@click.pass_obj
def generate(session: Session, apps: tuple[str, ...], prune: bool, options: ChangeOptions) -> int:
    """Make the Applications that are missing, and mend what `gitops argocd check` finds, by the smallest edits.

    Comments and fields that gitops.yaml says nothing about stay. With `argocd.generate: applicationset` in
    gitops.yaml, one ApplicationSet makes all Applications.
    """
    from gitops_tool.changes.argocd.generate import Generate

    return carry_out(session, Generate(_kinds, apps, prune, options.message), options)


def _kinds(tree: Tree, overlays: Sequence[PurePosixPath]) -> Mapping[PurePosixPath, frozenset[tuple[str, str, str]]]:
    """Render overlays, and return the group, kind and namespace of what each holds; of what renders."""
    from gitops_tool import engines
    from gitops_tool.config import load_settings
    from gitops_tool.errors import GitopsError

    renderer, _ = engines.pick_renderer(load_settings(tree))
    results = zip(overlays, renderer.render_each([(tree, path) for path in overlays]), strict=True)
    return {
        path: frozenset((item.id.group, item.id.kind, item.id.namespace) for item in render.resources)
        for path, render in results
        if not isinstance(render, GitopsError)
    }
