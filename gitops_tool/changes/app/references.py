"""Where a repository's files name an app, as a word of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Location
from gitops_tool.tree import ROOT

if TYPE_CHECKING:
    from gitops_tool.tree import Tree


def mentions(tree: Tree, name: str, without: Collection[PurePosixPath] = ()) -> Iterator[Location]:
    """Yield the lines of YAML files that name an app, or an object called after it.

    Args:
        tree: the repository.
        name: the app's.
        without: files that are not looked at.
    """
    word = re.compile(rf"(?<![A-Za-z0-9._-]){re.escape(name)}(?![A-Za-z0-9_])")
    for path in tree.search([name], ROOT):
        if path in without or not path.name.endswith(MANIFEST_SUFFIXES):
            continue
        for number, line in enumerate(tree.blob(path).decode("utf-8", "replace").splitlines(), start=1):
            if word.search(line):
                yield Location(path, number)


def mention_lines(found: Iterator[Location], most: int = 20) -> list[str]:
    """Return places as lines for people, cut to a number that can be read."""
    places = [str(place) for place in found]
    more = [f"... and {len(places) - most} more"] if len(places) > most else []
    return [*places[:most], *more]
