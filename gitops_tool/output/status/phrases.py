"""The words for versions, lags and origins that the formats share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.changes.message import short
from gitops_tool.images import ImageRef
from gitops_tool.output.times import span
from gitops_tool.status.changes import How
from gitops_tool.wording import counted, harmless

if TYPE_CHECKING:
    from gitops_tool.status.changes import VersionChange
    from gitops_tool.status.history import History
    from gitops_tool.status.matrix import ImageStatus, Lag

NOTHING = "-"
GONE = "(gone)"
HOW = {
    How.BUMP: "bump",
    How.PROMOTE: "promote",
    How.ROLLBACK: "rollback",
    How.REVERT: "git revert",
    How.CREATED: "created",
    How.EDIT: "hand edit",
}


def shown(version: ImageRef | None) -> str:
    """Return a version in the length for a table: commit ids in 7 digits, digests in 12."""
    if version is None or not (version.tag or version.digest):
        return NOTHING
    parts = [short(ImageRef("", version.tag))] if version.tag else []
    parts += [short(ImageRef("", None, version.digest))] if version.digest else []
    return harmless("@".join(parts))


def last_part(image: str) -> str:
    """Return an image's name without registry and path."""
    return harmless(image.rpartition("/")[2])


def behind(lag: Lag | None, now: int) -> str:
    """Tell how far an environment is behind: `2 versions, 3 commits, 4 days`."""
    if lag is None:
        return ""
    if lag.versions is None or lag.commits is None or lag.since is None:
        return f"never ran in {harmless(lag.source)}"
    parts = (counted(lag.versions, "version"), counted(lag.commits, "commit"), span(max(0, now - lag.since)))
    return ", ".join(part for part in parts if part != "now")


def age(image: ImageStatus, now: int) -> str:
    """Tell since when a version is on the branch."""
    if image.is_committed is False:
        return "uncommitted"
    return span(max(0, now - image.since.landed.time)) if image.since else NOTHING


def ran(change: VersionChange, now: int) -> str:
    """Tell for how long a version ran: `3 days`, and `still` where no other followed."""
    if change.version is None:
        return NOTHING
    if change.until is None:
        return f"{span(max(0, now - change.landed.time))}, still".removeprefix("now, ")
    length = span(max(0, change.until - change.landed.time))
    return "under a minute" if length == "now" else length


def origin(change: VersionChange, history: History) -> str:
    """Tell how a version came; where a shallow clone ends, only that it was there."""
    if history.is_cut(change) and change.previous is None:
        return "or earlier"
    return "removed" if change.version is None else HOW[change.how]
