"""Rules on where an Application's objects go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Reported, known_text
from gitops_tool.rules.base import Family, Scope, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView

_NAMESPACE = lazy_pattern(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_OWN = "https://kubernetes.default.svc"


@rule("application-destination", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_destination(view: RepositoryView) -> Iterator[Reported]:
    """An Application names no cluster, or names it twice, or a namespace that cannot be.

    `destination` needs either `server` or `name`. With both, Argo CD says "application destination can't have both
    name and server defined"; with neither, "Destination server missing from app spec".

    Bad:

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
            name: in-cluster
            namespace: web

    Good:

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

    Source: Argo CD 3.6, util/argo/argo.go (GetDestinationServer)
    """
    for application in landscape(view).applications:
        destination = application.destination
        if destination.get("server") and destination.get("name"):
            message = "the destination has both server and name"
            yield application.problem(message, "spec", "destination", "name", hint="keep one of them")
        elif not destination.get("server") and not destination.get("name"):
            message = "the destination has neither server nor name"
            yield application.problem(message, "spec", "destination", hint="name the cluster")
        namespace = application.namespace
        if namespace and not _NAMESPACE.fullmatch(namespace):
            message = f'"{namespace}" can be no namespace'
            hint = "lower case letters, digits and hyphens, 63 at most"
            yield application.problem(message, "spec", "destination", "namespace", hint=hint)


@rule("cluster-unknown", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def cluster_unknown(view: RepositoryView) -> Iterator[Reported]:
    """An Application goes to a cluster that Argo CD does not know.

    Argo CD then says "there are no clusters with this name". Looked up in the clusters that gitops.yaml lists under
    `argocd.clusters` and for its environments; without that list nothing is said. Argo CD's own cluster needs no entry.

    Bad:

        # gitops.yaml
        version: 1
        layout: apps/{app}/overlays/{env}
        environments:
          - name: staging
          - name: production
        argocd:
          path: argocd
          repoURL: https://git.example.com/shop/manifests.git
          clusters:
            - name: seoul
              server: https://seoul.example.com
        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: open
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            name: soul
            namespace: web

    Good:

        # gitops.yaml
        version: 1
        layout: apps/{app}/overlays/{env}
        environments:
          - name: staging
          - name: production
        argocd:
          path: argocd
          repoURL: https://git.example.com/shop/manifests.git
          clusters:
            - name: seoul
              server: https://seoul.example.com
        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: open
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            name: seoul
            namespace: web

    Source: Argo CD 3.6, util/argo/argo.go (GetDestinationCluster)
    """
    listed = view.settings.argocd.clusters
    if listed is None:
        return
    environments = {environment.cluster for environment in view.settings.environments if environment.cluster}
    known = {
        "name": {"in-cluster", *(cluster.name for cluster in listed), *environments},
        "server": {_OWN, *(cluster.server.rstrip("/") for cluster in listed), *environments},
    }
    for application in landscape(view).applications:
        for key, names in known.items():
            written = known_text(application.destination.get(key))
            if written and written.rstrip("/") not in names:
                message = f'there is no cluster "{written}" in argocd.clusters of gitops.yaml'
                yield application.problem(message, "spec", "destination", key, hint=did_you_mean(written, names))


RULES = (application_destination, cluster_unknown)
