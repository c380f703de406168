"""The files that an overlay's objects and patches are written in, and what its kustomizations say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from posixpath import join, normpath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.graph import kustomization_documents
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.records import record
from gitops_tool.tree import LINK, read
from gitops_tool.yamlload.nodes import Stream, parse
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.rules.base import OverlayView

_PATCHES = ("patches", "patchesJson6902")


@record
class Kustomization:
    """A kustomization's file and content."""

    path: PurePosixPath
    data: bytes
    body: dict[str, Any]


@record
class Sources:
    """What an overlay is built from: its kustomizations, and the files of objects and patches with their bytes.

    What generators take in is not among them: that may be anything.
    """

    kustomizations: tuple[Kustomization, ...]
    manifests: tuple[tuple[PurePosixPath, bytes], ...]


def sources(view: OverlayView) -> Sources:
    """Return what an overlay is built from. The last answer is kept: each rule asks for it."""
    return _sources(_Same(view))


@lru_cache(maxsize=32)
def nodes(data: bytes, path: PurePosixPath) -> Stream | None:
    """Return a text as nodes that know their place; None if it is not YAML, which rendering tells."""
    try:
        return parse(read_source(data, path))
    except GitopsError:
        return None


class _Same:
    """Compares a view by identity, so that what was read for it can be found again."""

    def __init__(self, view: OverlayView) -> None:
        self.view = view

    def __hash__(self) -> int:
        return id(self.view)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.view is self.view


@lru_cache(maxsize=1)
def _sources(same: _Same) -> Sources:
    tree, closure = same.view.tree, same.view.render.closure
    texts = [(path, read(tree, path)) for path in closure.kustomizations]
    found = tuple(
        Kustomization(path, data, document)
        for path, data in texts
        for document in kustomization_documents(data, path)
        if isinstance(document, dict)
    )
    named = {place for item in found for place in _named(str(item.path.parent), item.data, item.path)}
    files = (
        path
        for path, mode in closure.files.items()
        if mode != LINK and (not found or (str(path) in named and path.name.endswith(MANIFEST_SUFFIXES)))
    )
    # The closure has followed the links to these.
    return Sources(found, tuple((path, tree.blob(path)) for path in files))


def named_resources(kustomization: Kustomization) -> Iterator[str]:
    """Yield the paths that a kustomization names as resources: of files that declare objects, and of directories."""
    return _paths(str(kustomization.path.parent), _list(kustomization.body.get("resources")))


@lru_cache(maxsize=1024)
def _named(directory: str, data: bytes, path: PurePosixPath) -> tuple[str, ...]:
    """Return the paths that a kustomization names as resources and patches."""
    documents = kustomization_documents(data, path)
    texts = [text for document in documents if isinstance(document, dict) for text in _texts(document)]
    return tuple(_paths(directory, texts))


def _paths(directory: str, texts: list[Any]) -> Iterator[str]:
    return (normpath(join(directory, text)) for text in texts if isinstance(text, str) and "\n" not in text)


def _texts(document: dict[str, Any]) -> Iterator[Any]:
    yield from _list(document.get("resources"))
    yield from _list(document.get("patchesStrategicMerge"))
    for name in _PATCHES:
        yield from (item.get("path") for item in _list(document.get(name)) if isinstance(item, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
