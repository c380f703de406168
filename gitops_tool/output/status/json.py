"""What runs where, and what ran before, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gitops_tool.output.json import VERSION
from gitops_tool.output.times import moment

if TYPE_CHECKING:
    from gitops_tool.git.log import Commit
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Revision
    from gitops_tool.status.changes import VersionChange
    from gitops_tool.status.history import History
    from gitops_tool.status.matrix import ImageStatus, Lag, OverlayStatus, Status


def status_json(status: Status) -> str:
    """Return the matrix as one JSON document."""
    return json.dumps({"version": VERSION, **status_dict(status)}, indent=2, ensure_ascii=False) + "\n"


def status_dict(status: Status) -> dict[str, Any]:
    """Return the matrix as plain values."""
    return {
        "revision": status.revision.sha if status.revision else None,
        "complete": status.history.is_complete,
        "environments": list(status.environments),
        "overlays": [_overlay(one, status.history) for one in status.overlays],
    }


def _overlay(one: OverlayStatus, history: History) -> dict[str, Any]:
    return {
        "app": one.overlay.app,
        "environment": one.overlay.environment,
        "path": str(one.overlay.path),
        "problem": one.problem,
        "images": [_image(image, history) for image in one.images],
    }


def _image(image: ImageStatus, history: History) -> dict[str, Any]:
    return {
        "entry": image.entry,
        "image": image.image,
        **_version(image.version),
        "path": str(image.location.path),
        "line": image.location.line or None,
        "committed": image.is_committed,
        "since": change_dict(image.since, history) if image.since else None,
        "behind": _lag(image.lag) if image.lag else None,
    }


def _version(version: ImageRef | None) -> dict[str, Any]:
    return {"tag": version.tag if version else None, "digest": version.digest if version else None}


def _lag(lag: Lag) -> dict[str, Any]:
    return {
        "environment": lag.source,
        "versions": lag.versions,
        "commits": lag.commits,
        "seconds": lag.seconds,
        "since": moment(lag.since) if lag.since is not None else None,
    }


def change_dict(change: VersionChange, history: History) -> dict[str, Any]:
    """Return when, by whom and how a version came, as plain values."""
    return {
        "time": moment(change.landed.time),
        "orEarlier": history.is_cut(change),
        "revision": change.landed.sha,
        "how": change.how.value,
        "commit": _commit(change.commit),
    }


def history_json(app: str, revision: Revision, history: History) -> str:
    """Return what ran in an app's environments as one JSON document."""
    document = {
        "version": VERSION,
        "app": app,
        "revision": revision.sha,
        "complete": history.is_complete,
        "changes": history_changes(history),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def history_changes(history: History) -> list[dict[str, Any]]:
    """Return what ran as plain values, newest first."""
    return [_change(change, history) for change in history.changes]


def _change(change: VersionChange, history: History) -> dict[str, Any]:
    return {
        "app": change.overlay.app,
        "environment": change.overlay.environment,
        "path": str(change.overlay.path),
        "entry": change.entry,
        "image": change.image,
        **_version(change.version),
        "previous": _version(change.previous) if change.previous else None,
        **change_dict(change, history),
        "until": moment(change.until) if change.until is not None else None,
    }


def _commit(commit: Commit) -> dict[str, Any]:
    return {"id": commit.sha, "author": commit.author, "subject": commit.subject, "time": moment(commit.time)}
