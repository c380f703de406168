"""Where a report goes: a folder of its own, each file written whole or not at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gitops_tool.cli.reports import write_report

if TYPE_CHECKING:
    from pathlib import Path

PAGE, DATA = "index.html", "report.json"


def checked_folder(folder: Path, name: str, *, force: bool) -> Path:
    """Return a folder that a report can be written to; refuse before the work begins what cannot.

    Args:
        folder: need not exist.
        name: what the user calls it.
        force: write beside other files, too.

    Raises:
        UsageError: it is a file, or holds what is no report.
    """
    from gitops_tool.errors import UsageError

    if folder.exists() and not folder.is_dir():
        raise UsageError(f'"{name}" is not a folder')
    if folder.is_dir() and any(folder.iterdir()) and not force and not _is_report(folder / DATA):
        hint = "choose an empty or a new folder, or write beside what is there with --force"
        raise UsageError(f'"{name}" holds something else than a report', hint=hint)
    return folder


def _is_report(path: Path) -> bool:
    """Whether a file is what an earlier report left."""
    from gitops_tool.output.report.json import GENERATOR

    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("generator", "")).startswith(GENERATOR)


def write_page(folder: Path, data: str, page: str) -> tuple[str, ...]:
    """Write both files of a report and return their names; the page comes last, when all else is in place.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((DATA, data), (PAGE, page)):
        write_report(folder / name, text)
    return PAGE, DATA
