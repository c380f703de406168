"""What an app has to be promoted: images, values that stand for them, refs of remote bases, files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.images import image_setting, spliced
from gitops_tool.changes.promotion.files import FileSetting, content_id, copied, matching_files
from gitops_tool.changes.targets import Candidate, candidates, choose
from gitops_tool.errors import LayoutError
from gitops_tool.graph import closure
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.tree import is_directory

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.images import ImageSetting
    from gitops_tool.changes.reach.work import ValueTarget
    from gitops_tool.config import Settings
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree

Files = Iterable[tuple[PurePosixPath, bytes | None]]


@record
class Item:
    """One value to set, and what writes it into a tree in which others have been written already."""

    setting: Setting
    write: Callable[[Tree], Files]


@record
class Route:
    """An app's overlay to read, and the one to change."""

    tree: Tree
    settings: Settings
    source: Overlay
    target: Overlay


def name_of(overlay: Overlay) -> str:
    """Return how people speak of an app in an environment."""
    return f"{overlay.app}({overlay.environment})"


def file_items(route: Route) -> Iterator[Item]:
    """Yield the files that the settings say are copied, of either environment."""
    if not route.settings.promoted_files:
        return
    overlays = (route.source, route.target)
    patterns = route.settings.promoted_files
    for name in sorted({name for one in overlays for name in matching_files(route.tree, one.path, patterns)}):
        new, old = (content_id(route.tree, one.path / name) for one in overlays)
        setting = FileSetting(route.target, route.source, name, old, new, Location(route.target.path / name))
        yield Item(setting, _copy(route, name))


def _copy(route: Route, name: str) -> Callable[[Tree], Files]:
    return lambda tree: copied(tree, route.source, route.target, [name])


def image_items(route: Route, image: str | None, notes: list[str]) -> Iterator[Item]:
    """Yield the images that both overlays have, or the one that is named; what stays behind is noted.

    Raises:
        GitopsError: an image is not at the source, or has no version there.
    """
    if not all(is_directory(route.tree, one.path) for one in (route.source, route.target)):
        return
    old, new = (candidates(route.tree, one.path) for one in (route.source, route.target))
    if image is not None:
        pairs = [(choose(old, route.source, image), choose(new, route.target, image))]
    else:
        pairs = list(_matched(old, new))
        alone = (one.image for one in new if one not in [theirs for _, theirs in pairs] and not _is_shared(one, old))
        where = f"is not in {route.source.environment}, and stays as it is"
        notes += [f"{name_of(route.target)}: {name} {where}" for name in alone]
    for ours, theirs in pairs:
        if _is_to_copy(ours, theirs, route.source):
            setting = image_setting(theirs, route.target, ours.version)
            yield Item(setting, _splice(setting))


def _splice(setting: ImageSetting) -> Callable[[Tree], Files]:
    """Return what sets an image, unless a copied file has brought it."""

    def write(tree: Tree) -> Files:
        found = (one for one in candidates(tree, setting.overlay.path) if one.entry == setting.entry)
        chosen = next(found, None)
        return () if chosen is None else spliced(tree, chosen, image_setting(chosen, setting.overlay, setting.new))

    return write


def _matched(old: Sequence[Candidate], new: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """Pair the source's images with the target's: by their entries, else by the names that are rendered.

    What both take from a common base is the same in both; it is left out where anything else is found.
    """
    pairs = []
    for theirs in new:
        by_entry = [ours for ours in old if ours.entry == theirs.entry]
        match = by_entry or [ours for ours in old if ours.image == theirs.image]
        if len(match) == 1:
            pairs.append((match[0], theirs))
    own = [(ours, theirs) for ours, theirs in pairs if ours.in_overlay or theirs.in_overlay or not _equal(ours, theirs)]
    yield from own or pairs


def _equal(one: Candidate, other: Candidate) -> bool:
    return one.version == other.version


def _is_shared(one: Candidate, others: Sequence[Candidate]) -> bool:
    """Whether an image is among others with the same version: it comes from a common base."""
    return any(one.entry == other.entry and _equal(one, other) for other in others)


def _is_to_copy(ours: Candidate, theirs: Candidate, source: Overlay) -> bool:
    """Whether the source has a version to copy.

    Raises:
        LayoutError: it has none, and the target does.
    """
    if ours.version.version:
        return True
    if theirs.version.version:
        message = f'{name_of(source)}: image "{ours.image}" has neither a tag nor a digest'
        raise LayoutError(message, location=ours.location, hint="give it one there first, or choose with --image")
    return False


def value_items(route: Route, image: str | None, *, certain: bool) -> Iterator[Item]:
    """Yield the YAML values that stand for an app's version, as `gitops bump` knows them.

    Args:
        route: between which overlays.
        image: which image, where a chart has several.
        certain: only those that the settings name or ask to look for; else charts' values and marked ones, too.
    """
    from gitops_tool.changes.reach.values import read_value, set_value, value_targets

    ours, theirs = (
        value_targets(route.tree, route.settings, overlay, image, certain=certain)
        for overlay in (route.source, route.target)
    )
    for old, new in zip(ours, theirs, strict=False) if len(ours) == len(theirs) else ():
        version = read_value(route.tree, route.source, old)
        if version.version:
            setting, _ = set_value(route.tree, route.target, new, version)
            yield Item(setting, _set(route.target, new, version))


def _set(overlay: Overlay, target: ValueTarget, version: ImageRef) -> Callable[[Tree], Files]:
    from gitops_tool.changes.reach.values import set_value

    return lambda tree: set_value(tree, overlay, target, version)[1].items()


def ref_items(route: Route, notes: list[str], *, wanted: bool) -> Iterator[Item]:
    """Yield the refs of remote bases that both overlays have; those that differ are noted if they are not wanted."""
    if not is_directory(route.tree, route.target.path) or not closure(route.tree, route.target.path).remotes:
        return
    from gitops_tool.changes.reach.remotes import moved_ref, refs_like

    for setting in refs_like(route.tree, route.target, route.tree, route.source):
        file = setting.location.path
        if not file.is_relative_to(route.target.path) and not setting.is_done:
            notes.append(f"{name_of(route.target)}: the ref of {setting.name} is set in {file}, and stays as it is")
        elif wanted:
            yield Item(setting, partial(moved_ref, setting=setting))
        elif not setting.is_done:
            news = f"{setting.name} is at {setting.new_text} in {route.source.environment}"
            notes.append(f"{name_of(route.target)}: {news}; --refs promotes it, too")
