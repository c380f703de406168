"""Rules on custom resources and what defines them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.rules.argocd.hooks import annotation, words
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported
from gitops_tool.rules.argocd.options import SYNC_OPTIONS
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.argocd.landscape import Kind
    from gitops_tool.rules.base import RepositoryView

_SKIP_DRY_RUN = "SkipDryRunOnMissingResource=true"


@rule("definition-elsewhere", family=Family.ARGOCD, severity=Severity.INFO, scope=Scope.REPOSITORY)
def definition_elsewhere(view: RepositoryView) -> Iterator[Reported]:
    """An Application has custom resources whose definition another Application brings.

    In a new cluster the dry run fails until that one is synced: "the server could not find the requested resource". Set
    `SkipDryRunOnMissingResource=true`, on the objects or on the Application.

    Bad:

        # apps/crds/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - crd.yaml
        # apps/crds/overlays/production/crd.yaml
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - cart.yaml
        # apps/web/overlays/production/cart.yaml
        apiVersion: shop.example.com/v1
        kind: Cart
        metadata:
          name: web

    Good:

        # apps/crds/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - crd.yaml
        # apps/crds/overlays/production/crd.yaml
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: carts.shop.example.com
        spec:
          group: shop.example.com
          scope: Namespaced
          names:
            kind: Cart
            plural: carts
        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - cart.yaml
        # apps/web/overlays/production/cart.yaml
        apiVersion: shop.example.com/v1
        kind: Cart
        metadata:
          name: web
          annotations:
            argocd.argoproj.io/sync-options: SkipDryRunOnMissingResource=true

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ (Skip Dry Run for new custom
    resources types)
    """
    found = landscape(view)
    for application in found.applications if found.definitions else ():
        if _SKIP_DRY_RUN in application.options:
            continue
        for kind, (overlay, item) in _instances(found, application).items():
            brought_by = {definition.view.overlay.path for definition in found.definitions[kind]}
            if not brought_by & {own.overlay.path for own in application.overlays}:
                message = f'Application "{application.name}" needs {kind[1]}, which "{min(brought_by)}" defines'
                hint = f"add {_SKIP_DRY_RUN} to its syncOptions"
                yield overlay, Problem(message, item, ("kind",), hint)


def _instances(found: Landscape, application: Application) -> dict[Kind, tuple[OverlayView, Resource]]:
    """Return the first object of each kind that is defined in the repository."""
    instances: dict[Kind, tuple[OverlayView, Resource]] = {}
    for overlay in application.overlays:
        for item in overlay.render.resources:
            kind = (item.id.group, item.id.kind)
            if kind in found.definitions and _SKIP_DRY_RUN not in words(annotation(item, SYNC_OPTIONS)):
                instances.setdefault(kind, (overlay, item))
    return instances


RULES = (definition_elsewhere,)
