"""What findings point at: the text of their source lines, values of Secrets left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import FILES, mode_at

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.model import Finding, Location
    from gitops_tool.tree import Tree

MASK = "***"
_HARMLESS = lazy_pattern(r"(?:apiVersion|kind|type|immutable):.*|\s*(?:- )?[\w.\-/]+:(?:\s*[|>][-+\d]*)?\s*")
# `key: value`, or `- key=value` of a generator's literals; base64 ends in `=`, too.
_KEY = lazy_pattern(r"""\s*(?:-\s+)*["']?[\w.\-/]+["']?\s*:\s+|\s*-\s+["']?[\w.\-/]+=(?=[^=\s"'])""")


def source_lines(tree: Tree, findings: Iterable[Finding]) -> Mapping[Location, str]:
    """Return the source line of each finding that has one; where the finding is about a Secret, without the value."""
    places: dict[Location, bool] = {}
    for finding in findings:
        secret = finding.resource is not None and finding.resource.kind == "Secret"
        places[finding.location] = places.get(finding.location, False) or secret
    files = {path: _lines(tree, path) for path in {location.path for location in places if location.line}}
    return {
        location: without_value(line) if secret else line
        for location, secret in places.items()
        for line in files.get(location.path, [])[location.line - 1 : location.line]
    }


def _lines(tree: Tree, path: PurePosixPath) -> list[str]:
    if mode_at(tree, path) not in FILES:
        return []
    return tree.blob(path).decode("utf-8-sig", "replace").splitlines()


def without_value(line: str) -> str:
    """Return a line of a Secret, or of what generates one, as far as it may be shown: its key."""
    if _HARMLESS.fullmatch(line) or not line.strip():
        return line
    key = _KEY.match(line)
    shown = key[0] if key else line[: len(line) - len(line.lstrip())]
    return f"{shown}{MASK}"
