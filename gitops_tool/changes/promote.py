"""Brings what runs in one environment to the next: image tags and digests, and files where the settings say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal, unfinished
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.files import FileSetting, content_id, copied, matching_files
from gitops_tool.changes.guard import NO_PASS, Pass, Verdict, judge
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.route import detours, find_route, predecessors
from gitops_tool.changes.targets import candidates, choose
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.git.objects import GitTree
from gitops_tool.layout import find_app, find_apps
from gitops_tool.model import Location
from gitops_tool.records import record, replace
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.targets import Candidate
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import App, Finding, Overlay
    from gitops_tool.tree import Tree

_MOST_NAMES = 10


@record
class Promote:
    """Sets an environment's images to what another one has; see `Change`.

    Args:
        apps: which ones; every one that is in both environments, and not held, if empty.
        source: from where; the environment before the target if None.
        target: where to; the one after the source if None.
        image: which of an app's images; all that both environments have if None.
        template: the commit message's, instead of the standard subject.
        card: what it shows at holds and freezes, and to leave the order of promotion.
    """

    apps: tuple[str, ...]
    source: str | None = None
    target: str | None = None
    image: str | None = None
    template: str | None = None
    card: Pass = NO_PASS

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Read the source's versions and splice them into the target; see `Change`."""
        apps = [find_app(tree, settings, name) for name in self.apps] or list(find_apps(tree, settings))
        before = predecessors(settings, apps)
        source, target = find_route(before, self.source, self.target)
        against = detours(before, source, target)
        if against and self.card.override is None:
            raise UsageError(against[0], hint="--override REASON promotes all the same, and the commit records it")
        pairs, absent = self._pairs(apps, source, target)
        draft, kept, held = Draft(tree), [], []
        for old, new in pairs:
            step = _Step.find(draft.now, settings, old, new, self.image)
            if step is None and not self.apps:
                absent.append(new.app)
                continue
            if step is None:
                raise _nothing_in_common(draft.now, old, new)
            if self._is_left_out(judge(tree, settings, step.settings, replace(self.card, override=None))):
                held.append(new.app)
                continue
            step.apply(draft)
            kept.append(step)
        found = [setting for step in kept for setting in step.settings]
        verdict = judge(tree, settings, found, self.card, against)
        notes = (*_left_out(absent, source, target), *_held(held, target), *verdict.notes)
        trailers = [f"Gitops-Promoted-From: {source}", *_commit_of(tree), *verdict.trailers]
        return Proposal(
            draft.edits,
            self._message(found, settings, trailers),
            unfinished(found),
            tuple(found),
            () if found else (f"nothing to promote from {source} to {target}",),
            findings=verdict.findings,
            notes=(*(note for step in kept for note in step.notes), *notes),
            origins={step.target: step.source for step in kept},
        )

    def _is_left_out(self, verdict: Verdict) -> bool:
        """Whether an app stays behind while all others are promoted; one that was named is refused instead."""
        return not self.apps and self.card.override is None and bool(verdict.held)

    def _message(self, found: Sequence[Setting], settings: Settings, trailers: Sequence[str]) -> str:
        changed = [setting for setting in found if not setting.is_done] or found
        if not changed:
            return "promote nothing\n"
        template = settings.message if self.template is None else self.template
        return commit_message(changed, template, "promote", trailers)

    def _pairs(self, apps: Sequence[App], source: str, target: str) -> tuple[list[tuple[Overlay, Overlay]], list[str]]:
        """Return the overlays to promote from and to, and the apps that are not in both environments.

        Raises:
            UsageError: such an app was named, or there is no app at all.
        """
        pairs: list[tuple[Overlay, Overlay]] = []
        left_out: list[str] = []
        for app in apps:
            by_name = {overlay.environment: overlay for overlay in app.overlays}
            missing = next((name for name in (source, target) if name not in by_name), None)
            if missing is None:
                pairs.append((by_name[source], by_name[target]))
            elif self.apps:
                hint = did_you_mean(missing, by_name) or f"it has: {', '.join(by_name)}"
                raise UsageError(f'app "{app.name}" has no environment {quoted(missing)}', hint=hint)
            else:
                left_out.append(app.name)
        if not pairs:
            raise UsageError(f"no app is in both {quoted(source)} and {quoted(target)}")
        return pairs, left_out

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check the effect on the images; see `Change`. What copied files do is shown, and left to the user."""
        wanted = [setting for setting in proposal.of(overlay) if setting.kind == "image"]
        if wanted or len(wanted) == len(proposal.of(overlay)):
            yield from prove_images(wanted, overlay, changes, tree, settings)


@record
class _Step:
    """The promotion of one app. `images` are the images as the source has them, each with the target's own."""

    source: Overlay
    target: Overlay
    images: tuple[ImageSetting, ...]
    files: tuple[FileSetting, ...]
    notes: tuple[str, ...] = ()

    @property
    def settings(self) -> tuple[Setting, ...]:
        """What is to be set."""
        return (*self.images, *self.files)

    @classmethod
    def find(cls, tree: Tree, settings: Settings, source: Overlay, target: Overlay, image: str | None) -> _Step | None:
        """Compare two overlays; None if they have nothing in common that could be promoted.

        Raises:
            GitopsError: an image is not at the source, or has no version there.
        """
        files = tuple(_files(tree, settings, source, target)) if image is None else ()
        old, new = candidates(tree, source.path), candidates(tree, target.path)
        if image is not None:
            pairs = [(choose(old, source, image), choose(new, target, image))]
        else:
            pairs = list(_matched(old, new))
        found = tuple(
            image_setting(theirs, target, ours.version) for ours, theirs in pairs if _is_to_copy(ours, theirs, source)
        )
        if not found and not files:
            return None
        alone = [one.image for one in new if image is None and one not in {theirs for _, theirs in pairs}]
        notes = [f"{_name(target)}: {name} is not in {source.environment}, and stays as it is" for name in alone]
        return cls(source, target, found, files, tuple(notes))

    def apply(self, draft: Draft) -> None:
        """Copy the files, then set those images that they did not bring."""
        names = [setting.name for setting in self.files if not setting.is_done]
        draft.put(copied(draft.now, self.source, self.target, names))
        for setting in self.images:
            if setting.is_done:
                continue
            chosen = next((c for c in candidates(draft.now, self.target.path) if c.entry == setting.entry), None)
            if chosen is not None:
                draft.put(spliced(draft.now, chosen, image_setting(chosen, self.target, setting.new)))


def _nothing_in_common(tree: Tree, source: Overlay, target: Overlay) -> LayoutError:
    images = ", ".join(one.image for one in candidates(tree, source.path)) or "no image"
    return LayoutError(
        f"{_name(source)} and {_name(target)} have no image with a tag or digest in common",
        hint=f"{_name(source)} has: {images}",
    )


def _commit_of(tree: Tree) -> list[str]:
    """Return what tells the commit in which the source was read."""
    origin = tree.origin if isinstance(tree, GitTree) else None
    return [f"Gitops-Source-Commit: {origin[1].sha}"] if origin else []


def _files(tree: Tree, settings: Settings, source: Overlay, target: Overlay) -> Iterator[FileSetting]:
    """Yield the files that the settings say are promoted, in either environment."""
    if not settings.promoted_files:
        return
    names = {
        name: None
        for overlay in (source, target)
        for name in matching_files(tree, overlay.path, settings.promoted_files)
    }
    for name in sorted(names):
        old, new = (content_id(tree, overlay.path / name) for overlay in (target, source))
        yield FileSetting(target, source, name, old, new, Location(target.path / name))


def _matched(old: Sequence[Candidate], new: Sequence[Candidate]) -> Iterator[tuple[Candidate, Candidate]]:
    """Pair the source's images with the target's: by their entries, else by the names that are rendered.

    What both take from a common base is the same in both; it is left out where anything else is found.
    """
    pairs = []
    for theirs in new:
        by_entry = [ours for ours in old if ours.entry == theirs.entry]
        by_image = [ours for ours in old if ours.image == theirs.image]
        match = by_entry or by_image
        if len(match) == 1:
            pairs.append((match[0], theirs))
    own = [(ours, theirs) for ours, theirs in pairs if ours.in_overlay or theirs.in_overlay or not _equal(ours, theirs)]
    yield from own or pairs


def _equal(one: Candidate, other: Candidate) -> bool:
    return one.version == other.version


def _is_to_copy(ours: Candidate, theirs: Candidate, source: Overlay) -> bool:
    """Whether the source has a version to copy.

    Raises:
        LayoutError: it has none, and the target does.
    """
    if ours.version.version:
        return True
    if theirs.version.version:
        message = f'{_name(source)}: image "{ours.image}" has neither a tag nor a digest'
        raise LayoutError(message, location=ours.location, hint="give it one there first, or choose with --image")
    return False


def _name(overlay: Overlay) -> str:
    return f"{overlay.app}({overlay.environment})"


def _left_out(apps: Sequence[str], source: str, target: str) -> Iterator[str]:
    if apps:
        yield f"nothing to promote from {source} to {target}: {_listed(sorted(apps))}"


def _held(apps: Sequence[str], target: str) -> Iterator[str]:
    if apps:
        yield f"held in {target}, and left out: {_listed(apps)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
