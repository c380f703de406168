"""Files that a promotion copies from one overlay to another, as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.records import record
from gitops_tool.tree import FILES, is_file, mode_at, read, resolve, walk

if TYPE_CHECKING:
    from gitops_tool.model import Location, Overlay
    from gitops_tool.tree import Tree

_PARTS = re.compile(r"(\*\*/|\*\*|\*|\?)")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@record
class FileSetting:
    """A file of an overlay, from one content to another; see `Setting`. `old` and `new` are git's ids of them."""

    overlay: Overlay
    source: Overlay
    name: str
    old: str
    new: str
    location: Location

    @property
    def kind(self) -> str:
        """See `Setting`."""
        return "file"

    @property
    def key(self) -> str:
        """The file's path in the overlay."""
        return f"file {self.name}"

    @property
    def old_text(self) -> str:
        """The content's id as it is; empty if there is no such file."""
        return self.old[:12]

    @property
    def new_text(self) -> str:
        """The content's id as it should be."""
        return self.new[:12] or "removed"

    @property
    def short_text(self) -> str:
        """Whose content it gets."""
        return f"that of {self.source.environment}"

    @property
    def is_done(self) -> bool:
        """Whether the contents are the same."""
        return self.old == self.new

    def trailers(self) -> list[str]:
        """See `Setting`."""
        return [
            f"Gitops-App: {self.overlay.app}",
            f"Gitops-Environment: {self.overlay.environment}",
            f"Gitops-File: {self.name} {self.old_text or 'none'} -> {self.new_text}",
        ]


def matching_files(tree: Tree, directory: PurePosixPath, patterns: Sequence[str]) -> Iterator[str]:
    """Yield the files of a directory that one of the patterns matches, by their paths in it.

    `*` and `?` stop at slashes, `**` does not. A link counts as the file it leads to.
    """
    real = resolve(tree, directory)
    for path, _ in walk(tree, real):
        name = str(path.relative_to(real))
        if any(_expression(pattern).fullmatch(name) for pattern in patterns) and is_file(tree, path):
            yield name


@lru_cache(maxsize=64)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_MEANING.get(part) or re.escape(part) for part in _PARTS.split(pattern)), re.DOTALL)


def copied(
    tree: Tree, source: Overlay, target: Overlay, names: Sequence[str]
) -> Iterator[tuple[PurePosixPath, bytes | None]]:
    """Yield the target's files with the source's content, None for one that the source does not have."""
    for name in names:
        origin, path = source.path / name, resolve(tree, target.path / name)
        yield path, read(tree, origin) if is_file(tree, origin) else None


def content_id(tree: Tree, path: PurePosixPath) -> str:
    """Return git's id of a file's content, links followed; empty if there is no such file."""
    real = resolve(tree, path)
    return tree.oid(real) if mode_at(tree, real) in FILES else ""
