"""Puts a change on a remote branch while others do the same.

A lost race is answered by planning anew over the new tip, so what is pushed is what was validated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from gitops_tool.background import Background
from gitops_tool.cachedir import cache_dir
from gitops_tool.changes import Change
from gitops_tool.errors import GitopsError, PushRejectedError, RaceLostError, SupersededError, UsageError
from gitops_tool.git import GitRepo, PushStatus
from gitops_tool.model import Overlay, Revision
from gitops_tool.pipeline.plan import Outcome, Plan, Status, load_rendering, make_plan, refuse_errors
from gitops_tool.records import field, record, replace
from gitops_tool.schemas import SchemaEngine

if TYPE_CHECKING:
    from gitops_tool.git.exchange import Remote

TIMEOUT = 120.0
"""Seconds until a push that loses every race gives up."""

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 8.0


@record
class PushOptions:
    """Where and how a change is pushed. `timeout` is in seconds."""

    remote: str = "origin"
    branch: str | None = None
    timeout: float = TIMEOUT
    last_wins: bool = False


def publish(
    repo: GitRepo,
    change: Change,
    options: PushOptions,
    *,
    sign: bool = False,
    engine: SchemaEngine = SchemaEngine.AUTO,
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Put a change on a remote branch while others do the same.

    Raises:
        FindingsError: the change is refused.
        SupersededError: the same value was changed to something else meanwhile.
        RaceLostError: others pushed first until the deadline.
        PushRejectedError: the server refuses, for a reason that trying again does not mend.
    """
    deadline = time.monotonic() + options.timeout
    with Background(load_rendering):  # while git answers
        remote = repo.remote(options.remote)
        branch = repo.push_branch(options.remote) if options.branch is None else options.branch
    with repo.lock(deadline) as lock:
        repo.mend()
        race = _Race(repo, change, remote, branch, options, sign, engine, lock, deadline)
        while (outcome := race.attempt()) is None:
            wait = random.uniform(0, min(_LONGEST_WAIT, _FIRST_WAIT * 2**race.attempts))  # noqa: S311 - jitter
            report(f"{options.remote}/{branch} moved; trying again in {wait:.1f} s")
            if time.monotonic() + wait >= deadline:
                raise RaceLostError(
                    f"others pushed to {options.remote}/{branch} first, {race.attempts} times in {options.timeout:g} s",
                    hint="run the same command again, or give more --timeout",
                )
            time.sleep(wait)
        if outcome.status is Status.UNCHANGED or outcome.revision is None:
            return outcome
        note = repo.follow(branch, outcome.revision, lock)
    return replace(outcome, notes=(note,)) if note else outcome


def refuse_unreviewed(plan: Plan) -> None:
    """Stop if an environment that is changed by merge requests alone would be changed by a push.

    Raises:
        UsageError: with the environments.
    """
    if plan.reviewed:
        names = ", ".join(f'"{name}"' for name in plan.reviewed)
        raise UsageError(
            f"environment {names} is changed by merge requests alone",
            hint='open one with --mr instead of --push; the setting is "mergeRequest" in gitops.yaml',
        )


@record(frozen=False)
class _Race:
    """The attempts of one change to get onto a branch."""

    repo: GitRepo
    change: Change
    remote: Remote
    branch: str
    options: PushOptions
    sign: bool
    engine: SchemaEngine
    lock: int
    deadline: float
    attempts: int = 0
    first_tip: Revision | None = None
    first_found: Mapping[tuple[Overlay, str], str] | None = None
    first_wanted: Mapping[tuple[Overlay, str], str] = field(default_factory=dict)

    def attempt(self) -> Outcome | None:
        """Fetch, plan over the tip, commit, push once; None when somebody else was faster.

        The first try is free for all; from the second on, the runs on this machine take turns.
        """
        with self._turn():
            tip, plan = self._plan_over_tip()
            if self.first_found is None:
                self.first_tip, self.first_found = tip, plan.proposal.found()
                self.first_wanted = plan.proposal.wanted()
            elif not self.options.last_wins:
                self._refuse_superseded(plan, tip)
            if not plan.proposal.edits:
                return Outcome(Status.UNCHANGED, plan, None, self.branch, self.attempts)
            refuse_errors(plan)
            refuse_unreviewed(plan)
            revision = self.repo.commit(tip, plan.tree, plan.proposal.message, sign=self.sign)
            self.attempts += 1
            answer = self.remote.push(
                *(self.branch, revision, self.lock, self._left()),
                meanwhile=lambda: self.repo.prepare_to_follow(self.branch, tip, revision),
            )
        if answer.status is PushStatus.REJECTED:
            raise PushRejectedError(f"{self.remote.display} refused the push: {answer.reason}")
        if answer.status is PushStatus.LOST_RACE:
            return None
        return Outcome(Status.PUSHED, plan, revision, self.branch, self.attempts)

    def _plan_over_tip(self) -> tuple[Revision, Plan]:
        """Fetch, and plan over what is the tip then.

        Mostly that is what it was at the last fetch: on the first try, the plan for it is made while git fetches.
        """
        known = None if self.attempts or self.repo.ahead else self.remote.last_fetched(self.branch)
        with self.remote.begin_fetch(self.branch, self.lock) as fetching:
            guess = self._guess(known) if known else None
            tip = fetching.tip(self._left())
        if guess is None or tip != known:
            return tip, self._plan(tip)
        if isinstance(guess, GitopsError):
            raise guess
        return tip, guess

    def _guess(self, tip: Revision) -> Plan | GitopsError:
        """Return the plan over a commit, or why there is none, for the case that the commit is still the tip."""
        try:
            return self._plan(tip)
        except GitopsError as error:
            return error

    def _plan(self, tip: Revision) -> Plan:
        return make_plan(self.change, self.repo.tree(tip), tip, self.engine)

    def _left(self) -> float:
        return max(1.0, self.deadline - time.monotonic())

    def _turn(self) -> AbstractContextManager[object]:
        if self.attempts == 0:
            return nullcontext()
        return self.remote.turn(self.branch, cache_dir() / "locks", self.deadline)

    def _refuse_superseded(self, plan: Plan, tip: Revision) -> None:
        """Stop if a value is neither what it was when this began, nor what it should become.

        Raises:
            SupersededError: with the commit that changed it.
        """
        self._refuse_other_origin(plan, tip)
        for setting in plan.proposal.settings:
            before = (self.first_found or {}).get((setting.overlay, setting.key))
            if setting.is_done or before is None or before == setting.old_text:
                continue
            by = self.repo.last_commit(setting.location.path, self.first_tip, tip)
            raise SupersededError(
                f"{setting.overlay.app}({setting.overlay.environment}) was changed from"
                f' "{before}" to "{setting.old_text}" meanwhile, by {by}',
                location=setting.location,
                hint=f'it is not changed to "{setting.new_text}"; --last-wins would do so',
            )

    def _refuse_other_origin(self, plan: Plan, tip: Revision) -> None:
        """Stop if a value that is taken from elsewhere in the repository was changed there.

        Raises:
            SupersededError: with the commit that changed it.
        """
        for setting in plan.proposal.settings:
            origin = plan.proposal.origins.get(setting.overlay)
            first = self.first_wanted.get((setting.overlay, setting.key))
            if origin is None or setting.new_text == first or (first is None and setting.is_done):
                continue
            by = self.repo.last_commit(origin.path, self.first_tip, tip)
            before = f'from "{first}" ' if first else ""
            raise SupersededError(
                f'{origin.app}({origin.environment}) was changed {before}to "{setting.new_text}" meanwhile, by {by}',
                location=setting.location,
                hint=f"look at it and run it again; --last-wins takes what {origin.environment} has by then",
            )
