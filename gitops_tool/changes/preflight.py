"""A look into the registry before a bump: the image has to be there, and its digest can be written beside the tag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.images import ImageSetting
from gitops_tool.errors import FindingsError, UsageError
from gitops_tool.findings import source_lines
from gitops_tool.model import Finding, Severity
from gitops_tool.records import record, replace
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.changes.base import Proposal
    from gitops_tool.changes.bump import Bump
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Overlay
    from gitops_tool.registry import Registries
    from gitops_tool.tree import Tree

IMAGE_MISSING = "bump-image-missing"


@record
class Preflight:
    """A bump to images that their registries have; see `Change`.

    Args:
        bump: what is to be done.
        registries: are asked.
        pin: whether each tag gets the digest that it stands for.
    """

    bump: Bump
    registries: Registries
    pin: bool = False

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Propose the bump, with digests if they are to be pinned; see `Change`.

        Raises:
            FindingsError: a registry has no such image.
            UsageError: what is set is no image of a kustomization.
            ToolError: a registry cannot be asked.
        """
        proposal = self.bump.propose(tree, settings)
        if value := next((one for one in proposal.settings if one.kind == "value"), None):
            raise UsageError(
                f'the registry is asked for images of kustomizations only, and "{value.name}" is a YAML value',
                hint="leave out --verify-image and --pin-digest",
            )
        wanted = [one for one in proposal.settings if isinstance(one, ImageSetting) and (self.pin or not one.is_done)]
        digests = {one: self._digest(one) for one in wanted}
        missing = tuple(self._missing(one) for one, digest in digests.items() if digest is None)
        if missing:
            message = "refused: the registry does not have the image; nothing was written"
            raise FindingsError(message, missing, lines=source_lines(tree, missing))
        if not self.pin:
            return proposal
        targets = tuple(
            replace(target, version=replace(target.version, digest=_only(target.app, digests)))
            for target in self.bump.targets
        )
        return replace(self.bump, targets=targets).propose(tree, settings)

    def _digest(self, setting: ImageSetting) -> str | None:
        found = self.registries.manifest(setting.after)
        return found.digest if found else None

    def _missing(self, setting: ImageSetting) -> Finding:
        image = setting.after
        hint = None
        if image.tag and not image.digest:
            tags = self.registries.tags(image.name)
            hint = did_you_mean(image.tag, tags) if tags else f'there is no repository "{image.name}", or it is empty'
        return Finding(
            IMAGE_MISSING,
            Severity.ERROR,
            f'the registry has no image "{image}"',
            setting.location,
            hint=hint or "was it built and pushed?",
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """See `Change`."""
        return self.bump.prove(proposal, overlay, changes, tree, settings)


def _only(app: str, digests: dict[ImageSetting, str | None]) -> str | None:
    """Return the digest of an app's image, which must be the same wherever it is set.

    Raises:
        UsageError: a tag stands for different images in different registries.
    """
    found = {digest: setting.after for setting, digest in digests.items() if setting.overlay.app == app}
    if len(found) > 1:
        names = ", ".join(f'"{image}"' for image in found.values())
        raise UsageError(f"the tag stands for different images: {names}", hint="bump one environment at a time")
    return next(iter(found), None)
