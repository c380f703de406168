"""Rules on where an Application's objects go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Reported
from gitops_tool.rules.base import Family, Scope, rule

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView


@rule("application-destination", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_destination(view: RepositoryView) -> Iterator[Reported]:
    """An Application names no cluster, or names it twice.

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


RULES = (application_destination,)
