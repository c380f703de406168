"""What an adoption tells people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_tool.adoption.adopt import Adoption

_PLACES = 3
"""Places that are named for one reason."""

_NAMES = 12
"""Environments that are named."""


def report_lines(found: Adoption) -> Iterator[str]:
    """Yield what was found, guessed and not understood."""
    yield f"layout: {', '.join(found.settings.layout) if found.apps else 'not found'}"
    listed = [environment.name for environment in found.environments]
    names = listed or list(dict.fromkeys(overlay.environment for app in found.apps for overlay in app.overlays))
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    order = "" if listed or len(names) < 2 else ", in no known order"
    yield f"environments: {', '.join(names[:_NAMES]) or 'none'}{more}{order}"
    overlays = sum(len(app.overlays) for app in found.apps)
    yield f"apps: {len(found.apps)}, overlays: {overlays}, Applications that sync them from here: {found.applications}"
    if found.guessed:
        yield from ("", "guessed:", *(f"  {guess}" for guess in found.guessed))
    if found.unclear:
        yield from ("", "not understood:", *_unclear(found))
    if found.left_out:
        yield from ("", f"`gitops validate PATH` checks what the layout leaves out, such as {found.left_out[0]}")


def _unclear(found: Adoption) -> Iterator[str]:
    """Yield the reasons, each with some of the places."""
    by_reason: dict[str, list[str]] = {}
    for one in found.unclear:
        by_reason.setdefault(one.reason, []).append(one.place)
    for reason, places in by_reason.items():
        more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
        yield f"  {', '.join(places[:_PLACES])}{more}: {reason}"
