"""`gitops report-merge`: the reports of several jobs as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.baselines import read_known, without_known, write_known
from gitops_tool.cli.reports import (
    FORMATS,
    ReportFile,
    ReportFileType,
    check_writable,
    print_report,
    report_text,
    write_report,
)

if TYPE_CHECKING:
    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.validate.run import Result
    from gitops_tool.validate.shards import Unpacked

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("report-merge")
@click.argument("reports", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--severity",
    type=click.Choice(["error", "warning", "info"]),
    default="info",
    show_default=True,
    help="Report findings of this severity and worse.",
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
def report_merge(
    session: Session,
    reports: tuple[str, ...],
    severity: str,
    baseline: Path | None,
    write_baseline: Path | None,
    output: str,
    files: tuple[ReportFile, ...],
) -> int:
    """Join the JSON reports of all shards of `gitops validate --shard I/N` into one.

    Runs the rules about the whole repository, which no shard can. So it needs a checkout of the commit that the shards
    looked at; no kustomize and no kubeconform. Exits with 1 if there is a finding of severity error.

    \b
    gitops validate --shard 1/2 --output-file json=1.json
    gitops validate --shard 2/2 --output-file json=2.json
    gitops report-merge 1.json 2.json
    """
    from gitops_tool.cli.repository import opened
    from gitops_tool.errors import ExitCode
    from gitops_tool.model import Severity
    from gitops_tool.validate.shards import unpack

    if baseline and write_baseline:
        raise click.UsageError("--baseline and --write-baseline contradict each other")
    targets = [ReportFile(file.format, session.folder / file.path) for file in files]
    check_writable([target.path for target in targets] + ([session.folder / write_baseline] if write_baseline else []))
    known = read_known(session.folder / baseline, str(baseline)) if baseline else None
    shards = unpack({name: Path(name).read_text("utf-8", "replace") for name in reports})
    with opened(session.folder, None) as here:
        result = _merged(here, shards).at_least(Severity(severity))
        if write_baseline:
            known = write_known(session.folder / write_baseline, result)
        if known is not None:
            every_rule = not shards.facts["select"] and not shards.facts["ignore"]
            result = without_known(result, known, every_rule=every_rule)
        for target in targets:
            write_report(target.path, report_text(result, here.tree, target.format))
        print_report(report_text(result, here.tree, output))
    errors = any(finding.severity is Severity.ERROR for finding in result.findings)
    return ExitCode.FINDINGS if errors else ExitCode.OK


def _merged(here: Opened, shards: Unpacked) -> Result:
    """Run the rules about the whole repository under the settings that the shards had.

    Raises:
        GitError: another commit is checked out.
    """
    from gitops_tool.cachedir import cache_dir
    from gitops_tool.cli.repository import commit_of
    from gitops_tool.config import load_settings
    from gitops_tool.errors import GitError
    from gitops_tool.git.revisions import LocalRevisions
    from gitops_tool.validate import SchemaChecker, Validator
    from gitops_tool.validate.overrides import with_kubernetes_version, with_rules
    from gitops_tool.validate.shards import merge

    wanted = shards.facts["commit"]
    if wanted != commit_of(here):
        name = f"commit {wanted[:12]}" if wanted else "files outside a repository"
        raise GitError(f"the reports are about {name}, which is not what is checked out here", hint="check it out")
    settings = with_rules(load_settings(here.tree), shards.facts["select"], shards.facts["ignore"])
    if shards.facts["kubernetesVersion"] is not None:
        settings = with_kubernetes_version(settings, shards.facts["kubernetesVersion"])
    validator = Validator(settings, SchemaChecker(settings, cache_dir(), None))
    if here.repo is not None:
        validator.revisions = LocalRevisions(here.repo)
    return merge(here.tree, validator, shards)
