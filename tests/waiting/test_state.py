"""What Argo CD's status means for a revision."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_tool.argocd.state import State, Verdict, verdict

OLD, WANTED, NEW, OTHER = "a" * 40, "b" * 40, "c" * 40, "d" * 40
SEVERAL = {"status": "Synced", "revisions": [OTHER, WANTED]}
LINE = [OLD, WANTED, NEW]


def contains(newer: str, older: str) -> bool | None:
    """Know a history of three commits, and one beside it."""
    if newer in LINE and older in LINE:
        return LINE.index(newer) >= LINE.index(older)
    return False if OTHER in {newer, older} else None


def status(
    revision: str | None,
    sync: str = "Synced",
    health: str = "Healthy",
    phase: str | None = "Succeeded",
    operated: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    operation = {
        "phase": phase,
        "message": "one or more objects failed",
        "syncResult": {"revision": operated or revision},
    }
    return {
        "status": {
            "sync": {"status": sync, "revision": revision},
            "health": {"status": health},
            **({"operationState": operation} if phase else {}),
            **more,
        }
    }


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (status(WANTED), Verdict.DONE),
        (status(NEW), Verdict.DONE),
        (status(WANTED, health="Suspended"), Verdict.DONE),
        (status(OLD), Verdict.PENDING),
        (status("f" * 40), Verdict.PENDING),
        (status(None), Verdict.PENDING),
        (status(OTHER), Verdict.SUPERSEDED),
        (status(WANTED, sync="OutOfSync"), Verdict.PENDING),
        (status(WANTED, health="Progressing"), Verdict.PENDING),
        (status(WANTED, health="Missing"), Verdict.PENDING),
        (status(WANTED, health="Degraded"), Verdict.DEGRADED),
        (status(WANTED, phase="Running"), Verdict.PENDING),
        (status(WANTED, sync="OutOfSync", phase="Failed"), Verdict.FAILED),
        (status(WANTED, sync="OutOfSync", phase="Error"), Verdict.FAILED),
        (status(WANTED, sync="OutOfSync", phase="Failed", operated=OLD), Verdict.PENDING),
        (status(WANTED, phase=None), Verdict.DONE),
        ({}, Verdict.PENDING),
        ({"status": {"sync": None, "health": []}}, Verdict.PENDING),
        (
            {"status": {"sync": {"status": "Synced", "revisions": [OTHER, WANTED]}, "health": {"status": "Healthy"}}},
            Verdict.DONE,
        ),
    ],
)
def test_a_status(application: dict[str, Any], expected: Verdict) -> None:
    assert verdict(State.read(application), WANTED, contains) is expected


def test_without_a_history_only_the_commit_itself_counts() -> None:
    assert verdict(State.read(status(WANTED)), WANTED, lambda *_: None) is Verdict.DONE
    assert verdict(State.read(status(NEW)), WANTED, lambda *_: None) is Verdict.PENDING


def test_what_is_wrong_is_told() -> None:
    conditions = [
        {"type": "ComparisonError", "message": "no such path"},
        {"type": "OrphanedResourceWarning", "message": "x"},
    ]
    state = State.read(status(WANTED, sync="Unknown", phase="Failed", conditions=conditions))
    assert state.message == "one or more objects failed; no such path"
    assert str(state) == f"Unknown at {WANTED[:12]}, Healthy, sync failed"
