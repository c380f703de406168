"""The report as JSON, beside the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gitops_tool import __version__
from gitops_tool.output.diff.json import diff_json
from gitops_tool.output.json import VERSION, result_json
from gitops_tool.output.status.json import history_changes, status_dict
from gitops_tool.output.times import moment

if TYPE_CHECKING:
    from gitops_tool.output.report.content import Report
    from gitops_tool.topology import Node, Topology

GENERATOR = "gitops report"


def report_json(report: Report) -> str:
    """Return everything that the page shows as one JSON document."""
    document = {
        "version": VERSION,
        "generator": f"{GENERATOR} {__version__}",
        "title": report.title,
        "time": moment(report.now),
        "status": status_dict(report.status),
        "history": history_changes(report.status.history),
        "validation": json.loads(result_json(report.result)),
        "diff": json.loads(diff_json(report.diff)) if report.diff is not None else None,
        "objects": [
            {"app": overlay.app, "environment": overlay.environment, **_topology(found)}
            for overlay, found in report.graphs.items()
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _topology(found: Topology) -> dict[str, Any]:
    return {
        "objects": [_node(node) for node in found.nodes],
        "references": [{"from": _node(link.source), "to": _node(link.target), "why": link.why} for link in found.links],
    }


def _node(node: Node) -> dict[str, Any]:
    return {"kind": node.kind, "name": node.name, "rendered": node.is_rendered}
