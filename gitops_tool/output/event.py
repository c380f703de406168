"""What a webhook is told; the shape is described in `schemas/output/event.schema.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gitops_tool.argocd import Waited
    from gitops_tool.pipeline import Outcome

VERSION = 1


def outcome_event(outcome: Outcome) -> dict[str, Any]:
    """Return the event of a change that was pushed or put up for review."""
    proposal = outcome.plan.proposal
    overlays = [(effect.overlay.app, effect.overlay.environment) for effect in outcome.plan.effects]
    return {
        "version": VERSION,
        "event": outcome.status.value,
        "subject": proposal.message.partition("\n")[0],
        "apps": list(dict.fromkeys(app for app, _ in overlays)),
        "environments": list(dict.fromkeys(environment for _, environment in overlays if environment)),
        "revision": outcome.revision.sha if outcome.revision else None,
        "branch": outcome.branch,
        "mergeRequest": outcome.request,
        "changes": [
            {
                "app": setting.overlay.app,
                "environment": setting.overlay.environment,
                "name": setting.name,
                "old": setting.old_text or None,
                "new": setting.new_text,
            }
            for setting in proposal.settings
            if not setting.is_done
        ],
    }


def waited_event(waited: Waited, app: str, environment: str) -> dict[str, Any]:
    """Return the event of a wait that has ended."""
    result = "timeout" if waited.timed_out else waited.verdict.name.lower()
    return {
        "version": VERSION,
        "event": "waited",
        "subject": f"{waited.wanted.name}: {result}: {waited.state}",
        "apps": [app],
        "environments": [environment],
        "revision": waited.wanted.revision,
        "branch": None,
        "mergeRequest": None,
        "changes": [],
        "result": result,
        "message": waited.state.message or None,
    }
