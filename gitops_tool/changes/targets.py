"""Which of an overlay's images a change means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.versions import Candidate, candidates, manifests_with
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.model import Overlay

__all__ = ["Candidate", "candidates", "choose", "manifests_with"]


def choose(found: Sequence[Candidate], overlay: Overlay, name: str | None) -> Candidate:
    """Return the image that a bump means.

    Args:
        found: the overlay's images.
        overlay: for its app's name, which decides between several.
        name: what the user called it, if so.

    Raises:
        LayoutError: the overlay has no image.
        UsageError: several could be meant, or none is called that.
    """
    if not found:
        raise LayoutError(
            f'"{overlay.path}" has no image', hint="an overlay has one if a container or an `images:` entry does"
        )
    names = [candidate.image for candidate in found]
    if name is not None:
        called = [c for c in found if name in {c.entry, c.image}] or [c for c in found if c.is_called(name)]
        if len(called) != 1:
            hint = did_you_mean(name, names) or f"its images: {', '.join(names)}"
            problem = "several images that could be" if called else "no image"
            raise UsageError(f"{overlay.app}({overlay.environment}) has {problem} {quoted(name)}", hint=hint)
        return called[0]
    if len(found) == 1:
        return found[0]
    called = [candidate for candidate in found if candidate.is_called(overlay.app)]
    own = [candidate for candidate in found if candidate.in_overlay]
    for choice in (called, own):
        if len(choice) == 1:
            return choice[0]
    raise UsageError(
        f"{overlay.app}({overlay.environment}) has several images", hint=f"choose with --image: {', '.join(names)}"
    )
