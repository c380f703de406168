"""Where the files of an app are, by the repository's layout."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.config import LAYOUTS
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.layout import SINGLE_ENVIRONMENT, app_names, find_apps, unknown_environment
from gitops_tool.model import Environment, Overlay
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

_BASE = "base"


@record
class Placement:
    """The directories of one app: its base, and each environment's overlay. They are one in a flat layout."""

    base: PurePosixPath
    overlays: Mapping[str, PurePosixPath]

    @property
    def is_flat(self) -> bool:
        """Whether there is one directory for all."""
        return self.base in self.overlays.values()

    def base_from(self, environment: str) -> str:
        """Return the way from an overlay to the base."""
        return posixpath.relpath(str(self.base), str(self.overlays[environment]))


def place(tree: Tree, settings: Settings, app: str, environments: tuple[Environment, ...]) -> Placement:
    """Return where a new app goes.

    Raises:
        UsageError: the layout has one environment for each app, and several are asked for.
    """
    pattern = _pattern(tree, settings)
    if "{env}" not in pattern:
        if len(environments) > 1:
            names = ", ".join(environment.name for environment in environments)
            raise UsageError(f'the layout "{pattern}" has one environment for each app, not {names}')
        path = PurePosixPath(pattern.replace("{app}", app))
        return Placement(path, {environment.name: path for environment in environments})
    filled = pattern.replace("{app}", app)
    overlays = {e.name: PurePosixPath(filled.replace("{env}", e.name)) for e in environments}
    return Placement(base_of(PurePosixPath(pattern), app), overlays)


def _pattern(tree: Tree, settings: Settings) -> str:
    """Return the layout's pattern for new apps; without settings, the first that apps here have."""
    if settings.path is not None:
        return settings.layout[0]
    known = next((app.overlays[0] for app in find_apps(tree, settings) if app.overlays), None)
    if known is None:
        return LAYOUTS[0]
    fits = (p for p in LAYOUTS if PurePosixPath(p.format(app=known.app, env=known.environment)) == known.path)
    return next(fits, LAYOUTS[0])


def base_of(pattern: PurePosixPath, app: str) -> PurePosixPath:
    """Return the directory that the overlays of an app build upon.

    `apps/web/base` for `apps/{app}/overlays/{env}`, `envs/base/web` for `envs/{env}/{app}`, `web-base` for
    `{app}-{env}`.
    """
    parts = list(pattern.parts)
    of_app = next(number for number, part in enumerate(parts) if "{app}" in part)
    of_env = next(number for number, part in enumerate(parts) if "{env}" in part)
    if of_app < of_env:
        kept = [*parts[: of_app + 1], _BASE]
    else:
        kept = [*parts[:of_env], parts[of_env] if of_app == of_env else _BASE, *parts[of_env + 1 :]]
    return PurePosixPath(*(part.replace("{app}", app).replace("{env}", _BASE) for part in kept))


def fitting(settings: Settings, overlay: Overlay) -> PurePosixPath | None:
    """Return the layout's pattern that an overlay fits."""
    for pattern in settings.layout:
        if PurePosixPath(pattern.format(app=overlay.app, env=overlay.environment)) == overlay.path:
            return PurePosixPath(pattern)
    return None


def wanted_environments(tree: Tree, settings: Settings, names: tuple[str, ...]) -> tuple[Environment, ...]:
    """Return the environments of the given names; all of the repository's if none is named.

    Raises:
        UsageError: there is no such environment.
        LayoutError: the repository has none.
    """
    known = {environment.name: environment for environment in settings.environments}
    if not known:
        found = [overlay.environment for app in find_apps(tree, settings) for overlay in app.overlays]
        known = {name: Environment(name) for name in dict.fromkeys(found)}
    if not known and settings.path is not None and not any("{env}" in pattern for pattern in settings.layout):
        known = {SINGLE_ENVIRONMENT: Environment(SINGLE_ENVIRONMENT)}
    if not known:
        hint = "list them under environments in gitops.yaml, or start with `gitops init`"
        raise LayoutError("this repository has no environments", hint=hint)
    for name in names:
        if name not in known:
            raise unknown_environment(name, known)
    return tuple(known[name] for name in dict.fromkeys(names or known))


def check_unused(tree: Tree, settings: Settings, app: str) -> None:
    """Refuse a name that an app has.

    Raises:
        LayoutError: there is such an app.
    """
    if app in app_names(tree, settings):
        raise LayoutError(f'app "{app}" exists already', hint=f"see `gitops app show {app}`")


def overlays_of(placement: Placement, app: str) -> tuple[Overlay, ...]:
    """Return the overlays of an app that is placed."""
    return tuple(Overlay(app, name, path) for name, path in placement.overlays.items())
