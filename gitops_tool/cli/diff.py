"""`gitops diff`: what a change does in the cluster, not in files."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.cli.completion import complete_app, complete_environment
from gitops_tool.cli.reports import ReportFile, ReportFileType, check_writable, print_report, write_report
from gitops_tool.cli.validate import progress
from gitops_tool.records import record, replace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gitops_tool.cli.app import Session
    from gitops_tool.cli.repository import Opened
    from gitops_tool.config import Settings
    from gitops_tool.diff.reach import State
    from gitops_tool.diff.repository import RepositoryDiff
    from gitops_tool.git import GitRepo
    from gitops_tool.git.changes import PathChange
    from gitops_tool.git.objects import GitTree
    from gitops_tool.model import Revision
    from gitops_tool.render import Renderer
    from gitops_tool.tree import Tree

_FORMATS = ("text", "markdown", "html", "json")
_GITLAB_NOTE = 1_000_000
"""Characters that GitLab takes in a comment; GitHub takes 65,536."""


@click.command()
@click.argument("base", required=False, metavar="[BASE]")
@click.argument("head", required=False, metavar="[HEAD]")
@click.option(
    "--app", "apps", multiple=True, metavar="A", shell_complete=complete_app, help="Only this app; may be repeated."
)
@click.option(
    "--env",
    "environments",
    multiple=True,
    metavar="ENV",
    shell_complete=complete_environment,
    help="Only this environment; may be repeated.",
)
@click.option("--mask-keys", is_flag=True, help="Mask values at names like password or token outside of Secrets, too.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@click.option("--output", type=click.Choice(_FORMATS), default="text", show_default=True, help="Format on stdout.")
@click.option(
    "--output-file",
    "files",
    multiple=True,
    type=ReportFileType(_FORMATS, "markdown=comment.md"),
    help="Write another format to a file; may be repeated.",
)
@click.option(
    "--max-size",
    type=click.IntRange(min=2_000),
    default=_GITLAB_NOTE,
    show_default=True,
    metavar="N",
    help="Characters of the Markdown; GitHub takes 65536.",
)
@click.pass_obj
def diff(
    session: Session,
    base: str | None,
    head: str | None,
    apps: tuple[str, ...],
    environments: tuple[str, ...],
    mask_keys: bool,
    exit_code: bool,
    output: str,
    files: tuple[ReportFile, ...],
    max_size: int,
) -> int:
    """Show what changes in the cluster between BASE and HEAD: both sides are rendered and compared by object.

    Without HEAD: the files as they are now. Without BASE: where the history left that of the remote's default
    branch; in a merge request of GitLab, its base. A...B compares B with where it left A. Values of Secrets are
    never shown. Exits with 1 if an overlay cannot be rendered in HEAD.

    \b
    gitops diff                                 what this branch changes, uncommitted files included
    gitops diff v1.4.0 v1.5.0 --env production  two revisions, without touching the checkout
    gitops diff --output markdown               for a comment in a merge request
    """
    from gitops_tool.errors import ExitCode

    targets = [ReportFile(file.format, session.folder / file.path) for file in files]
    check_writable(target.path for target in targets)
    base, head = _split(base, head)
    result = _run(session.folder, base, head, (apps, environments), mask_keys=mask_keys)
    for target in targets:
        write_report(target.path, _formatted(result, target.format, max_size))
    print_report(_formatted(result, output, max_size, colour=_wants_colour()))
    return ExitCode.FINDINGS if result.broken or (exit_code and result.differs) else ExitCode.OK


def _split(base: str | None, head: str | None) -> tuple[str | None, str | None]:
    """Take `A..B` apart; `A...B` is resolved later."""
    if base is not None and head is None and ".." in base and "..." not in base:
        base, _, head = base.partition("..")
        return base or "HEAD", head or "HEAD"
    return base, head


def _wants_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _formatted(result: RepositoryDiff, name: str, max_size: int, *, colour: bool = False) -> str:
    if name == "json":
        from gitops_tool.output.diff.json import diff_json

        return diff_json(result)
    if name == "markdown":
        from gitops_tool.output.diff.markdown import diff_markdown

        return diff_markdown(result, max_size)
    if name == "html":
        from gitops_tool.output.diff.html import diff_page

        return diff_page(result)
    from gitops_tool.output.diff.text import diff_text

    return diff_text(result, colour=colour)


@record
class _Sides:
    """Both states, and the paths that differ between them; `late` returns those that git does not track yet."""

    base: State
    head: State
    changes: Sequence[PathChange]
    late: Callable[[], Sequence[PathChange]]
    index: GitTree
    notes: tuple[str, ...] = ()


def _run(
    folder: Path,
    base: str | None,
    head: str | None,
    names: tuple[tuple[str, ...], tuple[str, ...]],
    *,
    mask_keys: bool,
) -> RepositoryDiff:
    """Open both sides, render what differs, and compare."""
    from gitops_tool.background import Background
    from gitops_tool.cli.repository import opened

    if base is not None and "..." in base and head is None:
        ancestor, _, head = base.partition("...")
        base, head = f"...{ancestor or 'HEAD'}", head or "HEAD"
    with (
        Background(_load),
        opened(folder, head) as here,
        Background(lambda: _untracked(here)) as untracked,
    ):
        sides = _sides(here, base, head, untracked.result)
        from gitops_tool.diff.compare import Wanted, check_names, compare
        from gitops_tool.diff.concealing import SECRET_LIKE
        from gitops_tool.diff.reach import Reach

        wanted = Wanted(*names)
        check_names(wanted, sides.base, sides.head)
        masked = (*sides.base.settings.mask_keys, *sides.head.settings.mask_keys, *(SECRET_LIKE if mask_keys else ()))
        with Reach(sides.base, sides.head, sides.changes, sides.index, sides.late) as reach:
            renderers = _renderers(sides)
            with progress(len(reach.likely)) as step:
                result = compare(
                    *(sides.base, sides.head, reach, renderers), wanted=wanted, mask_keys=masked, progress=step
                )
    return replace(result, notes=(*sides.notes, *result.notes))


def difference(folder: Path, base: str | None, *, mask_keys: bool) -> RepositoryDiff:
    """Return what the files as they are now change in the cluster; see `gitops diff`."""
    return _run(folder, base, None, ((), ()), mask_keys=mask_keys)


def _load() -> None:
    """Import what compares and find what renders, while git finds what differs: one takes as long as the other."""
    import gitops_tool.diff.compare
    import gitops_tool.engines
    import gitops_tool.output.diff.text  # noqa: F401 - whoever uses it imports it again
    from gitops_tool.errors import ToolError
    from gitops_tool.toolchain import kustomize_engine

    with suppress(ToolError):  # whoever asks for it is told why there is none
        kustomize_engine()


def _untracked(here: Opened) -> Sequence[PathChange]:
    """Return what git does not track yet of the working tree; nothing where a revision is looked at."""
    from gitops_tool.git.changes import untracked_paths

    return untracked_paths(here.repo) if here.repo is not None and here.revision is None else ()


def _sides(here: Opened, base: str | None, head: str | None, late: Callable[[], Sequence[PathChange]]) -> _Sides:
    """Find the two states that are meant.

    Raises:
        GitError: there is no repository, or no such commit.
        ConfigError: the settings after the change are not valid.
    """
    from gitops_tool.background import Background
    from gitops_tool.cli.repository import default_ref
    from gitops_tool.config import load_settings
    from gitops_tool.diff.reach import State
    from gitops_tool.errors import GitError
    from gitops_tool.git.changes import changed_tracked_paths

    repo = here.repo
    if repo is None:
        raise GitError("this is not a git repository: there is nothing to compare with")
    revision, name = _base(here, repo, base if base is not None else f"...{default_ref(here, 'BASE')}")
    with Background(lambda: changed_tracked_paths(repo, revision, here.revision)) as looking:
        tree = repo.tree(revision)
        settings = load_settings(here.tree)
        old_settings, notes = _settings_of_base(tree, settings)
        changes = looking.result()
    head_name = "the working tree" if here.revision is None else _name(head or "HEAD", here.revision)
    return _Sides(State(tree, old_settings, name), State(here.tree, settings, head_name), changes, late, tree, notes)


def _settings_of_base(tree: Tree, settings: Settings) -> tuple[Settings, tuple[str, ...]]:
    """Read the settings before the change; those after it, with a note, where they are not valid."""
    from gitops_tool.config import load_settings
    from gitops_tool.errors import GitopsError

    try:
        return load_settings(tree), ()
    except GitopsError as error:
        return settings, (f"the base is read by the settings of the head, for its own are not valid: {error}",)


def _base(here: Opened, repo: GitRepo, name: str) -> tuple[Revision, str]:
    """Return the commit to compare with, and what people call it; `...NAME` is where the history left that of NAME."""
    from gitops_tool.git.changes import merge_base

    if not name.startswith("..."):
        revision = repo.resolve(name)
        return revision, _name(name, revision)
    name = name.removeprefix("...")
    revision = merge_base(repo, repo.resolve(name), here.revision or repo.head())
    return revision, _name(name.removeprefix("refs/remotes/"), revision, "where it left ")


def _name(name: str, revision: Revision, how: str = "") -> str:
    return str(revision) if revision.sha.startswith(name) else f"{revision} ({how}{name})"


def _renderers(sides: _Sides) -> tuple[Renderer, Renderer]:
    """Pick what renders each side: the same program, unless the settings for it differ."""
    from gitops_tool.engines import pick_renderer

    renderer, notes = pick_renderer(sides.head.settings)
    before, old_notes = renderer, notes
    if sides.base.settings.kustomize != sides.head.settings.kustomize:
        before, old_notes = pick_renderer(sides.base.settings)
    for note in dict.fromkeys((*notes, *old_notes)):
        click.echo(f"note: {note}", err=True)
    return before, renderer
