"""Which overlays kustomize builds as if they were alone while others are built beside them; see `together`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.graph import kustomization_documents
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import LINK, normalize, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

_HARMLESS = frozenset(
    {
        *("apiVersion", "kind", "metadata", "resources", "components", "namespace", "labels", "commonAnnotations"),
        *("images", "replicas", "patches", "configMapGenerator", "secretGenerator", "generatorOptions"),
    }
)
"""Fields of a kustomization that have an effect only on what it builds itself, and change no name but by a hash."""

_PATCH = frozenset({"patch", "path", "target"})
"""The fields of a patch, but for `options`, in no other spelling: kustomize reads `Options`, too."""

_INTERNAL = b"internal.config.kubernetes.io"
"""How kustomize writes down what it did to an object, such as its names before; and would believe it if it is told."""

_PLAIN_PATH = lazy_pattern(r"[\w.-]+(?:/[\w.-]+)*")


def may_join(tree: Tree, found: Closure) -> bool:
    """Tell whether an overlay can be built beside others: by its kustomizations, those of its bases and components."""
    if found.remotes or not _PLAIN_PATH.fullmatch(str(found.overlay)):
        return False
    if any(_INTERNAL in tree.blob(path) for path, mode in found.files.items() if mode != LINK):
        return False
    try:
        return _kustomizations_join(tree, found.kustomizations)
    except GitopsError:
        return False


def _kustomizations_join(tree: Tree, paths: Iterable[PurePosixPath]) -> bool:
    bodies = [(path, _body(tree, path)) for path in paths]
    return bodies[0][1].get("kind") != "Component" and all(_is_harmless(tree, path, body) for path, body in bodies)


def _body(tree: Tree, path: PurePosixPath) -> Mapping[str, Any]:
    documents = kustomization_documents(read(tree, path), path)
    return documents[0] if len(documents) == 1 and isinstance(documents[0], dict) else {"unknown": documents}


def _is_harmless(tree: Tree, path: PurePosixPath, kustomization: Mapping[str, Any]) -> bool:
    patches = kustomization.get("patches") or ()
    return kustomization.keys() <= _HARMLESS and not any(_renames(tree, path, patch) for patch in patches)


def _renames(tree: Tree, path: PurePosixPath, patch: Any) -> bool:
    """Tell whether a patch may change a name; one in the form of an object cannot, unless its options allow it."""
    if not isinstance(patch, dict) or not patch.keys() <= _PATCH:
        return True
    text, file = patch.get("patch"), patch.get("path")
    if isinstance(text, str):
        documents = kustomization_documents(text.encode(), path)
    else:
        place = normalize(path.parent / str(file))
        documents = kustomization_documents(read(tree, place), place)
    operations = [item for document in documents if isinstance(document, list) for item in document]
    return any(not isinstance(item, dict) or _names_object(item.get("path")) for item in operations)


def _names_object(pointer: Any) -> bool:
    """Tell whether a JSON pointer leads to what identifies an object, or to something around it."""
    way = str(pointer).split("/")[1:]
    if way[:1] == ["metadata"]:
        return way[1:2] not in (["labels"], ["annotations"])
    return way[:1] in ([], [""], ["kind"], ["apiVersion"])
