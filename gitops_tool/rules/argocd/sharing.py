"""Rules on what two Applications have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gitops_tool.model import Severity
from gitops_tool.rules.argocd.hooks import is_hook
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported, known_text
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, rule

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.model import Resource
    from gitops_tool.rules.argocd.projects import Cluster
    from gitops_tool.rules.base import RepositoryView


@rule("application-duplicate", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_duplicate(view: RepositoryView) -> Iterator[Reported]:
    """Two Applications have the same name in the same namespace, so one overwrites the other.

    An ApplicationSet takes over an Application that is there, without a word: a warning.
    Where `argocd.path` is not set in gitops.yaml, only Applications of one directory are compared: others may be for
    another Argo CD.

    Bad:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
          - application.yaml
        # apps/web/overlays/production/application.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/staging
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Good:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/declarative-setup/ (Applications)
    """
    seen: dict[tuple[PurePosixPath, str, str], Application] = {}
    for application in landscape(view).applications:
        declared, name = application.declared, known_text(application.name)
        namespace = declared.resource.id.namespace or view.settings.argocd.namespace
        first = seen.setdefault((declared.installation, namespace, name), application)
        generated = first.declared.generator is not None or declared.generator is not None
        rendered_together = first.declared.owner is declared.owner and declared.document is None
        if first is application or not name or first.declared.generator is declared.generator is not None:
            continue
        if generated or not rendered_together:
            other = first.declared.resource
            message = f'Application "{name}" is also declared in "{other.file or other.overlay}"'
            severity = Severity.WARNING if generated else None
            yield application.problem(message, "metadata", "name", hint="name them apart", severity=severity)


class _Key(NamedTuple):
    """What Argo CD knows an object by."""

    installation: PurePosixPath
    cluster: Cluster
    group: str
    kind: str
    namespace: str
    name: str


@rule("object-shared", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def object_shared(view: RepositoryView) -> Iterator[Reported]:
    """Two Applications sync the same object into the same cluster.

    Argo CD shows a SharedResourceWarning, the Application that syncs last wins, the other is out of sync for ever, and
    what one of them prunes is gone for both. Of two sources of one Application the last wins (RepeatedResourceWarning).
    Hooks do not count. Where `argocd.path` is not set in gitops.yaml,
    only Applications of one directory are compared: others may be for another Argo CD.

    Bad:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web
        ---
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web-canary
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/staging
          destination:
            name: in-cluster
            namespace: web

    Good:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: argoproj/argo-cd#8811, argoproj/argo-cd#7156, argoproj/argo-cd#15467
    """
    found = landscape(view)
    owners: dict[_Key, tuple[Application, int]] = {}
    shared: dict[tuple[int, int], list[tuple[Application, Application, OverlayView, Resource]]] = {}
    for application in found.applications:
        for key, number, overlay, item in _objects(found, application):
            first, source = owners.setdefault(key, (application, number))
            if first.name != application.name or (first is application and source != number):
                pair = (id(first), id(application))
                shared.setdefault(pair, []).append((first, application, overlay, item))
    for cases in shared.values():
        first, application, overlay, item = cases[0]
        more = f" and {len(cases) - 1} more" if len(cases) > 1 else ""
        if first is application:
            message = f'Application "{first.name}" has {item.id}{more} from two of its sources: the last one wins'
        else:
            message = (
                f'Applications "{first.name}" and "{application.name}" both sync {item.id}{more}: the last one wins'
            )
        yield overlay, Problem(message, item, ("metadata", "name"), "leave the object to one of them")


def _objects(found: Landscape, application: Application) -> Iterator[tuple[_Key, int, OverlayView, Resource]]:
    """Yield the objects that an Application keeps in a cluster: what Argo CD knows each by, and which source has it."""
    cluster, installation = application.cluster, application.declared.installation
    if cluster is None:
        return
    for number, overlay in enumerate(application.overlays):
        for item in overlay.render.resources:
            if item.id.name and not is_hook(item):
                namespace = found.namespace_of(item, application)
                group, kind = item.id.group, item.id.kind
                yield _Key(installation, cluster, group, kind, namespace, item.id.name), number, overlay, item


RULES = (application_duplicate, object_shared)
