"""An overlay's image as a value that changes set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.message import short
from gitops_tool.changes.targets import manifests_with
from gitops_tool.images import ImageRef
from gitops_tool.layout import kustomization_in
from gitops_tool.records import record
from gitops_tool.tree import read, resolve
from gitops_tool.yamledit import add_image, set_container_image, set_image

if TYPE_CHECKING:
    from gitops_tool.changes.targets import Candidate
    from gitops_tool.model import Location, Overlay
    from gitops_tool.tree import Tree


@record
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


def image_setting(chosen: Candidate, overlay: Overlay, version: ImageRef) -> ImageSetting:
    """Return the setting of an image that was found to a tag, digest or both."""
    new = ImageRef("", version.tag, version.digest)
    return ImageSetting(overlay, chosen.entry, chosen.image, chosen.version, new, chosen.location)


def spliced(tree: Tree, chosen: Candidate, setting: ImageSetting) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the files that set an image, with the new version in place."""
    if setting.is_done:
        return
    new, directory = setting.new, setting.overlay.path
    path = kustomization_in(tree, resolve(tree, directory))
    if path is None:
        for manifest in manifests_with(tree, directory, chosen.entry):
            data = read(tree, manifest)
            yield manifest, set_container_image(data, chosen.entry, tag=new.tag, digest=new.digest, path=manifest)
        return
    path = resolve(tree, path)
    if chosen.in_overlay:
        yield path, set_image(read(tree, path), chosen.entry, tag=new.tag, digest=new.digest, path=path)
    else:
        yield path, add_image(read(tree, path), chosen.entry, tag=new.tag, digest=new.digest, path=path)
