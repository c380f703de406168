"""Any scalar of a YAML file as a value that changes set to a version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.message import short
from gitops_tool.changes.reach.unrendered import Obstacle, obstacle_to
from gitops_tool.changes.reach.work import ValueTarget, Work
from gitops_tool.errors import GitopsError, UsageError
from gitops_tool.graph import closure
from gitops_tool.images import ImageRef
from gitops_tool.layout import MANIFEST_SUFFIXES, find_apps
from gitops_tool.records import record
from gitops_tool.tree import ROOT, is_directory, normalize, read, resolve
from gitops_tool.yamledit.paths import PARTS, Place, find_marked, find_value, value_at
from gitops_tool.yamledit.scalar import replace_scalar

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Location, Overlay
    from gitops_tool.tree import Tree


@record
class ValueSetting:
    """A scalar of a file, from one text to another; see `Setting`."""

    overlay: Overlay
    file: PurePosixPath
    path: str
    old_text: str
    new_text: str
    version: ImageRef
    location: Location

    @property
    def kind(self) -> str:
        """See `Setting`."""
        return "value"

    @property
    def name(self) -> str:
        """The file and the path in it."""
        return f"{self.file}:{self.path}"

    @property
    def key(self) -> str:
        """The same."""
        return self.name

    @property
    def short_text(self) -> str:
        """The new version in the length for a subject."""
        return short(self.version)

    @property
    def is_done(self) -> bool:
        """Whether the value is already what it should be."""
        return self.old_text == self.new_text

    def shows_in(self, rendered: object) -> bool:
        """Whether a rendered value, or a text inside one, holds what is set."""
        return isinstance(rendered, str) and (self.version.tag or self.version.digest or "") in rendered

    def trailers(self) -> list[str]:
        """See `Setting`."""
        return [
            f"Gitops-App: {self.overlay.app}",
            f"Gitops-Environment: {self.overlay.environment}",
            f"Gitops-Value: {self.name} {self.old_text or '(none)'} -> {self.new_text}",
        ]


def set_value(
    tree: Tree, overlay: Overlay, target: ValueTarget, version: ImageRef
) -> tuple[ValueSetting, dict[PurePosixPath, bytes]]:
    """Return what it means to set a scalar to a version, and the file that does it; none if it is done.

    A tag that stands beside a digest in one mapping is one unit with it, as in a kustomization: without a new
    digest, the old one is emptied, or the old image would keep running.

    Raises:
        UsageError: the version has not what the scalar takes, or the path is none.
        YamlError: there is no such scalar, or it cannot be changed on its own.
        TreeError: there is no such file.
    """
    name, path = (_filled(text, overlay) for text in (target.file, target.path))
    file = resolve(tree, normalize(PurePosixPath(name)))
    before = after = read(tree, file)
    place = find_value(before, path, file)
    part = target.part or _part_of(place)
    twin = value_at(before, place.document, (*place.pointer[:-1], "digest"), file) if part == "tag" else None
    if twin and (twin.value or version.digest):
        if version.tag is None:
            raise UsageError(f'"{name}:{path}" is a tag beside a digest, and "{version.version}" has no tag')
        old, new, text = ImageRef("", place.value or None, twin.value or None).version, version.version, version.tag
        after = replace_scalar(after, twin.pointer, version.digest or "", path=file, document=twin.document)
    else:
        old, new = place.value, _new_text(part, place, f"{name}:{path}", version)
        text = new
    if text != place.value:
        after = replace_scalar(after, place.pointer, text, path=file, document=place.document)
    setting = ValueSetting(overlay, file, path, old, new, version, place.location)
    return setting, {file: after} if after != before else {}


def read_value(tree: Tree, overlay: Overlay, target: ValueTarget) -> ImageRef:
    """Return the version that a scalar holds, with the digest beside it; without a name.

    Raises:
        YamlError: there is no such scalar.
        TreeError: there is no such file.
    """
    name, path = (_filled(text, overlay) for text in (target.file, target.path))
    file = resolve(tree, normalize(PurePosixPath(name)))
    data = read(tree, file)
    place = find_value(data, path, file)
    part = target.part or _part_of(place)
    if part == "digest":
        return ImageRef("", None, place.value or None)
    if part == "image":
        ref = ImageRef.split(place.value)
        return ImageRef("", ref.tag, ref.digest)
    twin = value_at(data, place.document, (*place.pointer[:-1], "digest"), file)
    tag, _, digest = place.value.partition("@")
    return ImageRef("", tag or None, digest or (twin.value if twin else "") or None)


def value_targets(
    tree: Tree, settings: Settings, overlay: Overlay, image: str | None = None, *, certain: bool
) -> list[ValueTarget]:
    """Return the values that stand for an app's version in an environment.

    Args:
        tree: the files.
        settings: which name values, or ask to look for marked ones.
        overlay: the app's, in that environment.
        image: which image, where a chart has several.
        certain: only what the settings name or ask for; else marked values and those of charts, too.
    """
    found = [ValueTarget(one.file, one.path, one.sets) for one in settings.targets.get(overlay.app, ())]
    if settings.markers or not certain:
        found += marked_targets(tree, overlay)
    if certain or found:
        return found
    from gitops_tool.changes.reach.charts import chart_target

    target = chart_target(tree, settings, overlay, image)
    return [target] if target else []


def file_of(overlay: Overlay, target: ValueTarget) -> PurePosixPath:
    """Return the file that a value is in."""
    return normalize(PurePosixPath(_filled(target.file, overlay)))


def _filled(text: str, overlay: Overlay) -> str:
    return text.replace("{app}", overlay.app).replace("{env}", overlay.environment)


def _part_of(place: Place) -> str:
    """Return what a scalar holds, by its key and what stands there."""
    key = str(place.pointer[-1]).lower() if place.pointer else ""
    if key.endswith("digest"):
        return "digest"
    ref = ImageRef.split(place.value)
    named = "/" in ref.name or key.endswith("image")
    return "image" if named and (ref.tag or ref.digest or key.endswith("image")) else "tag"


def _new_text(part: str, place: Place, where: str, version: ImageRef) -> str:
    if part == "image":
        name = version.name or ImageRef.split(place.value).name
        if not name:
            raise UsageError(f'"{where}" is empty: give the image with its name, NAME:TAG')
        return str(ImageRef(name, version.tag, version.digest))
    if part == "digest":
        if version.digest is None:
            raise UsageError(f'"{where}" takes a digest, and "{version.version}" is none')
        return version.digest
    return version.version


def set_values(work: Work, overlay: Overlay, targets: Sequence[ValueTarget], version: ImageRef) -> None:
    """Set an overlay's values, and note which overlays that reaches."""
    for target in targets:
        setting, files = set_value(work.draft.now, overlay, target, version)
        work.bump.expect(overlay, (setting.old_text, ImageRef.split(setting.old_text).tag), setting)
        work.add(setting, files.items())
        if files:
            note_effect(work, overlay, setting.file)


def note_effect(work: Work, overlay: Overlay, file: PurePosixPath) -> None:
    """Note the overlays that are built from a file; none is a reason to say so."""
    readers = [overlay] if is_directory(work.tree, overlay.path) and _reads(work.tree, overlay, file) else []
    if not file.is_relative_to(overlay.path):
        readers += [one for one in overlays_with(work.tree, work.settings, file) if one != overlay]
    for reader in readers:
        work.render(reader, obstacle_to(work.tree, work.settings, reader.path), allowed=False)
    if not readers:
        nobody = Obstacle(f'no kustomization is built from "{file}"', "")
        work.render(overlay, nobody, allowed=True)


def overlays_with(tree: Tree, settings: Settings, file: PurePosixPath) -> list[Overlay]:
    """Return the overlays that are built from a file."""
    overlays = [overlay for app in find_apps(tree, settings) for overlay in app.overlays]
    return [overlay for overlay in overlays if _reads(tree, overlay, file)]


def _reads(tree: Tree, overlay: Overlay, file: PurePosixPath) -> bool:
    try:
        return closure(tree, overlay.path).reads(file)
    except GitopsError:  # it is broken already; what is wrong with it, `gitops validate` tells
        return False


def marked_targets(tree: Tree, overlay: Overlay) -> list[ValueTarget]:
    """Return the values that carry a comment `# gitops: tag APP [ENVIRONMENT]`.

    Without an environment, a marker counts below the overlay's directory only.
    """
    needles = tuple(f"gitops: {part} {overlay.app}" for part in PARTS)
    found = []
    for path in tree.search(needles, ROOT):
        if path.name.endswith(MANIFEST_SUFFIXES):
            for mark in find_marked(read(tree, path), overlay.app, path):
                here = path.is_relative_to(overlay.path) if mark.environment is None else None
                if here or mark.environment == overlay.environment:
                    found.append(ValueTarget(str(path), mark.path, mark.part))
    return found
