"""Which overlays may render differently after a change; the fewer files are looked at, the better.

Of a thousand apps with one changed, only that app's overlays are looked up, after one search of the repository for
kustomizations elsewhere that name its directory: nothing outside can be built from a directory without naming it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from gitops_tool.background import Background
from gitops_tool.config import SETTINGS_PATH
from gitops_tool.errors import GitopsError, LayoutError, UsageError
from gitops_tool.git.changes import ChangeKind
from gitops_tool.graph import closure
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, find_app, first_layout, holds_manifests
from gitops_tool.model import Overlay
from gitops_tool.records import record, replace
from gitops_tool.tree import FILES, LINK, ROOT, mode_at
from gitops_tool.validate.discovery import is_looked_into
from gitops_tool.validate.selection import ARGOCD, everything, outermost
from gitops_tool.validate.synced import synced_directories

if TYPE_CHECKING:
    from typing import Self

    from gitops_tool.config import Settings
    from gitops_tool.git.changes import PathChange
    from gitops_tool.tree import Tree

APPLICATION_SET = "ApplicationSet"
_NO_APP = "/"
"""Stands for an app where a directory belongs to none; no app is called that."""

_KUSTOMIZATION = ("Kustomization",)
_PLUGIN = b"builtin"
"""What a generator's or transformer's own file says, which names files as a kustomization does."""

_PLUGIN_FIELDS = ("generators:", "transformers:", "validators:")
"""The fields of a kustomization that name such files."""


@record
class State:
    """One state of a repository: its files, its settings, and what people call it."""

    tree: Tree
    settings: Settings
    name: str


@record
class OverlayPair:
    """An overlay before and after; None on the side where it is not there."""

    before: Overlay | None
    after: Overlay | None

    @property
    def overlay(self) -> Overlay:
        """The overlay as it is after the change, or was where it is gone."""
        overlay = self.after or self.before
        if overlay is None:
            raise ValueError("an overlay is there on one side at least")
        return overlay


class Index(Protocol):
    """Looks at all files of a tree at once, as git can."""

    def has_links(self) -> bool:
        """Whether there is a symbolic link, through which anything can be named by another name."""
        ...

    def search_named(self, needles: Sequence[str], names: Sequence[str]) -> list[PurePosixPath]:
        """Return the files of some names, wherever they lie, that hold one of the texts; in order."""
        ...


@record
class _Unit:
    """A directory that belongs to one app (or to Argo CD's objects), as far as a layout's pattern tells."""

    root: PurePosixPath
    app: str


class Reach:
    """What a change reaches; an overlay may be named that renders the same, never one left out that does not.

    `likely` is known at once, and `rest` after a look at the whole repository, which begins with the `with` statement:
    meanwhile one can render.

    Args:
        base: the repository before.
        head: the repository after.
        changes: the paths that differ.
        index: looks at all files of the base at once.
        late: returns further paths that differ; mostly there are none, and it takes a while to find that out.
    """

    def __init__(
        self,
        base: State,
        head: State,
        changes: Sequence[PathChange],
        index: Index,
        late: Callable[[], Sequence[PathChange]] = lambda: (),
    ) -> None:
        self.base = base
        self.head = head
        self.changes = changes
        self.paths = frozenset(change.path for change in changes)
        """Those that are known at once; after `rest`, all."""
        self.lossy = any(change.kind in {ChangeKind.REMOVED, ChangeKind.RETYPED} for change in changes)
        self.moved = any(change.kind is not ChangeKind.MODIFIED for change in changes)
        self.index = index
        self._late = late
        self.application_sets: tuple[PurePosixPath, ...] = ()
        """The files that hold ApplicationSets, or did; known after `rest`."""
        self.notes: list[str] = []
        """What is left out, in sentences; known after `rest`."""
        self._units = self._changed_units()
        self._look = Background(self._is_complete)

    def __enter__(self) -> Self:
        """Begin to look for what else may be reached."""
        self._look.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        """Wait for the end of the look."""
        self._look.__exit__(None, None, None)

    @cached_property
    def likely(self) -> tuple[OverlayPair, ...]:
        """The overlays of the apps whose directories hold the changes, as far as they are built from them."""
        return () if self._units is None else tuple(self._pairs_of(self._units))

    def rest(self) -> list[OverlayPair]:
        """Return the other overlays, those of apps that are built from another one's directory; often none."""
        if self._look.result():
            return []
        late = [change for change in self._late() if change.path not in self.paths]
        pairs = self._with(late) if late else list(self._all_pairs())
        return [pair for pair in pairs if pair not in self.likely]

    def _with(self, late: Sequence[PathChange]) -> list[OverlayPair]:
        """Return all overlays that are reached, now that all changes are known, and take over what else is known."""
        with Reach(self.base, self.head, [*self.changes, *late], self.index) as whole:
            pairs = [*whole.likely, *whole.rest()]
        self.paths, self.application_sets, self.notes = whole.paths, whole.application_sets, whole.notes
        return pairs

    def _is_complete(self) -> bool:
        """Whether the likely overlays are all."""
        return self._is_all_known() and not self._late()

    def _is_all_known(self) -> bool:
        """Whether the likely overlays are all that the changes that are known at once reach."""
        if not self.paths or self._units is None:
            return not self.paths
        with Background(self.index.has_links) as links:
            return not self._is_named_elsewhere(self._units) and not links.result()

    def _changed_units(self) -> set[_Unit] | None:
        """Return the directories of apps that hold all changes; None where these do not tell the overlays."""
        layout = _layout(self.base)
        if SETTINGS_PATH in self.paths or layout != _layout(self.head):
            return None
        if any(mode_at(self.head.tree, path) == LINK or mode_at(self.base.tree, path) == LINK for path in self.paths):
            return None
        shapes = [_shape(pattern) for pattern in layout]
        units: set[_Unit] = set()
        for path in self.paths:
            found = {unit for shape in shapes for unit in _unit(shape, path)}
            argocd = self.head.settings.argocd.path
            if argocd is not None and path.is_relative_to(argocd):
                found.add(_Unit(argocd, ARGOCD))
            if not found:
                alone = self._outside_of_apps(path)
                if alone is None:
                    return None
                found.add(alone)
            units |= found
        return units

    def _outside_of_apps(self, path: PurePosixPath) -> _Unit | None:
        """Return what a file that no app's directory holds stands for; None where anything may be built from it.

        Without settings, its directory may be an overlay of its own.
        """
        is_manifest = path.name.endswith((*MANIFEST_SUFFIXES, *_KUSTOMIZATION))
        is_alone = self.head.settings.path is not None or not is_manifest
        if is_alone and is_manifest and any(self._is_synced(state, path.parent) for state in (self.base, self.head)):
            return None
        unit = _Unit(path, "") if is_alone else _Unit(path.parent, _NO_APP)
        return None if unit.root == ROOT or self._is_below_kustomization(unit.root) else unit

    def _is_synced(self, state: State, directory: PurePosixPath) -> bool:
        """Whether an Application names a directory itself, by no layout's pattern."""
        return directory in synced_directories(state.tree, state.settings, ())

    def _is_below_kustomization(self, path: PurePosixPath) -> bool:
        """Whether something lies below a kustomization, which can be named by nothing but `..`."""
        trees = (self.base.tree, self.head.tree)
        return any(
            name in tree.modes(parent) for parent in path.parents for tree in trees for name in KUSTOMIZATION_NAMES
        )

    def _is_named_elsewhere(self, units: Iterable[_Unit]) -> bool:
        """Whether a kustomization outside of a directory may be built from it; finds the ApplicationSets on the way."""
        names = {unit: [unit.root.name, *([] if unit.app else _names(unit.root.parent))] for unit in units}
        needles = sorted({name for found in names.values() for name in found})
        holding = self._files_with(needles)
        places = [(self.base.tree, path) for path in holding if path not in self.paths]
        places += [(self.head.tree, path) for path in sorted(self.paths) if mode_at(self.head.tree, path) in FILES]
        named = False
        sets = []
        for tree, path in places:
            outside = [name for unit, found in names.items() if not path.is_relative_to(unit.root) for name in found]
            if path.name in KUSTOMIZATION_NAMES:
                named = named or (bool(outside) and _names_any(tree.blob(path), outside))
            elif path.suffix in {".yaml", ".yml", ".json"}:
                data = tree.blob(path)
                named = named or (_PLUGIN in data and _names_any(data, outside))
                sets += [path] if APPLICATION_SET.encode() in data else []
        gone = [path for path in self.paths if path not in sets and self._held_set(path)]
        self.application_sets = tuple(sorted({*sets, *gone}))
        return named

    def _files_with(self, names: Sequence[str]) -> list[PurePosixPath]:
        """Return the files of the base that may build something by these names, and those with ApplicationSets."""
        tree, where = self.base.tree, self.head.settings.argocd.path or ROOT
        found = self.index.search_named((*names, *_PLUGIN_FIELDS), KUSTOMIZATION_NAMES)
        if any(field.encode() in tree.blob(path) for path in found for field in _PLUGIN_FIELDS):
            return tree.search((*names, APPLICATION_SET), ROOT)
        return [*found, *(tree.search((APPLICATION_SET,), where) if self._may_generate() else [])]

    def _may_generate(self) -> bool:
        """Whether ApplicationSets can see the change: they look at directories, and at files with values."""
        return self.moved or any(path.name not in KUSTOMIZATION_NAMES for path in self.paths)

    def _held_set(self, path: PurePosixPath) -> bool:
        return mode_at(self.base.tree, path) in FILES and APPLICATION_SET.encode() in self.base.tree.blob(path)

    def _pairs_of(self, units: Iterable[_Unit]) -> Iterator[OverlayPair]:
        """Yield the overlays of some apps that are built from what differs."""
        roots = {unit.root for unit in units}
        apps = sorted({unit.app for unit in units if unit.app not in {"", _NO_APP, ARGOCD}})
        before, after = (list(_overlays_of(state, apps, roots)) for state in (self.base, self.head))
        yield from self._differing(before, after)

    def _all_pairs(self) -> Iterator[OverlayPair]:
        """Yield every overlay of the repository that is built from what differs."""
        trees = (self.base, self.head)
        needle = (APPLICATION_SET,)
        found = {path for state in trees for path in state.tree.search(needle, state.settings.argocd.path or ROOT)}
        self.application_sets = tuple(sorted(path for path in found if path.suffix in {".yaml", ".yml", ".json"}))
        yield from self._differing(*(everything(state.tree, state.settings) for state in trees))

    def _differing(self, before: Sequence[Overlay], after: Sequence[Overlay]) -> Iterator[OverlayPair]:
        always = self.base.settings.kustomize != self.head.settings.kustomize
        for pair in _paired(before, after):
            if self._is_other_part(pair):
                self.notes.append(f"{pair.overlay.path} is a part of others on one side only, and not compared")
            elif always or self._differs(pair):
                yield pair

    def _is_other_part(self, pair: OverlayPair) -> bool:
        """Whether a directory that no layout names is there on both sides, but others are built from it on one.

        It stands for itself only because nothing else is known to use it, which says nothing about the cluster.
        """
        overlay = pair.overlay
        if (pair.before and pair.after) or overlay.app != str(overlay.path):
            return False
        return holds_manifests((self.head if pair.after is None else self.base).tree, overlay.path)

    def _differs(self, pair: OverlayPair) -> bool:
        before, after = pair.before, pair.after
        if before is None or after is None or before.path != after.path:
            return True
        return self._reads_change(self.head.tree, after) or (self.lossy and self._reads_change(self.base.tree, before))

    def _reads_change(self, tree: Tree, overlay: Overlay) -> bool:
        try:
            found = closure(tree, overlay.path)
        except GitopsError:  # rendering it will say why
            return True
        return any(found.reads(path) for path in self.paths)


def _paired(before: Sequence[Overlay], after: Sequence[Overlay]) -> Iterator[OverlayPair]:
    """Pair overlays by app and environment, wherever they lie."""
    left = {(overlay.app, overlay.environment): overlay for overlay in before}
    for overlay in after:
        yield OverlayPair(left.pop((overlay.app, overlay.environment), None), overlay)
    for overlay in left.values():
        yield OverlayPair(overlay, None)


def _overlays_of(state: State, apps: Sequence[str], roots: Collection[PurePosixPath]) -> Iterator[Overlay]:
    """Yield the overlays of some apps that lie in some directories, and whatever else is rendered there."""
    found = [overlay for app in apps for overlay in _of_app(state, app)]
    found = [overlay for overlay in found if any(overlay.path.is_relative_to(root) for root in roots)]
    yield from found
    yield from (overlay for overlay in _argocd(state) if overlay.path in roots)
    if state.settings.path is None:
        known = [overlay.path for overlay in found]
        for root in roots:
            if is_looked_into(state.tree, root):
                inside = [path for path in known if path.is_relative_to(root)]
                yield from outermost(state.tree, root, inside)


def _of_app(state: State, app: str) -> tuple[Overlay, ...]:
    settings = replace(state.settings, layout=_layout(state))
    try:
        return find_app(state.tree, settings, app).overlays
    except (LayoutError, UsageError):
        return ()


def _layout(state: State) -> tuple[str, ...]:
    """Return the patterns that hold: without settings, that is the first one that finds anything."""
    if state.settings.path is not None:
        return state.settings.layout
    return first_layout(state.tree, state.settings)


def _argocd(state: State) -> list[Overlay]:
    path = state.settings.argocd.path
    return [Overlay(ARGOCD, "", path)] if path is not None and holds_manifests(state.tree, path) else []


def _shape(pattern: str) -> list[re.Pattern[str]]:
    """Return what the directories down to the app's own look like in a layout's pattern."""
    parts = PurePosixPath(pattern).parts
    last = max(number for number, part in enumerate(parts) if "{app}" in part)
    return [re.compile(_part(part)) for part in parts[: last + 1]]


def _part(part: str) -> str:
    return re.escape(part).replace(r"\{app\}", "(?P<app>.+)").replace(r"\{env\}", ".+")


def _unit(shape: Sequence[re.Pattern[str]], path: PurePosixPath) -> Iterator[_Unit]:
    if len(path.parts) <= len(shape):
        return
    app = ""
    for expected, part in zip(shape, path.parts, strict=False):
        match = expected.fullmatch(part)
        if match is None:
            return
        app = match.groupdict().get("app", app)
    yield _Unit(PurePosixPath(*path.parts[: len(shape)]), app)


def _names(path: PurePosixPath) -> list[str]:
    return [part for part in path.parts if part]


def _names_any(data: bytes, names: Sequence[str]) -> bool:
    """Whether a text has one of the names as a part of a path."""
    text = data.decode("utf-8", "replace")
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text) for name in names)
