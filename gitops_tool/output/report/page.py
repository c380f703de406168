"""The report as one page: what the templates show, worked out beforehand."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool import __version__
from gitops_tool.model import Severity
from gitops_tool.output.report.drawing import draw
from gitops_tool.output.report.lists import tree
from gitops_tool.output.report.timeline import timeline
from gitops_tool.output.status.phrases import GONE, HOW, age, behind, last_part, origin, ran, shown
from gitops_tool.output.times import day
from gitops_tool.templating import BUILT_IN, html_page
from gitops_tool.validate.fingerprints import merged
from gitops_tool.wording import counted, harmless

if TYPE_CHECKING:
    from gitops_tool.model import Overlay
    from gitops_tool.output.report.content import Report
    from gitops_tool.status.changes import VersionChange
    from gitops_tool.status.history import History
    from gitops_tool.status.matrix import ImageStatus, OverlayStatus, Status
    from gitops_tool.topology import Topology
    from gitops_tool.validate.fingerprints import MergedFinding

_FOLDER = BUILT_IN / "html"
_MOST_FINDINGS = 1000
_MOST_VERSIONS = 200
_BADGES = {Severity.ERROR: "bad", Severity.WARNING: "late", Severity.INFO: "info"}


def report_page(report: Report) -> str:
    """Return the whole page: it needs no file, no network and, to be read, no script."""
    from gitops_tool.output.diff.html import diff_fragment, diff_style

    found = merged(report.result.reports)
    apps = [_app(report, name, row) for name, row in report.status.by_app().items()]
    values = {
        **_matrix(report.status, report.now),
        "tiles": list(_tiles(report, found)),
        "shows_diff": report.diff is not None or report.diff_note is not None,
        "diff": "",
        "diff_note": report.diff_note,
        "findings": [_finding(report, one) for one in sorted(found, key=_worst)[:_MOST_FINDINGS]],
        "findings_left": max(0, len(found) - _MOST_FINDINGS),
        "checked": counted(len(report.result.reports), "overlay"),
        "unchecked": [{"path": str(one.path), "reason": one.reason} for one in report.result.unchecked],
        "apps": apps,
    }
    trusted = {"diff": diff_fragment(report.diff)} if report.diff is not None else {}
    return _page("report", report.title, report.status, report.now, values, trusted, diff_style())


def status_page(status: Status, title: str, now: int) -> str:
    """Return a page with nothing but the matrix."""
    return _page("status", title, status, now, _matrix(status, now), {}, "")


def _page(
    name: str, title: str, status: Status, now: int, values: dict[str, Any], trusted: dict[str, str], more_style: str
) -> str:
    style = (_FOLDER / "report" / "page.css").read_text("utf-8") + more_style
    script = (_FOLDER / "report" / "page.js").read_text("utf-8")
    head = {
        "title": harmless(title),
        "generator": f"gitops {__version__}",
        "revision": status.revision.sha if status.revision else None,
        "time": day(now),
        "complete": status.history.is_complete,
        "style_hash": _hash(style),
        "script_hash": _hash(script),
    }
    return html_page(name, {**head, **values}, {"style": style, "script": script, **trusted})


def _hash(text: str) -> str:
    """Return what a content security policy allows an inline part by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def anchor(app: str) -> str:
    """Return an app's anchor: its name, where that can stand in a URL as it is."""
    return "app-" + re.sub(r"[^A-Za-z0-9_-]", lambda found: f"_{ord(found[0]):x}_", app)


def _matrix(status: Status, now: int) -> dict[str, Any]:
    rows = [
        {
            "app": harmless(app),
            "anchor": anchor(app),
            "late": any(image.lag is not None for one in row.values() for image in one.images),
            "cells": [_cell(row.get(name), now) for name in status.environments],
        }
        for app, row in status.by_app().items()
    ]
    return {"columns": [harmless(name) for name in status.environments], "rows": rows}


def _cell(one: OverlayStatus | None, now: int) -> dict[str, Any] | None:
    if one is None:
        return None
    return {"problem": one.problem, "images": [_image(image, now) for image in one.images]}


def _image(image: ImageStatus, now: int) -> dict[str, Any]:
    since = image.since
    lag = behind(image.lag, now)
    known = image.lag is not None and image.lag.versions is not None
    return {
        "name": last_part(image.image),
        "full": harmless(f"{image.image} {image.version}"),
        "version": shown(image.version),
        "age": age(image, now),
        "when": day(since.landed.time) if since else None,
        "source": harmless(image.lag.source) if image.lag else "",
        "behind": lag if known else "",
        "stray": "" if known else lag,
        "commit": since.commit.sha[:12] if since else None,
        "author": harmless(since.commit.author) if since else "",
        "subject": harmless(since.commit.subject) if since else "",
        "how": HOW[since.how] if since else "",
    }


def _tiles(report: Report, found: Sequence[MergedFinding]) -> Iterator[dict[str, Any]]:
    rows = report.status.by_app()
    late = sum(image.lag is not None for one in report.status.overlays for image in one.images)
    yield {"number": len(rows), "text": "app" if len(rows) == 1 else "apps", "target": "apps", "kind": ""}
    yield {"number": late, "text": "behind", "target": "status", "kind": "late" if late else ""}
    if report.diff is not None:
        number = len(report.diff.objects)
        text = "changed object" if number == 1 else "changed objects"
        yield {"number": number, "text": text, "target": "changes", "kind": ""}
    for severity in (Severity.ERROR, Severity.WARNING):
        number = sum(one.finding.severity is severity for one in found)
        text = severity.value if number == 1 else f"{severity.value}s"
        yield {"number": number, "text": text, "target": "findings", "kind": _BADGES[severity] if number else ""}


def _worst(one: MergedFinding) -> tuple[int, str]:
    return list(Severity).index(one.finding.severity), str(one.finding.location)


def _finding(report: Report, one: MergedFinding) -> dict[str, Any]:
    finding = one.finding
    places = dict.fromkeys(f"{overlay.app}({overlay.environment})".removesuffix("()") for overlay, _ in one.places)
    where = f"{finding.resource} in " if finding.resource else ""
    return {
        "severity": finding.severity.value,
        "class": _BADGES[finding.severity],
        "rule": finding.rule,
        "message": harmless(finding.message),
        "line": harmless(report.lines.get(finding.location, "").strip()),
        "hint": harmless(finding.hint or ""),
        "place": harmless(str(finding.location)),
        "objects": harmless(where + ", ".join(places)),
    }


def _app(report: Report, name: str, row: dict[str, OverlayStatus]) -> dict[str, Any]:
    overlays = [one.overlay for one in row.values()]
    history = report.status.history
    changes = sorted(
        (change for overlay in overlays for change in history.of(overlay)), key=lambda one: -one.landed.time
    )
    graphs = [_graph(environments, found) for environments, found in _distinct(report, overlays)]
    problems = (f"{one.environment}: {report.problems[one]}" for one in overlays if one in report.problems)
    return {
        "name": harmless(name),
        "anchor": anchor(name),
        "late": any(image.lag is not None for one in row.values() for image in one.images),
        "timeline": timeline(changes, list(row), report.now),
        "total": len(changes),
        "several": len({change.entry for change in changes}) > 1,
        "history": [_change(change, history, report.now) for change in changes[:_MOST_VERSIONS]],
        "graphs": graphs,
        "problems": [harmless(problem) for problem in problems],
    }


def _distinct(report: Report, overlays: Sequence[Overlay]) -> Iterator[tuple[str, Topology]]:
    """Yield each different topology once, with the environments that have it."""
    found: dict[Topology, list[str]] = {}
    for overlay in overlays:
        if overlay in report.graphs:
            found.setdefault(report.graphs[overlay], []).append(harmless(overlay.environment))
    yield from ((", ".join(names), graph) for graph, names in found.items())


def _graph(environments: str, found: Topology) -> dict[str, Any]:
    own = sum(node.is_rendered for node in found.nodes)
    parts = [counted(own, "object"), counted(len(found.links), "reference")]
    if own < len(found.nodes):
        parts.append(f"{len(found.nodes) - own} from elsewhere")
    return {"environments": environments, "summary": ", ".join(parts), "drawing": draw(found), "tree": tree(found)}


def _change(change: VersionChange, history: History, now: int) -> dict[str, Any]:
    return {
        "when": day(change.landed.time),
        "environment": harmless(change.overlay.environment),
        "image": last_part(change.image),
        "version": shown(change.version) if change.version else GONE,
        "full": harmless(f"{change.image} {change.version or ''}".strip()),
        "ran": ran(change, now),
        "how": origin(change, history),
        "author": harmless(change.commit.author),
        "commit": change.commit.sha[:12],
        "subject": harmless(change.commit.subject),
    }
