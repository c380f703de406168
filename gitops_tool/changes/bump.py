"""Sets an app's image to a tag or digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal, unfinished
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.guard import NO_PASS, Pass, judge
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.targets import Candidate, candidates, choose
from gitops_tool.errors import LayoutError, SupersededError
from gitops_tool.images import ImageRef
from gitops_tool.layout import find_app, select_overlays
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.reach import Reach
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.tree import Tree


@record
class BumpTarget:
    """One app and the version that it is to run."""

    app: str
    version: ImageRef


@record
class Bump:
    """Sets images of one or more apps; see `Change`.

    Args:
        targets: which app to what version.
        environments: where; in the first environment of the promotion order if empty.
        image: which of an app's images, if it has several.
        if_tag: do it only where this is the version now.
        template: the commit message's, instead of the standard subject.
        reach: what else is set, or set instead.
        card: what it shows at holds and freezes.
    """

    targets: tuple[BumpTarget, ...]
    environments: tuple[str, ...] = ()
    image: str | None = None
    if_tag: str | None = None
    template: str | None = None
    reach: Reach | None = None
    card: Pass = NO_PASS

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Find the entries and splice the new versions in; see `Change`."""
        if self.reach is None and not settings.markers and not any(t.app in settings.targets for t in self.targets):
            try:
                return self._images(tree, settings)
            except LayoutError:  # no such directory, or no image there: perhaps a chart's values
                pass
        from gitops_tool.changes.reach import propose

        return propose(self, tree, settings)

    def _images(self, tree: Tree, settings: Settings) -> Proposal:
        draft = Draft(tree)
        found: list[ImageSetting] = []
        for target in self.targets:
            app = find_app(tree, settings, target.app)
            for overlay in select_overlays(settings, app, self.environments):
                setting, chosen = self.setting(draft.now, overlay, target.version)
                found.append(setting)
                draft.put(spliced(draft.now, chosen, setting))
        changed = [setting for setting in found if not setting.is_done]
        verdict = judge(tree, settings, found, self.card)
        template = settings.message if self.template is None else self.template
        message = commit_message(changed or found, template, trailers=verdict.trailers)
        return Proposal(
            draft.edits, message, unfinished(found), tuple(found), findings=verdict.findings, notes=verdict.notes
        )

    def setting(self, tree: Tree, overlay: Overlay, version: ImageRef) -> tuple[ImageSetting, Candidate]:
        """Return what it means to set an overlay's image to a version.

        Raises:
            LayoutError: the overlay has no image.
            UsageError: several could be meant.
            SupersededError: it has not the version that it must have now.
        """
        named = version.name or None if self.image is None else self.image
        chosen = choose(candidates(tree, overlay.path), overlay, named)
        setting = image_setting(chosen, overlay, version)
        self.expect(overlay, (chosen.version.version, chosen.version.tag), setting)
        return setting, chosen

    def expect(self, overlay: Overlay, now: Sequence[str | None], setting: Setting) -> None:
        """Stop if none of these is what `if_tag` says and there is something to do.

        Raises:
            SupersededError: with the first of them.
        """
        if self.if_tag is None or self.if_tag in now or setting.is_done:
            return
        raise SupersededError(
            f'{overlay.app}({overlay.environment}) has "{now[0] or "no tag"}", not "{self.if_tag}"',
            location=setting.location,
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check that each image became what it should be, that no other did, and that Argo CD leaves it so."""
        wanted = proposal.of(overlay)
        if not wanted or not all(isinstance(setting, ImageSetting) for setting in wanted):
            from gitops_tool.changes.reach import prove

            return prove(wanted, overlay, changes, tree, settings)
        return prove_images(wanted, overlay, changes, tree, settings)
