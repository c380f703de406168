"""The proof of a change's effect: the rendered images became what was asked for, and no others did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.applications import image_overrides, sets_image
from gitops_tool.changes.images import ImageSetting
from gitops_tool.images import ImageRef
from gitops_tool.model import Finding, Severity

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree


def prove_images(
    wanted: Sequence[Setting], overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
) -> Iterator[Finding]:
    """Yield what is wrong with the effect on one overlay; see `Change.prove`."""
    images_wanted = [setting for setting in wanted if isinstance(setting, ImageSetting)]
    names = {setting.image for setting in images_wanted}
    images = [change for change in changes if _is_image(change, names)]
    for setting in images_wanted:
        if str(setting.after) not in {change.after for change in images}:
            yield no_effect(setting)
    for change in images:
        if ImageRef.split(str(change.after)).name not in names:
            yield Finding(
                "bump-other-image",
                Severity.ERROR,
                f'the change would also change image "{change.before}" to "{change.after}"',
                images_wanted[0].location,
                resource=change.id,
                hint="an `images:` entry or a replacement reaches more than it should",
            )
    yield from overridden(images_wanted, overlay, tree, settings)


def _is_image(change: ValueChange, names: set[str]) -> bool:
    """Whether a changed value is an image: by its key, or because it names one of those that are bumped."""
    if not isinstance(change.after, str) or not change.pointer:
        return False
    return change.pointer[-1] == "image" or ImageRef.split(change.after).name in names


def no_effect(setting: ImageSetting) -> Finding:
    """Return the finding for an image that is not rendered as it should be."""
    return Finding(
        "bump-no-effect",
        Severity.ERROR,
        f'the change would change nothing: no rendered image is "{setting.after}" afterwards',
        setting.location,
        hint=f'does a container use "{setting.entry}"? kustomize sets no images of custom resources by itself',
    )


def overridden(wanted: Sequence[ImageSetting], overlay: Overlay, tree: Tree, settings: Settings) -> Iterator[Finding]:
    """Yield where Argo CD sets an image over the head of the kustomization."""
    for text, location in image_overrides(tree, settings, overlay.path, overlay.app):
        for setting in wanted:
            names = {setting.image, setting.entry}
            if any(sets_image(text, name) for name in names) and text != str(setting.after):
                yield Finding(
                    "image-overridden",
                    Severity.ERROR,
                    f'Argo CD sets image "{setting.image}" to "{text}" whatever the kustomization says',
                    location,
                    hint="remove the override, so that the repository decides which image runs",
                )
