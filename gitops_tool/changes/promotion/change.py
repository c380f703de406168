"""Brings what runs in one environment to the next: tags and digests, refs and files if asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.changes.base import Proposal
from gitops_tool.changes.bump import Bump
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.effect import prove_images
from gitops_tool.changes.guard import NO_PASS, Pass, Verdict, judge
from gitops_tool.changes.images import ImageSetting
from gitops_tool.changes.message import commit_message
from gitops_tool.changes.promotion.items import Route
from gitops_tool.changes.promotion.route import detours, find_route, predecessors
from gitops_tool.changes.promotion.step import Step
from gitops_tool.changes.reach.proof import prove
from gitops_tool.changes.reach.propose import find_any_app, unrendered_trailers
from gitops_tool.changes.reach.work import Reach, Work
from gitops_tool.errors import UsageError
from gitops_tool.git.objects import GitTree
from gitops_tool.layout import find_apps
from gitops_tool.records import record, replace
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
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
        refs: whether the refs of remote bases are promoted, too.
        unrendered: whether to go on where the target cannot be rendered here.
        template: the commit message's, instead of the standard subject.
        card: what it shows at holds and freezes, and to leave the order of promotion.
    """

    apps: tuple[str, ...]
    source: str | None = None
    target: str | None = None
    image: str | None = None
    refs: bool = False
    unrendered: bool = False
    template: str | None = None
    card: Pass = NO_PASS

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Read the source's versions and splice them into the target; see `Change`."""
        work = Work(tree, settings, Bump(()), Reach(unrendered=self.unrendered), Draft(tree))
        apps = [find_any_app(work, name) for name in self.apps] or list(find_apps(tree, settings))
        before = predecessors(settings, apps)
        source, target = find_route(before, self.source, self.target)
        against = detours(before, source, target)
        if against and self.card.override is None:
            raise UsageError(against[0], hint="--override REASON promotes all the same, and the commit records it")
        pairs, absent = self._pairs(apps, source, target)
        steps, held = self._steps(work, pairs, absent)
        verdict = judge(tree, settings, work.found, self.card, against)
        notes = [note for step in steps for note in step.notes]
        notes += [f"nothing to promote from {source} to {target}: {_listed(sorted(absent))}"] if absent else []
        notes += [f"held in {target}, and left out: {_listed(held)}"] if held else []
        unrendered = tuple(work.unrendered.items())
        trailers = [f"Gitops-Promoted-From: {source}", *_commit_of(tree), *verdict.trailers]
        return Proposal(
            work.draft.edits,
            self._message(work.found, settings, trailers) + unrendered_trailers(unrendered),
            tuple(work.rendered),
            tuple(work.found),
            () if work.found else (f"nothing to promote from {source} to {target}",),
            findings=verdict.findings,
            notes=(*notes, *verdict.notes),
            origins={step.target: step.route.source for step in steps},
            unrendered=unrendered,
        )

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

    def _steps(
        self, work: Work, pairs: Sequence[tuple[Overlay, Overlay]], absent: list[str]
    ) -> tuple[list[Step], list[str]]:
        """Promote app by app; returns what was done, and the apps that are held.

        Raises:
            LayoutError: an app that was named has nothing to promote; of all apps, it is added to `absent`.
        """
        steps: list[Step] = []
        held: list[str] = []
        for old, new in pairs:
            step = Step.find(Route(work.draft.now, work.settings, old, new), self.image, refs=self.refs)
            if not step.items and self.apps:
                raise step.nothing()
            if not step.items:
                absent.append(new.app)
            elif self._is_left_out(judge(work.tree, work.settings, step.settings, replace(self.card, override=None))):
                held.append(new.app)
            else:
                step.apply(work)
                steps.append(step)
        return steps, held

    def _is_left_out(self, verdict: Verdict) -> bool:
        """Whether an app stays behind while all others are promoted; one that was named is refused instead."""
        return not self.apps and self.card.override is None and bool(verdict.held)

    def _message(self, found: Sequence[Setting], settings: Settings, trailers: Sequence[str]) -> str:
        changed = [setting for setting in found if not setting.is_done] or found
        if not changed:
            return "promote nothing\n"
        template = settings.message if self.template is None else self.template
        return commit_message(changed, template, "promote", trailers)

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Check the effect on the images; see `Change`. What files and refs bring is shown, and left to the user."""
        wanted = proposal.of(overlay)
        proof = prove_images if wanted and all(isinstance(one, ImageSetting) for one in wanted) else prove
        return proof(wanted, overlay, changes, tree, settings)


def _commit_of(tree: Tree) -> list[str]:
    """Return what tells the commit in which the source was read."""
    origin = tree.origin if isinstance(tree, GitTree) else None
    return [f"Gitops-Source-Commit: {origin[1].sha}"] if origin else []


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
