"""Which file declares each object of a render: told by the files themselves, and by kustomize only where they do not.

kustomize tells it in annotations (`buildMetadata: [originAnnotations]`), but takes a third longer for a render with
them; and it is only where something is to be said about an object that anybody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.graph import kustomization_documents
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, FILES, mode_at, normalize, read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.graph import Closure
    from gitops_tool.model import Resource
    from gitops_tool.tree import Tree

Files = Sequence["PurePosixPath | None"]
"""The files of some objects, in their order."""

_OPAQUE = ("generators", "helmCharts", "helmChartInflationGenerator")
"""Fields of a kustomization that make objects of which no file says what they are."""

_GENERATORS = (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret"))
_OF_ANOTHER = frozenset({"merge", "replace"})
"""A generator's `behavior` where it changes what another one makes."""


class Origins:
    """The files that declare the objects of one render; looked for when somebody asks for the first.

    Args:
        tree: the files.
        found: what the render is built from.
        resources: its objects.
        ask: asks kustomize, in case the files do not tell.
    """

    def __init__(
        self, tree: Tree, found: Closure, resources: Sequence[Resource], ask: Callable[[], Files] = lambda: ()
    ) -> None:
        self._tree = tree
        self._found = found
        self._resources = resources
        self._ask = ask

    def of(self, resource: Resource) -> PurePosixPath | None:
        """Return the file that declares an object of the render, or configures its generator; None if unknown."""
        return self._files.get(id(resource))

    @cached_property
    def _files(self) -> dict[int, PurePosixPath | None]:
        """The files by the identities of the objects, which live as long as this does."""
        try:
            told = told_by_files(self._tree, self._found, self._resources)
            files = self._ask() if told is None else told
        except GitopsError:
            return {}
        return {id(item): file for item, file in zip(self._resources, files, strict=False)}


@record
class _Declaration:
    kind: str
    name: str
    file: PurePosixPath


def told_by_files(tree: Tree, found: Closure, resources: Sequence[Resource]) -> Files | None:
    """Return the file of each object: the only one that declares an object of its kind and name.

    A prefix, suffix or hash may have been added to the name. None where files alone do not tell: of what comes over the
    network or from plugins, where a declaration is used twice, and where several could be meant.

    Raises:
        TreeError, YamlError: a file cannot be read.
    """
    declared = _declarations(tree, found)
    if declared is None:
        return None
    by_kind: dict[str, dict[str, list[_Declaration]]] = {}
    for item in declared:
        by_kind.setdefault(item.kind, {}).setdefault(item.name, []).append(item)
    claims = [_claim(resource.id.name, by_kind.get(resource.id.kind, {})) for resource in resources]
    if len({id(claim) for claim in claims}) < len(claims):
        return None
    files = [claim.file for claim in claims if claim is not None]
    return files if len(files) == len(claims) else None


def _claim(name: str, declared: Mapping[str, Sequence[_Declaration]]) -> _Declaration | None:
    """Return the declaration with the name, else with the longest part of it; None if that is not one alone."""
    best = declared.get(name)
    if best is None:
        parts = [part for part in declared if part in name]
        longest = max(map(len, parts), default=0)
        best = [item for part in parts if len(part) == longest for item in declared[part]]
    return best[0] if len(best) == 1 else None


def _declarations(tree: Tree, found: Closure) -> list[_Declaration] | None:
    """Return what the files declare; None where not all of it can be said."""
    if found.remotes:
        return None
    declared: list[_Declaration] = []
    for path in found.kustomizations:
        for body in kustomization_documents(read(tree, path), path):
            if not isinstance(body, dict) or any(body.get(name) for name in _OPAQUE):
                return None
            for text in (*_list(body.get("resources")), *_list(body.get("bases"))):
                items = _in_resource(tree, path.parent, text)
                if items is None:
                    return None
                declared += items
            declared += _generated(body, path)
    return declared


def _in_resource(tree: Tree, directory: PurePosixPath, text: Any) -> list[_Declaration] | None:
    """Return what an entry of `resources` declares itself; nothing for a directory, whose kustomization does."""
    file = normalize(directory / str(text))
    mode = mode_at(tree, file)
    if mode == DIRECTORY:
        return []
    if mode not in FILES:  # a link, or on the other side of one
        return None
    found = []
    for body in load_documents(read(tree, file), file):
        if body is None:
            continue
        kind, name = _kind_and_name(body)
        if not kind or not name or kind.endswith("List"):
            return None
        found.append(_Declaration(kind, name, file))
    return found


def _generated(body: dict[str, Any], path: PurePosixPath) -> Iterator[_Declaration]:
    for field, kind in _GENERATORS:
        for entry in _list(body.get(field)):
            if isinstance(entry, dict) and entry.get("behavior") not in _OF_ANOTHER and entry.get("name"):
                yield _Declaration(kind, str(entry["name"]), path)


def _kind_and_name(body: Any) -> tuple[str, str]:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    name = metadata.get("name") if isinstance(metadata, dict) else None
    kind = body.get("kind") if isinstance(body, dict) else None
    return (kind, name) if isinstance(kind, str) and isinstance(name, str) else ("", "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
