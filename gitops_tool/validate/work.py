"""One validation: renders and checks what is not known from an earlier one, and brings all of it together."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError, ToolError
from gitops_tool.graph import closure
from gitops_tool.reads import RecordingTree
from gitops_tool.records import record, replace
from gitops_tool.rules.base import OverlayView, Problem, Rule
from gitops_tool.tree import ROOT
from gitops_tool.validate.memory import Kept, Past, plain_reads
from gitops_tool.validate.selection import Unchecked, unchecked
from gitops_tool.validate.stored import plain_problem, problem_of
from gitops_tool.validate.unrendered import unrendered
from gitops_tool.validate.validator import Across, Before, Part, Report, Validator, checked_objects

if TYPE_CHECKING:
    from gitops_tool.model import Overlay
    from gitops_tool.render import Render, Renderer
    from gitops_tool.tree import Tree
    from gitops_tool.validate.memory import Memory
    from gitops_tool.validate.selection import Selection

_DEFINITION = "CustomResourceDefinition"


@record
class Base:
    """The files before a change, and the overlays that it reaches."""

    tree: Tree
    reached: Collection[PurePosixPath]


class Work:
    """Validates the overlays of a selection.

    Args:
        tree: the files.
        selection: the overlays to look at.
        renderer: renders them.
        validator: checks what comes out.
        progress: is told each overlay when it is done.
        memory: what earlier runs found; None to look at everything anew. Not used with a base to compare with.
    """

    def __init__(
        self,
        tree: Tree,
        selection: Selection,
        renderer: Renderer,
        validator: Validator,
        progress: Callable[[Overlay], None] = lambda _: None,
        memory: Memory | None = None,
    ) -> None:
        self._tree = tree
        self.selection = selection
        self.renderer = renderer
        self.validator = validator
        self._progress = progress
        self._memory = memory
        self._past = memory.recall(selection) if memory else Past()
        self._kept = {each: self._past.overlays[each] for each in selection.overlays if each in self._past.holding}
        self._views: dict[Overlay, OverlayView] = {}
        self._outlines: dict[Overlay, str] = {}
        self._shown: dict[Overlay, Render] = {}
        self._problems: dict[Overlay, list[tuple[Rule, Problem]]] = {}
        self._errors: dict[Overlay, GitopsError] = {}
        self._reads: dict[str, Any] = {}

    @property
    def views(self) -> Mapping[Overlay, OverlayView]:
        """The overlays that were rendered."""
        return self._views

    def reports(self, base: Base | None) -> tuple[tuple[Report, ...], tuple[Unchecked, ...]]:
        """Return the report of each overlay, and what was not looked at.

        Args:
            base: what to compare with, for which everything has to be looked at anew.

        Raises:
            ToolError: an engine is missing or does not work.
            ConfigError: a target Kubernetes version is not known.
        """
        self._look_at_what_is_unknown()
        fresh = self._own()
        across = self._rendered_only() if self.selection.is_shard else self._across(fresh)
        incomparable = self._compare(base, across) if base else []
        for overlay, view in self._views.items():
            one = fresh.get(overlay) or self._kept[overlay]
            fresh[overlay] = self._with_across(one, view, across)
        known = {**self._kept, **fresh}
        skipped = self._unchecked(known)
        if self._memory and self._reads:
            kept = {overlay: one for overlay, one in known.items() if one.reads is not None}
            self._memory.store(self.selection, kept, skipped, {**self._past.reads, **self._reads})
        reports = {each: Report.of(each, one.objects, one.across, one.own) for each, one in known.items()}
        for overlay, error in self._errors.items():
            reports[overlay] = Report(overlay, tuple(unrendered(self._tree, self.validator, overlay, error)), ())
        return tuple(reports[overlay] for overlay in self.selection.overlays), (*incomparable, *skipped)

    def _look_at_what_is_unknown(self) -> None:
        """Render what is not known, and run the rules about overlays on it.

        Where custom resources are defined, that is looked at, too: their schemas are needed for the others. If a
        definition is another one than before, nothing holds that was found by it.
        """
        unknown = [overlay for overlay in self.selection.overlays if overlay not in self._kept]
        if not unknown:
            return
        defining = [overlay for overlay, one in self._kept.items() if one.definitions]
        for overlay in defining:
            del self._kept[overlay]
        self._look([*unknown, *defining], self._check)
        before = {overlay: one.definitions for overlay, one in self._past.overlays.items()}
        now = {overlay: _definitions(view) for overlay, view in self._views.items()}
        gone = any(before.get(overlay) for overlay in self._errors)
        if gone or any(names != before.get(overlay, "") for overlay, names in now.items()):
            rest = list(self._kept)
            self._kept.clear()
            self._look(rest, self._check)

    def _check(self, overlay: Overlay, view: OverlayView) -> None:
        self._problems[overlay] = self.validator.rule_problems(view)

    def _look(
        self, overlays: list[Overlay], then: Callable[[Overlay, OverlayView], None] = lambda _overlay, _view: None
    ) -> None:
        """Render overlays, and do something with each while the next ones are on their way."""
        trees: list[Tree] = [RecordingTree(self._tree) if self._memory else self._tree for _ in overlays]
        wanted = [(tree, overlay.path) for tree, overlay in zip(trees, overlays, strict=True)]
        results = self.renderer.render_each(wanted)
        for overlay, tree, result in zip(overlays, trees, results, strict=True):
            if isinstance(result, ToolError):
                raise result
            if isinstance(result, GitopsError):
                self._errors[overlay] = result
                self._kept.pop(overlay, None)
                self._shown.pop(overlay, None)
            else:
                self._views[overlay] = OverlayView(tree, self.validator.settings, overlay, result)
                if self._memory:
                    self._outlines[overlay], self._shown[overlay] = self._memory.outlines.add(result)
                then(overlay, self._views[overlay])
            self._progress(overlay)

    def _own(self) -> dict[Overlay, Kept]:
        """Check schemas, and return what is found in each overlay by itself."""
        tree = RecordingTree(self._tree)
        renders = [(each, self._views[each].render) for each in self.selection.overlays if each in self._problems]
        schema = self.validator.schema_problems(tree, [*renders, *self._beside(tree)] if renders else [])
        if renders:
            self._reads["schemas"] = _together(self._past.reads.get("schemas"), plain_reads(tree.reads))
        found = {}
        for overlay, render in renders:
            view = self._views[overlay]
            own = self.validator.own(view, self._problems[overlay], schema)
            used = dict.fromkeys(str(path.parent) for path in render.closure.kustomizations)
            found[overlay] = Kept(
                overlay, own, Part(), checked_objects(view, schema), "", _definitions(view), tuple(used), (), None
            )
        return found

    def _beside(self, tree: Tree) -> Iterator[tuple[Overlay, Render]]:
        """Yield what other shards define custom resources with."""
        beside = self.selection.beside
        results = self.renderer.render_each([(tree, overlay.path) for overlay in beside])
        for overlay, result in zip(beside, results, strict=True):
            if not isinstance(result, GitopsError):
                own = (item for item in result.resources if item.id.kind == _DEFINITION)
                yield overlay, replace(result, resources=tuple(own))

    def _across(self, fresh: Iterable[Overlay]) -> Across:
        """Return what rules over the whole repository report at the overlays that were looked at.

        They are run again unless all that they see is as it was; then they have to see every overlay.
        """
        before = self._past.overlays
        same = all(overlay in before and before[overlay].outline == self._outlines[overlay] for overlay in fresh)
        if self._past.across and same and self._fails_as_before and self._history_agrees:
            return {
                overlay: [
                    problem_of(plain, self._views[overlay].render.resources) for plain in before[overlay].problems
                ]
                for overlay in fresh
            }
        if not self._outlines_are_known():
            self._look(list(self._kept))
        found = self._across_all()
        stale = self._reported_anew(found)
        if stale:  # these have to be traced to their lines
            self._look(stale)
            found = self._across_all()
        return found

    def _outlines_are_known(self) -> bool:
        """Find the outlines of the overlays that need not be looked at; False if one is not kept any more."""
        for overlay, one in self._kept.items():
            found = self._memory.outlines.get(one.outline) if self._memory else None
            if found is None:
                return False
            self._shown[overlay] = found
        return True

    def _across_all(self) -> Across:
        """Run the rules that see the whole repository, on outlines where an overlay was not looked at."""
        tree = RecordingTree(self._tree)
        views = [
            self._views.get(overlay) or OverlayView(tree, self.validator.settings, overlay, self._shown[overlay])
            for overlay in self.selection.overlays
            if overlay in self._views or overlay in self._shown
        ]
        # What could not be rendered is no reason to call missing what it holds.
        complete = self.selection.complete and not self._errors
        found = self.validator.repository_problems(tree, views, complete=complete, outlines=self._shown)
        self._reads["repository"] = plain_reads(tree.reads)
        self._reads["revisions"] = self.validator.revisions.answers if self.validator.revisions else {}
        return found

    def _reported_anew(self, found: Across) -> list[Overlay]:
        """Return the overlays that were not looked at, and of which something else is reported than before.

        All of them where a problem is about an object that another overlay renders.
        """
        unseen = [overlay for overlay in self._kept if overlay not in self._views]
        new = []
        for overlay, problems in found.items():
            view = self._views.get(overlay)
            resources = (view.render if view else self._shown[overlay]).resources
            plain = [plain_problem(*problem, resources) for problem in problems]
            if None in plain:
                return unseen
            if view is None and plain != list(self._kept[overlay].problems):
                new.append(overlay)
        return [*new, *(overlay for overlay in unseen if self._kept[overlay].problems and not found.get(overlay))]

    def _compare(self, base: Base, across: Across) -> list[Unchecked]:
        """Add what rules on changes find. What a change does not reach was no different before."""
        views = list(self._views.values())
        paths = [view.overlay.path for view in views]
        paths = [path for path in paths if path in base.reached and base.tree.modes(path)]
        renders: dict[PurePosixPath, Render] = {}
        incomparable: list[Unchecked] = []
        results = self.renderer.render_each([(base.tree, path) for path in paths])
        for path, result in zip(paths, results, strict=True):
            if isinstance(result, ToolError):
                raise result
            if isinstance(result, GitopsError):
                incomparable.append(Unchecked(path, "its change: what was there before cannot be rendered"))
            else:
                renders[path] = result
        complete = self.selection.complete and not self._errors
        before = Before(base.tree, renders)
        self.validator.add_change_problems(across, self._tree, views, before, complete=complete)
        return incomparable

    @property
    def _history_agrees(self) -> bool:
        """Whether the repository's branches and tags tell the same as before."""
        answers, revisions = self._past.reads.get("revisions", {}), self.validator.revisions
        return not answers or (revisions is not None and revisions.agrees(answers))

    @property
    def _fails_as_before(self) -> bool:
        """Whether the overlays that cannot be rendered are those of which nothing is known."""
        return self._errors.keys() == set(self.selection.overlays) - self._past.overlays.keys()

    def _rendered_only(self) -> Across:
        """Render all overlays of a shard, for their outlines; the rules that see them all run elsewhere."""
        self._look(list(self._kept))
        self._reads["repository"] = None
        return {}

    def _with_across(self, one: Kept, view: OverlayView, across: Across) -> Kept:
        """Add what rules over the whole repository report at an overlay, ready to be kept."""
        part = self.validator.across(view, across)
        if not isinstance(view.tree, RecordingTree):
            return replace(one, across=part)
        problems = [plain_problem(*found, view.render.resources) for found in across.get(one.overlay, ())]
        if None in problems:  # about an object of another overlay: not to be told from plain values
            self._reads["repository"] = None
        reads = _together(one.reads, plain_reads(view.tree.reads))
        return replace(
            one,
            across=part,
            outline=self._outlines[one.overlay],
            problems=tuple(problems),
            reads=None if view.render.closure.remotes else reads,  # what the network gives can be another thing
        )

    def _unchecked(self, known: Mapping[Overlay, Kept]) -> tuple[Unchecked, ...]:
        """Return what was not looked at, and why."""
        if self.selection.is_shard:
            return (Unchecked(ROOT, "rules about the whole repository: `gitops report-merge` runs them"),)
        if not self.selection.complete:
            return ()
        before = self._past.overlays
        same = all(overlay in before and before[overlay].used == one.used for overlay, one in known.items())
        if self._past.unchecked is not None and same and self._fails_as_before:
            return self._past.unchecked
        tree = RecordingTree(self._tree)
        used = {overlay.path for overlay in self.selection.overlays}
        used.update(PurePosixPath(path) for one in known.values() for path in one.used)
        for overlay in self._errors:
            with suppress(GitopsError):
                used.update(path.parent for path in closure(tree, overlay.path).kustomizations)
        found = unchecked(tree, self.validator.settings, used)
        self._reads["unchecked"] = plain_reads(tree.reads)
        return found


def _definitions(view: OverlayView) -> str:
    """Name the CustomResourceDefinitions that an overlay renders; empty if there are none."""
    bodies = [resource.body for resource in view.render.resources if resource.id.kind == _DEFINITION]
    return hashlib.sha256(json.dumps(bodies, default=str).encode()).hexdigest() if bodies else ""


def _together(one: Any, other: Any) -> Any:
    """Return what was looked at in two goes."""
    if one is None:
        return other
    return [*(sorted({*old, *new}) for old, new in zip(one[:3], other[:3], strict=True)), one[3] or other[3]]
