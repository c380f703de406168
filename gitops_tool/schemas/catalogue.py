"""Finds the schema of a kind: Kubernetes' own for one version, bundled custom resources, the repository's own.

Nothing is read before it is asked for: whether a kind has a schema is answered by an index, and the schemas of a
Kubernetes version are unpacked once in a process, and not at all when the cache has what kubeconform needs.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError
from gitops_tool.schemas.cache import write_folder
from gitops_tool.schemas.nodes import DRAFT, GroupVersionKind, Schema, nullable, reachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DATA = Path(__file__).parent / "data"
FILE_TEMPLATE = "{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json"
"""How kubeconform finds a schema in the folder that `Catalogue.folder` returns."""

_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_METADATA = nullable({"$ref": f"#/definitions/{_OBJECT_META}"})
# Part of every cache key: raise it when this module or `cache.py` writes other files from the same schemas.
_FORMAT = b"1"
# https://kubernetes.io/docs/reference/using-api/deprecation-guide/; gone before the oldest version there is here.
_REMOVED_GROUPS = frozenset({"auditregistration.k8s.io", "extensions", "settings.k8s.io"})


def versions() -> tuple[str, ...]:
    """Return the Kubernetes versions that there are schemas for, oldest first."""
    minors = (path.name.removesuffix(".json.xz") for path in (DATA / "kubernetes").glob("*.json.xz"))
    return tuple(sorted(minors, key=lambda minor: [int(part) for part in minor.split(".")]))


def newest_version() -> str:
    """Return the newest of `versions()`."""
    return versions()[-1]


def is_core_group(group: str) -> bool:
    """Tell whether Kubernetes itself serves the group, or once did, so that a kind without a schema is a mistake.

    The name does not tell: `autoscaling.k8s.io` and `gateway.networking.k8s.io` are of projects beside Kubernetes.
    """
    return group in _served_groups() | _REMOVED_GROUPS


def served_in(api_version: str, kind: str) -> tuple[str, str] | None:
    """Return the first and the last Kubernetes version that serves a kind; None if none of `versions()` does."""
    span = _index()["kubernetes"].get(f"{api_version}/{kind}")
    return (span[0], span[1]) if span else None


def kubernetes_kinds(version: str) -> list[GroupVersionKind]:
    """Return the kinds that a Kubernetes version serves, one of `versions()`."""
    spans = _index()["kubernetes"].items()
    minor = _number(version)
    return sorted(_named(name) for name, span in spans if _number(span[0]) <= minor <= _number(span[1]))


def bundled_custom_resources() -> list[GroupVersionKind]:
    """Return the custom resources whose schemas are bundled."""
    return sorted(_named(name) for name in _index()["crds"])


class Catalogue:
    """The schemas that apply to one cluster.

    Args:
        kubernetes_version: a version of which `versions()` has the minor one: "1.31", "v1.31.4".
        extra: what the repository brings along, by `apiVersion` and `kind`; it wins over what is bundled.
        cache: the user's cache folder; made when it is needed.

    Raises:
        ConfigError: there are no schemas for that version.
    """

    def __init__(
        self,
        kubernetes_version: str,
        *,
        extra: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
        cache: Path,
    ) -> None:
        known = versions()
        minor = ".".join(kubernetes_version.removeprefix("v").split(".")[:2])
        if minor not in known:
            hint = f"set kubernetesVersion to one of {known[0]} to {known[-1]}"
            raise ConfigError(f'there are no schemas for Kubernetes "{kubernetes_version}"', hint=hint)
        self.kubernetes_version = minor
        self._extra = {GroupVersionKind(*name): schema for name, schema in (extra or {}).items()}
        self._cache = cache
        self._found: dict[GroupVersionKind, Schema] = {}

    def has(self, api_version: object, kind: object) -> bool:
        """Tell whether a kind has a schema, without reading it."""
        gvk = GroupVersionKind.of(api_version, kind)
        return gvk is not None and self._source(gvk) is not None

    def find(self, api_version: object, kind: object) -> Schema | None:
        """Return a kind's schema, complete in itself; None if there is none.

        Raises:
            ConfigError: a schema of the repository cannot be used.
        """
        gvk = GroupVersionKind.of(api_version, kind)
        if gvk is None or self._source(gvk) is None:
            return None
        if gvk not in self._found:
            self._found[gvk] = self._standalone(gvk)
        return self._found[gvk]

    def is_extra(self, api_version: str, kind: str) -> bool:
        """Tell whether a kind's schema comes from the repository, and may be wrong."""
        return isinstance(self._source(GroupVersionKind(api_version, kind)), GroupVersionKind)

    def folder(self, kinds: Iterable[tuple[str, str]]) -> Path:
        """Return a folder with the schema of each kind, for kubeconform; see `FILE_TEMPLATE`.

        The folder is kept in the cache, and what lies there is never changed: its name is a digest of all it is made
        from. So any number of processes may ask for it at once.

        Args:
            kinds: `apiVersion` and `kind` of each; those without a schema are passed over.

        Raises:
            ConfigError: a schema of the repository cannot be used.
            ToolError: the cache cannot be written.
        """
        wanted = {gvk for pair in kinds if (gvk := GroupVersionKind.of(*pair)) and self._source(gvk)}
        others = sorted(gvk for gvk in wanted if self._source(gvk) != self._bundle)
        digest = hashlib.sha256(_FORMAT + _bundle_digest(self._bundle))
        for gvk in others:
            digest.update(f"\0{gvk}\0".encode() + self._raw(gvk))
        folder = self._cache / "schemas" / f"{self.kubernetes_version}-{digest.hexdigest()[:20]}"
        # Only the kinds from outside the bundle are part of the name, so of them the folder holds all it will ever.
        return write_folder(folder, {_file_name(gvk): gvk for gvk in wanted}, lambda gvk: _text(self._find(gvk)))

    @property
    def _bundle(self) -> Path:
        return DATA / "kubernetes" / f"{self.kubernetes_version}.json.xz"

    def _source(self, gvk: GroupVersionKind) -> Path | GroupVersionKind | None:
        """Return where the schema is: a key of `extra`, the version's bundle, or a file; None if nowhere."""
        # Collections of schemas name their files in lower case, and many do not tell the spelling.
        for name in (gvk, gvk._replace(kind=gvk.kind.lower())):
            if name in self._extra:
                return name
        span = served_in(*gvk)
        if span is not None:
            minor = _number(self.kubernetes_version)
            return self._bundle if _number(span[0]) <= minor <= _number(span[1]) else None
        file = _index()["crds"].get(str(gvk))
        return DATA / "crds" / file if file else None

    def _raw(self, gvk: GroupVersionKind) -> bytes:
        source = self._source(gvk)
        if isinstance(source, Path):
            return source.read_bytes()
        from gitops_tool.schemas.crds import portable

        return _text(portable(self._extra[source or gvk]))

    def _find(self, gvk: GroupVersionKind) -> Schema:
        return self.find(gvk.api_version, gvk.kind) or {}

    def _standalone(self, gvk: GroupVersionKind) -> Schema:
        bundle = _load(self._bundle)
        if self._source(gvk) == self._bundle:
            root = {"$ref": f"#/definitions/{bundle['kinds'][str(gvk)]}"}
            return {"$schema": DRAFT, **root, "definitions": reachable([root], bundle["definitions"])}
        return _with_metadata(json.loads(self._raw(gvk)), bundle["definitions"])


def _with_metadata(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a custom resource's schema with Kubernetes' own for `metadata`, where it says nothing about it itself."""
    properties = schema.get("properties")
    metadata = properties.get("metadata") if isinstance(properties, dict) else None
    if not isinstance(properties, dict) or metadata not in ({"type": "object"}, nullable({"type": "object"}), {}):
        return schema
    own = schema.get("definitions", {})
    added = {name: part for name, part in reachable([_METADATA], definitions).items() if name not in own}
    return {**schema, "properties": {**properties, "metadata": _METADATA}, "definitions": {**own, **added}}


def _file_name(gvk: GroupVersionKind) -> str:
    """Return what `FILE_TEMPLATE` gives: kubeconform takes the core group's version for the group."""
    return f"{gvk.group or gvk.version}_{gvk.version}_{gvk.kind.lower()}.json"


def _named(name: str) -> GroupVersionKind:
    api_version, _, kind = name.rpartition("/")
    return GroupVersionKind(api_version, kind)


def _number(minor: str) -> int:
    return int(minor.partition(".")[2])


def _text(schema: Schema) -> bytes:
    return json.dumps(schema, separators=(",", ":"), sort_keys=True).encode()


@cache
def _index() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DATA / "index.json").read_bytes())
    return content


@cache
def _served_groups() -> frozenset[str]:
    return frozenset(kind.rpartition("/")[0].rpartition("/")[0] for kind in _index()["kubernetes"])


@cache
def _bundle_digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _load(path: Path) -> dict[str, Any]:
    import lzma

    content: dict[str, Any] = json.loads(lzma.decompress(path.read_bytes()))
    return content
