"""The images of an overlay at one point of its history, read at the price of what changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from gitops_tool.errors import GitopsError
from gitops_tool.graph import closure
from gitops_tool.images import ImageRef
from gitops_tool.layout import KUSTOMIZATION_NAMES, holds_manifests, kustomization_in
from gitops_tool.model import Edit, Overlay
from gitops_tool.records import field, record, replace
from gitops_tool.tree import PatchedTree, resolve
from gitops_tool.versions import candidates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitops_tool.git.log import FileChange
    from gitops_tool.git.past import PastTree
    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

# A line that holds nothing but a version: what such a line says changes no other line's meaning.
_VERSION_LINE = re.compile(
    rb"^(?P<key>[ ]*(?:-[ ]+)*(?:newTag|digest):[ ]+(?P<quote>[\"']?))"
    rb"(?P<value>(?!(?:null|Null|NULL)\b)\w(?:[\w.:-]*\w)?)"
    rb"(?P<end>(?P=quote)[ ]*(?:[ ]#[^\r\n]*)?\r?)$",
    re.MULTILINE | re.ASCII,
)


class PastImage(NamedTuple):
    """An image of an overlay as it once was."""

    entry: str
    image: str
    version: ImageRef


Images = Mapping[str, PastImage]
"""The images of an overlay by entry."""


@record
class _Template:
    """What an overlay's files say; in a general one, the texts of versions are left open."""

    images: tuple[PastImage, ...]
    files: tuple[PurePosixPath, ...]
    is_general: bool = True


@record(frozen=False)
class Track:
    """One overlay on the way back through its history.

    `path` is where it was at that time; `files` are those it was built from when it was last read.
    """

    overlay: Overlay
    path: PurePosixPath
    files: tuple[PurePosixPath, ...] = ()
    directories: frozenset[PurePosixPath] = frozenset()
    _known: dict[tuple[object, ...], _Template] = field(default_factory=dict)
    _template: _Template | None = None
    _values: dict[str, str] = field(default_factory=dict)

    def move(self, path: PurePosixPath) -> None:
        """Go on at the directory where the overlay was before."""
        self.path = path
        self._built_from(())

    def _built_from(self, files: tuple[PurePosixPath, ...]) -> None:
        if files != self.files or not self.directories:
            self.files = files
            self.directories = frozenset({self.path, *(path.parent for path in files)})

    @property
    def at(self) -> Overlay:
        """The overlay with the path it had."""
        return replace(self.overlay, path=self.path)

    def images(self, tree: PastTree) -> Images | None:
        """Return the images at this point; none before the overlay was there, None where its files cannot be read."""
        try:
            return self._images(tree)
        except GitopsError:
            self._built_from(self.files)
            return None if self.exists(tree) else {}

    def exists(self, tree: PastTree) -> bool:
        """Whether there is anything to render."""
        try:
            now = tree.moment()
            return holds_manifests(now, resolve(now, self.path))
        except GitopsError:
            return False

    def kustomization(self, tree: PastTree) -> PurePosixPath | None:
        """Return the overlay's kustomization file, if it has one that can be found."""
        try:
            now = tree.moment()
            return kustomization_in(now, resolve(now, self.path))
        except GitopsError:
            return None

    def earlier(self, tree: PastTree, changes: Sequence[FileChange]) -> Images | None:
        """Return the images before changes that were just undone.

        Where these changed nothing but versions, the rest is known: most commits are of that kind.
        """
        if self._template is None or not all(self._take_back(tree, change) for change in changes):
            return self.images(tree)
        return {image.entry: image for image in _filled(self._template, self._values)}

    def _take_back(self, tree: PastTree, change: FileChange) -> bool:
        """Note the versions in a file before a change; tell whether it changed no more than these."""
        path = change.path
        if path not in self.files or path.name not in KUSTOMIZATION_NAMES or change.old_mode != change.mode:
            return False
        number = self.files.index(path)
        before, after = (_skeleton(tree.content(oid), number) for oid in (change.old_oid, change.oid))
        self._values |= before[1]
        return before[0] == after[0]

    def _images(self, tree: PastTree) -> Images:
        self._template = None
        key, values = self._key(tree)
        template = self._known.get(key) if key else None
        if template is None:
            found = closure(tree.moment(), self.path)
            self._built_from(tuple(found.files))
            key, values = self._key(tree)
            template = self._read(tree, found, values)
            if key and template.is_general:
                self._known[key] = template
        self._built_from(template.files)
        if key and template.is_general:
            self._template, self._values = template, dict(values)
        return {image.entry: image for image in _filled(template, values)}

    def _key(self, tree: PastTree) -> tuple[tuple[object, ...] | None, Mapping[str, str]]:
        """Return what identifies the files apart from their versions, and the versions by their placeholders.

        The key is None where a file is gone.
        """
        if not self.files:
            return None, {}
        parts: list[object] = [self.path, *(tuple(tree.modes(path)) for path in sorted(self.directories))]
        values: dict[str, str] = {}
        for number, path in enumerate(self.files):
            if path.name not in tree.modes(path.parent):
                return None, {}
            if path.name in KUSTOMIZATION_NAMES:
                skeleton, found = _skeleton(tree.blob(path), number)
                parts += [path, skeleton]
                values |= found
            else:
                parts += [path, tree.oid(path)]
        return tuple(parts), values

    def _read(self, tree: PastTree, found: Closure, values: Mapping[str, str]) -> _Template:
        """Read the overlay in full: with placeholders for the versions, if that comes to the same."""
        edits = []
        for number, path in enumerate(self.files):
            if path.name in KUSTOMIZATION_NAMES:
                before = tree.blob(path)
                edits.append(Edit(path, before, _skeleton(before, number)[0]))
        plain, general = (self._template_of(files, found) for files in (tree.moment(), PatchedTree(tree, edits)))
        return general if [*_filled(general, values)] == list(plain.images) else replace(plain, is_general=False)

    def _template_of(self, tree: Tree, found: Closure) -> _Template:
        images = (PastImage(one.entry, one.image, one.version) for one in candidates(tree, self.path, found))
        return _Template(tuple(images), self.files)


def _filled(template: _Template, values: Mapping[str, str]) -> Iterator[PastImage]:
    """Yield the images with the versions that the placeholders stand for."""
    for image in template.images:
        tag, digest = image.version.tag or "", image.version.digest or ""
        version = ImageRef("", values.get(tag, tag) or None, values.get(digest, digest) or None)
        yield PastImage(image.entry, image.image, version)


@lru_cache(4096)
def _skeleton(kustomization: bytes, number: int) -> tuple[bytes, dict[str, str]]:
    """Put placeholders in the place of versions that stand alone on their lines.

    Args:
        kustomization: the file.
        number: tells the placeholders of one file from those of another.
    """
    values: dict[str, str] = {}

    def fill(match: re.Match[bytes]) -> bytes:
        name = f"version-{number}-{len(values)}"
        values[name] = match["value"].decode("ascii")
        return match["key"] + name.encode() + match["end"]

    return _VERSION_LINE.sub(fill, kustomization), values
