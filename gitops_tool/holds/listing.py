"""What holds and freezes say at a moment, for those who ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError
from gitops_tool.holds import list_holds
from gitops_tool.holds.files import EVERYWHERE, FREEZES
from gitops_tool.holds.times import moment
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree


class State(StrEnum):
    """Whether changes are kept away now."""

    ACTIVE = "active"
    FUTURE = "future"
    ENDED = "ended"
    MALFORMED = "malformed"
    """The file cannot be read, which keeps changes away."""


@record
class Holding:
    """A hold of an app's environment, or a freeze: then without `app`, and of all environments without any.

    `path` is the file to look at; a weekly window is listed while it is open.
    """

    path: PurePosixPath
    state: State
    app: str | None
    environment: str | None
    reason: str
    author: str | None = None
    starts: datetime | None = None
    until: datetime | None = None
    versions: tuple[str, ...] = ()


def holding(tree: Tree, settings: Settings, now: float) -> list[Holding]:
    """Return every hold and freeze that is written in a tree, and the weekly windows that are open."""
    here = moment(now)
    return [*_files(tree, here), *_windows(settings, here)]


def _files(tree: Tree, now: datetime) -> Iterator[Holding]:
    for path, found in list_holds(tree):
        frozen = path == EVERYWHERE or path.parent == FREEZES
        app = None if frozen else path.parent.name
        environment = None if path == EVERYWHERE else path.stem
        if isinstance(found, GitopsError):
            yield Holding(path, State.MALFORMED, app, environment, str(found))
            continue
        state = State.ACTIVE if found.is_active(now) else State.ENDED if found.is_over(now) else State.FUTURE
        times = (found.starts, found.until)
        yield Holding(path, state, app, environment, found.reason, found.author, *times, found.versions)


def _windows(settings: Settings, now: datetime) -> Iterator[Holding]:
    for window in settings.freezes:
        end = window.end(now)
        if end is not None:
            for environment in window.environments or (None,):
                path = window.location.path
                yield Holding(path, State.ACTIVE, None, environment, window.reason, until=end)
