"""Holds an app's environment, freezes an environment, and lifts either."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.bump import Bump
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.guard import Clock
from gitops_tool.changes.message import filled, one_line, with_trailers
from gitops_tool.changes.reach.propose import find_any_app
from gitops_tool.changes.reach.work import Reach, Work
from gitops_tool.errors import SupersededError, UsageError
from gitops_tool.holds import Hold, freeze_path, hold_path, read_hold
from gitops_tool.holds.times import moment, parse_until, shown
from gitops_tool.layout import select_overlays, unknown_environment
from gitops_tool.model import Edit, Location, Overlay
from gitops_tool.records import record, replace
from gitops_tool.tree import is_file, read

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import App, Finding
    from gitops_tool.tree import Tree

DEFAULT_DAYS = 7
"""How long a hold lasts if nobody says."""


@record
class Terms:
    """Why, by whom and until when something is held; `until` is as the user gave it."""

    reason: str
    author: str | None = None
    until: str | None = None
    replaces: bool = False
    template: str | None = None
    clock: Clock = time.time

    def hold(self, path: PurePosixPath, action: str, default: timedelta | None) -> Hold:
        """Return the hold that these terms make now.

        Raises:
            UsageError: they cannot be meant.
        """
        now = moment(self.clock())
        usual = now + default if default else None
        end = usual if self.until is None else parse_until(self.until, now)
        return Hold(path, one_line(self.reason, "--reason"), self.author, created=now, until=end, action=action)


class _NotRendered:
    """A change that no overlay's render depends on."""

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """There is nothing to prove; see `Change`."""
        yield from ()


@record
class PlaceHold(_NotRendered):
    """Keeps changes away from an app in some environments; see `Change`.

    Args:
        app: which one.
        environments: where.
        terms: why, and until when.
        versions: only these are refused; all changes if empty.
    """

    app: str
    environments: tuple[str, ...]
    terms: Terms
    versions: tuple[str, ...] = ()

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Write the files; see `Change`."""
        app = _app(tree, settings, self.app)
        work = _Work(tree, "hold", self.terms.template)
        for overlay in select_overlays(settings, app, self.environments):
            hold = self.terms.hold(hold_path(overlay), "hold", timedelta(days=DEFAULT_DAYS))
            hold = replace(hold, versions=tuple(dict.fromkeys(self.versions)))
            work.place(_name(overlay), hold, self.terms)
            work.tell(overlay.app, overlay.environment)
        return work.proposal()


@record
class LiftHold(_NotRendered):
    """Lets changes of an app in some environments pass again; also of an app that is gone. See `Change`."""

    app: str
    environments: tuple[str, ...]
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Remove the files; see `Change`."""
        work = _Work(tree, "unhold", self.template)
        for overlay in self._overlays(tree, settings):
            work.lift(_name(overlay), hold_path(overlay))
            work.tell(overlay.app, overlay.environment)
        return work.proposal()

    def _overlays(self, tree: Tree, settings: Settings) -> Sequence[Overlay]:
        named = [Overlay(self.app, environment, PurePosixPath()) for environment in self.environments]
        plain = not any("/" in name or name == ".." for name in (self.app, *self.environments))
        if plain and all(is_file(tree, hold_path(overlay)) for overlay in named):
            return named
        return select_overlays(settings, _app(tree, settings, self.app), self.environments)


@record
class PlaceFreeze(_NotRendered):
    """Keeps changes away from some environments, or from all; see `Change`. `starts` is as the user gave it."""

    environments: tuple[str, ...]
    terms: Terms
    starts: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Write the files; see `Change`."""
        work = _Work(tree, "freeze", self.terms.template)
        for environment in _known(settings, self.environments) or (None,):
            hold = self.terms.hold(freeze_path(environment), "freeze", None)
            starts = parse_until(self.starts, moment(self.terms.clock())) if self.starts else None
            if starts and hold.until and starts >= hold.until:
                raise UsageError("the freeze would end before it begins", hint="look at --from and --until")
            work.place(_place(environment), replace(hold, starts=starts), self.terms)
            work.tell(None, environment)
        return work.proposal()


@record
class LiftFreeze(_NotRendered):
    """Lets changes of some environments pass again, or of all; see `Change`."""

    environments: tuple[str, ...]
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Remove the files; see `Change`."""
        work = _Work(tree, "unfreeze", self.template)
        for environment in _known(settings, self.environments) or (None,):
            work.lift(_place(environment), freeze_path(environment))
            work.tell(None, environment)
        return work.proposal()


def _app(tree: Tree, settings: Settings, name: str) -> App:
    """Return an app, also one whose version is only in values that the layout does not know."""
    return find_any_app(Work(tree, settings, Bump(()), Reach(), Draft(tree)), name)


def _known(settings: Settings, environments: tuple[str, ...]) -> tuple[str, ...]:
    """Return the environments that are named.

    Raises:
        UsageError: one is none of the settings', or cannot be a file's name.
    """
    known = [environment.name for environment in settings.environments]
    for name in environments:
        if (known and name not in known) or "/" in name or not name.isprintable() or not name.strip("."):
            raise unknown_environment(name, known)
    return tuple(dict.fromkeys(environments))


def _name(overlay: Overlay) -> str:
    return f"{overlay.app}({overlay.environment})"


def _place(environment: str | None) -> str:
    return environment or "all environments"


class _Work:
    """Holds or freezes under way: the files that come or go, and what is said about them."""

    def __init__(self, tree: Tree, action: str, template: str | None) -> None:
        self.tree = tree
        self.action = action
        self.template = template
        self.edits: list[Edit] = []
        self.summary: list[str] = []
        self.subjects: list[str] = []
        self.reasons: list[str] = []
        self.trailers: dict[str, None] = {f"Gitops-Action: {action}": None}
        self.apps: list[str] = []
        self.environments: list[str] = []

    def tell(self, app: str | None, environment: str | None) -> None:
        """Note what the change is about, for the commit message."""
        if app is not None:
            self.trailers[f"Gitops-App: {app}"] = None
            self.apps.append(app)
        self.trailers[f"Gitops-Environment: {environment or '*'}"] = None
        self.environments.append(_place(environment))

    def place(self, name: str, hold: Hold, terms: Terms) -> None:
        """Write a hold, unless the same is there.

        Raises:
            SupersededError: another one is there.
        """
        there = read_hold(self.tree, hold.path)
        word = "frozen" if self.action == "freeze" else "held"
        if there is not None and not there.is_over(hold.created or moment(0)) and not terms.replaces:
            alike = bool(there.versions) == bool(hold.versions)
            known = alike and {*hold.versions} <= {*there.versions}
            if known and there.reason == hold.reason and (terms.until is None or hold.until == there.until):
                self.summary.append(f"{name}: {word} already, until {shown(there.until)}: {there.reason}")
                return
            if not alike or (not there.versions and there.reason != hold.reason):
                raise _other_hold(name, word, there)
            hold = replace(hold, versions=tuple(dict.fromkeys((*there.versions, *hold.versions))))
        before = read(self.tree, hold.path) if there is not None else None
        self.edits.append(Edit(hold.path, before, hold.text()))
        which = f", {', '.join(hold.versions)} only" if hold.versions else ""
        begin = f" from {shown(hold.starts)}" if hold.starts else ""
        self.summary.append(f"{name}: {word}{begin} until {shown(hold.until)}{which}: {hold.reason}")
        self.subjects.append(f"{name}: {self.action}{begin} until {shown(hold.until)}{which}: {hold.reason}")
        self.reasons.append(hold.reason)

    def lift(self, name: str, path: PurePosixPath) -> None:
        """Remove a hold, whatever its file says."""
        word = "frozen" if self.action == "unfreeze" else "held"
        if not is_file(self.tree, path):
            self.summary.append(f"{name}: not {word}")
            return
        self.edits.append(Edit(path, read(self.tree, path), None))
        self.summary.append(f"{name}: no longer {word}")
        self.subjects.append(f"{name}: {self.action}")

    def proposal(self) -> Proposal:
        """Return the change as a whole."""
        head = self.subjects[0] if len(self.subjects) == 1 else self._head()
        if self.template is not None:
            head = filled(self.template, self._values())
        trailers = [*self.trailers, *(f"Gitops-Reason: {reason}" for reason in dict.fromkeys(self.reasons))]
        return Proposal(tuple(self.edits), with_trailers(head, trailers), summary=tuple(self.summary))

    def _head(self) -> str:
        names = ", ".join(subject.partition(": ")[0] for subject in self.subjects)
        return f"{self.action} {names}\n\n" + "\n".join(f"- {subject}" for subject in self.subjects)

    def _values(self) -> Mapping[str, Sequence[str]]:
        return {"app": self.apps, "environment": self.environments, "reason": self.reasons}


def _other_hold(name: str, word: str, there: Hold) -> SupersededError:
    by = f" by {there.author}" if there.author else ""
    which = f", {', '.join(there.versions)} only" if there.versions else ""
    return SupersededError(
        f"{name}: {word} already{which}, until {shown(there.until)}{by}: {there.reason}",
        location=Location(there.path),
        hint="--replace puts this in its place",
    )
