"""What a far-reaching bump is asked for, and what it has put together so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gitops_tool.changes.reach.unrendered import Obstacle, refuse_unrendered
from gitops_tool.records import field, record

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.bump import Bump
    from gitops_tool.changes.draft import Draft
    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree


@record
class ValueTarget:
    """A scalar to be set: a file, a path in it, `{app}` and `{env}` in both to be filled in.

    `part` is what it holds of an image: `tag`, `digest`, or `image` for the name with the version; None if its key
    and its value tell.
    """

    file: str
    path: str
    part: str | None = None


@record
class Reach:
    """What a bump sets beside or instead of an image of a kustomization.

    Args:
        refs: move the `?ref=` of remote bases.
        images: set images; not where refs alone are moved.
        ref: what the remote bases get, where it is not the image's tag.
        ref_url: which remote bases.
        paths: the values to set instead.
        unrendered: go on where an overlay cannot be rendered here.
    """

    refs: bool = False
    images: bool = True
    ref_url: str | None = None
    ref: str | None = None
    paths: tuple[ValueTarget, ...] = ()
    unrendered: bool = False


@record(frozen=False)
class Work:
    """The settings and edits so far, which overlays are to be rendered, and which cannot be."""

    tree: Tree
    settings: Settings
    bump: Bump
    reach: Reach
    draft: Draft
    found: list[Setting] = field(default_factory=list)
    rendered: list[Overlay] = field(default_factory=list)
    unrendered: dict[Overlay, str] = field(default_factory=dict)

    def add(self, setting: Setting, files: Iterable[tuple[PurePosixPath, bytes | None]]) -> None:
        """Take in a value that is set, and the files that do it."""
        self.found.append(setting)
        self.draft.put(files)

    def render(self, overlay: Overlay, obstacle: Obstacle | None, *, allowed: bool = False) -> None:
        """Note an overlay whose render is to be compared, or why it is not.

        Args:
            overlay: one that the edits reach.
            obstacle: what is in the way.
            allowed: whether it may go unrendered without being asked for.

        Raises:
            RenderError: it cannot be rendered, and nobody said that this is fine.
        """
        if obstacle is None:
            if overlay not in self.rendered:
                self.rendered.append(overlay)
            return
        if not allowed and not self.reach.unrendered:
            refuse_unrendered(overlay, obstacle)
        self.unrendered.setdefault(overlay, obstacle.reason)
