"""Which images an overlay has, and where their versions are set."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError
from gitops_tool.graph import closure
from gitops_tool.images import ImageRef
from gitops_tool.layout import MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.records import record
from gitops_tool.tree import LINK, read, resolve
from gitops_tool.yamledit import container_images, read_images

if TYPE_CHECKING:
    from gitops_tool.graph import Closure
    from gitops_tool.model import ImageOverride, Location
    from gitops_tool.tree import Tree

_REMEMBERED = 512
"""Manifests whose images are kept."""


@record
class Candidate:
    """An image of an overlay, as a change of it can mean it.

    `entry` is what the overlay's `images:` entry is called or must be called, `image` the name that is
    rendered, `version` what it has now, set at `location`; `in_overlay` tells whether the entry exists there.
    """

    entry: str
    image: str
    version: ImageRef
    location: Location
    in_overlay: bool

    def is_called(self, name: str) -> bool:
        """Whether a name, whole or its last segment, means this image."""
        return name in {self.entry, self.image, _last(self.entry), _last(self.image)}


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def candidates(tree: Tree, directory: PurePosixPath, found: Closure | None = None) -> list[Candidate]:
    """Return the images of an overlay: its own entries first, then what its bases and manifests set.

    Args:
        tree: the repository.
        directory: the overlay's.
        found: what it is built from, if that is known.
    """
    found = found or closure(tree, directory)
    own = kustomization_in(tree, resolve(tree, directory))
    if own is None:
        return _distinct(
            Candidate(ref.name, ref.name, _version(ref), at, False) for ref, at in _containers(tree, found)
        )
    inherited = _distinct(_inherited(tree, found, own))
    by_name = {candidate.entry: candidate for candidate in inherited}
    entries = {entry.name: _from_entry(entry, by_name.get(entry.name)) for entry in read_images(read(tree, own), own)}
    return [*entries.values(), *(candidate for candidate in inherited if candidate.entry not in entries)]


def _from_entry(entry: ImageOverride, inherited: Candidate | None) -> Candidate:
    """Read an overlay's own entry; what it leaves open, the base decides."""
    image = entry.new_name or (inherited.image if inherited else entry.name)
    if entry.new_tag or entry.digest:
        version, location = _entry_version(entry), entry.location
    elif inherited:
        version, location = inherited.version, entry.location
    else:
        version, location = ImageRef(""), entry.location
    return Candidate(entry.name, image, version, location, in_overlay=True)


def _entry_version(entry: ImageOverride) -> ImageRef:
    """Return an entry's version; real repositories write `newTag: v1@sha256:...`, too."""
    tag, at, digest = (entry.new_tag or "").partition("@")
    return ImageRef("", tag or None, entry.digest or (digest if at else None))


def _inherited(tree: Tree, found: Closure, own: PurePosixPath) -> Iterator[Candidate]:
    """Yield the images that reach the overlay from its manifests, as the bases' entries leave them."""
    entries: dict[str, ImageOverride] = {}
    for path in found.kustomizations:
        if path != own:
            entries = {entry.name: entry for entry in read_images(read(tree, path), path)} | entries
    for ref, location in _containers(tree, found):
        entry = entries.get(ref.name)
        if entry is None:
            yield Candidate(ref.name, ref.name, _version(ref), location, in_overlay=False)
            continue
        name = entry.new_name or ref.name
        versioned = bool(entry.new_tag or entry.digest)
        version = _entry_version(entry) if versioned else _version(ref)
        yield Candidate(name, name, version, entry.location if versioned else location, in_overlay=False)


def _containers(tree: Tree, found: Closure) -> Iterator[tuple[ImageRef, Location]]:
    for path, mode in found.files.items():
        if mode == LINK or not path.name.endswith(MANIFEST_SUFFIXES) or path in found.kustomizations:
            continue
        try:
            images = _images_in(read(tree, path), path)
        except YamlError:
            continue  # a values file or a script under a manifest's name; kustomize will say if it matters
        yield from ((ImageRef.split(text), location) for text, location in images)


@lru_cache(_REMEMBERED)
def _images_in(manifest: bytes, path: PurePosixPath) -> tuple[tuple[str, Location], ...]:
    """Return a manifest's images; remembered, for the next overlay that is built from the same base."""
    # Without the word, or an escape that could stand for its letters, there is nothing to parse the file for.
    return container_images(manifest, path) if b"ontainers" in manifest or b"\\" in manifest else ()


def manifests_with(tree: Tree, directory: PurePosixPath, name: str) -> list[PurePosixPath]:
    """Return the manifests of a plain directory whose containers use an image."""
    files = closure(tree, directory)
    paths = (location.path for ref, location in _containers(tree, files) if ref.name == name)
    return list(dict.fromkeys(paths))


def _version(ref: ImageRef) -> ImageRef:
    return ImageRef("", ref.tag, ref.digest)


def _distinct(found: Iterator[Candidate]) -> list[Candidate]:
    by_entry: dict[str, Candidate] = {}
    for candidate in found:
        if candidate.entry:
            by_entry.setdefault(candidate.entry, candidate)
    return list(by_entry.values())
