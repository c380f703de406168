"""Finds the patterns that directories follow: where in their paths the app and the environment stand."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from gitops_tool.adoption.names import is_environment, is_holder, stage
from gitops_tool.config import LAYOUTS
from gitops_tool.records import record

MAX_PATTERNS = 20
"""More are no layout."""

_SHARED = frozenset({"base", "bases", "common", "component", "components"})
_WORDS = frozenset({"apps", "applications", "services", "manifests", "clusters", "k8s", "kubernetes", "deploy"})
"""Directories for apps, which are hardly apps themselves."""


@record
class Pattern:
    """A pattern of the layout, with the directories that follow it: by path, the app and the environment."""

    text: str
    matches: dict[PurePosixPath, tuple[str, str | None]]


def find_patterns(paths: Collection[PurePosixPath]) -> list[Pattern]:
    """Return the fewest patterns that most of the directories follow.

    Patterns with an environment; only where no path has one, patterns of the app alone. Of two that are as good,
    it is the one of the usual layouts, then the one that does not call a directory for apps an app.
    """
    for candidates in (_with_environment, _with_any_app, _of_app_alone):
        found = _cover({path: list(candidates(path)) for path in paths})
        if found:
            return found
    return []


def _cover(candidates: dict[PurePosixPath, list[str]]) -> list[Pattern]:
    """Take the pattern that most paths follow, then that of most of the rest, until none is left."""
    found: list[Pattern] = []
    left = set(candidates)
    while len(found) < MAX_PATTERNS:
        counts: dict[str, int] = {}
        for path in left:
            for text in candidates[path]:
                counts[text] = counts.get(text, 0) + 1
        if not counts:
            break
        best = min(counts, key=lambda text: (-counts[text], _rank(text)))
        following = (path for path in sorted(left) if best in candidates[path])
        matches = {path: match for path in following if (match := match_of(best, path))}
        left.difference_update(matches)
        found.append(Pattern(best, matches))
    return found


def _rank(text: str) -> tuple[int, bool, int, str]:
    """Return what makes a pattern worse than another with as many paths."""
    parts = PurePosixPath(text).parts
    usual = LAYOUTS.index(text) if text in LAYOUTS else len(LAYOUTS)
    odd = any(part in _WORDS | _SHARED or is_holder(part) for part in parts if part == "{app}")
    app = next(index for index, part in enumerate(parts) if "{app}" in part)
    return usual, odd, -app, text


def _with_environment(path: PurePosixPath) -> Iterator[str]:
    """Yield the patterns with an environment that a path can follow."""
    parts = path.parts
    for index, part in enumerate(parts):
        if is_environment(parts, index):
            apps = (other for other in range(len(parts)) if other != index and _can_be_app(parts[other]))
            yield from (_written(parts, {app: "{app}", index: "{env}"}) for app in apps)
        name, dash, environment = part.rpartition("-")
        if dash and name and stage(environment) is not None:
            yield _written(parts, {index: "{app}-{env}"})


def _with_any_app(path: PurePosixPath) -> Iterator[str]:
    """Yield the patterns of a repository of one app, which is then called like the directory above."""
    parts = path.parts
    for index in range(1, len(parts)):
        if is_environment(parts, index):
            yield _written(parts, {index - 1: "{app}", index: "{env}"})


def _can_be_app(part: str) -> bool:
    return part not in _WORDS | _SHARED and not is_holder(part)


def _of_app_alone(path: PurePosixPath) -> Iterator[str]:
    parts = path.parts
    yield from (_written(parts, {index: "{app}"}) for index in range(len(parts)) if parts[index] not in _SHARED)


def _written(parts: tuple[str, ...], names: dict[int, str]) -> str:
    return "/".join(names.get(index, part) for index, part in enumerate(parts))


def match_of(text: str, path: PurePosixPath) -> tuple[str, str | None] | None:
    """Return the app and the environment of a path that follows a pattern; None if it does not."""
    shape = re.escape(text).replace(r"\{app\}", "(?P<app>[^/]+)").replace(r"\{env\}", "(?P<env>[^/]+)")
    found = re.fullmatch(shape, os.fspath(path))
    if found is None:
        return None
    environment = found.groupdict().get("env")
    return None if environment in _SHARED else (found["app"], environment)
