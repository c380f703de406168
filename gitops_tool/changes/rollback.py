"""Brings an environment back to versions that it ran before, and keeps it there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.bump import Bump
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.guard import Pass, judge
from gitops_tool.changes.holds import DEFAULT_DAYS, Terms
from gitops_tool.changes.images import ImageSetting, image_setting, spliced
from gitops_tool.changes.message import commit_message, one_line
from gitops_tool.changes.past import ROLLED_BACK, State, missing_history, past_states, state_at
from gitops_tool.changes.reach.proof import prove
from gitops_tool.changes.reach.propose import unrendered_trailers
from gitops_tool.changes.reach.unrendered import obstacle_to
from gitops_tool.changes.reach.work import Reach, Work
from gitops_tool.changes.targets import candidates, choose
from gitops_tool.errors import GitopsError, LayoutError, UsageError
from gitops_tool.graph import closure
from gitops_tool.holds import Hold, hold_path, read_hold
from gitops_tool.holds.times import moment, shown
from gitops_tool.layout import find_app, select_overlays
from gitops_tool.records import record, replace
from gitops_tool.tree import is_file, read
from gitops_tool.wording import quoted

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.targets import Candidate
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.tree import Tree

S = TypeVar("S", bound="Setting")

_STEPS = re.compile(r"-([1-9]\d{0,3})")


@record
class Rollback:
    """Sets an overlay's images back to what they were; see `Change`.

    Args:
        app: which one.
        environment: where.
        terms: for the hold that keeps it there; its reason may be empty.
        card: what it shows at holds and freezes.
        to: `-1` is the version before, `-2` the one before that; else a tag, a digest or a commit.
        image: which of the app's images; all if None.
        holds: whether to keep further changes away.
        only_bad: whether to keep only the versions away that are left.
        refs: whether the refs of remote bases go back, too.
        unrendered: whether to go on where the overlay cannot be rendered here.
    """

    app: str
    environment: str
    terms: Terms
    card: Pass
    to: str = "-1"
    image: str | None = None
    holds: bool = True
    only_bad: bool = False
    refs: bool = False
    unrendered: bool = False

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Look back and put the versions of then in the place of the present ones; see `Change`."""
        [overlay] = select_overlays(settings, find_app(tree, settings, self.app), (self.environment,))
        present = candidates(tree, overlay.path)
        images = present if self.image is None else [choose(present, overlay, self.image)]
        past = self._past(tree, overlay, images)
        back = _changed_or_all(
            [
                image_setting(one, overlay, past.versions[one.entry])
                for one in images
                if one.entry in past.versions and past.versions[one.entry].version
            ]
        )
        if not back:
            raise LayoutError(f"{_name(overlay)} had none of its images at {past.revision}", hint="choose another --to")
        work = Work(tree, settings, Bump(()), Reach(unrendered=self.unrendered), Draft(tree))
        _put_back(work.draft, past.tree, overlay, back)
        work.found += back
        notes = list(self._refs(work, past, overlay))
        changed = [setting for setting in work.found if not setting.is_done]
        if changed:
            work.render(overlay, obstacle_to(tree, settings, overlay.path))
        verdict = judge(tree, settings, changed, replace(self.card, follows_rollbacks=True))
        summary = tuple(self._hold(work.draft, overlay, changed, notes))
        unrendered = tuple(work.unrendered.items())
        message = self._message(settings, _changed_or_all(work.found), past, verdict.trailers)
        return Proposal(
            work.draft.edits,
            message + unrendered_trailers(unrendered),
            tuple(work.rendered),
            tuple(work.found),
            summary,
            verdict.findings,
            (*verdict.notes, *notes),
            unrendered=unrendered,
        )

    def _refs(self, work: Work, past: State, overlay: Overlay) -> Iterator[str]:
        """Set the refs of remote bases back, if so asked; yields what to tell about those that are left."""
        if not closure(work.tree, overlay.path).remotes:
            return
        from gitops_tool.changes.reach.remotes import moved_ref, refs_like

        for setting in refs_like(work.tree, overlay, past.tree, overlay):
            own = setting.location.path.is_relative_to(overlay.path)
            if setting.is_done:
                continue
            if self.refs and own:
                work.add(setting, moved_ref(work.draft.now, setting))
            else:
                hint = "--refs sets it back, too" if own else f"it is set in {setting.location.path}"
                yield f"{_name(overlay)}: {setting.name} was at {setting.new_text} then; {hint}"

    def _past(self, tree: Tree, overlay: Overlay, images: Sequence[Candidate]) -> State:
        """Return what to go back to.

        Raises:
            UsageError: there is no such version in the history.
        """
        steps = _STEPS.fullmatch(self.to)
        if steps:
            return self._steps_back(tree, overlay, images, int(steps[1]))
        for state in past_states(tree, overlay):
            if any(self.to in _texts(state.versions.get(one.entry)) for one in images):
                return state
        named = state_at(tree, overlay, self.to)
        if named is not None:
            return named
        hint = missing_history(tree) or "gitops bump sets versions that it never ran"
        raise UsageError(f"{_name(overlay)} never ran {quoted(self.to)}", hint=hint)

    def _steps_back(self, tree: Tree, overlay: Overlay, images: Sequence[Candidate], steps: int) -> State:
        """Return the state that many versions ago; the present one counts once, those rolled back from never."""
        seen = [_relevant({one.entry: one.version for one in images}, images)]
        bad = self._known_bad(tree, overlay)
        for state in past_states(tree, overlay):
            versions = _relevant(state.versions, images)
            names = {name for one in images for name in _names(one, state.versions.get(one.entry))}
            if not any(versions.values()) or versions in seen or names & (bad | state.bad):
                continue
            seen.append(versions)
            if len(seen) > steps:
                return state
        known = {1: "no earlier version", 2: "one earlier version"}.get(len(seen), f"{len(seen) - 1} earlier versions")
        hint = missing_history(tree) or "versions that were rolled back from do not count"
        raise UsageError(f"{_name(overlay)} has {known} in the history", hint=hint)

    @staticmethod
    def _known_bad(tree: Tree, overlay: Overlay) -> frozenset[str]:
        try:
            hold = read_hold(tree, hold_path(overlay))
        except GitopsError:
            return frozenset()
        return frozenset(hold.versions) if hold else frozenset()

    def _hold(self, draft: Draft, overlay: Overlay, changed: Sequence[Setting], notes: list[str]) -> Iterator[str]:
        """Write the hold that keeps it there; yields what to tell about it."""
        if not self.holds or not changed:
            return
        left = _left(changed)
        terms = self.terms if self.terms.reason else replace(self.terms, reason=f"rolled back from {', '.join(left)}")
        hold = terms.hold(hold_path(overlay), "rollback", timedelta(days=DEFAULT_DAYS))
        there = _readable_hold(draft.tree, hold.path)
        if there is not None and there.is_active(moment(self.card.clock())):
            if there.action != "rollback" and not there.versions:
                notes.append(f"{_name(overlay)} stays held until {shown(there.until)}: {there.reason}")
                return
            left = [*there.versions, *left]
        hold = replace(hold, versions=tuple(dict.fromkeys(left)) if self.only_bad else ())
        draft.put([(hold.path, hold.text())])
        which = f", {', '.join(hold.versions)} only" if hold.versions else ""
        yield f"{_name(overlay)}: held until {shown(hold.until)}{which}: {hold.reason}"

    def _message(self, settings: Settings, found: Sequence[Setting], past: State, trailers: Sequence[str]) -> str:
        template = settings.message if self.terms.template is None else self.terms.template
        left = [f"{ROLLED_BACK}: {text}" for text in _left([setting for setting in found if not setting.is_done])]
        reason = [f"Gitops-Reason: {one_line(self.terms.reason, '--reason')}"] if self.terms.reason else []
        return commit_message(
            found, template, "rollback", (*left, f"Gitops-Rolled-Back-To: {past.revision.sha}", *reason, *trailers)
        )

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check the effect on the images; see `Change`."""
        wanted = proposal.of(overlay)
        proof = prove_images if all(isinstance(one, ImageSetting) for one in wanted) else prove
        return proof(wanted, overlay, changes, tree, settings)


def _changed_or_all(found: Sequence[S]) -> list[S]:
    """Return what is still to be set; all if nothing is."""
    return [setting for setting in found if not setting.is_done] or list(found)


def _left(changed: Sequence[Setting]) -> list[str]:
    """Return what is left by a rollback, each with its name."""
    return [str(one.before) if isinstance(one, ImageSetting) else f"{one.name}:{one.old_text}" for one in changed]


def _put_back(draft: Draft, past: Tree, overlay: Overlay, settings: Sequence[ImageSetting]) -> None:
    """Set images back: by the very bytes of then if the file has changed in nothing but them, else by a splice."""
    again = Draft(past)
    _splice(again, overlay, [replace(setting, new=setting.old) for setting in settings if not setting.is_done])
    same = bool(again.edits) and all(_content(draft.now, edit.path) == edit.after for edit in again.edits)
    if same:
        draft.put((edit.path, edit.before) for edit in again.edits)
    else:
        _splice(draft, overlay, settings)


def _splice(draft: Draft, overlay: Overlay, settings: Sequence[ImageSetting]) -> None:
    for setting in settings:
        chosen = next((one for one in candidates(draft.now, overlay.path) if one.entry == setting.entry), None)
        if chosen is not None and setting.new.version:
            draft.put(spliced(draft.now, chosen, image_setting(chosen, overlay, setting.new)))


def _content(tree: Tree, path: PurePosixPath) -> bytes | None:
    return read(tree, path) if is_file(tree, path) else None


def _readable_hold(tree: Tree, path: PurePosixPath) -> Hold | None:
    """Return a hold; None if there is none, or a file that nobody can read: then it may be overwritten."""
    try:
        return read_hold(tree, path)
    except GitopsError:
        return None


def _relevant(versions: Mapping[str, ImageRef], images: Sequence[Candidate]) -> dict[str, str]:
    found = {one.entry: versions.get(one.entry) for one in images}
    return {entry: version.version if version else "" for entry, version in found.items()}


def _texts(version: ImageRef | None) -> set[str]:
    """Return the ways to name a version: its tag, its digest, or both."""
    return {text for text in (version.tag, version.digest, version.version) if text} if version else set()


def _names(image: Candidate, version: ImageRef | None) -> set[str]:
    """Return all texts that holds and commit messages can call an image's version by."""
    if version is None:
        return set()
    return _texts(version) | {str(replace(version, name=image.image))}


def _name(overlay: Overlay) -> str:
    return f"{overlay.app}({overlay.environment})"
