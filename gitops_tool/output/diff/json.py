"""A diff for programs; the shape is described in `schemas/output/diff.schema.json`."""

from __future__ import annotations

import json
from typing import Any

from gitops_tool.diff.grouping import group_changes
from gitops_tool.diff.repository import ObjectChange, ObjectKind, RepositoryDiff
from gitops_tool.diff.values import MISSING, FieldChange, path_text
from gitops_tool.model import Overlay, ResourceId
from gitops_tool.output.diff.lines import remarks

VERSION = 1


def diff_json(diff: RepositoryDiff) -> str:
    """Return a diff as one JSON document."""
    groups = group_changes(diff.objects)
    numbers = {id(change): number for number, group in enumerate(groups) for change in group.changes}
    document = {
        "version": VERSION,
        "base": diff.base,
        "head": diff.head,
        "summary": {
            "overlays": len(diff.overlays),
            "failures": len(diff.failures),
            "objects": {kind.value: diff.count(kind) for kind in ObjectKind},
        },
        "images": [{**_overlay(one.overlay), "old": one.old, "new": one.new} for one in diff.images],
        "effects": [
            {
                "effect": one.kind.value,
                "serious": one.serious,
                **_overlay(one.overlay),
                "object": _id(one.id),
                "reasons": list(one.reasons),
            }
            for one in diff.effects
        ],
        "overlays": [
            {**_overlay(one.overlay), "objectsBefore": one.before, "objectsAfter": one.after} for one in diff.overlays
        ],
        "objects": [_object(change, numbers[id(change)]) for change in diff.objects],
        "failures": [
            {**_overlay(one.overlay), "side": one.side.value, "message": one.message, "hint": one.hint}
            for one in diff.failures
        ],
        "notes": list(remarks(diff)),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _overlay(overlay: Overlay) -> dict[str, Any]:
    return {"app": overlay.app, "environment": overlay.environment or None, "path": str(overlay.path)}


def _id(one: ResourceId) -> dict[str, str]:
    return {"apiVersion": one.api_version, "kind": one.kind, "namespace": one.namespace, "name": one.name}


def _object(change: ObjectChange, group: int) -> dict[str, Any]:
    return {
        "change": change.kind.value,
        "group": group,
        **_overlay(change.overlay),
        "object": _id(change.id),
        "oldObject": _id(change.old_id) if change.old_id is not None else None,
        "oldOverlay": _overlay(change.old_overlay) if change.old_overlay is not None else None,
        "fields": [_field(field) for field in change.fields],
        "before": change.before if change.kind is ObjectKind.REMOVED else None,
        "after": change.after if change.kind is ObjectKind.ADDED else None,
    }


def _field(field: FieldChange) -> dict[str, Any]:
    """Return a value that differs; a side without it lacks the key, as does one that is not to be shown."""
    found: dict[str, Any] = {
        "path": path_text(field.path),
        "change": field.kind.value,
        "consequence": field.consequence,
        "masked": field.masked,
    }
    if field.is_order:
        names = [str(key) for key in field.before]
        return found | {"before": names, "after": [names[place] for place in field.after]}
    values = {"before": field.before, "after": field.after}
    return found | {side: value for side, value in values.items() if value is not MISSING}
