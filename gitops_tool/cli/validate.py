"""`gitops validate`: what passes here, Argo CD can sync."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.baselines import read_known, without_known, write_known
from gitops_tool.cli.completion import complete_app, complete_environment
from gitops_tool.cli.reports import (
    FORMATS,
    ReportFile,
    ReportFileType,
    check_writable,
    print_report,
    report_text,
    write_report,
)
from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.config import Settings
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.tree import Tree
    from gitops_tool.validate.run import Result
    from gitops_tool.validate.selection import Selection
    from gitops_tool.validate.shard import Shard
    from gitops_tool.validate.work import Base, Work

_FILE = click.Path(dir_okay=False, path_type=Path)


@record
class _Wanted:
    """What to look at, and by which rules; as typed."""

    names: tuple[str, ...]
    environments: tuple[str, ...]
    since: str | None
    base: str | None
    kubernetes_version: str | None
    engine: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    shard: Shard | None = None
    cache: Path | None = None


@click.command()
@click.argument("names", nargs=-1, metavar="[APP|PATH]...", shell_complete=complete_app)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated.",
)
@click.option("--rev", metavar="REV", help="Validate a commit instead of the files as they are now.")
@click.option(
    "--changed-since",
    "since",
    metavar="REF",
    help="Only what changes since REF reach: since the history left that of REF, uncommitted ones included.",
)
@click.option(
    "--base",
    metavar="REF",
    help="Look at everything, and for forbidden changes since REF, too; --changed-since does both of what it reaches.",
)
@click.option("--kubernetes-version", metavar="V", help="Check against this version, in every environment.")
@click.option(
    "--engine",
    type=click.Choice(["auto", "kubeconform", "embedded"]),
    default="auto",
    show_default=True,
    help="What checks schemas.",
)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    default="info",
    show_default=True,
    help="Report findings of this severity and worse.",
)
@click.option("--select", multiple=True, metavar="RULES", help="Only these rules or families; separated by commas.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Not these rules or families; separated by commas.")
@click.option(
    "--shard",
    metavar="I/N",
    help="Only the I-th of N equal parts; auto: by GitLab's `parallel:`. See `gitops report-merge`.",
)
@click.option(
    "--cache-dir",
    "cache",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep renders and results in DIR, which jobs may share.",
)
@click.option("--baseline", metavar="FILE", type=_FILE, help="Findings that stand in FILE do not count.")
@click.option("--write-baseline", metavar="FILE", type=_FILE, help="Write what is found to FILE, as the baseline.")
@click.option("--output", type=click.Choice(FORMATS), default="text", show_default=True, help="Format on stdout.")
@click.option(
    "--output-file",
    "files",
    multiple=True,
    type=ReportFileType(),
    help="Write another format to a file; may be repeated.",
)
@click.pass_obj
def validate(
    session: Session,
    names: tuple[str, ...],
    environments: tuple[str, ...],
    rev: str | None,
    since: str | None,
    base: str | None,
    kubernetes_version: str | None,
    engine: str,
    severity: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    shard: str | None,
    cache: Path | None,
    baseline: Path | None,
    write_baseline: Path | None,
    output: str,
    files: tuple[ReportFile, ...],
) -> int:
    """Render every overlay and check what comes out, before it is pushed.

    Schemas of the target Kubernetes version, and rules for what no schema knows. Each finding names the
    source line that set the value. Exits with 1 if there is a finding of severity error.

    An APP is one of the layout's; a PATH is a directory with something to render, in it or below it, or a
    file, which stands for the overlays that are built from it. Without either: everything.

    \b
    gitops validate                                    everything
    gitops validate payment-service --env staging      one app in one environment
    gitops validate --changed-since origin/main        what a merge request changes
    gitops validate --output-file gitlab=quality.json  a report for GitLab, text for people
    gitops validate --shard 3/10                       a part, for one of ten jobs
    """
    from gitops_tool.cachedir import given_cache
    from gitops_tool.cli.repository import opened
    from gitops_tool.errors import ExitCode
    from gitops_tool.model import Severity
    from gitops_tool.validate.shard import Shard

    if baseline and write_baseline:
        raise click.UsageError("--baseline and --write-baseline contradict each other")
    if since is not None and base is not None:
        raise click.UsageError("--changed-since and --base contradict each other")
    if shard is not None and (baseline or write_baseline):
        raise click.UsageError("a baseline is for the whole: give it to `gitops report-merge`")
    part = Shard.of(shard, os.environ) if shard is not None else None
    folder = given_cache(session.folder / cache) if cache else None
    rules = (_words(select), _words(ignore))
    wanted = _Wanted(names, environments, since, base, kubernetes_version, engine, *rules, part, folder)
    targets = [ReportFile(file.format, session.folder / file.path) for file in files]
    check_writable([target.path for target in targets] + ([session.folder / write_baseline] if write_baseline else []))
    known = read_known(session.folder / baseline, str(baseline)) if baseline else None
    with opened(session.folder, rev) as here:
        result = _run(here, wanted).at_least(Severity(severity))
        if write_baseline:
            known = write_known(session.folder / write_baseline, result)
        if known is not None:
            result = without_known(result, known, every_rule=not wanted.select and not wanted.ignore)
        for target in targets:
            write_report(target.path, report_text(result, here.tree, target.format))
        print_report(report_text(result, here.tree, output))
    errors = any(finding.severity is Severity.ERROR for finding in result.findings)
    return ExitCode.FINDINGS if errors else ExitCode.OK


def findings_since(folder: Path, ref: str | None) -> tuple[Finding, ...]:
    """Return what validation finds in the overlays that the changes since a commit reach; see `gitops validate`."""
    from gitops_tool.cli.repository import default_ref, opened

    with opened(folder, None) as here:
        since = default_ref(here, "--base") if ref is None else ref
        return _run(here, _Wanted((), (), since, None, None, "auto", (), ())).findings


def _words(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for text in texts for word in text.split(",") if word.strip())


def _run(here: Opened, wanted: _Wanted) -> Result:
    """Pick the overlays and the programs, and validate."""
    from gitops_tool import engines
    from gitops_tool.cli.memory import memory_of
    from gitops_tool.config import load_settings
    from gitops_tool.git.revisions import LocalRevisions
    from gitops_tool.validate import SchemaEngine
    from gitops_tool.validate.overrides import check_rule_names, with_kubernetes_version, with_rules
    from gitops_tool.validate.run import result_of
    from gitops_tool.validate.selection import select
    from gitops_tool.validate.shards import select_shard
    from gitops_tool.validate.work import Work

    settings = load_settings(here.tree)
    check_rule_names(settings)
    settings = with_rules(settings, wanted.select, wanted.ignore)
    if wanted.kubernetes_version is not None:
        settings = with_kubernetes_version(settings, wanted.kubernetes_version)
    tools = engines.pick(settings, SchemaEngine(wanted.engine), wanted.cache)
    if here.repo is not None:
        tools.validator.revisions = LocalRevisions(here.repo)
    for note in tools.notes:
        click.echo(f"note: {note}", err=True)
    compares = wanted.since is not None or wanted.base is not None
    arguments = (wanted.names, sorted(wanted.environments), str(here.folder), here.revision is None, str(wanted.shard))
    memory = None if compares else memory_of(here, tools, arguments, wanted.cache)

    def looked_for(tree: Tree) -> Selection:
        return select(tree, settings, wanted.names, wanted.environments, here.folder)

    selection = looked_for(here.tree) if memory is None or wanted.shard else memory.select(here.tree, looked_for)
    base = None
    if compares:
        selection, base = _changed(here, settings, selection, wanted)
    whole = selection
    if wanted.shard is not None:
        selection = select_shard(here.tree, whole, wanted.shard)
        click.echo(f"note: shard {wanted.shard}: {len(selection.overlays)} of {len(whole.overlays)} overlays", err=True)
    with progress(len(selection.overlays)) as step:
        work = Work(here.tree, selection, tools.renderer, tools.validator, step, memory)
        result = result_of(work, base)
    return result if wanted.shard is None else _with_shard(here, wanted, wanted.shard, work, whole, result)


def _with_shard(here: Opened, wanted: _Wanted, shard: Shard, work: Work, whole: Selection, result: Result) -> Result:
    """Add what the one who merges needs."""
    from gitops_tool.cli.repository import commit_of
    from gitops_tool.records import replace
    from gitops_tool.validate.shards import packed

    facts = {
        "commit": commit_of(here),
        "select": list(wanted.select),
        "ignore": list(wanted.ignore),
        "kubernetesVersion": wanted.kubernetes_version,
    }
    return replace(result, shard=packed(shard, whole, result, work.views, facts))


def _changed(here: Opened, settings: Settings, selection: Selection, wanted: _Wanted) -> tuple[Selection, Base | None]:
    """Find the overlays that the changes since a commit reach, and keep only these if that is asked for."""
    from gitops_tool.affected import affected
    from gitops_tool.cli.repository import changes_since
    from gitops_tool.validate.selection import Selection
    from gitops_tool.validate.work import Base

    ref = wanted.since if wanted.base is None else wanted.base
    if ref == "HEAD" and here.repo is not None and not here.repo.has_commit():  # the hook of a first commit
        click.echo("note: there is no commit yet: everything is new", err=True)
        return selection, None
    before, changes = changes_since(here, str(ref))
    found = tuple(one.overlay for one in affected(before, here.tree, settings, selection.overlays, changes))
    click.echo(f"note: changes since {ref} reach {len(found)} of {len(selection.overlays)} overlays", err=True)
    base = Base(before, {overlay.path for overlay in found})
    return (selection if wanted.since is None else Selection(found, complete=False)), base


@contextmanager
def progress(total: int) -> Iterator[Callable[[Overlay], None]]:
    """Show a progress bar on stderr if that is a terminal."""
    if not sys.stderr.isatty() or total < 3:
        yield lambda _: None
        return
    with click.progressbar(length=total, label="rendering", file=sys.stderr, item_show_func=str) as bar:
        yield lambda overlay: bar.update(1, f"{overlay.app} {overlay.environment}")
