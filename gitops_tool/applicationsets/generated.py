"""The Applications that the ApplicationSets of a file generate, as the nouns that the rest of the program knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import YamlError
from gitops_tool.model import Application, ApplicationSource, Location
from gitops_tool.tree import read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

_SET = "ApplicationSet"


def generated_applications(tree: Tree, settings: Settings, path: PurePosixPath) -> Iterator[Application]:
    """Yield the Applications that the ApplicationSets of a file generate, as far as files can tell.

    They are located at the file: no line of it is theirs alone.
    """
    data = read(tree, path)
    if _SET.encode() not in data:
        return
    from gitops_tool.applicationsets.expand import expand

    try:
        documents = load_documents(data, path)
    except YamlError:
        return
    for body in documents:
        if isinstance(body, dict) and body.get("kind") == _SET:
            for one in expand(body, tree, settings).applications:
                yield _application(one.manifest, Location(path))


def _application(body: Mapping[str, Any], location: Location) -> Application:
    metadata, spec = _mapping(body.get("metadata")), _mapping(body.get("spec"))
    sources = [one for one in (_list(spec.get("sources")) or [spec.get("source")]) if isinstance(one, dict)]
    return Application(
        str(metadata.get("name", "")),
        str(metadata.get("namespace", "")),
        str(spec.get("project", "")),
        tuple(_source(one, location) for one in sources),
        body,
        location,
    )


def _source(body: dict[str, Any], location: Location) -> ApplicationSource:
    path = body.get("path")
    where = PurePosixPath(path) if isinstance(path, str) else None
    return ApplicationSource(str(body.get("repoURL", "")), where, None, (), body, location)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
