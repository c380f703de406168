"""Which overlays are meant: all that the layout names, those of an app or a path, or what is found by looking."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError, LayoutError, UsageError
from gitops_tool.graph import closure
from gitops_tool.layout import KUSTOMIZATION_NAMES, find_app, find_apps, holds_manifests, kustomization_in
from gitops_tool.model import Overlay
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, ROOT, mode_at, normalize, resolve
from gitops_tool.validate.discovery import (
    built_upon,
    is_component,
    kustomization_directories,
    manifest_directories,
)
from gitops_tool.validate.synced import synced_directories

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

ARGOCD = "argocd"
"""What the directory of Argo CD's own objects is called among the apps."""


@record
class Unchecked:
    """A part of the repository that was not validated, and why."""

    path: PurePosixPath
    reason: str


@record
class Selection:
    """The overlays to validate; `complete` if these are all of the repository.

    Of a shard, `complete` is about all shards together; `beside` are overlays of others that define custom resources.
    """

    overlays: tuple[Overlay, ...]
    complete: bool
    beside: tuple[Overlay, ...] = ()
    is_shard: bool = False


def select(
    tree: Tree,
    settings: Settings,
    names: Sequence[str],
    environments: Collection[str] = (),
    folder: PurePosixPath = ROOT,
) -> Selection:
    """Return the overlays that are meant: of the named apps and paths, all of them if none is named.

    Args:
        tree: the repository.
        settings: its settings.
        names: apps, directories, or files (which stand for the overlays that are built from them).
        environments: only overlays of these; all if there is none.
        folder: where relative paths start.

    Raises:
        LayoutError: there is no such app or path, or nothing to validate at all.
        UsageError: none of them has such an environment.
        TreeError: a path leads out of the repository.
    """
    found = [*_named(tree, settings, names, folder)] if names else everything(tree, settings)
    if not found:
        raise LayoutError("nothing here can be rendered: no kustomization, and no directory of manifests")
    overlays = {
        overlay.path: overlay
        for overlay in found
        if not environments or overlay.environment in environments or (overlay.app == ARGOCD and not names)
    }
    if environments and not any(overlay.environment in environments for overlay in overlays.values()):
        known = ", ".join(dict.fromkeys(overlay.environment for overlay in found if overlay.environment))
        hint = f"it has: {known}" if known else None
        raise UsageError(f'nothing here has the environment "{", ".join(environments)}"', hint=hint)
    return Selection(tuple(overlays.values()), complete=not names and not environments)


def everything(tree: Tree, settings: Settings) -> list[Overlay]:
    """Return every overlay: by the layout, what Applications sync beside it, and without settings what nothing uses."""
    overlays = [overlay for app in find_apps(tree, settings) for overlay in app.overlays]
    path = settings.argocd.path
    if path is not None and holds_manifests(tree, path):
        overlays.append(Overlay(ARGOCD, "", path))
    known = {overlay.path for overlay in overlays}
    overlays += [Overlay(str(path), "", path) for path in synced_directories(tree, settings, known)]
    if settings.path is None:
        overlays += outermost(tree, ROOT, [overlay.path for overlay in overlays])
    return overlays


def outermost(tree: Tree, under: PurePosixPath, known: Collection[PurePosixPath]) -> list[Overlay]:
    """Return the directories to render below one: kustomizations that no other uses, and plain manifests."""
    found = kustomization_directories(tree, under)
    used, files = built_upon(tree, [*known, *found])
    roots = [path for path in found if path not in used and path not in known and not is_component(tree, path)]
    roots += manifest_directories(tree, under, {*found, *known}, files)
    return [Overlay(str(path), "", path) for path in sorted(roots)]


def _named(tree: Tree, settings: Settings, names: Sequence[str], folder: PurePosixPath) -> Iterator[Overlay]:
    for name in names:
        path = normalize(folder / name)
        mode = mode_at(tree, resolve(tree, path))
        if "/" not in name and _is_app(tree, settings, name, path):
            yield from find_app(tree, settings, name).overlays
        elif mode is None:
            raise LayoutError(f'"{name}" is neither an app nor a path in this repository')
        elif path.name in KUSTOMIZATION_NAMES:
            yield from _at(tree, settings, path.parent, below=False)
        elif mode == DIRECTORY:
            yield from _at(tree, settings, path)
        else:
            yield from built_from(tree, everything(tree, settings), path)


def _is_app(tree: Tree, settings: Settings, name: str, path: PurePosixPath) -> bool:
    """Whether a word without a slash means an app; a directory with something to render comes first.

    Raises:
        LayoutError: it is neither; the hint names a similar app.
    """
    mode = mode_at(tree, path)
    if name in {".", ".."} or (mode is not None and (mode != DIRECTORY or holds_manifests(tree, path))):
        return False
    try:
        find_app(tree, settings, name)
    except LayoutError:
        if mode is None:
            raise
        return False
    return True


def _at(tree: Tree, settings: Settings, path: PurePosixPath, *, below: bool = True) -> list[Overlay]:
    """Return the overlays at a directory or below it, else what can be rendered there.

    Raises:
        LayoutError: nothing can.
    """
    known = [overlay for app in find_apps(tree, settings) for overlay in app.overlays]
    if settings.argocd.path is not None:
        known.append(Overlay(ARGOCD, "", settings.argocd.path))
    found = [overlay for overlay in known if overlay.path == path or (below and overlay.path.is_relative_to(path))]
    if below and (settings.path is None or not found):
        found += outermost(tree, path, [overlay.path for overlay in found])
    here = kustomization_in(tree, path) or (not found and holds_manifests(tree, path))
    if here and path not in {overlay.path for overlay in found}:
        found.insert(0, Overlay(str(path), "", path))
    if not found:
        raise LayoutError(f'"{path}" holds nothing that can be rendered')
    return found


def built_from(tree: Tree, overlays: Sequence[Overlay], path: PurePosixPath) -> list[Overlay]:
    """Return the overlays that a file is part of.

    Raises:
        LayoutError: it is part of none.
    """
    found = []
    for overlay in overlays:
        try:
            if closure(tree, overlay.path).reads(path):
                found.append(overlay)
        except GitopsError:  # it cannot be rendered, and is validated to say so
            found += [overlay] if path.is_relative_to(overlay.path) else []
    if not found:
        raise LayoutError(f'no overlay is built from "{path}"', hint="name a directory to validate it for itself")
    return found


def unchecked(tree: Tree, settings: Settings, used: Collection[PurePosixPath]) -> tuple[Unchecked, ...]:
    """Return the kustomizations that no validated overlay is built from, each with the reason."""
    return tuple(
        Unchecked(path, _reason(tree, settings, path))
        for path in kustomization_directories(tree, ROOT)
        if path not in used
    )


def _reason(tree: Tree, settings: Settings, path: PurePosixPath) -> str:
    if is_component(tree, path):
        return "a component that no overlay uses"
    if re.fullmatch(re.escape(settings.preview.template).replace(r"\{app\}", "[^/]+"), str(path)):
        return "the template of previews"
    for pattern in settings.layout:
        shape = re.sub(r"\\\{(app|env)\\\}", lambda m: f"(?P<{m[1]}>[^/]+)", re.escape(pattern), count=2)
        match = re.fullmatch(shape, str(path)) if pattern.count("{env}") == pattern.count("{app}") == 1 else None
        if match and settings.environments and settings.environment(match["env"]) is None:
            return f'the environment "{match["env"]}" is not in {settings.path}'
    return "no layout pattern names it, and no overlay is built from it"
