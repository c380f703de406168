"""Rules on the files of holds and freezes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.applications import read_applications
from gitops_tool.errors import GitopsError
from gitops_tool.holds import has_holds, hold_path, list_holds
from gitops_tool.holds.files import EVERYWHERE, FREEZES
from gitops_tool.holds.times import moment, shown
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Location, Severity
from gitops_tool.rules.base import Family, OverlayView, Problem, RepositoryView, Scope, rule
from gitops_tool.tree import ROOT, read
from gitops_tool.yamlload import locate

if TYPE_CHECKING:
    from gitops_tool.holds import Hold

Reported = tuple[OverlayView, Problem]


@rule("malformed-hold", family=Family.HYGIENE, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def malformed_hold(view: RepositoryView) -> Iterator[Reported]:
    """The file of a hold or freeze cannot be read, so that every change is refused where it applies.

    Bad:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # .gitops/holds/web/production.yaml
        reason: memory leak
        until: next week

    Good:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # .gitops/holds/web/production.yaml
        reason: memory leak
        until: 2999-01-05T09:00:00Z

    Source: docs/promote.md (Holds)
    """
    for owner, path, found in _found(view):
        if isinstance(found, GitopsError):
            location = found.location or Location(path, 1, 1)
            hint = found.hint or "`gitops hold` writes such files"
            yield owner, Problem(found.message, hint=hint, location=location)


@rule("ended-hold", family=Family.HYGIENE, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def ended_hold(view: RepositoryView) -> Iterator[Reported]:
    """A hold or freeze has ended, or is for an app or an environment that does not exist: its file does nothing.

    Bad:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # .gitops/holds/web/production.yaml
        reason: memory leak
        until: 2026-01-05T09:00:00Z

    Good:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # .gitops/holds/web/production.yaml
        reason: memory leak
        until: 2999-01-05T09:00:00Z

    Source: docs/promote.md (Holds)
    """
    now = moment(time.time())
    for owner, path, found in _found(view):
        if isinstance(found, GitopsError):
            continue
        if found.is_over(now):
            what = f"ended at {shown(found.until)}: {found.reason}"
            yield owner, Problem(what, hint="remove the file", location=_line(view, path, "until"))
        elif _is_for_nothing(view, path):
            what = f'there is no "{path.relative_to(".gitops").with_suffix("")}" that this could be for'
            yield owner, Problem(what, hint="remove the file", location=Location(path, 1, 1))


def _found(view: RepositoryView) -> Iterator[tuple[OverlayView, PurePosixPath, Hold | GitopsError]]:
    """Yield each hold with the overlay that it is for; others, and freezes, with the first, if all is looked at."""
    if not view.overlays or not has_holds(view.tree):
        return
    owners = {hold_path(one.overlay): one for one in view.overlays}
    for path, found in list_holds(view.tree):
        owner = owners.get(path) or (view.overlays[0] if view.complete else None)
        if owner is not None:
            yield owner, path, found


def _is_for_nothing(view: RepositoryView, path: PurePosixPath) -> bool:
    """Whether no overlay is what a file is for."""
    if path == EVERYWHERE:
        return False
    if path.parent == FREEZES:
        known = {environment.name for environment in view.settings.environments}
        return path.stem not in known | {one.overlay.environment for one in view.overlays}
    if path in {hold_path(one.overlay) for one in view.overlays} or path.parent.name in view.settings.targets:
        return False
    # An app of Helm values alone has no overlay; it is known by its Applications' names.
    app, environment = path.parent.name, path.stem
    names = {app, f"{app}-{environment}", f"{environment}-{app}"}
    files = view.tree.search((app,), view.settings.argocd.path or ROOT)
    manifests = (file for file in files if file.name.endswith(MANIFEST_SUFFIXES))
    return not any(one.name in names for file in manifests for one in read_applications(view.tree, file))


def _line(view: RepositoryView, path: PurePosixPath, key: str) -> Location:
    return locate(read(view.tree, path), 0, (key,), path)


RULES = (malformed_hold, ended_hold)
