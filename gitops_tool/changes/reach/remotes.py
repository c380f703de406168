"""A remote base's git ref as a value that changes set, and which refs a bump means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import short
from gitops_tool.changes.reach.unrendered import obstacle_to
from gitops_tool.changes.reach.values import overlays_with
from gitops_tool.changes.targets import candidates
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.graph import closure
from gitops_tool.images import ImageRef
from gitops_tool.process import redact
from gitops_tool.records import record
from gitops_tool.remotes import check_ref
from gitops_tool.tree import read, resolve
from gitops_tool.wording import did_you_mean, quoted
from gitops_tool.yamledit import read_images, set_image
from gitops_tool.yamledit.refs import read_remotes, replace_refs

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.reach.work import Work
    from gitops_tool.model import Location, Overlay
    from gitops_tool.remotes import RemoteUrl
    from gitops_tool.tree import Tree


_DISTINCT = 7
"""Characters from which on a ref is hardly in a file by chance."""


@record
class FoundRef:
    """A remote base with a ref, in one of the kustomizations that an overlay is built from."""

    file: PurePosixPath
    url: RemoteUrl
    location: Location

    @property
    def ref(self) -> str:
        """The ref as it is."""
        return self.url.ref or ""


@record
class RefSetting:
    """A remote base's ref, from one to another; see `Setting`."""

    overlay: Overlay
    found: FoundRef
    new: str

    @property
    def location(self) -> Location:
        """See `Setting`."""
        return self.found.location

    @property
    def kind(self) -> str:
        """See `Setting`."""
        return "ref"

    @property
    def name(self) -> str:
        """The base as `host/owner/repository/folder`."""
        return redact(self.found.url.name)

    @property
    def key(self) -> str:
        """The file and the base."""
        return f"{self.found.file}:{self.found.url.name}"

    @property
    def old_text(self) -> str:
        """The ref as it is."""
        return self.found.ref

    @property
    def new_text(self) -> str:
        """The ref as it should be."""
        return self.new

    @property
    def short_text(self) -> str:
        """The new ref in the length for a subject."""
        return short(ImageRef("", self.new))

    @property
    def is_done(self) -> bool:
        """Whether the ref is already what it should be."""
        return self.found.ref == self.new

    def trailers(self) -> list[str]:
        """See `Setting`."""
        return [
            f"Gitops-App: {self.overlay.app}",
            f"Gitops-Environment: {self.overlay.environment}",
            f"Gitops-Ref: {self.name} {self.found.ref or '(none)'} -> {self.new}",
        ]


def refs_in(tree: Tree, kustomizations: Sequence[PurePosixPath]) -> list[FoundRef]:
    """Return the remote bases of kustomizations that have a ref to set."""
    return [
        FoundRef(path, base.url, base.location)
        for path in kustomizations
        for base in read_remotes(read(tree, path), path)
        if base.url.span is not None
    ]


def refs_like(tree: Tree, overlay: Overlay, model: Tree, other: Overlay) -> Iterator[RefSetting]:
    """Yield an overlay's refs, each to become what another overlay, or the same one in another tree, has for that base.

    Args:
        tree: the files to change.
        overlay: whose refs.
        model: the files that tell.
        other: the overlay there.
    """
    known = refs_in(model, closure(model, other.path).kustomizations)
    for ref in refs_in(tree, closure(tree, overlay.path).kustomizations):
        same = {one.ref for one in known if one.url.name == ref.url.name}
        if len(same) == 1:
            yield RefSetting(overlay, ref, same.pop())


def choose_refs(
    found: Sequence[FoundRef], overlay: Overlay, *, old: str | None, new: str, pattern: str | None, image: str = ""
) -> list[FoundRef]:
    """Return the refs that a bump means.

    Those that match the pattern; without one, those that have the image's old version; else those of the
    repository that is called like the app or its image; else those of the only repository.

    Args:
        found: the overlay's refs.
        overlay: for its app's name.
        old: the image's version before the bump, if it is bumped along.
        new: the ref to set.
        pattern: what the user named them by.
        image: the image's last name segment.

    Raises:
        LayoutError: the overlay has no remote base with a ref.
        UsageError: none matches, or several could be meant.
    """
    where = f"{overlay.app}({overlay.environment})"
    if not found:
        raise LayoutError(
            f"{where} has no remote base with a ref", hint='such as "https://host/owner/app//base?ref=v1"'
        )
    names = list(dict.fromkeys(redact(one.url.name) for one in found))
    if pattern is not None:
        if chosen := [one for one in found if one.url.matches(pattern)]:
            return chosen
        hint = did_you_mean(pattern, names) or f"its remote bases: {', '.join(names)}"
        raise UsageError(f"{where} has no remote base {quoted(pattern)}", hint=hint)
    if old and old != new and (chosen := [one for one in found if one.ref == old]):
        return chosen
    called = {overlay.app, image}
    by_name = [one for one in found if one.url.repository.rpartition("/")[2] in called]
    if by_name or len({one.url.repository for one in found}) == 1:
        return by_name or list(found)
    if done := [one for one in found if one.ref == new]:
        return done
    raise UsageError(f"{where} has several remote bases", hint=f"choose with --ref-url: {', '.join(names)}")


def set_refs(work: Work, overlay: Overlay, version: ImageRef) -> None:
    """Move an overlay's refs, and the images that go with them.

    Raises:
        UsageError: the version is no ref, it is not clear which refs are meant, or others share one.
    """
    new = work.reach.ref or version.tag
    if new is None:
        message = f'"{version.version}" names no commit, branch or tag for the remote base'
        raise UsageError(message, hint="give the ref with --ref, or a tag")
    check_ref(new)
    kustomizations = closure(work.tree, overlay.path).kustomizations
    refs = refs_in(work.tree, kustomizations)
    images = list(_images(work, overlay, version, refs)) if work.reach.images else []
    old, name = (images[0][0].old.tag, images[0][0].after.last_segment) if images else (None, "")
    chosen = choose_refs(refs, overlay, old=old, new=new, pattern=work.reach.ref_url, image=name)
    for ref in chosen:
        _refuse_shared(work, overlay, ref)
    for setting, files in images:
        work.add(setting, files(work.draft.now))
    moved = [RefSetting(overlay, ref, new) for ref in chosen]
    for one in moved:
        if not images:
            work.bump.expect(overlay, (one.found.ref,), one)
        work.add(one, moved_ref(work.draft.now, one))
    if not (all(one.is_done for one in moved) and all(setting.is_done for setting, _ in images)):
        work.render(overlay, obstacle_to(work.tree, work.settings, overlay.path))


_Splice: TypeAlias = "Callable[[Tree], Iterable[tuple[PurePosixPath, bytes]]]"
"""Returns the files of a tree that a setting changes, with the new value in place."""


def _images(
    work: Work, overlay: Overlay, version: ImageRef, refs: Sequence[FoundRef]
) -> Iterator[tuple[ImageSetting, _Splice]]:
    """Yield the images that move along, each with what sets it.

    These are the entries of the overlay whose tag is a ref; else those that stand beside such a ref in a base;
    else the one that a plain bump means.
    """
    pattern = work.reach.ref_url
    meant = [ref for ref in refs if pattern is None or ref.url.matches(pattern)]
    values = {ref.ref for ref in meant}
    own = [one for one in candidates(work.tree, overlay.path) if one.in_overlay and one.version.tag in values]
    named = work.bump.image or version.name
    if not named and len({one.version.tag for one in own}) == 1:
        for candidate in own:
            setting = image_setting(candidate, overlay, version)
            work.bump.expect(overlay, (candidate.version.version, candidate.version.tag), setting)
            yield setting, partial(spliced, chosen=candidate, setting=setting)
        return
    beside = [] if named or own else [one for one in _beside(work, overlay, version, meant) if not one[0].is_done]
    if len({setting.old.tag for setting, _ in beside}) == 1:
        yield from beside
        return
    setting, candidate = work.bump.setting(work.tree, overlay, version)
    yield setting, partial(spliced, chosen=candidate, setting=setting)


def _beside(
    work: Work, overlay: Overlay, version: ImageRef, refs: Sequence[FoundRef]
) -> Iterator[tuple[ImageSetting, _Splice]]:
    """Yield the images of bases whose tag is the ref of a remote base in the same file."""
    for path in dict.fromkeys(ref.file for ref in refs if not ref.file.is_relative_to(overlay.path)):
        values = {ref.ref for ref in refs if ref.file == path}
        for entry in read_images(read(work.tree, path), path):
            if entry.new_tag in values:
                old = ImageRef("", entry.new_tag, entry.digest)
                new = ImageRef("", version.tag, version.digest)
                setting = ImageSetting(overlay, entry.name, entry.new_name or entry.name, old, new, entry.location)
                work.bump.expect(overlay, (old.version, old.tag), setting)
                yield setting, partial(_set_in_base, path=path, setting=setting)


def _set_in_base(tree: Tree, path: PurePosixPath, setting: ImageSetting) -> Iterator[tuple[PurePosixPath, bytes]]:
    new = setting.new
    yield path, set_image(read(tree, path), setting.entry, tag=new.tag, digest=new.digest, path=path)


def moved_ref(tree: Tree, setting: RefSetting) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Yield the file that holds a ref, with the new one in place."""
    path = resolve(tree, setting.found.file)
    yield path, replace_refs(read(tree, path), {setting.found.url.text}, ref=setting.new, path=path)


def _refuse_shared(work: Work, overlay: Overlay, ref: FoundRef) -> None:
    """Stop where a ref stands in a base of overlays that are not bumped.

    Raises:
        UsageError: with these overlays.
    """
    if ref.file.is_relative_to(overlay.path):
        return
    environments = set(work.bump.environments or (overlay.environment,))
    apps = {target.app for target in work.bump.targets}
    readers = overlays_with(work.tree, work.settings, ref.file)
    others = [one for one in readers if one.app not in apps or one.environment not in environments]
    if others:
        names = ", ".join(f"{one.app}({one.environment})" for one in others[:10])
        options = " ".join(f"--env {one.environment}" for one in readers if one.app == overlay.app)
        together = {one.app for one in others} <= apps
        raise UsageError(
            f'{ref.location}: the ref of "{redact(ref.url.name)}" is shared with {names}',
            hint=f"bump them together: {options}" if together else "give each overlay a remote base of its own",
        )


def leftovers(tree: Tree, settings: Sequence[Setting]) -> Iterator[str]:
    """Yield a note for each place where an old ref still stands in a file that a bump moved it in.

    A commit's id in another place, such as the URL of a raw file, is hardly meant to stay behind.
    """
    moved = [one for one in settings if isinstance(one, RefSetting) and not one.is_done]
    for path, old in dict.fromkeys((one.found.file, one.old_text) for one in moved):
        lines = read(tree, path).decode("utf-8", "replace").splitlines() if len(old) >= _DISTINCT else []
        places = [str(number) for number, line in enumerate(lines, 1) if old in line]
        if places:
            yield f'"{old}" still stands in {path}, line {", ".join(places)}: that is no ref of a remote base'
