"""Whether holds and freezes let a change pass.

Looking for them costs nothing where there are none: what is needed to read them is imported only then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.errors import GitopsError
from gitops_tool.model import Finding, Location, Severity
from gitops_tool.records import field, record, replace
from gitops_tool.tree import ROOT

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import PurePosixPath

    from gitops_tool.changes.base import Setting
    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree

Clock: TypeAlias = Callable[[], float]
"""Gives the time in seconds since 1970."""


@record
class Pass:
    """What a change shows at a hold: the reason to overrule it, if any, and the clock that tells which are over.

    A rollback `follows_rollbacks`: it goes on where an earlier one, whose hold is there, did not go far enough.
    """

    override: str | None = None
    clock: Clock = time.time
    follows_rollbacks: bool = False


NO_PASS = Pass()


@record
class Verdict:
    """What holds and freezes say to a change. `trailers` are for its commit message."""

    held: tuple[Finding, ...] = ()
    frozen: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    trailers: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that stands in the way."""
        return (*self.held, *self.frozen)


NOTHING = Verdict()


def judge(tree: Tree, settings: Settings, wanted: Sequence[Setting], card: Pass, others: Sequence[str] = ()) -> Verdict:
    """Return what holds and freezes of a tree say to values that are to be set.

    Args:
        tree: where they are.
        settings: with the weekly windows.
        wanted: the values; those that are in place already are not held back.
        card: what the change shows.
        others: further reasons against the change that `card` overrules.

    Raises:
        UsageError: the reason to overrule them is not one.
    """
    if not settings.freezes and ".gitops" not in tree.modes(ROOT) and card.override is None:
        return NOTHING
    from gitops_tool.holds.times import moment

    by_overlay: dict[Overlay, list[Setting]] = {}
    for setting in wanted:
        if not setting.is_done:
            by_overlay.setdefault(setting.overlay, []).append(setting)
    search = _Search(tree, settings, moment(card.clock()), card.follows_rollbacks)
    for overlay, changes in by_overlay.items():
        search.look(overlay, changes)
    held, frozen = (tuple(dict.fromkeys(found)) for found in (search.held, search.frozen))
    found = Verdict(held, frozen, tuple(dict.fromkeys(search.notes)))
    return found if card.override is None else _overruled(found, card.override, others)


def _overruled(found: Verdict, override: str, others: Sequence[str]) -> Verdict:
    from gitops_tool.changes.message import one_line

    reason = one_line(override, "--override")
    overruled = [*others, *(finding.message for finding in found.findings)]
    if not overruled:
        return replace(found, notes=(*found.notes, "nothing holds this back, so that --override is not recorded"))
    notes = (f"overruled: {message}" for message in overruled)
    return Verdict(notes=(*found.notes, *notes), trailers=(f"Gitops-Override: {reason}",))


@record(frozen=False)
class _Search:
    """What was found so far at one moment."""

    tree: Tree
    settings: Settings
    now: datetime
    follows_rollbacks: bool
    held: list[Finding] = field(default_factory=list)
    frozen: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def look(self, overlay: Overlay, changes: Sequence[Setting]) -> None:
        """Look for what keeps changes of one overlay away."""
        from gitops_tool.holds import freeze_path, has_holds, hold_path

        if has_holds(self.tree):
            place = f"{overlay.app}({overlay.environment})"
            lift = f"gitops unhold {overlay.app} --env {overlay.environment}"
            self._look_at(hold_path(overlay), _Sort(self.held, place, "held", lift), changes)
            for path in (freeze_path(None), freeze_path(overlay.environment)):
                lift = "gitops unfreeze" + (f" --env {path.stem}" if path != freeze_path(None) else "")
                self._look_at(path, _Sort(self.frozen, overlay.environment, "frozen", lift), changes)
        for window in self.settings.freezes:
            end = window.end(self.now) if window.is_for(overlay.environment) else None
            if end is not None:
                message = f"{overlay.environment} is frozen {_until(end)}: {window.reason}"
                self.frozen.append(_refusal(message, window.location, "wait"))

    def _look_at(self, path: PurePosixPath, sort: _Sort, changes: Sequence[Setting]) -> None:
        """Read one file; one that cannot be read keeps everything away."""
        from gitops_tool.holds import read_hold
        from gitops_tool.holds.times import shown

        try:
            hold = read_hold(self.tree, path)
        except GitopsError as error:
            message = f"{sort.place} counts as {sort.word}, as the file cannot be read: {error.message}"
            sort.found.append(_refusal(message, error.location or Location(path), "mend or remove the file"))
            return
        if hold is not None and hold.is_over(self.now):
            self.notes.append(f'"{path}" ended at {shown(hold.until)}; `{sort.lift}` removes it')
        if hold is None or not hold.is_active(self.now):
            return
        if self.follows_rollbacks and hold.action == "rollback" and not hold.versions:
            return
        refused = [setting for setting in changes if not hold.versions or _is_among(setting, hold.versions)]
        if refused:
            which = f": {', '.join(setting.new_text for setting in refused)}" if hold.versions else ""
            by = f" by {hold.author}" if hold.author else ""
            message = f"{sort.place}{which} is {sort.word} {_until(hold.until)}{by}: {hold.reason}"
            sort.found.append(_refusal(message, Location(path), f"lift it with `{sort.lift}`"))


@record
class _Sort:
    """How to speak of a hold or a freeze: what it is of, the word for it, and the command that lifts it."""

    found: list[Finding]
    place: str
    word: str
    lift: str


def _until(end: datetime | None) -> str:
    from gitops_tool.holds.times import shown

    return f"until {shown(end)}"


def _refusal(message: str, location: Location, way_out: str) -> Finding:
    hint = f"{way_out}, or overrule it with --override REASON, which the commit records"
    return Finding("held", Severity.ERROR, message, location, hint=hint)


def _is_among(setting: Setting, versions: Sequence[str]) -> bool:
    """Whether a value is one of those listed: a tag, a digest, both, or with the image's name before it."""
    tag, _, digest = setting.new_text.partition("@")
    names = {setting.new_text, tag, digest} - {""}
    return any(version in names or _without(setting.name, version) in names for version in versions)


def _without(name: str, version: str) -> str:
    """Return a version without the image's name before it."""
    rest = version.removeprefix(name)
    return rest[1:] if rest != version and rest.startswith((":", "@")) else version
