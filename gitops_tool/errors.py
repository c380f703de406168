"""The exception tree and the exit codes: what stops the work, where, and the way out."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitops_tool.model import Finding, Location


class ExitCode(IntEnum):
    """What the command's exit status tells a script."""

    OK = 0
    """Done, or nothing to do."""
    FINDINGS = 1
    """Findings of severity error, or differences under `--exit-code`."""
    USAGE = 2
    """The command line is wrong."""
    FAULT = 3
    """The repository, a tool or a server is at fault."""
    RACE_LOST = 4
    """Other pushes won until the deadline; safe to run again."""
    SUPERSEDED = 5
    """The same value was changed to something else meanwhile."""
    BUG = 70
    """A defect of this program."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""


class GitopsError(Exception):
    """Stops the work; carries the place, the cause and the way out.

    Args:
        message: what is wrong, lower case, without a full stop, the thing in double quotes.
        location: where in the repository, if a file is to blame.
        hint: what to do about it.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT

    def __init__(self, message: str, *, location: Location | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint

    def __str__(self) -> str:
        """Return `<path:line:column>: <message>`, as it is printed after `error: `."""
        return f"{self.location}: {self.message}" if self.location else self.message


class UsageError(GitopsError):
    """The command line asks for something that cannot be meant."""

    exit_code = ExitCode.USAGE


class ImageError(UsageError):
    """A text is not an image reference, tag or digest."""


class YamlError(GitopsError):
    """A YAML file cannot be read, or cannot be edited safely.

    `line` and `column` count from 1; both are 0 where the file as a whole is to blame.
    """

    @property
    def line(self) -> int:
        """The line to blame, from 1."""
        return self.location.line if self.location else 0

    @property
    def column(self) -> int:
        """The column to blame, from 1, in characters."""
        return self.location.column if self.location else 0


class YamlLimitError(YamlError):
    """A YAML file is larger, deeper or more entangled than anything honest is."""


class ConfigError(GitopsError):
    """`gitops.yaml` is not valid."""


class TemplateError(GitopsError):
    """A template cannot be filled in."""


class LayoutError(GitopsError):
    """The repository's directories do not hold what was asked for."""


class TreeError(GitopsError):
    """A file of a tree cannot be read: missing, a directory, or a link out of the repository."""


class ToolError(GitopsError):
    """An external program is missing, too old, or failed for a reason of its own."""


class RenderError(GitopsError):
    """Kustomize refuses to build an overlay; the message is kustomize's own."""


class GitError(GitopsError):
    """Git failed; the message is git's or the server's own, with credentials redacted."""


class PushRejectedError(GitError):
    """The server refused the push for a reason that trying again does not mend."""


class ForgeError(GitopsError):
    """A forge refuses, or cannot be reached; the message has its own words.

    `status` is that of HTTP; 0 where no answer came.
    """

    def __init__(self, message: str, *, hint: str | None = None, status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class RaceLostError(GitopsError):
    """Others pushed first, again and again, until the deadline."""

    exit_code = ExitCode.RACE_LOST


class SupersededError(GitopsError):
    """The value to change was changed to something else since the work began."""

    exit_code = ExitCode.SUPERSEDED


class FindingsError(GitopsError):
    """The change would put something on the branch that cannot be synced.

    Args:
        message: what was refused.
        findings: why, each at its source line.
        lines: the text of the source line of each location that has one.
        hint: the way out.
    """

    exit_code = ExitCode.FINDINGS

    def __init__(
        self,
        message: str,
        findings: tuple[Finding, ...],
        *,
        lines: Mapping[Location, str],
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.findings = findings
        self.lines = lines
