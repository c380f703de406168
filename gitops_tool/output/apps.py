"""Apps as text and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_tool.changes.app.listing import ListedApp, ListedOverlay, ShownApp, ShownOverlay

VERSION = 1


def apps_text(apps: Sequence[ListedApp]) -> str:
    """Return the apps as a table: an overlay a line, with its images."""
    rows = [("APP", "ENVIRONMENT", "IMAGES")]
    for app in apps:
        rows += [(app.app.name, one.overlay.environment, _images(one)) for one in app.overlays]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = (f"{name:{widths[0]}}  {environment:{widths[1]}}  {images}".rstrip() for name, environment, images in rows)
    return "".join(f"{line}\n" for line in lines) if apps else "no apps\n"


def _images(one: ListedOverlay) -> str:
    return f"? {one.problem}" if one.problem else ", ".join(str(image) for image in one.images) or "-"


def apps_json(apps: Sequence[ListedApp]) -> str:
    """Return the apps as one JSON document."""
    return _document(
        {
            "apps": [
                {
                    "name": app.app.name,
                    "path": str(app.app.path),
                    "environments": [_overlay(one) for one in app.overlays],
                }
                for app in apps
            ]
        }
    )


def app_text(app: ShownApp) -> str:
    """Return all that is known of an app, environment by environment."""
    lines = [f"{app.app.name} ({app.app.path})"]
    for one in app.overlays:
        lines += ["", *_overlay_lines(one)]
    return "".join(f"{line}\n" for line in lines)


def _overlay_lines(one: ShownOverlay) -> Iterator[str]:
    overlay = one.listed.overlay
    yield f"{overlay.environment} ({overlay.path})"
    yield f"  images: {_images(one.listed)}"
    for by in one.applications:
        where = f"{by.cluster or '?'}, namespace {by.namespace or '?'}, project {by.project}"
        yield f"  {by.kind} {by.name} ({by.location}): {where}"
    if not one.applications:
        yield "  no Application syncs it"
    if one.problem:
        yield f"  does not render: {one.problem}"
    yield from (f"  {item}" for item in one.objects)


def app_json(app: ShownApp) -> str:
    """Return all that is known of an app as one JSON document."""
    environments = [
        _overlay(one.listed)
        | {
            "applications": [
                {
                    "kind": by.kind,
                    "name": by.name,
                    "project": by.project,
                    "cluster": by.cluster or None,
                    "namespace": by.namespace or None,
                    "path": str(by.location.path),
                    "line": by.location.line,
                }
                for by in one.applications
            ],
            "objects": [str(item) for item in one.objects],
            "problem": one.problem or one.listed.problem,
        }
        for one in app.overlays
    ]
    return _document({"name": app.app.name, "path": str(app.app.path), "environments": environments})


def _overlay(one: ListedOverlay) -> dict[str, Any]:
    return {
        "name": one.overlay.environment,
        "path": str(one.overlay.path),
        "images": [str(image) for image in one.images],
        "problem": one.problem,
    }


def _document(content: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION, **content}, indent=2, ensure_ascii=False) + "\n"
