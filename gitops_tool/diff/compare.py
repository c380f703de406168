"""The diff way: two trees -> two renders of what a change reaches -> a `RepositoryDiff`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitops_tool.config import SETTINGS_PATH
from gitops_tool.diff.effects import effects
from gitops_tool.diff.images import image_changes
from gitops_tool.diff.objects import RenderPair, object_changes
from gitops_tool.diff.reach import OverlayPair, Reach, State
from gitops_tool.diff.repository import Compared, Failure, RepositoryDiff, Side
from gitops_tool.errors import GitopsError, LayoutError, ToolError
from gitops_tool.graph import closure
from gitops_tool.records import record
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.model import Overlay
    from gitops_tool.render import Render, Renderer
    from gitops_tool.tree import Tree


@record
class Wanted:
    """Which overlays to look at; all where nothing is named."""

    apps: Collection[str] = ()
    environments: Collection[str] = ()

    def of(self, pairs: Iterable[OverlayPair]) -> list[OverlayPair]:
        """Return the overlays that are meant."""
        return [pair for pair in pairs if self._includes(pair.overlay)]

    def _includes(self, overlay: Overlay) -> bool:
        if self.apps and overlay.app not in self.apps:
            return False
        return not self.environments or overlay.environment in self.environments


EVERYTHING = Wanted()
_OVERRIDES = ".argocd-source"
_MOST_NAMES = 3


def compare(
    base: State,
    head: State,
    reach: Reach,
    renderers: tuple[Renderer, Renderer],
    *,
    wanted: Wanted = EVERYTHING,
    mask_keys: Sequence[str] = (),
    progress: Callable[[Overlay], None] = lambda _: None,
) -> RepositoryDiff:
    """Render both sides of the overlays that a change reaches, and tell what differs.

    Args:
        base: the repository before.
        head: the repository after.
        reach: what the change reaches, entered.
        renderers: of the base and of the head; one and the same where their settings agree.
        wanted: which overlays to look at.
        mask_keys: names outside of Secrets whose values are masked.
        progress: is told each overlay that was rendered.

    Raises:
        ToolError: an engine is missing or does not work.
    """
    rendered = list(_rendered(wanted.of(reach.likely), base, head, renderers, progress))
    rendered += _rendered(wanted.of(reach.rest()), base, head, renderers, progress)
    failures = [failure for one in rendered for failure in one.failures(base, head)]
    renders = [render for one in rendered if (render := one.renders()) is not None]
    objects = object_changes(renders, mask_keys)
    told = list(effects(objects))
    if reach.application_sets and not wanted.apps and not wanted.environments:
        from gitops_tool.diff.generated import generated_effects

        told += generated_effects(base, head, reach.application_sets, mask_keys)
    return RepositoryDiff(
        base=base.name,
        head=head.name,
        overlays=tuple(one.compared() for one in rendered if one.renders() is not None),
        objects=tuple(objects),
        images=image_changes(objects),
        effects=tuple(told),
        failures=tuple(failures),
        notes=() if wanted.apps or wanted.environments else (*reach.notes, *_notes(reach.paths, rendered)),
    )


def _notes(paths: Collection[PurePosixPath], rendered: Sequence[_Rendered]) -> Iterator[str]:
    """Yield what the changed files do beside the render, and how many do nothing."""
    overrides = sorted(path for path in paths if path.name.startswith(_OVERRIDES))
    for path in overrides:
        yield f"{path} differs: Argo CD sets it over what is rendered here"
    read = {path for one in rendered for path in one.files()}
    folders = {one.pair.overlay.path for one in rendered if one.renders() is None}
    rest = sorted(
        path
        for path in set(paths) - read - set(overrides)
        if path != SETTINGS_PATH and not any(path.is_relative_to(folder) for folder in folders)
    )
    if rest:
        names = ", ".join(map(str, rest[:_MOST_NAMES]))
        more = f" and {len(rest) - _MOST_NAMES} more" if len(rest) > _MOST_NAMES else ""
        what = "1 changed file is" if len(rest) == 1 else f"{len(rest)} changed files are"
        yield f"{what} part of nothing that is rendered: {names}{more}"


def check_names(wanted: Wanted, base: State, head: State) -> None:
    """Refuse apps and environments that neither side has.

    Raises:
        LayoutError: there is no such app or environment; the hint names a similar one.
    """
    from gitops_tool.layout import find_app
    from gitops_tool.validate.selection import ARGOCD, everything

    for app in wanted.apps:
        if app == ARGOCD:
            continue
        try:
            find_app(head.tree, head.settings, app)
        except LayoutError:
            try:
                find_app(base.tree, base.settings, app)
            except LayoutError:
                known = {overlay.app for state in (head, base) for overlay in everything(state.tree, state.settings)}
                if app not in known:
                    raise LayoutError(
                        f"no app {quoted(app)} in this repository, before or after",
                        hint=did_you_mean(app, known) or f"there are: {', '.join(sorted(known)[:10])}",
                    ) from None
    if not wanted.environments:
        return
    declared = {one.name for state in (base, head) for one in state.settings.environments}
    missing = [name for name in wanted.environments if name not in declared]
    if missing:
        known = {overlay.environment for state in (base, head) for overlay in everything(state.tree, state.settings)}
        for name in missing:
            if name not in known:
                hint = did_you_mean(name, known) or f"there are: {', '.join(sorted(filter(None, known)))}"
                raise LayoutError(f"no environment {quoted(name)} in this repository, before or after", hint=hint)


@record
class _Rendered:
    """Both renders of an overlay, or why there is none."""

    pair: OverlayPair
    before: Render | GitopsError | None
    after: Render | GitopsError | None

    def renders(self) -> RenderPair | None:
        """Return both sides' objects, unless one of the two failed: then nothing can be compared."""
        if isinstance(self.before, GitopsError) or isinstance(self.after, GitopsError):
            return None
        before = self.before.resources if self.before else ()
        return RenderPair(self.pair.overlay, before, self.after.resources if self.after else ())

    def files(self) -> Iterator[PurePosixPath]:
        """Yield the files that either side is built from."""
        for side in (self.before, self.after):
            if side is not None and not isinstance(side, GitopsError):
                yield from side.closure.files

    def failures(self, base: State, head: State) -> Iterator[Failure]:
        """Yield why a side could not be rendered."""
        sides = ((Side.BASE, base, self.pair.before, self.before), (Side.HEAD, head, self.pair.after, self.after))
        for side, state, overlay, result in sides:
            if isinstance(result, GitopsError) and overlay is not None:
                excused = not state.settings.kustomize.allow_remote and _is_remote(state.tree, overlay)
                words = _without_secrets(str(result), state.tree, overlay, result)
                yield Failure(self.pair.overlay, side, words, result.hint, excused)

    def compared(self) -> Compared:
        """Return how many objects each side has."""
        before, after = (
            None if side is None or isinstance(side, GitopsError) else len(side.resources)
            for side in (self.before, self.after)
        )
        old, new = self.pair.before, self.pair.after
        moved = str(old.path) if old and new and old.path != new.path else None
        return Compared(self.pair.overlay, before, after, moved)


def _without_secrets(words: str, tree: Tree, overlay: Overlay, error: GitopsError) -> str:
    """Return an error's words without values of Secrets, also where it comes from reading a file."""
    from gitops_tool.render.leaks import without_secrets

    try:
        paths = set(closure(tree, overlay.path).files)
    except GitopsError:
        paths = {overlay.path / name for name in tree.modes(overlay.path)}
    return without_secrets(words, tree, paths | ({error.location.path} if error.location else set()))


def _is_remote(tree: Tree, overlay: Overlay) -> bool:
    try:
        return bool(closure(tree, overlay.path).remotes)
    except GitopsError:
        return False


def _rendered(
    pairs: Sequence[OverlayPair],
    base: State,
    head: State,
    renderers: tuple[Renderer, Renderer],
    progress: Callable[[Overlay], None],
) -> Iterator[_Rendered]:
    """Render both sides of each overlay, interleaved where one renderer does both."""
    befores = [(base.tree, pair.before.path) for pair in pairs if pair.before]
    afters = [(head.tree, pair.after.path) for pair in pairs if pair.after]
    if renderers[0] is renderers[1]:
        jobs = [
            (state.tree, overlay.path)
            for pair in pairs
            for state, overlay in ((base, pair.before), (head, pair.after))
            if overlay
        ]
        old = new = renderers[0].render_each(jobs)
    else:
        old, new = renderers[0].render_each(befores), renderers[1].render_each(afters)
    for pair in pairs:
        before = _usable(next(old)) if pair.before else None
        after = _usable(next(new)) if pair.after else None
        yield _Rendered(pair, before, after)
        progress(pair.overlay)


def _usable(result: Render | GitopsError) -> Render | GitopsError:
    """Pass a result on; an engine that does not work ends it all."""
    if isinstance(result, ToolError):
        raise result
    return result
