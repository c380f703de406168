"""CustomResourceDefinitions from anywhere -> the schema files that a repository keeps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from gitops_tool.errors import ConfigError
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.schemas.catalogue import is_core_group
from gitops_tool.schemas.crds import crd_schemas, served_versions
from gitops_tool.schemas.nodes import GroupVersionKind, Schema
from gitops_tool.tree import FILES, DirTree, read, walk
from gitops_tool.yamlload import load_documents

_CRD = "CustomResourceDefinition"
_SUFFIXES = (".yaml", ".yml", ".json")


@record
class SchemaFile:
    """One version of a custom resource: its kind, the file's path below the folder of schemas, and its content."""

    kind: GroupVersionKind
    path: PurePosixPath
    data: bytes


def read_definitions(path: Path, name: str) -> tuple[SchemaFile, ...]:
    """Read the CustomResourceDefinitions of a file, or of all files in and below a folder.

    Args:
        path: the file or the folder.
        name: what it is called in errors.

    Raises:
        ConfigError: there is none, or one cannot be used.
        YamlError: the file is not YAML. In a folder such files are passed over, unless they tell of a definition.
    """
    if not path.is_dir():
        return schema_files([(path.read_bytes(), PurePosixPath(name))], name)
    tree = DirTree(path)
    found = ((read(tree, inner), PurePosixPath(name) / inner) for inner in _manifests(tree))
    return schema_files(((data, place) for data, place in found if _CRD.encode() in data), name)


def _manifests(tree: DirTree) -> Iterator[PurePosixPath]:
    for path, mode in walk(tree):
        if mode in FILES and path.suffix in _SUFFIXES and not any(part.startswith(".") for part in path.parts):
            yield path


def schema_files(texts: Iterable[tuple[bytes, PurePosixPath]], name: str) -> tuple[SchemaFile, ...]:
    """Return the schema files for the definitions in texts, in the order of their paths.

    Raises:
        ConfigError: there is none, one cannot be used, or two differ about one kind.
        YamlError: a text is not YAML.
    """
    found: dict[PurePosixPath, SchemaFile] = {}
    for data, place in texts:
        for document in load_documents(data, place):
            for definition in _definitions(document):
                for file in _files(definition, place):
                    if found.setdefault(file.path, file).data != file.data:
                        message = f'"{file.kind}" is defined twice, and differently'
                        raise ConfigError(message, location=Location(place))
    if not found:
        hint = "`kubectl get crd -o yaml` prints those of a cluster"
        raise ConfigError(f'"{name}" holds no {_CRD} that serves a version', hint=hint)
    return tuple(found[path] for path in sorted(found))


def _definitions(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the definitions in a document: itself, or the items of a list."""
    if not isinstance(document, dict):
        return
    if document.get("kind") == _CRD:
        yield document
    elif str(document.get("kind", "")).endswith("List") and isinstance(document.get("items"), list):
        yield from (item for item in document["items"] if isinstance(item, dict) and item.get("kind") == _CRD)


def _files(definition: Mapping[str, Any], place: PurePosixPath) -> Iterator[SchemaFile]:
    """Yield the schema of each version that is served.

    Raises:
        ConfigError: a name cannot be a file's, or is Kubernetes' own; or a schema cannot be read.
    """
    name = _name(definition)
    schemas = crd_schemas(definition)
    for api_version, kind in served_versions(definition):
        gvk = GroupVersionKind.of(api_version, kind)
        if gvk is None or not gvk.group:
            message = f'{name}: "{api_version} {kind}" is no kind of a custom resource'
            raise ConfigError(message, location=Location(place))
        if is_core_group(gvk.group):
            raise ConfigError(f'{name}: "{gvk.group}" is a group of Kubernetes\' own', location=Location(place))
        if gvk not in schemas:
            raise ConfigError(
                f'{name}: the schema of "{api_version} {kind}" is nested too deeply', location=Location(place)
            )
        yield SchemaFile(gvk, schema_path(gvk), _text(gvk, schemas[gvk], name))


def schema_path(gvk: GroupVersionKind) -> PurePosixPath:
    """Return where the schema of a custom resource stands below a folder of schemas."""
    return PurePosixPath(gvk.group, f"{gvk.kind.lower()}_{gvk.version}.json")


def _name(definition: Mapping[str, Any]) -> str:
    metadata = definition.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) and name else f"a {_CRD} without a name"


def _text(gvk: GroupVersionKind, schema: Schema, name: str) -> bytes:
    identity = {"group": gvk.group, "version": gvk.version, "kind": gvk.kind}
    document = {
        "$schema": schema["$schema"],
        "$comment": f"Derived by `gitops schemas import` from the {_CRD} {name}: strict, other fields are refused.",
        "title": f"{gvk.kind} {gvk.api_version}",
        "x-kubernetes-group-version-kind": [identity],
        **schema,
    }
    try:
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    except (RecursionError, UnicodeEncodeError) as error:
        raise ConfigError(f'{name}: the schema of "{gvk}" cannot be written as JSON') from error
