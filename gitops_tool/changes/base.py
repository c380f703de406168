"""What every change is to the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from gitops_tool.records import field, record

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Edit, Finding, Location, Overlay
    from gitops_tool.tree import Tree


class Setting(Protocol):
    """One value that a change sets for an overlay, and where it stands now."""

    @property
    def overlay(self) -> Overlay:
        """The overlay whose render the value decides."""
        ...

    @property
    def location(self) -> Location:
        """Where the old value stands."""
        ...

    @property
    def kind(self) -> str:
        """What sort of value it is: `image`, ..."""
        ...

    @property
    def name(self) -> str:
        """What is set, as people know it: the name of an image."""
        ...

    @property
    def key(self) -> str:
        """What tells the value from the overlay's others, in any revision."""
        ...

    @property
    def old_text(self) -> str:
        """The value as it is; empty if there is none."""
        ...

    @property
    def new_text(self) -> str:
        """The value as it should be."""
        ...

    @property
    def short_text(self) -> str:
        """The new value in the length for a subject."""
        ...

    @property
    def is_done(self) -> bool:
        """Whether the value is already what it should be."""
        ...

    def trailers(self) -> list[str]:
        """Return the lines that a commit message tells programs about it."""
        ...


@record
class Proposal:
    """A change applied to one tree.

    `overlays` are rendered before and after the edits and validated; one that exists on one side only renders
    to nothing on the other. `settings` are the values that are set; `summary` tells people what else is done.
    `findings` is what is wrong with it before anything is rendered, such as a hold; `notes` are remarks for people;
    `origins` says for values that were read elsewhere in the repository where that was.
    `unrendered` are the overlays whose effect is not proven, each with the reason.
    """

    edits: tuple[Edit, ...]
    message: str
    overlays: tuple[Overlay, ...] = ()
    settings: tuple[Setting, ...] = ()
    summary: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    origins: Mapping[Overlay, Overlay] = field(default_factory=dict)
    unrendered: tuple[tuple[Overlay, str], ...] = ()

    def of(self, overlay: Overlay) -> tuple[Setting, ...]:
        """Return what is still to be set in one overlay."""
        return tuple(setting for setting in self.settings if setting.overlay == overlay and not setting.is_done)

    def found(self) -> Mapping[tuple[Overlay, str], str]:
        """Return the values that the change found in place, by overlay and key."""
        return {(setting.overlay, setting.key): setting.old_text for setting in self.settings}

    def wanted(self) -> Mapping[tuple[Overlay, str], str]:
        """Return the values that the change is to set, by overlay and key."""
        return {(setting.overlay, setting.key): setting.new_text for setting in self.settings}


def unfinished(settings: Sequence[Setting]) -> tuple[Overlay, ...]:
    """Return the overlays in which something is still to be set."""
    return tuple(dict.fromkeys(setting.overlay for setting in settings if not setting.is_done))


class Change(Protocol):
    """A change to a repository that can be laid over any revision of it."""

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Apply the change to a tree.

        Raises:
            GitopsError: it does not fit the tree.
        """
        ...

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Yield what is wrong with the effect on one overlay: none at all, or one on something else, too."""
        ...
