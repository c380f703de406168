"""Rules on the namespaces that objects go to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.errors import GitopsError
from gitops_tool.model import Severity
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported
from gitops_tool.rules.argocd.permissions import projects_meant
from gitops_tool.rules.argocd.projects import permits_kind
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, dig, rule
from gitops_tool.tree import read
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.rules.argocd.projects import Cluster
    from gitops_tool.rules.base import RepositoryView

_NAMESPACE_KINDS = frozenset({("", "Namespace"), ("project.openshift.io", "Project")})
_CREATE = "CreateNamespace=true"
_GIVEN = ("kube-", "openshift")
"""What the names of namespaces begin with that come with a cluster."""


@rule("namespace-not-created", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def namespace_not_created(view: RepositoryView) -> Iterator[Reported]:
    """Nothing creates the namespace that an Application's objects go to.

    The sync fails unless the namespace is in the cluster already: no overlay of that cluster renders it, and no
    Application has `CreateNamespace=true`, or its project does not permit Namespaces. Name it under `external` in
    gitops.yaml (`Namespace//web`) if it is made elsewhere.

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

    Good:

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
            server: https://kubernetes.default.svc
            namespace: web
          syncPolicy:
            syncOptions:
              - CreateNamespace=true

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ (Create Namespace)
    """
    if not view.complete:
        return
    found = landscape(view)
    created = _created(found, view)
    given = {"default", view.settings.argocd.namespace, *_external(view)}
    for application in found.applications:
        name, cluster = application.namespace, application.cluster
        if not name or cluster is None or name in given or name.startswith(_GIVEN):
            continue
        if name == application.declared.resource.id.namespace or created & {(cluster, name), (None, name)}:
            continue
        if _uses(found, application):
            message = f'nothing here creates the namespace "{name}"'
            hint = "add CreateNamespace=true to syncOptions, or a Namespace to the manifests"
            if _CREATE in application.options:
                message = f'CreateNamespace=true does not create "{name}", as the project does not permit a Namespace'
                hint = "add it to the project's clusterResourceWhitelist"
            yield application.problem(message, "spec", "destination", "namespace", hint=hint)


def _created(found: Landscape, view: RepositoryView) -> set[tuple[Cluster | None, str]]:
    """Return the namespaces that are created, with the cluster; None for one that no Application tells."""
    created: set[tuple[Cluster | None, str]] = {
        (application.cluster, application.namespace)
        for application in found.applications
        if _CREATE in application.options and _may_create(found, application)
    }
    for overlay in view.overlays:
        clusters = {application.cluster for application in found.syncing(overlay)} or {None}
        for item in overlay.render.resources:
            if (item.id.group, item.id.kind) in _NAMESPACE_KINDS:
                created |= {(cluster, item.id.name) for cluster in clusters}
    return created


def _may_create(found: Landscape, application: Application) -> bool:
    """Whether a project lets an Application create its namespace; so does one that is not known."""
    meant = projects_meant(found, application)
    name = application.namespace
    return not meant or any(permits_kind(item.spec, "", "Namespace", name, namespaced=False) for item in meant)


def _external(view: RepositoryView) -> set[str]:
    return {name.removeprefix("Namespace//") for name in view.settings.external if name.startswith("Namespace//")}


def _uses(found: Landscape, application: Application) -> bool:
    return any(
        found.namespace_of(item, application) == application.namespace
        for overlay in application.overlays
        for item in overlay.render.resources
    )


@rule("namespace-missing", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def namespace_missing(view: RepositoryView) -> Iterator[Reported]:
    """An object needs a namespace, and neither it nor the Application's destination names one.

    Bad:

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
            server: https://kubernetes.default.svc

    Good:

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
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, controller/state.go (NormalizeTargetObjects)
    """
    found = landscape(view)
    for application in found.applications:
        if application.destination.get("namespace"):
            continue
        for overlay in application.overlays:
            lost = next(
                (
                    item
                    for item in overlay.render.resources
                    if not item.id.namespace and found.is_namespaced(item.id.group, item.id.kind)
                ),
                None,
            )
            if lost is not None:
                message = f"the destination has no namespace, and {lost.id} names none either"
                yield application.problem(message, "spec", "destination", hint="add a namespace")


@rule("namespace-on-cluster-object", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def namespace_on_cluster_object(view: RepositoryView) -> Iterator[Reported]:
    """An object of a kind that has no namespace names one.

    Argo CD takes it out again. Namespaces that a kustomization's `namespace` puts everywhere do not count.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - priority.yaml
        # apps/web/overlays/production/priority.yaml
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata:
          name: web
          namespace: web
        value: 1000

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - priority.yaml
        # apps/web/overlays/production/priority.yaml
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata:
          name: web
        value: 1000

    Source: Argo CD 3.6, controller/state.go (NormalizeTargetObjects)
    """
    found = landscape(view)
    for overlay in view.overlays:
        named = [
            item
            for item in overlay.render.resources
            if item.id.namespace and found.is_namespaced(item.id.group, item.id.kind) is False
        ]
        if named and not _sets_namespaces(overlay):
            for item in named:
                message = f'a {item.id.kind} has no namespace, and this one names "{item.id.namespace}"'
                yield overlay, Problem(message, item, ("metadata", "namespace"), "remove it")


def _sets_namespaces(overlay: OverlayView) -> bool:
    """Whether a kustomization gives every object a namespace, known or not to be without."""
    for path in overlay.render.closure.kustomizations:
        try:
            documents = load_documents(read(overlay.tree, path), path)
        except GitopsError:
            return True
        if any(dig(document, key) for document in documents for key in ("namespace", "transformers")):
            return True
    return False


RULES = (namespace_not_created, namespace_missing, namespace_on_cluster_object)
