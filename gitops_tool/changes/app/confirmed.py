"""Holds what a change takes away against what a person has confirmed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.model import Finding, Location, Severity

if TYPE_CHECKING:
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Overlay


def unconfirmed(
    confirmed: frozenset[str] | None, overlay: Overlay, changes: Sequence[ValueChange]
) -> Iterator[Finding]:
    """Yield the objects of an overlay that would go and were not shown when the question was asked.

    Args:
        confirmed: the objects that were; None where nobody was asked.
        overlay: whose render changes.
        changes: what differs in it.
    """
    for change in changes if confirmed is not None else ():
        if change.after is None and not change.pointer and str(change.id) not in (confirmed or ()):
            yield Finding(
                "removal-not-confirmed",
                Severity.ERROR,
                f"{change.id} would go, too: it was not there when this was confirmed",
                Location(overlay.path),
                resource=change.id,
                hint="run it again, and look at the list",
            )
