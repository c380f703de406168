"""The part of an object that rules over the whole repository see: what one overlay can be to another.

They see nothing else, so what they find stays right as long as no outline changes. That spares a look at every overlay
after the commonest change, another image.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.graph import Closure
from gitops_tool.records import replace

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.render import Render

_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_INSIDE_A_CONTAINER = frozenset({"image", "imagePullPolicy", "command", "args", "resources"})
_WHOLE_FROM = 30_000
"""Characters of texts in an object from which on it is left whole: how large it is becomes a matter of its own."""


def outlined(render: Render) -> Render:
    """Return a render with the outlines of its objects, in their order."""
    return replace(render, resources=tuple(outline(resource) for resource in render.resources), origins=None)


def outline(resource: Resource) -> Resource:
    """Return an object without what its containers run, and without the values of its data.

    An object that may be too large for some use stays whole, but for the values of a Secret.
    """
    body = resource.body
    if resource.id.kind in {"ConfigMap", "Secret"} and not resource.id.group:
        small = _length(body) < _WHOLE_FROM
        shown = _keys_only(body, filled=not small) if small or resource.id.kind == "Secret" else body
    else:
        shown = _without_programs(body)
        if shown is not body and _length(body) >= _WHOLE_FROM:
            shown = body
    return resource if shown is body else replace(resource, body=shown)


def written(render: Render) -> bytes:
    """Write down all that rules over the repository see of an overlay; `read_outline` reads it."""
    found = render.closure
    parts = [
        [str(render.overlay), [str(path) for path in found.kustomizations], list(render.warnings)],
        [[str(path), mode] for path, mode in found.files.items()],
        [[str(item.file) if item.file else None, item.body] for item in render.resources],
    ]
    return json.dumps(parts, separators=(",", ":")).encode()


def digest(text: bytes) -> str:
    """Name an outline that was written down."""
    return hashlib.sha256(text).hexdigest()


def read_outline(text: bytes) -> Render:
    """Return the outline that `written` wrote down; what it depends on was not fetched over a network."""
    from gitops_tool.render import Render, resource

    (overlay, kustomizations, warnings), files, objects = json.loads(text)
    path = _path(overlay)
    found = Closure(path, tuple(map(_path, kustomizations)), {_path(name): mode for name, mode in files}, ())
    items = (resource(body, path, None if file is None else _path(file)) for file, body in objects)
    return Render(path, tuple(items), found, tuple(warnings))


@lru_cache(maxsize=4096)
def _path(text: str) -> PurePosixPath:
    return PurePosixPath(text)


def _keys_only(body: Mapping[str, Any], *, filled: bool) -> Mapping[str, Any]:
    """Return an object without the values of its data; `filled` puts as many other characters there."""
    shown = dict(body)
    for field in ("data", "stringData", "binaryData"):
        values = body.get(field)
        if isinstance(values, dict):
            shown[field] = {key: "*" * len(str(value)) if filled else "" for key, value in values.items()}
    return shown


def _without_programs(value: Any) -> Any:
    """Return a value with leaner containers, wherever they stand in it; the very value if there are none."""
    if isinstance(value, dict):
        found = {
            key: _lean_containers(part) if key in _CONTAINERS and isinstance(part, list) else _without_programs(part)
            for key, part in value.items()
            if isinstance(part, (dict, list))
        }
        return {**value, **found} if any(found[key] is not value[key] for key in found) else value
    if isinstance(value, list):
        items = [_without_programs(item) if isinstance(item, (dict, list)) else item for item in value]
        return items if any(item is not old for item, old in zip(items, value, strict=True)) else value
    return value


def _lean_containers(containers: list[Any]) -> list[Any]:
    return [_lean(item) if isinstance(item, dict) else item for item in containers]


def _lean(container: dict[str, Any]) -> dict[str, Any]:
    shown = {key: value for key, value in container.items() if key not in _INSIDE_A_CONTAINER}
    variables = container.get("env")
    if isinstance(variables, list):
        shown["env"] = [
            {**item, "value": ""} if isinstance(item, dict) and isinstance(item.get("value"), str) else item
            for item in variables
        ]
    return shown


def _length(value: Any) -> int:
    """Return the characters of all texts in a value."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _length(part) for key, part in value.items())
    return sum(map(_length, value)) if isinstance(value, list) else 0
