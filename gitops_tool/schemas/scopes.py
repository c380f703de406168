"""Tells whether a kind's objects live in a namespace."""

from __future__ import annotations

import json
from functools import cache

from gitops_tool.schemas.catalogue import DATA


def is_namespaced(group: str, kind: str) -> bool | None:
    """Tell whether objects of a kind have a namespace; None if that is not known."""
    return _table().get((group, kind))


@cache
def _table() -> dict[tuple[str, str], bool]:
    content = json.loads((DATA / "scopes.json").read_bytes())
    return {
        (group, kind): word == "namespaced"
        for word in ("cluster", "namespaced")
        for group, kinds in content[word].items()
        for kind in kinds
    }
