"""Diffs as people read them: of a file's lines, and of rendered objects with secrets masked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_tool.model import Edit, ResourceDiff

_CONTEXT = 3


def edit_lines(edit: Edit) -> list[str]:
    """Return the changed lines of an edit, `-` and `+` in front, without context."""
    return [line for line in unified(_lines(edit.before), _lines(edit.after), context=0) if not line.startswith("@@")]


def resource_diff(diff: ResourceDiff) -> list[str]:
    """Return an object's difference as a unified diff of YAML; values of Secrets show as "changed"."""
    before, after = masked(diff.before, diff.after)
    return list(unified(yaml_lines(before), yaml_lines(after), context=_CONTEXT))


def masked(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """Return both sides of an object with secret values replaced, so that neither can be read or guessed."""
    from gitops_tool.diff.concealing import concealed, shown_pair

    return shown_pair(*(None if body is None else concealed(body) for body in (before, after)))


def _lines(data: bytes | None) -> list[str]:
    return (data or b"").decode("utf-8", "replace").splitlines()


def yaml_lines(body: Mapping[str, Any] | list[Any] | None) -> list[str]:
    """Return a value as lines of YAML; none for nothing."""
    if body is None:
        return []
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(
        dict(body) if isinstance(body, Mapping) else body,
        Dumper=dumper,
        sort_keys=False,
        allow_unicode=True,
        width=2**20,
    )
    return text.splitlines()


def unified(before: list[str], after: list[str], context: int) -> Iterator[str]:
    """Yield the lines of a unified diff, without its head and the numbers of its hunks."""
    lines: Iterable[str] = difflib.unified_diff(before, after, lineterm="", n=context)
    for number, line in enumerate(lines):
        if number >= 2:
            yield line if not line.startswith("@@") else "@@"
