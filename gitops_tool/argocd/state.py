"""The state of an Application, and what it means for a revision.

Source: https://github.com/argoproj/argo-cd, pkg/apis/application/v1alpha1/types.go (ApplicationStatus).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping


class Verdict(StrEnum):
    """What a state means for the revision that is waited for."""

    DONE = "synced and healthy"
    PENDING = "not there yet"
    FAILED = "failed"
    DEGRADED = "degraded"
    SUPERSEDED = "superseded"


@record
class State:
    """What Argo CD says of an Application.

    `revisions` are those that it compared with, one for each source; `operation` is the phase of the last sync and
    `operated` its revisions; `message` says why that failed, or what is wrong with the Application itself.
    """

    sync: str
    health: str
    revisions: tuple[str, ...]
    operation: str = ""
    operated: tuple[str, ...] = ()
    message: str = ""

    @classmethod
    def read(cls, application: Mapping[str, Any]) -> State:
        """Read an Application as its API returns it; what it lacks is unknown."""
        status = _mapping(application.get("status"))
        sync, operation = _mapping(status.get("sync")), _mapping(status.get("operationState"))
        result = _mapping(operation.get("syncResult"))
        health = _mapping(status.get("health"))
        conditions = status.get("conditions") or []
        problems = [str(one.get("message")) for one in conditions if str(one.get("type", "")).endswith("Error")]
        phase = str(operation.get("phase") or "")
        failed = str(operation.get("message") or "") if phase in {"Failed", "Error"} else ""
        return cls(
            sync=str(sync.get("status") or "Unknown"),
            health=str(health.get("status") or "Unknown"),
            revisions=_revisions(sync),
            operation=phase,
            operated=_revisions(result),
            message="; ".join(filter(None, [failed, *problems, str(health.get("message") or "")])),
        )

    def __str__(self) -> str:
        """Return the state as people read it."""
        shown = ", ".join(revision[:12] for revision in self.revisions) or "no revision"
        operation = f", sync {self.operation.lower()}" if self.operation and self.operation != "Succeeded" else ""
        return f"{self.sync} at {shown}, {self.health}{operation}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _revisions(holder: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the revisions of one source or several; empty ones are not there yet."""
    listed = holder.get("revisions") or [holder.get("revision")]
    return tuple(str(revision) for revision in listed if revision)


def verdict(state: State, revision: str, contains: Callable[[str, str], bool | None]) -> Verdict:
    """Judge a state.

    Args:
        state: as Argo CD tells it.
        revision: the full id of the commit that should be there.
        contains: whether a newer commit has an older one in its history; None where that is not known.
    """
    if not _is_there(state.revisions, revision, contains):
        # What is behind may still get there; what is on another line of history will not.
        diverged = any(contains(one, revision) is False and contains(revision, one) is False for one in state.revisions)
        return Verdict.SUPERSEDED if diverged else Verdict.PENDING
    if state.operation in {"Failed", "Error"} and _is_there(state.operated, revision, contains):
        return Verdict.FAILED
    if state.operation in {"Running", "Terminating"} or state.sync != "Synced":
        return Verdict.PENDING
    if state.health == "Degraded":
        return Verdict.DEGRADED
    return Verdict.DONE if state.health in {"Healthy", "Suspended"} else Verdict.PENDING


def _is_there(revisions: tuple[str, ...], revision: str, contains: Callable[[str, str], bool | None]) -> bool:
    return any(one == revision or contains(one, revision) for one in revisions)
