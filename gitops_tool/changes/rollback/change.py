"""Brings an environment back to versions that it ran before, and keeps it there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.bump import Bump
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.guard import Pass, judge
from gitops_tool.changes.holds import DEFAULT_DAYS, Terms
from gitops_tool.changes.images import ImageSetting
from gitops_tool.changes.message import commit_message, one_line
from gitops_tool.changes.reach.proof import prove
from gitops_tool.changes.reach.propose import find_any_app, unrendered_trailers
from gitops_tool.changes.reach.unrendered import obstacle_to
from gitops_tool.changes.reach.work import Reach, Work
from gitops_tool.changes.rollback.past import ROLLED_BACK, State, not_in_history, state_at
from gitops_tool.changes.rollback.subject import find_subject, texts
from gitops_tool.errors import GitopsError, LayoutError
from gitops_tool.graph import closure
from gitops_tool.holds import Hold, hold_path, read_hold
from gitops_tool.holds.times import moment, shown
from gitops_tool.layout import select_overlays
from gitops_tool.records import record, replace
from gitops_tool.tree import is_directory
from gitops_tool.wording import quoted

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.changes.rollback.subject import Subject
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.images import ImageRef
    from gitops_tool.model import Finding, Overlay
    from gitops_tool.tree import Tree

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
        work = Work(tree, settings, Bump(()), Reach(unrendered=self.unrendered), Draft(tree))
        [overlay] = select_overlays(settings, find_any_app(work, self.app), (self.environment,))
        subject = find_subject(tree, settings, overlay, self.image)
        past = self._past(tree, overlay, subject)
        subject.put_back(work, past)
        if not work.found:
            raise LayoutError(f"{_name(overlay)} had no such version at {past.revision}", hint="choose another --to")
        notes = list(self._refs(work, past, overlay))
        changed = [setting for setting in work.found if not setting.is_done]
        verdict = judge(tree, settings, changed, replace(self.card, follows_rollbacks=True))
        summary = tuple(self._hold(work.draft, overlay, changed, notes))
        unrendered = tuple(work.unrendered.items())
        message = self._message(settings, changed or work.found, past, verdict.trailers)
        return Proposal(
            work.draft.edits,
            message + unrendered_trailers(unrendered),
            tuple(work.rendered),
            tuple(changed or work.found),
            summary,
            verdict.findings,
            (*verdict.notes, *notes),
            unrendered=unrendered,
        )

    def _refs(self, work: Work, past: State, overlay: Overlay) -> Iterator[str]:
        """Set the refs of remote bases back, if so asked; yields what to tell about those that are left."""
        if not is_directory(work.tree, overlay.path) or not closure(work.tree, overlay.path).remotes:
            return
        from gitops_tool.changes.reach.remotes import moved_ref, refs_like

        for setting in refs_like(work.tree, overlay, past.tree, overlay):
            own = setting.location.path.is_relative_to(overlay.path)
            if setting.is_done:
                continue
            if self.refs and own:
                work.add(setting, moved_ref(work.draft.now, setting))
                work.render(overlay, obstacle_to(work.tree, work.settings, overlay.path))
            else:
                hint = "--refs sets it back, too" if own else f"it is set in {setting.location.path}"
                yield f"{_name(overlay)}: {setting.name} was at {setting.new_text} then; {hint}"

    def _past(self, tree: Tree, overlay: Overlay, subject: Subject) -> State:
        """Return what to go back to.

        Raises:
            UsageError: there is no such version in the history.
            GitError: nor is all of the history here.
        """
        steps = _STEPS.fullmatch(self.to)
        if steps:
            return self._steps_back(tree, overlay, subject, int(steps[1]))
        present = subject.present
        for state in subject.states():
            if any(self.to in texts(state.versions.get(one.key)) for one in present):
                return state
        named = state_at(tree, self.to, subject.read)
        if named is not None:
            return named
        hint = "`gitops bump` sets versions that it never ran"
        raise not_in_history(tree, f"{_name(overlay)} never ran {quoted(self.to)}", hint)

    def _steps_back(self, tree: Tree, overlay: Overlay, subject: Subject, steps: int) -> State:
        """Return the state that many versions ago; the present one counts once, those rolled back from never."""
        present = subject.present
        seen = [{one.key: one.version.version for one in present}]
        bad = self._known_bad(tree, overlay)
        for state in subject.states():
            versions = {one.key: _text(state.versions.get(one.key)) for one in present}
            names = {name for one in present for name in one.names(state.versions.get(one.key))}
            if not any(versions.values()) or versions in seen or names & (bad | state.bad):
                continue
            seen.append(versions)
            if len(seen) > steps:
                return state
        known = {1: "no earlier version", 2: "one earlier version"}.get(len(seen), f"{len(seen) - 1} earlier versions")
        hint = "versions that were rolled back from do not count"
        raise not_in_history(tree, f"{_name(overlay)} has {known} in the history", hint)

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


def _left(changed: Sequence[Setting]) -> list[str]:
    """Return what is left by a rollback, each with its name."""
    return [str(one.before) if isinstance(one, ImageSetting) else f"{one.name}:{one.old_text}" for one in changed]


def _readable_hold(tree: Tree, path: PurePosixPath) -> Hold | None:
    """Return a hold; None if there is none, or a file that nobody can read: then it may be overwritten."""
    try:
        return read_hold(tree, path)
    except GitopsError:
        return None


def _text(version: ImageRef | None) -> str:
    return version.version if version else ""


def _name(overlay: Overlay) -> str:
    return f"{overlay.app}({overlay.environment})"
