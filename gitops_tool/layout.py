"""Finds apps, environments and overlays in a tree by the layout's patterns, one directory at a time.

Looking an app up reads only the directories on its way: a repository of 5,000 apps costs no more than one of 10.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.config import PROMOTION_ORDER, Settings
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.model import App, Overlay
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, ROOT
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

KUSTOMIZATION_NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
MANIFEST_SUFFIXES = (".yaml", ".yml", ".json")
HASH = r"-[2456789bcdfghkmt]{10}"
"""What kustomize appends to a generated name, as a pattern: hex digits, some replaced
(https://github.com/kubernetes-sigs/kustomize, release 5.8.1, api/hasher/hasher.go, encode)."""

SKIP_MARK = b"+argocd:skip-file-rendering"
"""What a file says, mostly in a comment, that Argo CD is not to take for a manifest."""

_PLACEHOLDER = lazy_pattern(r"\{(app|env)\}")
_SHARED = frozenset({"base", "bases", "common", "components"})
"""Directories beside the environments that are none; for repositories without settings."""

SINGLE_ENVIRONMENT = "default"
"""What the environment of a layout without `{env}` is called when the settings name none."""


def kustomization_in(tree: Tree, directory: PurePosixPath) -> PurePosixPath | None:
    """Return the path of a directory's kustomization file.

    Raises:
        LayoutError: there are several, which kustomize refuses.
    """
    modes = tree.modes(directory)
    found = [name for name in KUSTOMIZATION_NAMES if modes.get(name, DIRECTORY) != DIRECTORY]
    if len(found) > 1:
        raise LayoutError(f'"{directory}" has several kustomization files: {", ".join(found)}', hint="keep one")
    return directory / found[0] if found else None


def holds_manifests(tree: Tree, directory: PurePosixPath) -> bool:
    """Whether a directory can be rendered: a kustomization, or plain manifests."""
    return any(
        name in KUSTOMIZATION_NAMES or name.endswith(MANIFEST_SUFFIXES)
        for name, mode in tree.modes(directory).items()
        if mode != DIRECTORY
    )


@record
class _Match:
    app: str
    environment: str
    path: PurePosixPath
    root: PurePosixPath


def find_app(tree: Tree, settings: Settings, name: str) -> App:
    """Return an app by its name.

    Raises:
        UsageError: the name cannot be a directory's.
        LayoutError: there is no such app; the hint names a similar one.
    """
    if not name or name in {".", ".."} or "/" in name or not name.isprintable():
        raise UsageError(
            f"{name!r} is not an app's name", hint="an app is named like its directory, such as payment-service"
        )
    matches = _matches(tree, settings, name)
    if not matches:
        names = app_names(tree, settings)
        hint = did_you_mean(name, names) or (
            f"apps here: {', '.join(names[:10])}" if names else where_apps_are(settings)
        )
        raise LayoutError(f"no app {quoted(name)} in this repository", hint=hint)
    return _app(settings, name, matches)


def find_apps(tree: Tree, settings: Settings) -> tuple[App, ...]:
    """Return every app of a tree, by name."""
    return tuple(_app(settings, name, _matches(tree, settings, name)) for name in app_names(tree, settings))


def app_names(tree: Tree, settings: Settings) -> list[str]:
    """Return the names of all apps, sorted."""
    return sorted({match.app for match in _matches(tree, settings, None)})


def first_layout(tree: Tree, settings: Settings) -> tuple[str, ...]:
    """Return the first pattern that finds an app, alone: the one that counts for a repository without settings."""
    for pattern in settings.layout:
        if next(_match(tree, settings, pattern, None), None) is not None:
            return (pattern,)
    return ()


def select_overlays(settings: Settings, app: App, environments: tuple[str, ...]) -> tuple[Overlay, ...]:
    """Return an app's overlays of the named environments; of the first one in promotion order if none is named.

    Raises:
        UsageError: the app has no such environment, not even the first, or several and their order is not known.
    """
    by_name = {overlay.environment: overlay for overlay in app.overlays}
    if environments:
        for name in environments:
            if name not in by_name:
                hint = did_you_mean(name, by_name) or f"it has: {', '.join(by_name)}"
                raise UsageError(f'app "{app.name}" has no environment {quoted(name)}', hint=hint)
        return tuple(by_name[name] for name in dict.fromkeys(environments))
    first = settings.environments[0].name if settings.environments else None
    if first is not None and first not in by_name:
        # The next one in order may be production: that is only ever changed by its name.
        hint = f"choose with --env: {', '.join(by_name)}"
        raise UsageError(f'app "{app.name}" has no environment "{first}", the first of the promotion order', hint=hint)
    ordered = [name for name in by_name if settings.environment(name) or name in PROMOTION_ORDER]
    if len(by_name) > 1 and len(ordered) < len(by_name):
        raise UsageError(f'app "{app.name}" has several environments: {", ".join(by_name)}', hint="choose with --env")
    return app.overlays[:1]


def unknown_environment(name: str, known: Collection[str]) -> UsageError:
    """Return the error that a name is none of the repository's environments."""
    names = ", ".join(known)
    hint = did_you_mean(name, known) or (f"environments here: {names}" if names else None)
    return UsageError(f"no environment {quoted(name)} in this repository", hint=hint)


def _app(settings: Settings, name: str, matches: list[_Match]) -> App:
    ranks = [environment.name for environment in settings.environments] + list(PROMOTION_ORDER)
    matches = sorted(matches, key=lambda m: ranks.index(m.environment) if m.environment in ranks else len(ranks))
    overlays = tuple(Overlay(name, match.environment, match.path) for match in matches)
    return App(name, matches[0].root, overlays)


def where_apps_are(settings: Settings) -> str:
    """Return the hint where no app is found: where they are looked for, or how to say it."""
    if settings.path is None:
        return "say where apps are with `layout` in gitops.yaml; `gitops adopt` finds out and writes it"
    return f"apps are looked for at {', '.join(settings.layout)}"


def _matches(tree: Tree, settings: Settings, app: str | None) -> list[_Match]:
    """Return the overlays of one app, or of all, by the first pattern that has any for the app."""
    found: dict[str, list[_Match]] = {}
    for pattern in settings.layout:
        by_app: dict[str, list[_Match]] = {}
        for match in _match(tree, settings, pattern, app):
            by_app.setdefault(match.app, []).append(match)
        for name, matches in by_app.items():
            found.setdefault(name, matches)
        if found and settings.path is None and app is None:
            break
    return [match for matches in found.values() for match in matches]


def _match(tree: Tree, settings: Settings, pattern: str, app: str | None) -> Iterator[_Match]:
    single = settings.environments[0].name if settings.environments else SINGLE_ENVIRONMENT
    for path, values, root in _expand(tree, ROOT, PurePosixPath(pattern).parts, {"app": app} if app else {}, None):
        environment = values.get("env") or single
        known = settings.environment(environment) if settings.environments else environment not in _SHARED
        if known and holds_manifests(tree, path):
            yield _Match(values["app"], environment, path, root or path)


def _shape(part: str, values: dict[str, str]) -> re.Pattern[str]:
    """Return what a directory's name must look like for one part of a pattern."""
    texts = _PLACEHOLDER.split(part)  # literal, placeholder, literal, ...
    for number, name in enumerate(texts[1::2]):
        texts[2 * number + 1] = re.escape(values[name]) if name in values else f"(?P<{name}>.+)"
    texts[::2] = [re.escape(text) for text in texts[::2]]
    return re.compile("".join(texts))


def _expand(
    tree: Tree, path: PurePosixPath, parts: tuple[str, ...], values: dict[str, str], root: PurePosixPath | None
) -> Iterator[tuple[PurePosixPath, dict[str, str], PurePosixPath | None]]:
    """Walk a pattern's parts down the tree; a known value goes straight to its directory."""
    if not parts:
        yield path, values, root
        return
    part, rest = parts[0], parts[1:]
    if all(name in values for name in _PLACEHOLDER.findall(part)):
        literal = _PLACEHOLDER.sub(lambda found: values[found[1]], part)
        if tree.modes(path).get(literal) == DIRECTORY:
            here = path / literal
            yield from _expand(tree, here, rest, values, here if "{app}" in part else root)
        return
    shape = _shape(part, values)
    for name, mode in sorted(tree.modes(path).items()):
        match = shape.fullmatch(name)
        if match and mode == DIRECTORY and not name.startswith("."):
            here = path / name
            yield from _expand(tree, here, rest, values | match.groupdict(), here if "{app}" in part else root)
