"""Puts a change up for review: a branch of its own, and one live merge request for the same apps and environments.

The change is laid over the target's tip, rendered and validated, as for a push; the branch is replaced, never added to.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import ForgeError, GitError, PushRejectedError, RaceLostError
from gitops_tool.git import PushStatus
from gitops_tool.pipeline.plan import Outcome, Plan, Status, make_plan, refuse_errors
from gitops_tool.records import record
from gitops_tool.schemas import SchemaEngine

if TYPE_CHECKING:
    from gitops_tool.changes import Change, Proposal
    from gitops_tool.forge import Forge, MergeRequest, Wanted
    from gitops_tool.git import GitRepo, PushResult
    from gitops_tool.git.exchange import Remote
    from gitops_tool.model import Overlay, Revision
    from gitops_tool.pipeline.publish import PushOptions

PREFIX = "gitops/"
"""Of the branches that belong to this tool."""

_TRIES = 5
_OURS = re.compile(r"^Gitops-[A-Za-z-]+: ", re.MULTILINE)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+|\.(?=\.|lock$)|\.$|^[.-]")
_NO_OPTIONS = "does not support push options"
_LONGEST_TITLE = 255
_LONGEST_NAME = 60


@record
class ReviewOptions:
    """How a merge request is to look. `branch` is the source; one for the apps and environments if None."""

    branch: str | None = None
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    auto_merge: bool = False


@record
class Reviewer:
    """Who gets to see the change: the forge, if there is a token for it, and what the merge request is to say."""

    describe: Callable[[Plan], str]
    forge: Forge | None = None


def request_review(
    repo: GitRepo,
    change: Change,
    push: PushOptions,
    options: ReviewOptions,
    reviewer: Reviewer,
    *,
    sign: bool = False,
    engine: SchemaEngine = SchemaEngine.AUTO,
) -> Outcome:
    """Open a merge request with a change, or bring the one that is open up to date.

    Raises:
        FindingsError: the change is refused.
        GitError: the branch holds somebody else's commits, or the server refuses.
        ForgeError: the forge refuses.
    """
    deadline = time.monotonic() + push.timeout
    remote = repo.remote(push.remote)
    target = repo.push_branch(push.remote) if push.branch is None else push.branch
    with repo.lock(deadline) as lock:
        repo.mend()
        tip = remote.fetch(target, lock, push.timeout)
        plan = make_plan(change, repo.tree(tip), tip, engine)
        if not plan.proposal.edits:
            return Outcome(Status.UNCHANGED, plan, None, target, notes=_close_done(plan, target, reviewer.forge))
        refuse_errors(plan)
        branch = options.branch or branch_name(plan.proposal)
        wanted = _wanted(plan, branch, target, options, reviewer)
        others = _open_requests(reviewer.forge, target)
        offer = _Offer(repo, remote, wanted, plan, tip, sign, lock, deadline)
        revision, answer = offer.put(with_options=others is None)
    if reviewer.forge is None or others is None:
        url, notes = answer.url if answer else None, _without_forge(options)
    else:
        url, notes = _on_forge(reviewer.forge, others, wanted, revision)
    return Outcome(Status.REQUESTED, plan, revision, branch, 0 if answer is None else 1, notes, url)


def branch_name(proposal: Proposal) -> str:
    """Return the branch for a change: always the same for the same overlays, or for the same files without any."""
    keys = _keys(proposal.overlays)
    if not keys:  # a hold, for instance: nothing is rendered
        paths = sorted(str(edit.path).lstrip("./") for edit in proposal.edits)
        number = f"-{_checksum(paths)}" if len(paths) > 1 else ""
        return PREFIX + _UNSAFE.sub("-", paths[0].rpartition(".")[0].removeprefix("gitops/"))[:_LONGEST_NAME] + number
    if len(keys) == 1:
        return PREFIX + _UNSAFE.sub("-", keys[0].replace("/", "-"))
    environments = sorted({key.rpartition("/")[2] for key in keys})
    number = _checksum(keys)
    return PREFIX + _UNSAFE.sub("-", f"{'-'.join(environments)[:_LONGEST_NAME]}-{len(keys)}-apps-{number}")


def _checksum(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]


def _keys(overlays: Iterable[Overlay]) -> tuple[str, ...]:
    return tuple(sorted({f"{overlay.app}/{overlay.environment}" for overlay in overlays}))


def _wanted(plan: Plan, branch: str, target: str, options: ReviewOptions, reviewer: Reviewer) -> Wanted:
    from gitops_tool.forge import Wanted

    return Wanted(
        source=branch,
        target=target,
        title=plan.proposal.message.partition("\n")[0][:_LONGEST_TITLE],
        description=reviewer.describe(plan),
        summary=_summary(plan),
        keys=_keys(plan.proposal.overlays),
        labels=options.labels,
        reviewers=options.reviewers,
        auto_merge=options.auto_merge,
    )


def _summary(plan: Plan) -> str:
    """Return what a change does in one line."""
    settings = (one for one in plan.proposal.settings if not one.is_done)
    parts = [f"{one.overlay.app}({one.overlay.environment}): {one.old_text} to {one.new_text}" for one in settings]
    objects = [diff.id for effect in plan.effects for diff in effect.diffs]
    names = ", ".join(map(str, objects[:10])) + (f" and {len(objects) - 10} more" if len(objects) > 10 else "")
    return "; ".join([*parts, *plan.proposal.summary, f"rendered and validated: {names or 'no object'} differs"])


@record
class _Offer:
    """A planned change on its way to a branch of its own."""

    repo: GitRepo
    remote: Remote
    wanted: Wanted
    plan: Plan
    tip: Revision
    sign: bool
    lock: int
    deadline: float

    def put(self, *, with_options: bool) -> tuple[Revision, PushResult | None]:
        """Commit over the target's tip and replace what the branch has; no answer if it has the change already.

        Raises:
            GitError: the branch holds somebody else's commits, the server refuses, or has no merge requests.
            RaceLostError: others replace the branch again and again.
        """
        for _ in range(_TRIES):
            old = self.remote.branch(self.wanted.source, self.lock, self._left())
            if old is not None:
                self._refuse_foreign(old)
            # The same change over the same tip again: the branch stays, and so do its pipeline and its approvals.
            if old is not None and self._is_same(old):
                return old, None
            revision = self._committed()
            answer = self._pushed(revision, old, push_options(self.wanted) if with_options else ())
            if answer.status is PushStatus.ACCEPTED:
                return revision, answer
            if _NO_OPTIONS in answer.reason:
                raise GitError(
                    f"{self.remote.display} opens no merge requests by push, and there is no token to ask for one",
                    hint="set GITOPS_TOKEN to a token that may use the API (GitLab: scope api)",
                )
            if answer.status is PushStatus.REJECTED and "stale info" not in answer.reason:
                raise PushRejectedError(f"{self.remote.display} refused the push: {answer.reason}")
        raise RaceLostError(f'branch "{self.wanted.source}" is replaced by others again and again')

    def _left(self) -> float:
        return max(1.0, self.deadline - time.monotonic())

    def _committed(self) -> Revision:
        return self.repo.commit(self.tip, self.plan.tree, self.plan.proposal.message, sign=self.sign)

    def _pushed(self, revision: Revision, old: Revision | None, options: Sequence[str]) -> PushResult:
        from gitops_tool.git.exchange import Replacement

        with_what = Replacement(old.sha if old else "", options)
        return self.remote.replace_branch(self.wanted.source, revision, self.lock, self._left(), with_what)

    def _is_same(self, old: Revision) -> bool:
        from gitops_tool.tree import ROOT

        return self.repo.parents(old) == [self.tip.sha] and self.repo.tree(old).oid(ROOT) == self.plan.tree.oid(ROOT)

    def _refuse_foreign(self, old: Revision) -> None:
        """Stop if somebody committed to the branch: replacing it would lose that.

        Raises:
            GitError: with the commit.
        """
        message = self.repo.message(old)
        if not _OURS.search(message):
            subject = message.partition("\n")[0]
            raise GitError(
                f'branch "{self.wanted.source}" holds a commit that is not of this tool: {old} "{subject}"',
                hint="merge it or delete the branch, or name another one with --mr-branch",
            )


def push_options(wanted: Wanted) -> list[str]:
    """Return what makes GitLab open or update a merge request when the branch arrives.

    A push option is one line. Source: https://docs.gitlab.com/topics/git/commit/#push-options.
    """
    options = [
        "merge_request.create",
        f"merge_request.target={wanted.target}",
        f"merge_request.title={_line(wanted.title)}",
        f"merge_request.description={_line(wanted.summary)}",
        "merge_request.remove_source_branch",
        *(f"merge_request.label={_line(label)}" for label in wanted.labels),
    ]
    if wanted.auto_merge:  # GitLab calls it auto_merge from 17.11 on, and ignores what it does not know
        options += ["merge_request.auto_merge", "merge_request.merge_when_pipeline_succeeds"]
    return options


def _line(text: str) -> str:
    return " ".join(text.split())


def _without_forge(options: ReviewOptions) -> tuple[str, ...]:
    note = "without a token for the API, the description is short and merge requests that are superseded stay open"
    reviewers = ("--reviewer needs a token for the API: nobody was asked",) if options.reviewers else ()
    return (note, *reviewers)


def _open_requests(forge: Forge | None, target: str) -> Sequence[MergeRequest] | None:
    """Return the merge requests that are open; None where the token is one for pushes, not for the API."""
    if forge is None:
        return None
    try:
        return forge.open_requests(target)
    except ForgeError as error:
        if error.status in {401, 403}:
            return None
        raise


def _on_forge(
    forge: Forge, others: Sequence[MergeRequest], wanted: Wanted, revision: Revision
) -> tuple[str, tuple[str, ...]]:
    """Bring the merge request up to date and close those that it makes superfluous; returns its address and notes."""
    mine = next((one for one in others if one.source == wanted.source), None)
    request = forge.create(wanted) if mine is None else forge.update(mine, wanted)
    if wanted.auto_merge:
        forge.merge_when_ready(request, revision.sha)
    superseded = [one for one in others if one.source != wanted.source and _covers(wanted.keys, one)]
    for one in superseded:
        forge.close(one, f"Superseded by {request.url}.")
    return request.url, tuple(f"closed {one.url}, which this one supersedes" for one in superseded)


def _close_done(plan: Plan, target: str, forge: Forge | None) -> tuple[str, ...]:
    """Close the merge requests that want for these apps what is there already, or something older."""
    keys = _keys(setting.overlay for setting in plan.proposal.settings)
    if forge is None or not keys:
        return ()
    done = [one for one in _open_requests(forge, target) or () if _covers(keys, one)]
    for one in done:
        forge.close(one, f"There is nothing left to change: {target} has it.")
    return tuple(f"closed {one.url}: there is nothing left to change" for one in done)


def _covers(keys: Iterable[str], request: MergeRequest) -> bool:
    """Whether a merge request is ours and about none but these apps and environments."""
    return request.source.startswith(PREFIX) and bool(request.keys) and request.keys <= set(keys)
