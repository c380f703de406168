"""What goes back: the images of an overlay, or the values that stand for its version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from gitops_tool.changes.draft import Draft
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.reach.unrendered import obstacle_to
from gitops_tool.changes.reach.values import file_of, note_effect, read_value, set_value, value_targets
from gitops_tool.changes.rollback.past import State, image_states, image_versions, value_states
from gitops_tool.changes.targets import candidates, choose
from gitops_tool.errors import GitopsError, LayoutError
from gitops_tool.images import ImageRef
from gitops_tool.records import record, replace
from gitops_tool.tree import is_directory, is_file, read

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.reach.work import ValueTarget, Work
    from gitops_tool.changes.targets import Candidate
    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree


@record
class Ran:
    """What has a version now: by the key that tells it in any revision, and the name that people know it by."""

    key: str
    name: str
    version: ImageRef

    def names(self, version: ImageRef | None) -> set[str]:
        """Return all texts that holds and commit messages can call a version of it by."""
        if version is None:
            return set()
        return texts(version) | {str(replace(version, name=self.name)), f"{self.name}:{version.version}"}


def texts(version: ImageRef | None) -> set[str]:
    """Return the ways to name a version: its tag, its digest, or both."""
    return {text for text in (version.tag, version.digest, version.version) if text} if version else set()


class Subject(Protocol):
    """What goes back."""

    @property
    def present(self) -> Sequence[Ran]:
        """What there is now."""
        ...

    def states(self) -> Iterator[State]:
        """Yield what ran, newest first, the present included."""
        ...

    def read(self, tree: Tree) -> Mapping[str, ImageRef]:
        """Return the versions in any tree by key; none where they cannot be read."""
        ...

    def put_back(self, work: Work, past: State) -> None:
        """Set back what had another version."""
        ...


def find_subject(tree: Tree, settings: Settings, overlay: Overlay, image: str | None) -> Subject:
    """Return what a rollback of an overlay is about, as a bump would find it.

    Raises:
        LayoutError: there is neither an image nor a value.
        UsageError: there is no image of that name.
    """
    targets = value_targets(tree, settings, overlay, image, certain=True)
    if targets:
        return Values(tree, overlay, tuple(targets))
    images = candidates(tree, overlay.path) if is_directory(tree, overlay.path) else []
    if images:
        return Images(tree, overlay, tuple(images) if image is None else (choose(images, overlay, image),))
    targets = value_targets(tree, settings, overlay, image, certain=False)
    if not targets:
        raise LayoutError(f"{overlay.app}({overlay.environment}) has neither an image nor a value that a bump sets")
    return Values(tree, overlay, tuple(targets))


@record
class Images:
    """Images of an overlay; see `Subject`."""

    tree: Tree
    overlay: Overlay
    images: tuple[Candidate, ...]

    @property
    def present(self) -> tuple[Ran, ...]:
        """See `Subject`."""
        return tuple(Ran(one.entry, one.image, one.version) for one in self.images)

    def states(self) -> Iterator[State]:
        """See `Subject`."""
        return image_states(self.tree, self.overlay)

    def read(self, tree: Tree) -> Mapping[str, ImageRef]:
        """See `Subject`."""
        return image_versions(tree, self.overlay)

    def put_back(self, work: Work, past: State) -> None:
        """Set images back; see `Subject`.

        By the very bytes of then if the file has changed in nothing but them, else by a splice.
        """
        settings = [
            image_setting(one, self.overlay, past.versions[one.entry])
            for one in self.images
            if one.entry in past.versions and past.versions[one.entry].version
        ]
        work.found += settings
        changed = [setting for setting in settings if not setting.is_done]
        again = Draft(past.tree)
        _splice(again, self.overlay, [replace(setting, new=setting.old) for setting in changed])
        if again.edits and all(_content(work.draft.now, edit.path) == edit.after for edit in again.edits):
            work.draft.put((edit.path, edit.before) for edit in again.edits)
        else:
            _splice(work.draft, self.overlay, changed)
        if changed:
            work.render(self.overlay, obstacle_to(work.tree, work.settings, self.overlay.path))


def _splice(draft: Draft, overlay: Overlay, settings: Sequence[ImageSetting]) -> None:
    for setting in settings:
        try:
            found = candidates(draft.now, overlay.path)
        except GitopsError:
            return  # the overlay was elsewhere then
        chosen = next((one for one in found if one.entry == setting.entry), None)
        if chosen is not None and setting.new.version:
            draft.put(spliced(draft.now, chosen, image_setting(chosen, overlay, setting.new)))


def _content(tree: Tree, path: PurePosixPath) -> bytes | None:
    return read(tree, path) if is_file(tree, path) else None


@record
class Values:
    """Values that stand for an overlay's version; see `Subject`."""

    tree: Tree
    overlay: Overlay
    targets: tuple[ValueTarget, ...]

    @property
    def present(self) -> tuple[Ran, ...]:
        """See `Subject`."""
        versions = (read_value(self.tree, self.overlay, target) for target in self.targets)
        return tuple(
            Ran(self._key(target), self._key(target), version)
            for target, version in zip(self.targets, versions, strict=True)
        )

    def _key(self, target: ValueTarget) -> str:
        return f"{file_of(self.overlay, target)}:{target.path}"

    def states(self) -> Iterator[State]:
        """See `Subject`."""
        files = list(dict.fromkeys(file_of(self.overlay, target) for target in self.targets))
        return value_states(self.tree, files, self.read)

    def read(self, tree: Tree) -> Mapping[str, ImageRef]:
        """See `Subject`."""
        try:
            return {self._key(target): read_value(tree, self.overlay, target) for target in self.targets}
        except GitopsError:
            return {}

    def put_back(self, work: Work, past: State) -> None:
        """See `Subject`."""
        found: list[Setting] = []
        for target in self.targets:
            version = past.versions.get(self._key(target))
            if version is not None and version.version:
                setting, files = set_value(work.draft.now, self.overlay, target, version)
                work.add(setting, files.items())
                found.append(setting)
                if files:
                    note_effect(work, self.overlay, setting.file)
