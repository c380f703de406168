"""What a change is about, rendered after it and before: the first is validated while the second is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import FindingsError, GitopsError, RenderError
from gitops_tool.findings import source_lines
from gitops_tool.model import Finding, Location, Overlay, Severity
from gitops_tool.tree import is_directory

if TYPE_CHECKING:
    from gitops_tool.changes import Proposal
    from gitops_tool.render import Render, Renderer
    from gitops_tool.tree import PatchedTree, Tree


class Renders:
    """Renders the overlays of a proposal in both trees; ask for `after` first.

    An overlay that does not exist on one side is not among the renders of that side.

    Args:
        renderer: the engine.
        proposal: names the overlays.
        tree: the files before the change.
        patched: the files after it.
        meanwhile: done while the first engines run.
    """

    def __init__(
        self,
        renderer: Renderer,
        proposal: Proposal,
        tree: Tree,
        patched: PatchedTree,
        meanwhile: Callable[[], object],
    ) -> None:
        self._proposal = proposal
        self._patched = patched
        self._new = [overlay for overlay in proposal.overlays if is_directory(patched, overlay.path)]
        self._old = [overlay for overlay in proposal.overlays if is_directory(tree, overlay.path)]
        wanted = [(patched, overlay.path) for overlay in self._new] + [(tree, overlay.path) for overlay in self._old]
        self._results = renderer.render_each(wanted, meanwhile)
        self._after: set[Overlay] = set()

    def after(self) -> Mapping[Overlay, Render]:
        """Return the renders after the change.

        Raises:
            FindingsError: an overlay would not render after the change.
            GitopsError: an overlay that stays does not render as it is, or a tool fails.
        """
        results = {overlay: next(self._results) for overlay in self._new}
        renders = {overlay: found for overlay, found in results.items() if not isinstance(found, GitopsError)}
        if len(renders) < len(results):
            raise self._error(results)
        self._after = set(renders)
        return renders

    def before(self) -> Mapping[Overlay, Render]:
        """Return the renders before the change.

        Raises:
            GitopsError: an overlay that stays does not render as it is, or a tool fails.
        """
        renders: dict[Overlay, Render] = {}
        for overlay in self._old:
            found = next(self._results)
            if not isinstance(found, GitopsError):
                renders[overlay] = found
            elif overlay in self._after:  # of one that goes, it does not matter what was wrong with it
                raise found
        self._results.close()  # removes the scratch files now, while the other renders are validated
        return renders

    def _error(self, after: Mapping[Overlay, Render | GitopsError]) -> GitopsError:
        """Return what to say where not all is rendered: what does not render as it is, is no fault of the change."""
        before = {overlay: next(self._results) for overlay in self._old}
        broken: list[Finding] = []
        for overlay in self._proposal.overlays:
            earlier, later = before.get(overlay), after.get(overlay)
            if isinstance(earlier, GitopsError) and later is not None:
                return earlier
            if isinstance(later, RenderError):
                broken.append(_broken(self._proposal, overlay, later))
            elif isinstance(later, GitopsError):
                return later
        return refusal(self._proposal.overlays, tuple(broken), self._patched)


def _broken(proposal: Proposal, overlay: Overlay, error: RenderError) -> Finding:
    """Return the finding for an overlay that a change breaks; kustomize names no line, a value that is set has one."""
    from gitops_tool.validate.built_in import RENDER

    wanted = proposal.of(overlay)
    place = wanted[0].location if wanted else error.location or Location(overlay.path)
    return Finding(RENDER, Severity.ERROR, error.message, place, hint=error.hint)


def refusal(overlays: Sequence[Overlay], findings: tuple[Finding, ...], tree: Tree) -> FindingsError:
    """Return the error that refuses a change for its findings."""
    names = ", ".join(map(str, overlays))
    number = sum(finding.severity is Severity.ERROR for finding in findings)
    count = "1 error" if number == 1 else f"{number} errors"
    message = f"{names}: refused for {count}; nothing was written"
    return FindingsError(message, findings, lines=source_lines(tree, findings))
