"""Holds and freezes as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.holds.listing import State
from gitops_tool.holds.times import shown, written
from gitops_tool.wording import harmless

if TYPE_CHECKING:
    from datetime import datetime

    from gitops_tool.holds.listing import Holding

VERSION = 1


def holds_text(found: Sequence[Holding]) -> str:
    """Return what is held, each with its reason on a line of its own."""
    lines = [line for one in found for line in _lines(one)]
    return "".join(f"{harmless(line)}\n" for line in lines or ["nothing is held or frozen"])


def _lines(one: Holding) -> Iterator[str]:
    yield _state(one)
    yield f"  {one.reason}"


def hold_line(one: Holding) -> str:
    """Return all there is to say about a hold as one line."""
    return harmless(f"{_state(one)}: {one.reason}")


def _state(one: Holding) -> str:
    place = f"{one.app}({one.environment})" if one.app else one.environment or "all environments"
    word = "held" if one.app else "frozen"
    which = f", {', '.join(one.versions)} only" if one.versions else ""
    by = f", by {one.author}" if one.author else ""
    match one.state:
        case State.MALFORMED:
            return f"{place}: {word}, as the file cannot be read"
        case State.ENDED:
            return f"{place}: was {word} until {shown(one.until)}{which}{by}"
        case State.FUTURE:
            return f"{place}: {word} from {shown(one.starts)} until {shown(one.until)}{which}{by}"
        case State.ACTIVE:
            return f"{place}: {word} until {shown(one.until)}{which}{by}"


def holds_json(found: Sequence[Holding]) -> str:
    """Return what is held as one JSON document."""
    document = {"version": VERSION, "holds": [_document(one) for one in found]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _document(one: Holding) -> dict[str, Any]:
    return {
        "kind": "hold" if one.app else "freeze",
        "state": one.state.value,
        "path": str(one.path),
        "app": one.app,
        "environment": one.environment,
        "reason": one.reason,
        "author": one.author,
        "from": _time(one.starts),
        "until": _time(one.until),
        "versions": list(one.versions),
    }


def _time(when: datetime | None) -> str | None:
    return written(when) if when else None
