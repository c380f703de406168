"""What every change is to the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gitops_tool.images import ImageRef
from gitops_tool.model import Edit, Finding, Location, Overlay

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.tree import Tree


@dataclass(frozen=True, slots=True)
class Setting:
    """One value that a change sets: an image of an overlay, from `old` to `new`.

    `entry` is what the `images:` entry is called, `image` the name that is rendered, `location` where
    the old value stands.
    """

    overlay: Overlay
    entry: str
    image: str
    old: ImageRef
    new: ImageRef
    location: Location

    @property
    def is_done(self) -> bool:
        """Whether the value is already what it should be."""
        return (self.old.tag, self.old.digest) == (self.new.tag, self.new.digest)

    @property
    def before(self) -> ImageRef:
        """The whole reference as it is now."""
        return ImageRef(self.image, self.old.tag, self.old.digest)

    @property
    def after(self) -> ImageRef:
        """The whole reference as it should be rendered."""
        return ImageRef(self.image, self.new.tag, self.new.digest)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change applied to one tree: what it sets, the edits that do it, and the commit message."""

    settings: tuple[Setting, ...]
    edits: tuple[Edit, ...]
    message: str

    @property
    def overlays(self) -> tuple[Overlay, ...]:
        """The overlays whose render the change is to change."""
        return tuple(dict.fromkeys(setting.overlay for setting in self.settings if not setting.is_done))

    def of(self, overlay: Overlay) -> tuple[Setting, ...]:
        """Return what is still to be set in one overlay."""
        return tuple(setting for setting in self.settings if setting.overlay == overlay and not setting.is_done)

    def found(self) -> Mapping[tuple[Overlay, str], ImageRef]:
        """Return the versions that the change found in place, by overlay and entry."""
        return {(setting.overlay, setting.entry): setting.old for setting in self.settings}


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
