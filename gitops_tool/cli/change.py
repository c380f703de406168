"""What every mutating command shares: its options, and how a change is carried out and printed."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

import click

from gitops_tool import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_tool.changes import Change
    from gitops_tool.cli.app import Session
    from gitops_tool.git import GitRepo
    from gitops_tool.pipeline import Outcome, PushOptions
    from gitops_tool.schemas import SchemaEngine

_LONGEST_TIMEOUT = 86_400
"""Seconds; a day."""


@records.record
class ChangeOptions:
    """Where a change goes and how it is shown; see the options' help. `timeout` is in seconds."""

    repo: str | None
    push: bool
    branch: str | None
    remote: str
    timeout: float
    last_wins: bool
    dry_run: bool
    no_commit: bool
    message: str | None
    sign: bool
    engine: str
    output: str
    mr: bool
    mr_branch: str | None
    labels: tuple[str, ...]
    reviewers: tuple[str, ...]
    auto_merge: bool

    @property
    def _leaves_here(self) -> bool:
        return self.push or self.mr or self.dry_run

    @property
    def _asks_for_review(self) -> bool:
        return bool(self.mr_branch or self.labels or self.reviewers or self.auto_merge)

    def refuse_contradictions(self) -> None:
        """Stop at options that contradict each other.

        Raises:
            click.UsageError: with the pair.
        """
        contradictions = [
            (self.no_commit and self.push, "--no-commit and --push contradict each other"),
            (self.no_commit and self.dry_run, "--no-commit and --dry-run contradict each other"),
            (self.no_commit and self.sign, "--no-commit and --sign contradict each other"),
            (self.branch is not None and not (self.push or self.mr or self.repo), "--branch goes with --push or --mr"),
            (self.last_wins and not self.push, "--last-wins goes with --push"),
            (self.mr and self.push, "--mr and --push contradict each other: one is for review, the other for good"),
            (self.mr and self.no_commit, "--mr and --no-commit contradict each other"),
            (not self.mr and self._asks_for_review, "--mr-branch, --label, --reviewer and --auto-merge go with --mr"),
            (self.repo is not None and self.no_commit, "--repo has no files to write: --no-commit contradicts it"),
            (self.repo is not None and not self._leaves_here, "--repo goes with --push, --mr or --dry-run"),
        ]
        for found, message in contradictions:
            if found:
                raise click.UsageError(message)


def _seconds(ctx: click.Context, option: click.Parameter, value: float) -> float:
    """Refuse what no clock can count to; click's ranges let "nan" pass."""
    if not 0 < value <= _LONGEST_TIMEOUT:
        raise click.BadParameter(f"{value:g} is not between 0 and {_LONGEST_TIMEOUT} seconds")
    return value


_LONGEST_DESCRIPTION = 60_000
"""Characters; GitHub takes 65,536, and nobody reads GitLab's million."""

_PLACEHOLDERS = "{app}, {environment}, {image}, {old}, {new}, {short}"
_LAST_WINS = click.option("--last-wins", is_flag=True, help="Overwrite what others set meanwhile, instead of exit 5.")

override_option = click.option(
    "--override", metavar="REASON", help="Overrule holds and freezes; the commit records the reason."
)


def _options(placeholders: str) -> list[Callable[[Any], Any]]:
    with_placeholders = f" with {placeholders}" if placeholders else ""
    return [
        click.option(
            "--repo",
            metavar="URL",
            envvar="GITOPS_REPO",
            help="Change this repository, without a checkout, instead of the one around the folder.",
        ),
        click.option(
            "--push", is_flag=True, help="Build on the remote branch's tip and push, again if others push first."
        ),
        click.option("--branch", metavar="B", help="Branch to push to. [default: what the current branch tracks]"),
        click.option("--remote", default="origin", show_default=True, metavar="R", help="Remote to push to."),
        click.option(
            "--timeout",
            type=float,
            callback=_seconds,
            default=120.0,
            show_default=True,
            metavar="SECONDS",
            help="When to stop trying to push (exit 4).",
        ),
        _LAST_WINS,
        click.option("--mr", is_flag=True, help="Open a merge request, or bring the open one up to date."),
        click.option("--mr-branch", metavar="B", help="Its branch. [default: one for the apps and environments]"),
        click.option("--label", "labels", multiple=True, metavar="L", help="Label of the merge request; repeatable."),
        click.option("--reviewer", "reviewers", multiple=True, metavar="USER", help="Who is to review it; repeatable."),
        click.option("--auto-merge", is_flag=True, help="Merge it when its pipeline has passed."),
        click.option(
            "--dry-run", is_flag=True, help="Show the edit, the rendered diff and the findings; write nothing."
        ),
        click.option("--no-commit", is_flag=True, help="Write the files only."),
        click.option("--message", metavar="TEMPLATE", help=f"Commit message{with_placeholders}."),
        click.option("--sign", is_flag=True, help="Sign the commit, as `git commit -S` does."),
        click.option(
            "--engine",
            type=click.Choice(["auto", "kubeconform", "embedded"]),
            default="auto",
            show_default=True,
            help="What checks schemas.",
        ),
        click.option(
            "--output",
            type=click.Choice(["text", "json"]),
            default="text",
            show_default=True,
            help="Format of the result.",
        ),
    ]


def change_options(
    *, last_wins: bool = True, placeholders: str = _PLACEHOLDERS
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command the options that every change has; it gets them as one `options`.

    Args:
        last_wins: whether the change sets values that others can set to something else meanwhile.
        placeholders: what `--message` can contain, for its help.
    """

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        names = records.names(ChangeOptions)

        @functools.wraps(command)
        def called(*args: Any, **values: Any) -> int:
            own = {name: values.pop(name) for name in names if name in values}
            options = ChangeOptions(**{"last_wins": False} | own)
            options.refuse_contradictions()
            return command(*args, options=options, **values)

        for option in reversed(_options(placeholders)):
            if last_wins or option is not _LAST_WINS:
                called = option(called)
        return called

    return decorate


def carry_out(
    session: Session, change: Change, options: ChangeOptions, as_json: Callable[[Outcome], str] | None = None
) -> int:
    """Carry a change out as the options say, print how it went, and return the exit status.

    `as_json` writes the document of a command whose result is more than what changed.
    """
    return report(_carried_out(session, change, options), options, as_json)


def preview(session: Session, change: Change, options: ChangeOptions) -> Outcome:
    """Return what a change would do where the options put it, without writing anything."""
    from gitops_tool import pipeline
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo
    from gitops_tool.schemas import SchemaEngine

    if not options.no_commit:
        return _carried_out(session, change, records.replace(options, dry_run=True))
    root = session.folder
    try:
        repo = GitRepo.open(root)
        root = repo.root or root
        repo.close()
    except GitError:
        pass
    return pipeline.dry_run_of_files(change, root, SchemaEngine(options.engine))


def report(outcome: Outcome, options: ChangeOptions, as_json: Callable[[Outcome], str] | None = None) -> int:
    """Print how a change went, and return the exit status."""
    from gitops_tool.errors import ExitCode
    from gitops_tool.model import Severity

    for note in (*outcome.plan.notes, *outcome.notes):
        click.echo(f"note: {note}", err=True)
    _print(outcome, options, as_json)
    if os.environ.get("GITOPS_WEBHOOK"):
        _notify(outcome)
    errors = any(finding.severity is Severity.ERROR for finding in outcome.plan.findings)
    return ExitCode.FINDINGS if errors else ExitCode.OK


def _notify(outcome: Outcome) -> None:
    """Tell the webhook what has left this machine."""
    from gitops_tool import notify
    from gitops_tool.output.event import outcome_event
    from gitops_tool.pipeline import Status

    left = outcome.attempts and outcome.status in {Status.PUSHED, Status.REQUESTED}
    if left and (problem := notify.notify(outcome_event(outcome))):
        click.echo(f"note: {problem}", err=True)


def _push_options(options: ChangeOptions) -> PushOptions | None:
    from gitops_tool.pipeline import PushOptions

    if not (options.push or options.mr):
        return None
    return PushOptions(options.remote, options.branch, options.timeout, options.last_wins)


def _carried_out(session: Session, change: Change, options: ChangeOptions) -> Outcome:
    from gitops_tool import pipeline
    from gitops_tool.errors import GitError
    from gitops_tool.git import GitRepo
    from gitops_tool.schemas import SchemaEngine

    engine = SchemaEngine(options.engine)
    if options.repo is not None:
        return _carried_out_remotely(options.repo, change, options, engine)
    try:
        repo = GitRepo.open(session.folder)
    except GitError:
        if options.no_commit:
            return pipeline.write_files(change, session.folder, engine)
        raise
    try:
        if options.no_commit:
            return pipeline.write_files(change, repo.root or session.folder, engine)
        push = _push_options(options)
        if options.dry_run:
            return pipeline.dry_run(repo, change, push, engine)
        if push:
            return _published(repo, change, options, push, engine)
        return pipeline.commit(repo, change, sign=options.sign, engine=engine)
    finally:
        repo.close()


def _carried_out_remotely(url: str, change: Change, options: ChangeOptions, engine: SchemaEngine) -> Outcome:
    """Carry a change out in a clone of the cache, without a checkout."""
    import time

    from gitops_tool import pipeline
    from gitops_tool.cachedir import cache_dir
    from gitops_tool.git.mirror import with_mirror
    from gitops_tool.pipeline import PushOptions

    push = PushOptions("origin", options.branch, options.timeout, options.last_wins)

    def act(repo: GitRepo) -> Outcome:
        if options.dry_run:
            return pipeline.dry_run(repo, change, push, engine)
        return _published(repo, change, options, push, engine)

    return with_mirror(url, cache_dir() / "repositories", time.monotonic() + options.timeout, act)


def _published(
    repo: GitRepo, change: Change, options: ChangeOptions, push: PushOptions, engine: SchemaEngine
) -> Outcome:
    """Push a change, or put it up for review."""
    if not options.mr:
        from gitops_tool import pipeline

        return pipeline.publish(repo, change, push, sign=options.sign, engine=engine, report=_progress)
    from gitops_tool.cli.forge import forge_if_any
    from gitops_tool.output.review import plan_markdown
    from gitops_tool.pipeline.review import Reviewer, ReviewOptions, request_review

    review = ReviewOptions(options.mr_branch, options.labels, options.reviewers, options.auto_merge)
    forge = forge_if_any(repo.remote(options.remote if options.repo is None else "origin").url)
    reviewer = Reviewer(lambda plan: plan_markdown(plan, _LONGEST_DESCRIPTION), forge)
    return request_review(repo, change, push, review, reviewer, sign=options.sign, engine=engine)


def _progress(message: str) -> None:
    click.echo(message, err=True)


def _print(outcome: Outcome, options: ChangeOptions, as_json: Callable[[Outcome], str] | None) -> None:
    if options.output == "json":
        from gitops_tool.output.json import outcome_json

        click.echo((as_json or outcome_json)(outcome))
        return
    from gitops_tool.output.text import outcome_text

    click.echo(outcome_text(outcome, options.remote if options.push or options.mr else None), nl=False)
