"""`gitops report`: one page with what runs where, what changes, and what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.config import Settings
    from gitops_tool.diff.repository import RepositoryDiff
    from gitops_tool.model import App, Overlay
    from gitops_tool.output.report.content import Report
    from gitops_tool.render import Renderer
    from gitops_tool.topology import Topology
    from gitops_tool.validate.run import Result


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--base", metavar="BASE", help="What to compare with. [default: as `gitops diff`]")
@click.option("--no-diff", is_flag=True, help="Leave the changes out.")
@click.option("--title", metavar="T", help="The page's title. [default: the repository's name]")
@click.option("--force", is_flag=True, help="Write into a folder that holds something else.")
@click.option(
    "--output", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format on stdout."
)
@click.pass_obj
def report(
    session: Session, directory: Path, base: str | None, no_diff: bool, title: str | None, force: bool, output: str
) -> int:
    """Write one page with everything into DIR: index.html, and the same as report.json.

    What runs where, the versions of each app over time, the rendered diff, the findings of `gitops validate`, and
    how each app's objects hang together. The page needs no network and, to be read, no script: publish it with
    GitLab Pages, keep it as an artifact, or open it from the disk. Findings do not make this command fail.

    \b
    gitops report public
    gitops report public --base v1.4.0 --title "Release 1.5"
    """
    if no_diff and base is not None:
        raise click.UsageError("--no-diff and --base contradict each other")
    from gitops_tool.cli.pages import checked_folder, write_page
    from gitops_tool.errors import ExitCode
    from gitops_tool.output.report.json import report_json
    from gitops_tool.output.report.page import report_page

    target = checked_folder(session.folder / directory, str(directory), force=force)
    found = _collect(session.folder, base, title, no_diff=no_diff)
    names = write_page(target, report_json(found), report_page(found))
    _print([str(directory / name) for name in names], output)
    return ExitCode.OK


def _print(names: list[str], output: str) -> None:
    if output == "json":
        import json

        click.echo(json.dumps({"version": 1, "files": names}, indent=2, ensure_ascii=False))
        return
    for name in names:
        click.echo(f"wrote {name}")


def _collect(folder: Path, base: str | None, title: str | None, *, no_diff: bool) -> Report:
    """Read, render and compare everything that the page shows."""
    from gitops_tool.cli.clock import now
    from gitops_tool.cli.repository import opened
    from gitops_tool.cli.status import note_problems, selected_apps
    from gitops_tool.config import load_settings
    from gitops_tool.findings import source_lines
    from gitops_tool.output.report.content import Report
    from gitops_tool.status.matrix import read_status

    with opened(folder, None) as here:
        settings = load_settings(here.tree)
        apps = selected_apps(here.tree, settings, ())
        status = read_status(here.tree, settings, apps, here.repo, here.tip(), everything=True)
        note_problems(status)
        diff, note = (None, None) if no_diff else _diff(folder, here, base)
        result, graphs, problems = _render(here, settings, apps)
        lines = source_lines(here.tree, result.findings)
        shown = title or _title(here, settings, folder)
    return Report(shown, now(), status, result, lines, graphs, diff, note, problems)


def _title(here: Opened, settings: Settings, folder: Path) -> str:
    """Return the repository's name: that of its URL, else of its folder."""
    url = (settings.argocd.repo_url or "").rstrip("/").removesuffix(".git")
    root = here.repo.root if here.repo is not None else folder.resolve()
    return url.rpartition("/")[2] or (root.name if root else "Manifests")


def _diff(folder: Path, here: Opened, base: str | None) -> tuple[RepositoryDiff | None, str | None]:
    """Compare with a commit; without one, say why there is nothing to show."""
    from gitops_tool.cli.diff import difference
    from gitops_tool.cli.repository import default_ref
    from gitops_tool.errors import GitopsError

    if base is None:
        try:
            default_ref(here, "--base")
        except GitopsError:
            return None, "Not compared: there is no default branch to compare with. Name a commit with --base."
    return difference(folder, base, mask_keys=True), None


def _render(
    here: Opened, settings: Settings, apps: tuple[App, ...]
) -> tuple[Result, dict[Overlay, Topology], dict[Overlay, str]]:
    """Validate everything, and read how the objects of each overlay hang together."""
    from gitops_tool import engines
    from gitops_tool.cli.memory import validated
    from gitops_tool.git.revisions import LocalRevisions
    from gitops_tool.validate import SchemaEngine
    from gitops_tool.validate.overrides import check_rule_names

    check_rule_names(settings)
    tools = engines.pick(settings, SchemaEngine("auto"))
    for note in tools.notes:
        click.echo(f"note: {note}", err=True)
    if here.repo is not None:
        tools.validator.revisions = LocalRevisions(here.repo)
    result = validated(here, settings, tools)
    overlays = [overlay for app in apps for overlay in app.overlays]
    return (result, *_graphs(here, tools.renderer, overlays))


def _graphs(
    here: Opened, renderer: Renderer, overlays: list[Overlay]
) -> tuple[dict[Overlay, Topology], dict[Overlay, str]]:
    """Return the topology of each overlay, and of those that cannot be rendered the reason."""
    from gitops_tool.errors import GitopsError
    from gitops_tool.topology import topology

    graphs: dict[Overlay, Topology] = {}
    problems: dict[Overlay, str] = {}
    rendered = renderer.render_each([(here.tree, overlay.path) for overlay in overlays])
    for overlay, found in zip(overlays, rendered, strict=True):
        if isinstance(found, GitopsError):
            problems[overlay] = str(found)
        else:
            graphs[overlay] = topology(found.resources)
    return graphs, problems
