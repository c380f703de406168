"""Baselines of `gitops validate` and `gitops report-merge`: read, written, and held against a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.cli.reports import write_report

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gitops_tool.validate.baseline import BaselineEntry
    from gitops_tool.validate.run import Result


def read_known(path: Path, name: str) -> Mapping[str, BaselineEntry]:
    """Return the entries of a baseline.

    Raises:
        UsageError: there is no such file.
        ConfigError: it is not a baseline.
    """
    from gitops_tool.errors import UsageError
    from gitops_tool.validate.baseline import read_baseline

    try:
        return read_baseline(path.read_text("utf-8", "replace"), name)
    except FileNotFoundError as error:
        hint = f"write it first: gitops validate --write-baseline {name}"
        raise UsageError(f'the baseline "{name}" does not exist', hint=hint) from error


def write_known(path: Path, result: Result) -> Mapping[str, BaselineEntry]:
    """Write a result as a baseline, and return its entries."""
    from gitops_tool.validate.baseline import baseline_text, read_baseline

    text = baseline_text(result)
    write_report(path, text)
    return read_baseline(text, str(path))


def without_known(result: Result, known: Mapping[str, BaselineEntry], *, every_rule: bool) -> Result:
    """Set aside the findings that a baseline knows; `every_rule` tells whether all rules were asked."""
    from gitops_tool.validate import baseline

    return baseline.without_known(result, known, complete=result.complete and every_rule)
