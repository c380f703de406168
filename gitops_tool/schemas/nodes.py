"""Kinds, and the parts that their schemas are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from gitops_tool.patterns import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Schema = dict[str, Any]
"""A JSON Schema of draft 7."""

DRAFT = "http://json-schema.org/draft-07/schema#"

_NAME = lazy_pattern(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


class GroupVersionKind(NamedTuple):
    """What names a kind: the two fields of a manifest. A plain pair of them is its equal."""

    api_version: str
    kind: str

    def __str__(self) -> str:
        """Return `apps/v1/Deployment`, as `schemas/index.json` names it."""
        return f"{self.api_version}/{self.kind}"

    @property
    def group(self) -> str:
        """The API group, empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def version(self) -> str:
        """The API version without the group."""
        return self.api_version.rpartition("/")[2]

    @classmethod
    def of(cls, api_version: object, kind: object) -> GroupVersionKind | None:
        """Return the kind that two fields of a manifest name; None if they cannot name any."""
        if not isinstance(api_version, str) or not isinstance(kind, str):
            return None
        gvk = cls(api_version, kind)
        parts = (gvk.version, kind) if "/" not in api_version else (gvk.group, gvk.version, kind)
        return gvk if all(_NAME.fullmatch(part) for part in parts) else None


def nullable(schema: Schema) -> Schema:
    """Return a schema that takes null too, in the form that gives readable errors for all else."""
    if not schema or "if" in schema:
        return schema
    types = schema.get("type")
    if types is not None and not schema.keys() & {"enum", "allOf", "anyOf", "oneOf", "not"}:
        names = [types] if isinstance(types, str) else list(types)
        return {**schema, "type": names if "null" in names else [*names, "null"]}
    return {"if": {"type": "null"}, "else": schema}


def reachable(start: Iterable[Any], definitions: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the definitions that some schemas refer to, directly or by way of others, sorted by name."""
    found: set[str] = set()
    todo: list[Any] = list(start)
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            name = _target(node)
            if name in definitions and name not in found:
                found.add(name)
                todo.append(definitions[name])
            todo.extend(node.values())
        elif isinstance(node, list):
            todo.extend(node)
    return {name: definitions[name] for name in sorted(found)}


def _target(node: Mapping[str, Any]) -> str:
    reference = node.get("$ref")
    return reference.removeprefix("#/definitions/") if isinstance(reference, str) else ""
