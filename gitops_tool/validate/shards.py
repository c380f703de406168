"""Shards: a part of the overlays for each of several jobs, and the whole of their reports.

A shard checks its overlays by themselves. What rules over the whole repository see of them, their outlines, goes into
its report; the job that merges the reports runs these rules over all outlines.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError, GitopsError
from gitops_tool.graph import closure
from gitops_tool.records import record
from gitops_tool.render import Origins, Render, resource
from gitops_tool.rules.base import OverlayView
from gitops_tool.schemas import SchemaEngine
from gitops_tool.validate.objects import StoredObjects
from gitops_tool.validate.outline import outlined
from gitops_tool.validate.run import Result, skipped_overlays
from gitops_tool.validate.selection import Selection, unchecked
from gitops_tool.validate.stored import finding_of, overlay_of, plain_finding, plain_overlay
from gitops_tool.validate.validator import Part, Report, Validator

if TYPE_CHECKING:
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree
    from gitops_tool.validate.shard import Shard

FORMAT = 1
_MOST = 1 << 30
"""Bytes that a report may unpack to."""

_DEFINITION = "CustomResourceDefinition"
_AGAIN = "write the reports anew: gitops validate --shard I/N --output-file json=FILE"


def select_shard(tree: Tree, selection: Selection, shard: Shard) -> Selection:
    """Return a shard of a selection, and beside it the overlays that may define custom resources which it has."""
    own = shard.of_overlays(selection.overlays)
    defining = set(tree.search([_DEFINITION], PurePosixPath()))
    beside = tuple(each for each in selection.overlays if defining and each not in own and _reads(tree, each, defining))
    return Selection(own, selection.complete, beside, is_shard=True)


def _reads(tree: Tree, overlay: Overlay, paths: set[PurePosixPath]) -> bool:
    try:
        return not paths.isdisjoint(closure(tree, overlay.path).files)
    except GitopsError:
        return False


def packed(
    shard: Shard, whole: Selection, result: Result, views: Mapping[Overlay, OverlayView], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what a shard's JSON report holds for the one who merges.

    Args:
        shard: which one it is.
        whole: the overlays of all shards.
        result: what was found.
        views: the overlays that could be rendered.
        facts: what has to be the same in all shards: the commit, the options.
    """
    places = {overlay: number for number, overlay in enumerate(whole.overlays)}
    content = {
        "complete": whole.complete,
        "overlays": [_packed(places[one.overlay], one, views.get(one.overlay)) for one in result.reports],
    }
    data = zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)
    return {
        "format": FORMAT,
        "index": shard.index,
        "total": shard.total,
        "facts": dict(facts),
        "data": base64.b64encode(data).decode(),
    }


def _packed(place: int, report: Report, view: OverlayView | None) -> dict[str, Any]:
    objects = StoredObjects.of(report.objects)
    render = outlined(view.render) if view else None
    return {
        "place": place,
        "overlay": plain_overlay(report.overlay),
        "findings": [plain_finding(finding) for finding in report.findings],
        "suppressed": report.suppressed,
        "objects": objects.text if objects else "",
        "warnings": list(render.warnings) if render else [],
        "resources": [[str(item.file) if item.file else None, item.body] for item in render.resources]
        if render
        else None,
    }


@record
class Unpacked:
    """What the reports of all shards hold; `facts` are the same in all of them."""

    facts: Mapping[str, Any]
    complete: bool
    kustomize: str
    schemas: SchemaEngine
    overlays: tuple[Mapping[str, Any], ...]


def unpack(reports: Mapping[str, str]) -> Unpacked:
    """Read the reports of all shards.

    Args:
        reports: the texts by the names of their files.

    Raises:
        ConfigError: one is no shard's report, is there twice or missing, or they are of different states.
    """
    read = {name: _read(text, name) for name, text in reports.items()}
    first_name, first = next(iter(read.items()))
    places: dict[int, str] = {}
    for name, document in read.items():
        index = document["shard"]["index"]
        if _common(document) != _common(first):
            raise ConfigError(f'"{name}" and "{first_name}" are not of one run', hint=_AGAIN)
        if index in places:
            raise ConfigError(f'"{name}" and "{places[index]}" are both of shard {index}', hint="name each once")
        places[index] = name
    total = first["shard"]["total"]
    if missing := [f"{index}/{total}" for index in range(1, total + 1) if index not in places]:
        hint = "did its job fail before it wrote the report?"
        raise ConfigError(f"the report of shard {', '.join(missing)} is missing", hint=hint)
    contents = [document["content"] for document in read.values()]
    overlays = sorted((one for content in contents for one in content["overlays"]), key=lambda one: int(one["place"]))
    return Unpacked(
        first["shard"]["facts"],
        all(content["complete"] for content in contents),
        first["kustomize"],
        SchemaEngine(first["schemaEngine"]),
        tuple(overlays),
    )


def _common(document: Mapping[str, Any]) -> list[Any]:
    shard = document["shard"]
    return [shard["total"], shard["facts"], document["kustomize"], document["schemaEngine"]]


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
        shard = document["shard"]
        if shard["format"] != FORMAT:
            raise ConfigError(f'"{name}" is of another version of gitops', hint=_AGAIN)
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(base64.b64decode(shard["data"], validate=True), _MOST)
        return {**document, "content": json.loads(content)}
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise ConfigError(f'"{name}" is not the JSON report of a shard', hint=_AGAIN) from error


def merge(tree: Tree, validator: Validator, shards: Unpacked) -> Result:
    """Run the rules over the whole repository, and put all reports together.

    Raises:
        GitopsError: the files are not those that the shards looked at.
    """
    overlays = {overlay_of(one["overlay"]): one for one in shards.overlays}
    views = [
        OverlayView(tree, validator.settings, overlay, _render(tree, overlay, one))
        for overlay, one in overlays.items()
        if one["resources"] is not None
    ]
    complete = shards.complete and len(views) == len(overlays)
    across = validator.repository_problems(tree, views, complete=complete)
    parts = {view.overlay: validator.across(view, across) for view in views}
    reports = tuple(_report(overlay, one, parts.get(overlay, Part())) for overlay, one in overlays.items())
    skipped = list(skipped_overlays(reports))
    if shards.complete:
        skipped += unchecked(tree, validator.settings, set(_used(tree, overlays, views)))
    return Result(reports, tuple(skipped), shards.complete, (), shards.kustomize, shards.schemas)


def _render(tree: Tree, overlay: Overlay, plain: Mapping[str, Any]) -> Render:
    items = tuple(
        resource(body, overlay.path, PurePosixPath(file) if file else None) for file, body in plain["resources"]
    )
    found = closure(tree, overlay.path)
    return Render(overlay.path, items, found, tuple(plain["warnings"]), Origins(tree, found, items))


def _report(overlay: Overlay, plain: Mapping[str, Any], across: Part) -> Report:
    own = Part(tuple(map(finding_of, plain["findings"])), plain["suppressed"])
    return Report.of(overlay, StoredObjects(plain["objects"]), across, own)


def _used(
    tree: Tree, overlays: Mapping[Overlay, Mapping[str, Any]], views: Sequence[OverlayView]
) -> Iterator[PurePosixPath]:
    """Yield the directories of all kustomizations that something validated is built from."""
    found = {view.overlay: view.render.closure for view in views}
    for overlay in overlays:
        yield overlay.path
        try:
            built = found.get(overlay) or closure(tree, overlay.path)
        except GitopsError:
            continue
        yield from (path.parent for path in built.kustomizations)
