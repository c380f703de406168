"""Sets an app's image to a tag or digest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.applications import image_overrides, sets_image
from gitops_tool.changes.base import Proposal, unfinished
from gitops_tool.changes.images import ImageSetting
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.targets import Candidate, candidates, choose, manifests_with
from gitops_tool.errors import SupersededError
from gitops_tool.images import ImageRef
from gitops_tool.layout import find_app, kustomization_in, select_overlays
from gitops_tool.model import Edit, Finding, Overlay, Severity
from gitops_tool.tree import PatchedTree, read, resolve
from gitops_tool.yamledit import add_image, set_container_image, set_image

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.tree import Tree


@dataclass(frozen=True, slots=True)
class BumpTarget:
    """One app and the version that it is to run."""

    app: str
    version: ImageRef


@dataclass(frozen=True, slots=True)
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
        found: list[ImageSetting] = []
        edits: dict[PurePosixPath, Edit] = {}
        for target in self.targets:
            app = find_app(tree, settings, target.app)
            for overlay in select_overlays(settings, app, self.environments):
                patched = PatchedTree(tree, tuple(edits.values())) if edits else tree
                setting, chosen = self._setting(patched, overlay, target.version)
                found.append(setting)
                for path, after in _spliced(patched, chosen, setting):
                    before = edits[path].before if path in edits else read(tree, path)
                    edits[path] = Edit(path, before, after)
        changed = [setting for setting in found if not setting.is_done]
        message = commit_message(changed or found, settings.message if self.template is None else self.template)
        return Proposal(tuple(edits.values()), message, unfinished(found), tuple(found))

    def _setting(self, tree: Tree, overlay: Overlay, version: ImageRef) -> tuple[ImageSetting, Candidate]:
        named = version.name or None if self.image is None else self.image
        chosen = choose(candidates(tree, overlay.path), overlay, named)
        new = ImageRef("", version.tag, version.digest)
        setting = ImageSetting(overlay, chosen.entry, chosen.image, chosen.version, new, chosen.location)
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
        wanted = [setting for setting in proposal.of(overlay) if isinstance(setting, ImageSetting)]
        names = {setting.image for setting in wanted}
        images = [change for change in changes if _is_image(change, names)]
        for setting in wanted:
            if str(setting.after) not in {change.after for change in images}:
                yield _no_effect(setting)
        for change in images:
            if ImageRef.split(str(change.after)).name not in names:
                yield Finding(
                    "bump-other-image",
                    Severity.ERROR,
                    f'the bump would also change image "{change.before}" to "{change.after}"',
                    wanted[0].location,
                    resource=change.id,
                    hint="an `images:` entry or a replacement reaches more than it should",
                )
        yield from _overridden(wanted, overlay, tree, settings)


def _spliced(tree: Tree, chosen: Candidate, setting: ImageSetting) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the files that set an image, with the new version in place."""
    if setting.is_done:
        return
    new, directory = setting.new, setting.overlay.path
    path = kustomization_in(tree, resolve(tree, directory))
    if path is None:
        for manifest in manifests_with(tree, directory, chosen.entry):
            data = read(tree, manifest)
            yield manifest, set_container_image(data, chosen.entry, tag=new.tag, digest=new.digest, path=manifest)
        return
    path = resolve(tree, path)
    if chosen.in_overlay:
        yield path, set_image(read(tree, path), chosen.entry, tag=new.tag, digest=new.digest, path=path)
    else:
        yield path, add_image(read(tree, path), chosen.entry, tag=new.tag, digest=new.digest, path=path)


def _is_image(change: ValueChange, names: set[str]) -> bool:
    """Whether a changed value is an image: by its key, or because it names one of those that are bumped."""
    if not isinstance(change.after, str) or not change.pointer:
        return False
    return change.pointer[-1] == "image" or ImageRef.split(change.after).name in names


def _no_effect(setting: ImageSetting) -> Finding:
    return Finding(
        "bump-no-effect",
        Severity.ERROR,
        f'the bump would change nothing: no rendered image is "{setting.after}" afterwards',
        setting.location,
        hint=f'does a container use "{setting.entry}"? kustomize sets no images of custom resources by itself',
    )


def _overridden(wanted: Sequence[ImageSetting], overlay: Overlay, tree: Tree, settings: Settings) -> Iterator[Finding]:
    for text, location in image_overrides(tree, settings, overlay.path, overlay.app):
        for setting in wanted:
            names = {setting.image, setting.entry}
            if any(sets_image(text, name) for name in names) and text != str(setting.after):
                yield Finding(
                    "image-overridden",
                    Severity.ERROR,
                    f'Argo CD sets image "{setting.image}" to "{text}" whatever the kustomization says',
                    location,
                    hint="remove the override, so that the repository decides which image runs",
                )
