"""The top-level command, its sub-commands loaded when they are called, and how every error ends."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from gitops_tool import __version__
from gitops_tool.cli.commands import MODULES, SECTIONS
from gitops_tool.errors import ExitCode, FindingsError, GitopsError, UsageError
from gitops_tool.records import record
from gitops_tool.wording import did_you_mean, harmless, quoted

_LINES = "\n\t"
"""What may be in a message, besides what is printable."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in MODULES:
            return None
        command = getattr(importlib.import_module(MODULES[cmd_name]), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; an unknown name gets a suggestion."""
        if args[0] not in MODULES and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise UsageError(
                f"no command {quoted(args[0])}", hint=did_you_mean(args[0], MODULES) or "see `gitops --help`"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])


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
    _clean_up_at_the_end()
    try:
        status = main.main(list(arguments), prog_name="gitops", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except _SignalError as ended:
        with suppress(OSError):  # the terminal may be what went away
            click.echo("\nterminated", err=True)
        return 128 + ended.number
    except SystemExit as ended:  # how click ends when a shell asked for completions
        return ended.code if isinstance(ended.code, int) else ExitCode.OK
    except BaseException as error:
        if os.environ.get("GITOPS_DEBUG") and _status_of(error) is ExitCode.BUG:
            raise
        _report(error)
        return _status_of(error)
    return status if isinstance(status, int) else ExitCode.OK


class _SignalError(BaseException):
    """A signal ends the program."""

    def __init__(self, number: int) -> None:
        self.number = number


def _clean_up_at_the_end() -> None:
    """Let a signal that ends the program be followed by what an interruption is followed by: nothing is left behind.

    A pipeline's job that is cancelled gets SIGTERM, and a while later SIGKILL.
    """
    ending = [number for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_DFL]

    def end(number: int, _frame: object) -> None:
        for each in ending:
            signal.signal(each, signal.SIG_IGN)  # once is enough
        raise _SignalError(number)

    for number in ending:
        signal.signal(number, end)


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
            _fail(_in_our_style(error), f"see `{error.ctx.command_path} --help`" if error.ctx else None)
        case click.ClickException():
            _fail(_in_our_style(error), None)
        case click.Abort() | KeyboardInterrupt():
            click.echo("interrupted", err=True)
        case BrokenPipeError():
            # The reader is gone; what is still buffered must not raise again at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        case OSError():
            reason = error.strerror or str(error)
            _fail(f'"{error.filename}": {reason}' if error.filename else reason, _way_out(error))
        case _:
            hint = "run it again with GITOPS_DEBUG=1 and report what it prints"
            _fail(f"this is a bug in gitops: {type(error).__name__}: {error}", hint)


def _in_our_style(error: click.ClickException) -> str:
    """Return click's message as ours are: it begins with a small letter, and has no full stop."""
    text = error.format_message()
    text = text[:1].lower() + text[1:] if text[1:2].islower() else text
    return text[:-1] if text.endswith(".") and ". " not in text else text


def _way_out(error: OSError) -> str | None:
    """Return the hint for what people meet: disks that are full, places that are not theirs."""
    import errno

    if error.errno == errno.ENOSPC:
        return "make room on the disk, and run it again"
    return "check its permissions" if error.errno in {errno.EACCES, errno.EPERM} else None


def _fail(message: str, hint: str | None) -> None:
    click.echo(f"error: {harmless(message, keep=_LINES)}", err=True)
    if hint:
        click.echo(f"hint: {harmless(hint, keep=_LINES)}", err=True)
