"""Sets an app's image to a tag or digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal, unfinished
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.targets import Candidate, candidates, choose
from gitops_tool.errors import SupersededError
from gitops_tool.images import ImageRef
from gitops_tool.layout import find_app, select_overlays
from gitops_tool.records import record

if TYPE_CHECKING:
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
    """

    targets: tuple[BumpTarget, ...]
    environments: tuple[str, ...] = ()
    image: str | None = None
    if_tag: str | None = None
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Find the entries and splice the new versions in; see `Change`."""
        draft = Draft(tree)
        found: list[ImageSetting] = []
        for target in self.targets:
            app = find_app(tree, settings, target.app)
            for overlay in select_overlays(settings, app, self.environments):
                setting, chosen = self._setting(draft.now, overlay, target.version)
                found.append(setting)
                draft.put(spliced(draft.now, chosen, setting))
        changed = [setting for setting in found if not setting.is_done]
        message = commit_message(changed or found, settings.message if self.template is None else self.template)
        return Proposal(draft.edits, message, unfinished(found), tuple(found))

    def _setting(self, tree: Tree, overlay: Overlay, version: ImageRef) -> tuple[ImageSetting, Candidate]:
        named = version.name or None if self.image is None else self.image
        chosen = choose(candidates(tree, overlay.path), overlay, named)
        setting = image_setting(chosen, overlay, version)
        if self._unexpected(chosen.version) and not setting.is_done:
            now = chosen.version.version or "no tag"
            raise SupersededError(
                f'{overlay.app}({overlay.environment}) has "{now}", not "{self.if_tag}"', location=chosen.location
            )
        return setting, chosen

    def _unexpected(self, version: ImageRef) -> bool:
        """Whether a version is another one than `if_tag` says."""
        return self.if_tag is not None and self.if_tag not in {version.tag, version.version}

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check that each image became what it should be, that no other did, and that Argo CD leaves it so."""
        return prove_images(proposal.of(overlay), overlay, changes, tree, settings)
