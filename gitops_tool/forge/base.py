"""What every forge can do for a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKER = "<!-- gitops:"
"""The beginning of the hidden line that tells our own merge requests and comments from others."""


@record
class Wanted:
    """A merge request as it should be.

    `summary` is its description where that has to be one line; `keys` name the apps and environments that
    it changes, as `payment-service/staging`.
    """

    source: str
    target: str
    title: str
    description: str
    summary: str
    keys: tuple[str, ...]
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    auto_merge: bool = False

    @property
    def body(self) -> str:
        """The description with the hidden line that later runs find it by."""
        return f"{self.description}\n\n{MARKER} {', '.join(self.keys)} -->\n"


@record
class MergeRequest:
    """A merge request as it is. `number` is the one that people read, within its project."""

    number: int
    url: str
    source: str
    target: str
    body: str

    @property
    def keys(self) -> frozenset[str]:
        """The apps and environments that it changes; none if it is not one of ours."""
        line = next((line for line in self.body.splitlines() if line.startswith(MARKER)), "")
        listed = line.removeprefix(MARKER).removesuffix("-->").split(",")
        return frozenset(key.strip() for key in listed if key.strip())


class Forge(Protocol):
    """One project of a forge. Every method raises `ForgeError` when the forge refuses or cannot be reached."""

    def open_requests(self, target: str) -> Sequence[MergeRequest]:
        """Return the merge requests into a branch that are open."""
        ...

    def create(self, wanted: Wanted) -> MergeRequest:
        """Open a merge request."""
        ...

    def update(self, request: MergeRequest, wanted: Wanted) -> MergeRequest:
        """Make an open merge request as it should be; labels and reviewers of others stay."""
        ...

    def merge_when_ready(self, request: MergeRequest, sha: str) -> None:
        """Have the forge merge it when its pipeline has passed, if it is still at that commit."""
        ...

    def close(self, request: MergeRequest, reason: str) -> None:
        """Close a merge request with a comment, and remove its branch."""
        ...

    def comment(self, number: int, name: str, text: str) -> str:
        """Put a comment under a merge request, in place of the earlier one of that name; return where it is."""
        ...
