"""Rules on ApplicationSets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Reported
from gitops_tool.rules.base import Family, Scope, rule

if TYPE_CHECKING:
    from gitops_tool.rules.base import RepositoryView


@rule("applicationset-template", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def applicationset_template(view: RepositoryView) -> Iterator[Reported]:
    """An ApplicationSet cannot be expanded, or not into Applications that can be.

    A generator that is not valid, a template that Go refuses, a parameter that is missing, a name that is there twice
    or is none: Argo CD then changes no Application of the set, or writes one that never syncs. Lists, directories and
    files of this repository, the clusters of `argocd.clusters` in gitops.yaml, and matrices and merges of them are
    expanded just as Argo CD does it; the other rules look at the Applications that come of it.

    Bad:

        # argocd/environments.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: environments
          namespace: argocd
        spec:
          goTemplate: true
          goTemplateOptions:
            - missingkey=error
          generators:
            - list:
                elements:
                  - environment: staging
          template:
            metadata:
              name: web-{{.env}}
            spec:
              project: shop
              source:
                repoURL: https://git.example.com/shop/manifests.git
                path: apps/web/overlays/staging
                targetRevision: main
              destination:
                server: https://kubernetes.default.svc
                namespace: web

    Good:

        # argocd/environments.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: environments
          namespace: argocd
        spec:
          goTemplate: true
          goTemplateOptions:
            - missingkey=error
          generators:
            - list:
                elements:
                  - environment: staging
          template:
            metadata:
              name: web-{{.environment}}
            spec:
              project: shop
              source:
                repoURL: https://git.example.com/shop/manifests.git
                path: apps/web/overlays/staging
                targetRevision: main
              destination:
                server: https://kubernetes.default.svc
                namespace: web

    Source: Argo CD 3.6, applicationset/controllers/template/template.go (GenerateApplications) and
    validateGeneratedApplications in applicationset/controllers/applicationset_controller.go
    """
    for item in landscape(view).sets:
        for fault in item.problems:
            yield item.declared.problem(fault.message, *fault.pointer, hint=fault.hint)


@rule("applicationset-not-checked", family=Family.ARGOCD, severity=Severity.INFO, scope=Scope.REPOSITORY)
def applicationset_not_checked(view: RepositoryView) -> Iterator[Reported]:
    """A part of an ApplicationSet is not checked, because it says nothing here.

    Some generators ask a Git server, a plugin or the cluster; the git generator may read another repository; a template
    may call a function that is not known here. The Applications that come of it are not looked at.

    Bad:

        # argocd/clusters.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: clusters
          namespace: argocd
        spec:
          goTemplate: true
          generators:
            - clusters: {}
          template:
            metadata:
              name: web-{{.nameNormalized}}
            spec:
              project: shop
              source:
                repoURL: https://git.example.com/shop/manifests.git
                path: apps/web/overlays/staging
                targetRevision: main
              destination:
                server: "{{.server}}"
                namespace: web

    Good:

        # gitops.yaml
        environments:
          - name: staging
          - name: production
        argocd:
          path: argocd
          repoURL: https://git.example.com/shop/manifests.git
          clusters:
            - name: in-cluster
              server: https://kubernetes.default.svc
        # argocd/clusters.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: clusters
          namespace: argocd
        spec:
          goTemplate: true
          generators:
            - clusters: {}
          template:
            metadata:
              name: web-{{.nameNormalized}}
            spec:
              project: shop
              source:
                repoURL: https://git.example.com/shop/manifests.git
                path: apps/web/overlays/staging
                targetRevision: main
              destination:
                server: "{{.server}}"
                namespace: web

    Source: https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators/
    """
    for item in landscape(view).sets:
        for gap in item.unchecked:
            yield item.declared.problem(f"not checked: {gap.reason}", *gap.pointer)


RULES = (applicationset_template, applicationset_not_checked)
