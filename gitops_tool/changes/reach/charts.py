"""Which value decides an app's image, where a Helm chart has it.

No chart is rendered here. What is found are the usual shapes: `image.repository` with `image.tag`, and
`image: name:tag`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.changes.reach.layers import Layer, Pointer, application_charts, kustomization_charts, other_readers
from gitops_tool.changes.reach.work import ValueTarget
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.images import ImageRef
from gitops_tool.records import record
from gitops_tool.wording import quoted
from gitops_tool.yamledit.paths import written_path

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree

_NAME_KEYS = ("repository", "name", "image")


@record
class ImagePlace:
    """An image in values: its path there, what the scalar to set holds, and the image's name if it is told."""

    pointer: Pointer
    part: str
    name: str

    def is_called(self, name: str) -> bool:
        """Whether a name, or the path of the values, means this image."""
        above = ".".join(map(str, self.pointer if self.part == "image" else self.pointer[:-1]))
        return name in {self.name, self.name.rpartition("/")[2], above, ".".join(map(str, self.pointer))}


def chart_target(tree: Tree, settings: Settings, overlay: Overlay, image: str | None) -> ValueTarget | None:
    """Return the value that decides an app's image in an environment; None if no chart of it is found.

    Raises:
        LayoutError: the charts' values name no image, or the value is shared with another environment.
        UsageError: several images could be meant.
    """
    charts = list(kustomization_charts(tree, overlay)) or list(application_charts(tree, settings, overlay))
    if not charts:
        return None
    where = f"{overlay.app}({overlay.environment})"
    found = [(place, layers) for layers in charts for place in _places(layers)]
    if not found:
        files = ", ".join(dict.fromkeys(str(layer.file) for layers in charts for layer in layers))
        raise LayoutError(f"no image is set by the Helm values of {where}", hint=f"name the value with --path: {files}")
    place, layers = _chosen(found, overlay, image, where)
    layer = next(layer for layer in layers if _value(layer.body, place.pointer) is not None)
    if layer.fixed:
        raise LayoutError(f'the image of {where} is set {layer.fixed} in "{layer.file}"', hint=layer.way_out)
    others = other_readers(tree, settings, layer.file, overlay)
    if others:
        raise LayoutError(
            f'"{layer.file}" sets the image of {where}, and {", ".join(others)} reads it, too',
            hint=f"set {written_path(place.pointer)} in a values file of each environment, or name it with --path",
        )
    return ValueTarget(str(layer.file), layer.path_of(place.pointer), place.part)


def _places(layers: Sequence[Layer]) -> Iterator[ImagePlace]:
    """Yield the images that the layers name, each path once."""
    names: dict[Pointer, str] = {}
    parts: dict[Pointer, str] = {}
    for layer in layers:
        for pointer, part, name in _images(layer.body, ()):
            parts.setdefault(pointer, part)
            names[pointer] = names.get(pointer) or name
    yield from (ImagePlace(pointer, part, names[pointer]) for pointer, part in parts.items())


def _images(body: Mapping[str, Any], above: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    """Yield the images of a mapping and those below it: path, part, name."""
    named = next((str(body[key]) for key in _NAME_KEYS if isinstance(body.get(key), str)), "")
    holder = bool(above) and str(above[-1]).lower().endswith("image")
    if "tag" in body and not isinstance(body["tag"], dict | list) and (named or holder):
        registry = body.get("registry")
        yield (*above, "tag"), "tag", f"{registry}/{named}" if isinstance(registry, str) and registry else named
    for key, value in body.items():
        if isinstance(value, dict):
            yield from _images(value, (*above, key))
        elif isinstance(value, str) and key.lower().endswith("image") and "tag" not in body:
            ref = ImageRef.split(value)
            if ref.tag or ref.digest or "/" in ref.name:
                yield (*above, key), "image", ref.name


def _chosen(
    found: Sequence[tuple[ImagePlace, list[Layer]]], overlay: Overlay, image: str | None, where: str
) -> tuple[ImagePlace, list[Layer]]:
    """Return the image that is meant: the named one, the only one, the one called like the app, or `image`."""
    names = ", ".join(place.name or ".".join(map(str, place.pointer)) for place, _ in found)
    if image is not None:
        called = [one for one in found if one[0].is_called(image)]
        if len(called) != 1:
            problem = "several images that could be" if called else "no image"
            raise UsageError(f"the Helm values of {where} have {problem} {quoted(image)}", hint=f"its images: {names}")
        return called[0]
    top = [one for one in found if one[0].pointer in {("image", "tag"), ("image",)}]
    for choice in (found, [one for one in found if one[0].is_called(overlay.app)], top):
        if len(choice) == 1:
            return choice[0]
    raise UsageError(f"the Helm values of {where} have several images", hint=f"choose with --image: {names}")


def _value(body: Mapping[str, Any], pointer: Pointer) -> Any:
    value: Any = body
    for step in pointer:
        value = value.get(step) if isinstance(value, dict) else None
    return value
