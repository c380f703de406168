"""Makes settings of what was found in a repository, and reads them back to see what they cover."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.adoption.layouts import Pattern, find_patterns
from gitops_tool.adoption.names import Ordered, is_holder, promotion_order, stage
from gitops_tool.adoption.survey import Survey, Synced, Unclear, survey
from gitops_tool.adoption.text import EnvironmentLines, Outline, settings_text
from gitops_tool.config import SETTINGS_PATH, Settings, load_settings
from gitops_tool.errors import LayoutError
from gitops_tool.layout import MANIFEST_SUFFIXES, find_apps
from gitops_tool.model import App, Edit, Environment
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.tree import ROOT, PatchedTree, mode_at

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

_ENVIRONMENT = lazy_pattern(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_MARKERS = ("# gitops: tag ", "# gitops: image ", "# gitops: digest ")


@record
class Adoption:
    """The settings for a repository, and what they make of it.

    `text` is the whole file; `guessed` is what somebody should look at, `unclear` what is not understood, and
    `left_out` the directories to render that the layout does not name.
    """

    text: bytes
    settings: Settings
    apps: tuple[App, ...]
    environments: tuple[Environment, ...]
    applications: int
    guessed: tuple[str, ...]
    unclear: tuple[Unclear, ...]
    left_out: tuple[PurePosixPath, ...]


def adopt(tree: Tree) -> Adoption:
    """Look at a repository without settings and write them.

    Raises:
        LayoutError: it has settings already, or nothing that can be rendered.
    """
    if mode_at(tree, SETTINGS_PATH) is not None:
        raise LayoutError(f'"{SETTINGS_PATH}" is there already', hint="remove it to have it written anew")
    found = survey(tree, Settings())
    if not found.roots and not found.synced:
        raise LayoutError("nothing here can be rendered: no kustomization, and no directory of manifests")
    patterns = find_patterns([path for path in found.roots if path != ROOT])
    names = _names(patterns)
    order = promotion_order(names) if names and all(map(_ENVIRONMENT.fullmatch, names)) else None
    guessed: list[str] = []
    outline = Outline(
        layout=tuple(pattern.text for pattern in patterns),
        environments=tuple(_environments(order, patterns, found, guessed)),
        unordered=() if order else tuple(names),
        argocd_path=_argocd_path(found),
        argocd_namespace=_only(found.namespaces, "argocd"),
        repo_url=_repo_url(found, guessed),
        remote_bases=found.remote_bases,
        markers=any(path.name.endswith(MANIFEST_SUFFIXES) for path in tree.search(_MARKERS, ROOT)),
    )
    text = settings_text(outline).encode()
    return _read_back(tree, found, patterns, text, guessed)


def _read_back(tree: Tree, found: Survey, patterns: Sequence[Pattern], text: bytes, guessed: list[str]) -> Adoption:
    """Return what the written settings make of the repository."""
    patched = PatchedTree(tree, (Edit(SETTINGS_PATH, None, text),))
    settings = load_settings(patched)
    apps = find_apps(patched, settings) if patterns else ()
    covered = {overlay.path: overlay for app in apps for overlay in app.overlays}
    synced = {one.path for one in found.synced}
    unclear = [*found.unclear]
    left_out = tuple(path for path in found.roots if path not in covered)
    unclear += [Unclear(str(path), _why_uncovered(path, patterns)) for path in left_out]
    odd = [app.name for app in apps if is_holder(app.name) or stage(app.name) is not None]
    if odd:
        names = ", ".join(f'"{name}"' for name in odd)
        guessed.append(f"no directory is named like an app at {names}: the directory's own name is taken")
    extra = [path for path in covered if path not in found.roots]
    if extra:
        guessed.append(f"{_several(extra)} also in the layout, though another kustomization is built from it")
    if synced and (idle := [path for path in covered if path not in synced]):
        guessed.append(f"{_several(idle)} in the layout, and no Application here syncs it")
    places = tuple(dict.fromkeys(unclear))
    return Adoption(text, settings, apps, settings.environments, len(found.synced), tuple(guessed), places, left_out)


def _several(paths: Sequence[PurePosixPath]) -> str:
    first = sorted(paths)[0]
    return f'"{first}" is' if len(paths) == 1 else f'"{first}" and {len(paths) - 1} more are'


def _why_uncovered(path: PurePosixPath, patterns: Sequence[Pattern]) -> str:
    if path == ROOT:
        return "the repository's root is a kustomization: the layout needs a directory for each app"
    if any(path in pattern.matches for pattern in patterns):
        return "its app is found by an earlier pattern of the layout, which wins"
    if patterns and "{env}" in patterns[0].text:
        return "no environment stands in its path"
    return "its path follows no pattern"


def _names(patterns: Iterable[Pattern]) -> list[str]:
    """Return the names of the environments."""
    found = (environment for pattern in patterns for _, environment in pattern.matches.values())
    return sorted({name for name in found if name is not None})


def _environments(
    order: list[Ordered] | None, patterns: Sequence[Pattern], found: Survey, guessed: list[str]
) -> Iterable[EnvironmentLines]:
    """Yield the environments with what the Applications of all their apps agree on."""
    if not order:
        return
    if len(order) > 1:
        guessed.append(f"the order of promotion is that of the names: {' -> '.join(one.name for one in order)}")
    where = {path: environment for pattern in patterns for path, (_, environment) in pattern.matches.items()}
    for one in order:
        synced = [target for target in found.synced if where.get(target.path) == one.name]
        namespace, cluster = _agreed(synced, "namespace"), _agreed(synced, "cluster")
        if synced and cluster is None:
            guessed.append(f'environment "{one.name}" has no "cluster": its Applications go to several')
        yield EnvironmentLines(one.name, one.promotes_from, namespace, cluster)


def _agreed(synced: Sequence[Synced], name: str) -> str | None:
    """Return what all Applications say; None if they do not agree, or if it is a template."""
    values = {getattr(one, name) for one in synced}
    value = next(iter(values)) if len(values) == 1 else None
    return value if isinstance(value, str) and "{" not in value else None


def _argocd_path(found: Survey) -> PurePosixPath | None:
    """Return the directory that holds all of Argo CD's objects; None if that is the root, or there are none."""
    parents = [set(path.parents) for path in found.argocd]
    common = set.intersection(*parents) - {ROOT} if parents else set()
    return max(common, key=lambda path: len(path.parts), default=None)


def _only(values: Sequence[str], default: str) -> str | None:
    """Return the only value, unless it is what is taken for granted."""
    distinct = set(values)
    return next(iter(distinct)) if len(distinct) == 1 and distinct != {default} else None


def _repo_url(found: Survey, guessed: list[str]) -> str | None:
    """Return this repository's URL as most of the Applications with a path here write it."""
    counts = Counter(one.repo_url for one in found.synced if "{" not in one.repo_url and "@" not in one.repo_url[8:])
    counts = counts or Counter(one.repo_url for one in found.synced if one.repo_url.startswith("git@"))
    if not counts:
        return None
    url, number = counts.most_common(1)[0]
    if len(counts) > 1:
        guessed.append(f"this repository is taken to be {url}: {number} of {counts.total()} Applications say so")
    return url
