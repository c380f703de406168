"""Where the report of a validation goes: one format on stdout, others into files."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.tree import Tree
    from gitops_tool.validate.run import Result

_WRITERS = {
    "json": ("gitops_tool.output.json", "result_json"),
    "junit": ("gitops_tool.output.junit", "result_junit"),
    "sarif": ("gitops_tool.output.sarif", "result_sarif"),
    "gitlab": ("gitops_tool.output.gitlab", "result_gitlab"),
    "github": ("gitops_tool.output.github", "result_github"),
    "tap": ("gitops_tool.output.tap", "result_tap"),
}
FORMATS = ("text", *_WRITERS)


@record
class ReportFile:
    """A format, and the file to write it to."""

    format: str
    path: Path


class ReportFileType(click.ParamType[ReportFile]):
    """Reads `FORMAT=FILE`.

    Args:
        formats: the formats that there are.
        example: shows how one is written.
    """

    name = "FORMAT=FILE"

    def __init__(self, formats: Sequence[str] = FORMATS, example: str = "sarif=report.sarif") -> None:
        self.formats = formats
        self.example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> ReportFile:
        """Take the option's text apart."""
        if isinstance(value, ReportFile):
            return value
        name, equals, path = str(value).partition("=")
        if not equals or not path:
            self.fail(f'"{value}" is not FORMAT=FILE, such as {self.example}', param, ctx)
        if name not in self.formats:
            self.fail(f'"{name}" is not a format; there are {", ".join(self.formats)}', param, ctx)
        return ReportFile(name, Path(path))


def check_writable(paths: Iterable[Path]) -> None:
    """Refuse files that cannot be written before the work begins.

    Raises:
        UsageError: one is a folder, in one that does not exist, or named twice.
    """
    from gitops_tool.errors import UsageError

    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            raise UsageError(f'"{path}" is a folder, not a file')
        if not path.parent.is_dir():
            raise UsageError(f'the folder of "{path}" does not exist', hint=f"make it first: mkdir -p {path.parent}")
        if path in seen:
            raise UsageError(f'"{path}" would be written twice')
        seen.add(path)


def report_text(result: Result, tree: Tree, name: str) -> str:
    """Return a result in one of the formats."""
    if name == "text":
        from gitops_tool.findings import source_lines
        from gitops_tool.output.text import result_text

        return result_text(result, source_lines(tree, result.findings))
    module, function = _WRITERS[name]
    write: Callable[[Result], str] = getattr(importlib.import_module(module), function)
    return write(result)


def print_report(text: str) -> None:
    """Print a report; a name that is not UTF-8 shows with question marks."""
    sys.stdout.flush()
    click.echo(text.encode("utf-8", "replace"), nl=False)


def write_report(path: Path, text: str) -> None:
    """Write a file whole or not at all; a device or a pipe is written to as it is.

    Raises:
        OSError: it cannot be written.
    """
    data = text.encode("utf-8", "replace")
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    target = path.resolve()  # a link stays a link
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _umask() -> int:
    """Return the mask for new files, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
