"""One version of one image in one environment: since which commit, by whom, and how it came."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from gitops_tool.images import ImageRef
from gitops_tool.model import Revision
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.git.log import Commit
    from gitops_tool.model import Overlay

_TRAILER = re.compile(r"^Gitops-(App|Environment|Image|Action):[ \t]*(.*?)[ \t]*\r?$", re.MULTILINE)
_REVERT = re.compile(r'\ARevert "|^This reverts commit [0-9a-f]{7,64}\b', re.MULTILINE)
_SUBJECT = re.compile(r"(?P<app>[^\s()]+)\((?P<environments>[^()]+)\): (?P<action>bump|promote|rollback|roll back)\b")


class How(StrEnum):
    """What kind of commit set a version."""

    BUMP = "bump"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    REVERT = "revert"
    CREATED = "created"
    """The overlay, or the image in it, appeared with this version."""
    EDIT = "edit"
    """Nothing says that a tool did it: somebody changed the file."""


@record
class VersionChange:
    """An image of an overlay got another version.

    `entry` is what the image's entry is called where the history was read from, `image` the name that was
    rendered then. `version` is None where the image went away, `previous` where it appeared. `landed` is the
    commit of the branch that brought it, `commit` the one that somebody wrote: another one where a merge landed
    it. `touches` counts the commits of the branch that reached the overlay and are newer; `until` is when the
    next version came, in seconds since 1970.
    """

    overlay: Overlay
    entry: str
    image: str
    version: ImageRef | None
    previous: ImageRef | None
    landed: Commit
    commit: Commit
    how: How
    touches: int = 0
    until: int | None = None

    @property
    def revision(self) -> Revision:
        """The first commit of the branch with this version."""
        return Revision(self.landed.sha)


@record
class _Trailers:
    """What one group of trailers says: one image of one overlay, and the action."""

    app: str
    environment: str
    image: str
    action: str | None


def how(message: str, overlay: Overlay, version: ImageRef | None, *, appeared: bool) -> How:
    """Tell from a commit's message what kind of change set a version.

    The trailers count where they name this overlay and this version; then git's own words for a revert;
    then the standard subject, which outlives a squash.
    """
    for group in _groups(message):
        if (group.app, group.environment) == (overlay.app, overlay.environment) and _sets(group, version):
            return _action(group.action or How.BUMP)
    if _REVERT.search(message):
        return How.REVERT
    match = _SUBJECT.match(message)
    if match and match["app"] == overlay.app and overlay.environment in match["environments"].split(","):
        return _action(match["action"])
    return How.CREATED if appeared else How.EDIT


def _groups(message: str) -> Iterator[_Trailers]:
    """Yield the groups of trailers; the last `Gitops-Action` up to a group, or the message's only one, is its own."""
    found = [(match[1], match[2]) for match in _TRAILER.finditer(message)]
    actions = [value for name, value in found if name == "Action"]
    values: dict[str, str] = {"Action": actions[0]} if len(actions) == 1 else {}
    for name, value in found:
        values[name] = value
        if name == "Image":
            yield _Trailers(values.get("App", ""), values.get("Environment", ""), value, values.get("Action"))


def _sets(group: _Trailers, version: ImageRef | None) -> bool:
    new = ImageRef.split(group.image.rpartition(" -> ")[2])
    return version is not None and (new.tag, new.digest) == (version.tag, version.digest)


def _action(word: str) -> How:
    return _ACTIONS.get(word.lower().replace(" ", ""), How.EDIT)


_ACTIONS = {one.value: one for one in How}
