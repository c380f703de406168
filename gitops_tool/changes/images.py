"""An overlay's image as a value that changes set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitops_tool.changes.message import short
from gitops_tool.images import ImageRef

if TYPE_CHECKING:
    from gitops_tool.model import Location, Overlay


@dataclass(frozen=True, slots=True)
class ImageSetting:
    """An image of an overlay, from `old` to `new`; see `Setting`.

    `entry` is what the `images:` entry is called, `image` the name that is rendered.
    """

    overlay: Overlay
    entry: str
    image: str
    old: ImageRef
    new: ImageRef
    location: Location

    @property
    def kind(self) -> str:
        """See `Setting`."""
        return "image"

    @property
    def name(self) -> str:
        """The image's name as it is rendered."""
        return self.image

    @property
    def key(self) -> str:
        """The `images:` entry."""
        return self.entry

    @property
    def old_text(self) -> str:
        """The tag, digest or both, as they are."""
        return self.old.version

    @property
    def new_text(self) -> str:
        """The tag, digest or both, as they should be."""
        return self.new.version

    @property
    def short_text(self) -> str:
        """The new version in the length for a subject."""
        return short(self.new)

    @property
    def is_done(self) -> bool:
        """Whether the image is already what it should be."""
        return (self.old.tag, self.old.digest) == (self.new.tag, self.new.digest)

    @property
    def before(self) -> ImageRef:
        """The whole reference as it is now."""
        return ImageRef(self.image, self.old.tag, self.old.digest)

    @property
    def after(self) -> ImageRef:
        """The whole reference as it should be rendered."""
        return ImageRef(self.image, self.new.tag, self.new.digest)

    def trailers(self) -> list[str]:
        """See `Setting`."""
        return [
            f"Gitops-App: {self.overlay.app}",
            f"Gitops-Environment: {self.overlay.environment}",
            f"Gitops-Image: {self.before} -> {self.after}",
        ]
