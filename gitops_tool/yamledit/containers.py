"""The images of containers in manifests, for directories without a kustomization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError
from gitops_tool.images import ImageRef
from gitops_tool.model import Location
from gitops_tool.yamledit.guard import check_own, only_pair
from gitops_tool.yamledit.patch import Patch, apply
from gitops_tool.yamledit.scalar import replacement
from gitops_tool.yamledit.version import check_version
from gitops_tool.yamlload.nodes import Mapping, Node, Sequence, Stream, descendants, parse, resolved, scalar_text
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

_CONTAINER_LISTS = ("containers", "initContainers", "ephemeralContainers")


def container_images(manifest: bytes, path: PurePosixPath) -> tuple[tuple[str, Location], ...]:
    """Return the images of all containers in a manifest, each with the place of its value.

    Containers are what stands in a list `containers`, `initContainers` or `ephemeralContainers`, at any
    depth of any document.

    Raises:
        YamlError: the file is not YAML.
    """
    stream = parse(read_source(manifest, path))
    return tuple((text, stream.source.location(node.start)) for text, node, _ in _images(stream))


def set_container_image(
    manifest: bytes, name: str, *, path: PurePosixPath, tag: str | None = None, digest: str | None = None
) -> bytes:
    """Return a manifest with the version set of every container image that has a name.

    Args:
        manifest: the file's bytes.
        name: the image's name as the manifest writes it, without tag and digest.
        path: what an error calls the file.
        tag: the new tag; without one, the tag is dropped.
        digest: the new digest; without one, the digest is dropped.

    Raises:
        ImageError: the tag or the digest is not valid, or neither is given.
        YamlError: no container uses the image, or one cannot be changed on its own.
    """
    check_version(tag, digest)
    stream = parse(read_source(manifest, path))
    found = [image for image in _images(stream) if ImageRef.split(image[0]).name == name]
    if not found:
        raise YamlError(f'no container uses the image "{name}"', location=Location(path))
    new = str(ImageRef(name, tag, digest))
    patch = Patch()
    for _, node, container in found:
        check_own(stream, "the container", container)
        patch += replacement(stream, '"image"', node, new)
    return apply(stream, patch)


def _images(stream: Stream) -> Iterator[tuple[str, Node, Mapping]]:
    """Yield the text and node of every container's image, and the container."""
    for root in stream.roots:
        for node in descendants(root):
            if isinstance(node, Mapping):
                yield from _images_of(stream, node)


def _images_of(stream: Stream, owner: Mapping) -> Iterator[tuple[str, Node, Mapping]]:
    for key, containers in owner.pairs:
        if scalar_text(key) not in _CONTAINER_LISTS or not isinstance(containers, Sequence):
            continue
        for container in containers.items:
            pair = only_pair(stream, container, "image") if isinstance(container, Mapping) else None
            text = scalar_text(resolved(pair[1])) if pair else None
            if pair and text and isinstance(container, Mapping):
                yield text, pair[1], container
