"""The top-level command, its sub-commands loaded when they are called, and how every error ends."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gitops_tool import __version__
from gitops_tool.errors import ExitCode, FindingsError, GitopsError
from gitops_tool.records import record

_COMMANDS = {
    "adopt": ("gitops_tool.cli.adopt", "Write gitops.yaml for a repository that nobody prepared."),
    "affected": ("gitops_tool.cli.affected", "List the overlays that a change reaches, for CI."),
    "app": ("gitops_tool.cli.apps", "Create, list, rename and delete apps, and put them into environments."),
    "argocd": ("gitops_tool.cli.argocd", "Make Applications from the directories, and find where the two differ."),
    "bump": ("gitops_tool.cli.bump", "Set an app's image to a tag or digest, through a commit."),
    "completion": ("gitops_tool.cli.shells", "Print what a shell loads to complete commands, apps and environments."),
    "comment": ("gitops_tool.cli.comment", "Post the rendered diff and the findings under a merge request."),
    "diff": (
        "gitops_tool.cli.diff",
        "Show what changes in the cluster, from both sides rendered.",
    ),
    "explain": ("gitops_tool.cli.rules", "Tell why a rule is there, with examples and its source."),
    "init": ("gitops_tool.cli.init", "Set up a repository of manifests: settings, CI, hooks, Argo CD's objects."),
    "history": ("gitops_tool.cli.history", "List every version that ran: when, by whom, and how."),
    "schemas": ("gitops_tool.cli.schemas", "List the schemas that manifests are checked against, or import some."),
    "service": ("gitops_tool.cli.service", "Write what an application's own repository needs: image, pipeline."),
    "status": ("gitops_tool.cli.status", "Show what runs where, since when, and how far behind."),
    "freeze": ("gitops_tool.cli.hold", "Keep changes away from an environment, through a commit."),
    "hold": ("gitops_tool.cli.hold", "Keep changes away from an app in an environment, through a commit."),
    "holds": ("gitops_tool.cli.hold", "List what is held and frozen, and why."),
    "preview": ("gitops_tool.cli.preview", "Make environments for a while, for merge requests."),
    "promote": ("gitops_tool.cli.promote", "Copy the tags of one environment to the next, through a commit."),
    "report": ("gitops_tool.cli.report", "Write one page: what runs where, versions over time, changes, findings."),
    "rollback": ("gitops_tool.cli.rollback", "Set an app back to a version it ran before, through a commit."),
    "runbook": ("gitops_tool.cli.runbook", "Print the commands that look into an app that is in trouble."),
    "report-merge": ("gitops_tool.cli.report_merge", "Join the reports of shards into one of the whole."),
    "rules": ("gitops_tool.cli.rules", "List the rules that `gitops validate` checks."),
    "unfreeze": ("gitops_tool.cli.hold", "Let changes of a frozen environment pass again, through a commit."),
    "unhold": ("gitops_tool.cli.hold", "Let changes of a held app pass again, through a commit."),
    "update": ("gitops_tool.cli.update", "Bump images to the newest tag that their policies allow."),
    "validate": ("gitops_tool.cli.validate", "Render every overlay and check it: schemas, API server, Argo CD."),
    "wait": ("gitops_tool.cli.wait", "Wait until Argo CD reports a revision synced and healthy."),
    "tools": ("gitops_tool.cli.tools", "Show which external programs are used, or install them."),
}
"""Each command's module, and its first line of help, so that `--help` loads none of them."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; unknown names get a suggestion from click."""
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in self.list_commands(ctx)])


@record
class Session:
    """What every command gets: the folder to work in."""

    folder: Path


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gitops", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "folder",
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="Work in DIR instead of the current folder.",
)
@click.pass_context
def main(ctx: click.Context, folder: Path) -> None:
    """Keep a repository of Kubernetes manifests that Argo CD syncs from.

    Exit status: 0 done or nothing to do, 1 findings, 2 usage, 3 the repository or a tool is at fault,
    4 a push race was lost (safe to retry), 5 superseded, 70 a bug, 130 interrupted.
    """
    ctx.obj = Session(folder)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status; no traceback reaches the user.

    With `GITOPS_DEBUG=1`, a bug shows where it is.
    """
    try:
        status = main.main(list(arguments), prog_name="gitops", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except SystemExit as ended:  # how click ends when a shell asked for completions
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
    except BaseException as error:
        if os.environ.get("GITOPS_DEBUG") and _status_of(error) is ExitCode.BUG:
            raise
        _report(error)
        return _status_of(error)
    return status if isinstance(status, int) else ExitCode.OK


def _status_of(error: BaseException) -> ExitCode:
    if isinstance(error, GitopsError):
        return error.exit_code
    if isinstance(error, click.UsageError):
        return ExitCode.USAGE
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    return ExitCode.FAULT if isinstance(error, click.ClickException | OSError) else ExitCode.BUG


def _report(error: BaseException) -> None:
    """Say on stderr what stopped the work, and the way out."""
    match error:
        case FindingsError():
            from gitops_tool.output.text import findings_text

            click.echo(findings_text(error.findings, error.lines), err=True, nl=False)
            _fail(str(error), error.hint)
        case GitopsError():
            _fail(str(error), error.hint)
        case click.UsageError():
            _fail(error.format_message(), f"see `{error.ctx.command_path} --help`" if error.ctx else None)
        case click.ClickException():
            _fail(error.format_message(), None)
        case click.Abort() | KeyboardInterrupt():
            click.echo("interrupted", err=True)
        case BrokenPipeError():
            # The reader is gone; what is still buffered must not raise again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case OSError():
            _fail(f"{error.strerror or error}: {error.filename}" if error.filename else str(error), None)
        case _:
            hint = "run it again with GITOPS_DEBUG=1 and report what it prints"
            _fail(f"this is a bug in gitops: {type(error).__name__}: {error}", hint)


def _fail(message: str, hint: str | None) -> None:
    click.echo(f"error: {_harmless(message)}", err=True)
    if hint:
        click.echo(f"hint: {_harmless(hint)}", err=True)


def _harmless(text: str) -> str:
    """Escape what would move a terminal's cursor or colours: names, and servers' words, may hold anything."""
    return "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)
