"""What `gitops adopt` found, for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_tool.adoption import Adoption
    from gitops_tool.pipeline import Outcome


def adoption_json(outcome: Outcome, found: Adoption | None) -> str:
    """Return what was found, and what became of it, as one JSON document."""
    document: dict[str, Any] = {
        "version": 1,
        "status": outcome.status.value,
        "base": outcome.plan.base.sha if outcome.plan.base else None,
        "revision": outcome.revision.sha if outcome.revision else None,
        "branch": outcome.branch,
    }
    return json.dumps(document | (_found(found) if found else {}), indent=2, ensure_ascii=False)


def _found(found: Adoption) -> dict[str, Any]:
    return {
        "layout": list(found.settings.layout) if found.apps else [],
        "environments": [
            {
                "name": one.name,
                "namespace": one.namespace,
                "cluster": one.cluster,
                "promotesFrom": one.promotes_from,
            }
            for one in found.environments
        ],
        "apps": [
            {
                "name": app.name,
                "overlays": [
                    {"environment": overlay.environment, "path": str(overlay.path)} for overlay in app.overlays
                ],
            }
            for app in found.apps
        ],
        "applications": found.applications,
        "guessed": list(found.guessed),
        "unclear": [{"place": one.place, "reason": one.reason} for one in found.unclear],
        "file": found.text.decode(),
    }
