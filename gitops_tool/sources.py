"""Traces a value of a rendered object back to the line that set it: a manifest, a patch, or an `images:` entry."""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.images import ImageRef
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.tree import LINK, read
from gitops_tool.yamledit import read_images
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.render import Render
    from gitops_tool.tree import Tree

Pointer = tuple[str | int, ...]
_MISSING = object()


@record
class Trace:
    """Where a value comes from; `exact` unless only the object it is in could be found."""

    location: Location
    exact: bool


class SourceMap:
    """Finds the source of rendered values for one render."""

    def __init__(self, tree: Tree, render: Render) -> None:
        self._tree = tree
        self._render = render
        self._documents = lru_cache(maxsize=None)(self._load)

    def _load(self, path: PurePosixPath) -> list[Any]:
        try:
            return load_documents(read(self._tree, path), path)
        except GitopsError:
            return []

    def trace(self, resource: Resource, pointer: Pointer) -> Trace:
        """Return the source of a value: its own line, else the nearest place around it."""
        rendered = _value(resource.body, pointer)
        found = self._image_entry(rendered) if pointer and pointer[-1] == "image" else None
        nearest: Trace | None = None
        origin = self._render.origin(resource)
        for path in self._candidates(origin):
            for index, document in enumerate(self._documents(path)):
                if not _describes(document, resource):
                    continue
                source, whole = _translate(resource.body, document, pointer)
                same = whole and _value(document, source) == rendered
                place = locate(read(self._tree, path), index, source, path)
                if same:
                    return Trace(place, exact=True)
                if nearest is None and path == origin:
                    nearest = Trace(place, exact=whole)
        if found:
            return Trace(found, exact=True)
        return nearest or Trace(Location(origin or self._render.entry), exact=False)

    def _candidates(self, origin: PurePosixPath | None) -> list[PurePosixPath]:
        """Return the files that can have set a value: patches first, as they come last in the build."""
        others = [
            path
            for path, mode in self._render.closure.files.items()
            if mode != LINK
            and path.suffix in MANIFEST_SUFFIXES
            and path != origin
            and path not in self._render.closure.kustomizations
        ]
        return [*others, *([origin] if origin in self._render.closure.files else [])]

    def _image_entry(self, rendered: Any) -> Location | None:
        """Return the `images:` entry that made an image what it is, the outermost first."""
        if not isinstance(rendered, str):
            return None
        image = ImageRef.split(rendered)
        for path in self._render.closure.kustomizations:
            for entry in read_images(read(self._tree, path), path):
                if (entry.new_name or entry.name) == image.name and (entry.new_tag or entry.digest):
                    return entry.location
        return None


def _describes(document: Any, resource: Resource) -> bool:
    """Whether a source document is about a rendered object; prefixes, suffixes and hashes may have been added."""
    if not isinstance(document, dict) or document.get("kind") != resource.id.kind:
        return False
    metadata = document.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return not isinstance(name, str) or name in resource.id.name


def _translate(rendered: Any, source: Any, pointer: Pointer) -> tuple[Pointer, bool]:
    """Find the place in a source document that a place in the rendered object came from.

    List items with a `name` are matched by it, others by position. Returns as much of the way as is
    there, and whether that is the whole.
    """
    way: list[str | int] = []
    for key in pointer:
        rendered = _step(rendered, key)
        same = _same_item(rendered, source, key) if isinstance(key, int) and isinstance(source, list) else key
        source = _step(source, same)
        if source is _MISSING:
            return tuple(way), False
        way.append(same)
    return tuple(way), True


def _same_item(rendered: Any, items: list[Any], index: int) -> int:
    name = rendered.get("name") if isinstance(rendered, dict) else None
    if name is None:
        return index
    named = (number for number, item in enumerate(items) if isinstance(item, dict) and item.get("name") == name)
    return next(named, len(items))


def _step(value: Any, key: str | int) -> Any:
    if isinstance(key, str) and isinstance(value, dict):
        return value.get(key, _MISSING)
    if isinstance(key, int) and isinstance(value, list) and key < len(value):
        return value[key]
    return _MISSING


def _value(body: Any, pointer: Pointer) -> Any:
    for key in pointer:
        body = _step(body, key)
    return body
