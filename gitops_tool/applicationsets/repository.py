"""What the git generator sees of this repository.

Source: Argo CD 3.6, reposerver/repository (GetGitFiles, GetGitDirectories, walkDirectoryTree), which lists files by
`git ls-files` unless it is told to glob in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.applicationsets.globs import path_match, pathspec
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, ROOT, SUBMODULE, walk

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

IsHere = Callable[[str, str], bool | None]
"""Whether a URL and a revision are those of the files here; None where that is not known."""

_WILDCARD = lazy_pattern(r"[*?\[\\]")
_PINNED = lazy_pattern(r"[0-9a-f]{7,40}|v?\d+(\.[\dx*]+)*([-+].*)?|refs/tags/.*|.*[~^<>=|*].*")


@record
class PathPattern:
    """An entry of `directories` or `files`."""

    path: str
    exclude: bool = False


@record
class Repository:
    """The files here, and whose they are."""

    tree: Tree
    is_here: IsHere

    def holds(self, url: str, revision: str) -> bool | None:
        """Whether a generator reads the files here: never at a tag or commit, which stays what it is."""
        return False if _PINNED.fullmatch(revision) else self.is_here(url, revision)

    def directories(self, patterns: Sequence[PathPattern]) -> list[PurePosixPath]:
        """Return the directories that are included and not excluded, in order; hidden ones do not count."""
        found = {
            path
            for pattern in patterns
            if not pattern.exclude
            for path in self._directories(ROOT, pattern.path.split("/"))
        }
        excluded = [path_match(pattern.path) for pattern in patterns if pattern.exclude]
        return sorted(path for path in found if not any(wanted.fullmatch(str(path)) for wanted in excluded))

    def _directories(self, start: PurePosixPath, parts: Sequence[str]) -> Iterator[PurePosixPath]:
        """Walk down a pattern, one directory at a time: only those on its way are read."""
        pending = [(start, 0)]
        while pending:
            path, depth = pending.pop()
            if depth == len(parts):
                yield path
                continue
            wanted = path_match(parts[depth])
            pending.extend(
                (path / name, depth + 1)
                for name, mode in self.tree.modes(path).items()
                if mode in {DIRECTORY, SUBMODULE} and not name.startswith(".") and wanted.fullmatch(name)
            )

    def files(self, patterns: Sequence[PathPattern]) -> list[PurePosixPath]:
        """Return the files that are included and not excluded, in order.

        Raises:
            ValueError: a pattern is one that git refuses, with the reason.
        """
        found = {path for pattern in patterns if not pattern.exclude for path in self._files(pattern.path)}
        for pattern in patterns:
            if pattern.exclude:
                found.difference_update(self._files(pattern.path))
        return sorted(found, key=str)

    def _files(self, pattern: str) -> Iterator[PurePosixPath]:
        parts = _parts(pattern)
        literal = list(takewhile(lambda part: not _WILDCARD.search(part), parts))
        start = PurePosixPath(*literal[:-1]) if literal == parts else PurePosixPath(*literal)
        wanted = pathspec("/".join(parts) + ("/" if parts and pattern.endswith(("/", "/.")) else ""))
        yield from (path for path, _ in walk(self.tree, start) if wanted.fullmatch(str(path)))


def _parts(pattern: str) -> list[str]:
    """Return a pathspec's parts, cleaned up as git does before it looks for wildcards."""
    parts: list[str] = []
    for part in pattern.split("/"):
        if part == ".." and parts:
            parts.pop()
        elif part == "..":
            raise ValueError(f'"{pattern}" is outside the repository')
        elif part not in {"", "."}:
            parts.append(part)
    if pattern.startswith("/"):
        raise ValueError(f'"{pattern}" is outside the repository')
    return parts
