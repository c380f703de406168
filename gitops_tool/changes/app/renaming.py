"""Which texts of manifests name an app's objects, and what they become when it gets another name."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES
from gitops_tool.records import record
from gitops_tool.rules.base import dig
from gitops_tool.tree import read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.tree import Tree
    from gitops_tool.yamledit.scalar import Pointer

_NAME_KEYS = frozenset(
    {"name", "serviceAccountName", "serviceAccount", "secretName", "claimName", "serviceName", "configMapName"}
)
_NOT_NAMES = frozenset({"env", "ports", "images", "volumes", "volumeMounts", "data", "annotations"})
"""Where `name` is that of something else than an object."""

_SELECTORS = frozenset({"matchLabels", "selector", "podSelector"})
_LABELS = frozenset({"labels", "pairs", "commonLabels", *_SELECTORS})
_GENERATORS = ("configMapGenerator", "secretGenerator")


@record
class Renaming:
    """An app's old and new name, the objects that are its own, and where its files go."""

    old: str
    new: str
    objects: frozenset[str]
    moved: Mapping[PurePosixPath, PurePosixPath]

    def name(self, text: str) -> str:
        """Return what the name of an object of the app becomes."""
        return self.new + text[len(self.old) :]

    def own(self, pointer: Pointer, text: str) -> str | None:
        """Return what a text of the app's own files becomes; None if it stays."""
        if text == self.old and _is_in(pointer, _LABELS):
            return self.new
        return self.name(text) if text in self.objects and _is_name(pointer) else None

    def elsewhere(self, pointer: Pointer, text: str) -> str | None:
        """Return what a text of another app's files becomes: a reference to an object, or a selector of its pods."""
        if text == self.old and _is_in(pointer, _SELECTORS):
            return self.new
        if len(pointer) >= 2 and pointer[-2] == "metadata":
            return None  # an object of its own
        return self.name(text) if text in self.objects and _is_name(pointer) else None

    def in_kustomization(self, path: PurePosixPath, text: str) -> str | None:
        """Return what a way in a kustomization becomes, if it leads to what moves; the kustomization may move, too."""
        if not text or "://" in text or text.startswith("/"):
            return None
        target = PurePosixPath(posixpath.normpath(str(path.parent / text)))
        files = [file for file in self.moved if file == target or file.is_relative_to(target)]
        if not files or any(self._stays(target, file) for file in files):
            return None
        after = self.moved[files[0]]
        folder = after if files[0] == target else after.parents[len(files[0].relative_to(target).parts) - 1]
        way = posixpath.relpath(str(folder), str(self.moved.get(path, path).parent))
        return None if way == posixpath.normpath(text) else way

    def _stays(self, target: PurePosixPath, path: PurePosixPath) -> bool:
        """Whether a directory is above what moves, and so stays itself."""
        inside = path.relative_to(target).parts
        return inside != self.moved[path].parts[len(self.moved[path].parts) - len(inside) :]


def _is_name(pointer: Pointer) -> bool:
    if not pointer or pointer[-1] not in _NAME_KEYS:
        return False
    return not any(part in _NOT_NAMES for part in pointer[:-1]) or _is_source(pointer)


def _is_source(pointer: Pointer) -> bool:
    """Whether a name below `env` or `volumes` is that of a ConfigMap, a Secret or a claim."""
    sources = {"secretKeyRef", "configMapKeyRef", "secretRef", "configMapRef", "configMap", "secret"}
    return (pointer[-1] == "name" and len(pointer) >= 2 and pointer[-2] in sources) or pointer[-1] in {
        "secretName",
        "claimName",
    }


def _is_in(pointer: Pointer, keys: frozenset[str]) -> bool:
    """Whether a text is a value below one of some keys."""
    return any(part in keys for part in pointer[:-1]) and "annotations" not in pointer


def own_objects(tree: Tree, files: Iterable[PurePosixPath], name: str) -> frozenset[str]:
    """Return the names of objects that an app's files define and that begin with its name."""
    return frozenset(text for text in _defined(tree, files) if text == name or text.startswith(f"{name}-"))


def defined_names(tree: Tree, files: Iterable[PurePosixPath]) -> frozenset[str]:
    """Return the names of all objects that files define."""
    return frozenset(_defined(tree, files))


def _defined(tree: Tree, files: Iterable[PurePosixPath]) -> Iterator[str]:
    for path in files:
        if not path.name.endswith(MANIFEST_SUFFIXES):
            continue
        try:
            documents = load_documents(read(tree, path), path)
        except GitopsError:
            continue  # what is no manifest defines nothing
        for body in documents:
            if isinstance(body, dict):
                names = _generated(body) if path.name in KUSTOMIZATION_NAMES else _names(body)
                yield from (name for name in names if isinstance(name, str))


def _names(body: Mapping[str, Any]) -> Iterator[Any]:
    yield dig(body, "metadata", "name")
    if body.get("kind") == "ExternalSecret":
        yield dig(body, "spec", "target", "name")
    tls = dig(body, "spec", "tls")
    yield from (dig(item, "secretName") for item in (tls if isinstance(tls, list) else ()))


def _generated(body: Mapping[str, Any]) -> Iterator[Any]:
    for key in _GENERATORS:
        items = body.get(key)
        yield from (dig(item, "name") for item in (items if isinstance(items, list) else ()))
