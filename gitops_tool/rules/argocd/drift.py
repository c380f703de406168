"""Rules on what directories, gitops.yaml and Argo CD's objects say of each other: those of `gitops argocd check`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Location, Severity
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported, known_text, source_path, written_sources
from gitops_tool.rules.argocd.projects import Cluster, normalize_url
from gitops_tool.rules.base import Family, Problem, Scope, rule

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Environment
    from gitops_tool.rules.base import OverlayView, RepositoryView

_MENDED = "`gitops argocd generate` mends it"


@rule("application-missing", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_missing(view: RepositoryView) -> Iterator[Reported]:
    """No Application syncs an overlay: what it holds never reaches a cluster.

    Only where `argocd.path` in gitops.yaml says where the Applications are. Checked by `gitops argocd check`.

    Bad:

        # gitops.yaml
        version: 1
        argocd:
          path: argocd
        # apps/web/overlays/production/kustomization.yaml
        resources:
          - ../../base

    Good:

        # argocd/web-production.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web-production
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/
    """
    if not view.complete or view.settings.argocd.path is None:
        return
    found = landscape(view)
    named = {path for application in found.applications for path in _paths(application)}
    for overlay in _app_overlays(view):
        if not found.syncing(overlay) and overlay.overlay.path not in named:
            message = f"no Application syncs {overlay.overlay.app} in {overlay.overlay.environment}"
            yield overlay, Problem(message, location=Location(overlay.render.entry), hint=_MENDED)


@rule("application-differs", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_differs(view: RepositoryView) -> Iterator[Reported]:
    """An Application of an overlay has another repository, project, cluster or namespace than gitops.yaml says.

    Compared is what gitops.yaml sets: `argocd.repoURL`, `argocd.project`, and the environment's `cluster` and
    `namespace`. A cluster's name and its URL are the same if `argocd.clusters` says so. Checked by
    `gitops argocd check`; where a difference is meant, the comment `# gitops: ignore[application-differs] reason` on
    its line says so.

    Bad:

        # gitops.yaml
        version: 1
        environments:
          - name: production
            namespace: shop
        # argocd/web-production.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web-production
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: shop-staging

    Good:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web-production
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: shop

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
    """
    found = landscape(view)
    overlays = {overlay.overlay.path: overlay for overlay in _app_overlays(view)}
    for application in found.applications:
        for overlay in (overlays[path] for path in _paths(application) if path in overlays):
            if _is_meant(found, application, overlay):
                for pointer, is_now, wanted in differences(
                    application.spec, overlay.overlay.environment, view.settings
                ):
                    message = f'{pointer[-1]} is "{is_now}", gitops.yaml says "{wanted}"'
                    yield application.problem(message, *pointer, hint=_MENDED)


@rule("root-missing", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def root_missing(view: RepositoryView) -> Iterator[Reported]:
    """No Application syncs the directory of the Applications: what changes there has to be applied by hand.

    Checked by `gitops argocd check`, where `argocd.path` in gitops.yaml is set.

    Bad:

        # gitops.yaml
        version: 1
        argocd:
          path: argocd
        # argocd/ has Applications of apps only

    Good:

        # argocd/root.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: root
          namespace: argocd
        spec:
          project: root
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: argocd
          destination:
            server: https://kubernetes.default.svc
            namespace: argocd

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/cluster-bootstrapping/
    """
    path = view.settings.argocd.path
    if not view.complete or path is None:
        return
    named = {source for application in landscape(view).applications for source in _paths(application)}
    if path not in named and not any(path.is_relative_to(source) for source in named if source != path):
        own = next((overlay for overlay in view.overlays if overlay.overlay.path == path), None)
        if own is not None:
            message = f'no Application syncs "{path}"'
            yield own, Problem(message, location=Location(own.render.entry), hint=_MENDED)


def differences(
    spec: Mapping[str, Any], environment: str, settings: Settings
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield what an Application's `spec` has otherwise than the settings say: the place, the value, the one wanted."""
    argocd = settings.argocd
    if argocd.project is not None and spec.get("project") != argocd.project:
        yield ("spec", "project"), str(spec.get("project") or "default"), argocd.project
    for body, pointer in written_sources(spec):
        url = str(body.get("repoURL") or "")
        if argocd.repo_url is not None and not body.get("chart") and _is_other_url(url, argocd.repo_url):
            yield (*pointer, "repoURL"), url, argocd.repo_url
    found = spec.get("destination")
    where = found if isinstance(found, dict) else {}
    known = settings.environment(environment)
    if known is not None:
        yield from _of_destination(where, known, settings)


def _is_other_url(url: str, wanted: str) -> bool:
    return bool(known_text(url)) and normalize_url(url) != normalize_url(wanted)


def _of_destination(
    where: Mapping[str, Any], environment: Environment, settings: Settings
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    namespace = str(where.get("namespace") or "")
    if environment.namespace is not None and namespace != environment.namespace:
        yield ("spec", "destination", "namespace"), namespace, environment.namespace
    if environment.cluster is not None and not _same_cluster(where, environment.cluster, settings):
        key = "name" if where.get("name") else "server"
        yield ("spec", "destination", key), str(where.get(key) or ""), environment.cluster


def _same_cluster(where: Mapping[str, Any], wanted: str, settings: Settings) -> bool:
    """Whether a destination is a cluster; one by name and one by URL are unless it is known that they differ."""
    names = {cluster.name: cluster.server for cluster in settings.argocd.clusters or ()}
    here = Cluster.of(where)
    there = Cluster.of({"server" if "://" in wanted else "name": wanted})
    servers = [one.server or names.get(one.name, "") for one in (here, there)]
    if all(servers):
        return servers[0].rstrip("/") == servers[1].rstrip("/")
    if here.name and there.name:
        return here.name == there.name
    return bool(here.server or here.name)


def _is_meant(found: Landscape, application: Application, overlay: OverlayView) -> bool:
    """Whether an Application that names an overlay's path means this repository's: it syncs it, or nothing does."""
    if any(other is application for other in found.syncing(overlay)):
        return True
    own = f"{overlay.overlay.app}-{overlay.overlay.environment}"
    return not found.syncing(overlay) or application.name == own


def _paths(application: Application) -> list[Any]:
    return [source_path(body) for body, _ in written_sources(application.spec) if not body.get("chart")]


def _app_overlays(view: RepositoryView) -> Iterator[OverlayView]:
    """Yield the overlays of apps: not Argo CD's own directory, which has no environment."""
    return (overlay for overlay in view.overlays if overlay.overlay.environment)


RULES = (application_missing, application_differs, root_missing)
