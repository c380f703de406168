"""Which schemas there are: bundled, the repository's own, and those that its objects would need and nobody has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.records import record
from gitops_tool.schemas.catalogue import (
    Catalogue,
    bundled_custom_resources,
    kubernetes_kinds,
    newest_version,
    versions,
)
from gitops_tool.schemas.crds import crd_schemas
from gitops_tool.schemas.nodes import GroupVersionKind
from gitops_tool.tree import FILES, walk
from gitops_tool.validate.schema_check import OWN_SCHEMAS, repository_schemas

if TYPE_CHECKING:
    from pathlib import Path

    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay, Resource
    from gitops_tool.render import Render
    from gitops_tool.tree import Tree


class Source(StrEnum):
    """Where a schema comes from; the later ones win over the earlier ones."""

    KUBERNETES = "kubernetes"
    BUNDLED = "bundled"
    DEFINITION = "definition"
    """A CustomResourceDefinition that an overlay renders."""
    FILE = "file"
    """A file in one of the repository's folders of schemas."""


@record
class KnownSchema:
    """A kind with its schema; `path` is the repository's file, `objects` how many rendered ones are of that kind."""

    api_version: str
    kind: str
    source: Source
    path: PurePosixPath | None
    objects: int


@record
class MissingSchema:
    """A kind that is rendered and has no schema at the Kubernetes version of the overlays' environment."""

    api_version: str
    kind: str
    kubernetes_version: str
    objects: int
    overlays: tuple[PurePosixPath, ...]


@record
class SchemaListing:
    """All schemas for one Kubernetes version, in the order of their names, and what is missing in any environment."""

    kubernetes_version: str
    kubernetes_versions: tuple[str, ...]
    known: tuple[KnownSchema, ...]
    missing: tuple[MissingSchema, ...]


def list_schemas(
    tree: Tree, settings: Settings, renders: Sequence[tuple[Overlay, Render]], cache: Path
) -> SchemaListing:
    """Tell which schemas there are, and which of them are used.

    Args:
        tree: the repository.
        settings: its settings, which say the Kubernetes versions.
        renders: what it renders.
        cache: the user's cache folder.

    Raises:
        ConfigError: a Kubernetes version is not known, or a schema of the repository is damaged.
    """
    version = _minor(settings.kubernetes_version)
    resources = [resource for _, render in renders for resource in render.resources]
    used: dict[GroupVersionKind, int] = {}
    for resource in resources:
        gvk = GroupVersionKind(resource.id.api_version, resource.id.kind)
        used[gvk] = used.get(gvk, 0) + 1
    sources: dict[GroupVersionKind, tuple[Source, PurePosixPath | None]] = {}
    sources |= dict.fromkeys(bundled_custom_resources(), (Source.BUNDLED, None))
    sources |= dict.fromkeys(kubernetes_kinds(version), (Source.KUBERNETES, None))
    sources |= dict.fromkeys(_defined(resources), (Source.DEFINITION, None))
    sources |= {gvk: (Source.FILE, path) for gvk, path in _files(tree, settings, used)}
    known = (KnownSchema(*gvk, *source, used.get(gvk, 0)) for gvk, source in sorted(sources.items()))
    return SchemaListing(version, versions(), tuple(known), tuple(_missing(tree, settings, renders, cache)))


def _minor(version: str | None) -> str:
    return ".".join(version.removeprefix("v").split(".")[:2]) if version else newest_version()


def _defined(resources: Iterable[Resource]) -> Iterator[GroupVersionKind]:
    for resource in resources:
        if resource.id.kind == "CustomResourceDefinition":
            yield from crd_schemas(resource.body)


def _files(
    tree: Tree, settings: Settings, used: Mapping[GroupVersionKind, int]
) -> Iterator[tuple[GroupVersionKind, PurePosixPath]]:
    """Yield the kind of each file of the repository's own.

    A file's name has the kind in lower case: its spelling is that of an object, else of the bundled schema.
    """
    spelt = {(gvk.group, gvk.kind.lower()): gvk.kind for gvk in (*bundled_custom_resources(), *used)}
    for folder in settings.schemas or (OWN_SCHEMAS,):
        for path, mode in walk(tree, folder):
            group, (kind, _, version) = path.parent.name, path.stem.rpartition("_")
            if mode in FILES and path.suffix == ".json" and path.parent.parent == folder and kind:
                yield GroupVersionKind(f"{group}/{version}", spelt.get((group, kind), kind)), path


def _missing(
    tree: Tree, settings: Settings, renders: Sequence[tuple[Overlay, Render]], cache: Path
) -> Iterator[MissingSchema]:
    resources = [resource for _, render in renders for resource in render.resources]
    extra = repository_schemas(tree, settings, resources)
    catalogues: dict[str, Catalogue] = {}
    found: dict[tuple[str, str, str], list[PurePosixPath]] = {}
    for overlay, render in renders:
        environment = settings.environment(overlay.environment)
        version = _minor((environment and environment.kubernetes_version) or settings.kubernetes_version)
        if version not in catalogues:
            catalogues[version] = Catalogue(version, extra=extra, cache=cache)
        for resource in render.resources:
            if not catalogues[version].has(resource.id.api_version, resource.id.kind):
                name = (resource.id.api_version, resource.id.kind, version)
                found.setdefault(name, []).append(overlay.path)
    for name, paths in sorted(found.items()):
        yield MissingSchema(*name, len(paths), tuple(dict.fromkeys(paths)))
