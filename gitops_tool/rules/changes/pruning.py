"""Rules on what a sync deletes because a change takes it out of the repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gitops_tool.layout import kustomization_in
from gitops_tool.model import Location, Severity
from gitops_tool.rules.argocd.objects import GROUP
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.rules.changes.pairs import has_option, removed, syncing
from gitops_tool.tree import FILES, mode_at

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.argocd.objects import Application
    from gitops_tool.rules.base import ChangeView

_KEPT = ("Prune=false", "Prune=confirm")
_CASCADES = "resources-finalizer.argocd.argoproj.io"
LOSSES: Mapping[tuple[str, str], str] = {
    ("", "Namespace"): "everything in it",
    ("", "PersistentVolume"): "what is stored in it, if its policy is to delete",
    ("", "PersistentVolumeClaim"): "what is stored in it, if its class deletes volumes",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "every object of that kind, in all namespaces",
    ("apps", "StatefulSet"): "its pods; its claims stay, or go, as their retention policy says",
    (GROUP, "Application"): "all that it syncs, because of its finalizer",
    (GROUP, "ApplicationSet"): "the Applications that it made",
}
"""What goes with an object of a kind."""


@rule("pruned-object", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.CHANGE)
def pruned_object(view: ChangeView) -> Iterator[Problem]:
    """A change takes an object out of an overlay whose deletion takes more with it.

    A sync that prunes deletes what has vanished from Git. Named are PersistentVolumeClaims and PersistentVolumes,
    Namespaces, CustomResourceDefinitions, StatefulSets, Applications with a finalizer for their resources, and
    ApplicationSets. A changed name or namespace is a deletion, too. Nothing is said of an object that had the sync
    option `Prune=false` or `Prune=confirm`; where no Application prunes by itself, it is an info. The same states are
    compared as for `immutable-selector`.

    Bad:

        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: orders
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 10Gi
        # after
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: orders-2
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 10Gi

    Good:

        # before
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: orders
          annotations:
            argocd.argoproj.io/sync-options: Prune=false
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 10Gi
        # after
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata:
          name: orders-2
        spec:
          accessModes:
            - ReadWriteOnce
          resources:
            requests:
              storage: 10Gi

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ (No Prune Resources);
    argoproj/argo-cd#4464
    """
    found = [(item, loss) for item in removed(view) if (loss := _loss(item))]
    if not found:
        return
    applications = syncing(view)
    prunes = not applications or any(_prunes(application) for application in applications)
    for item, loss in found:
        if not has_option(item, applications, *_KEPT):
            what = "would be deleted" if prunes else "is left to a sync that prunes"
            message = f"{item.id} is not rendered any more and {what}, and with it {loss}"
            hint = "first set its annotation argocd.argoproj.io/sync-options: Prune=false, in a commit of its own"
            severity = None if prunes else Severity.INFO
            yield Problem(message, item, hint=hint, severity=severity, location=_place(view, item))


def _loss(item: Resource) -> str | None:
    """Return what goes with an object; None where that is nothing to speak of."""
    kind = (item.id.group, item.id.kind)
    if kind == (GROUP, "Application") and not _cascades(item):
        return None
    if (
        kind == (GROUP, "ApplicationSet")
        and dig(item.body, "spec", "syncPolicy", "preserveResourcesOnDeletion") is True
    ):
        return None
    return LOSSES.get(kind)


def _cascades(item: Resource) -> bool:
    finalizers = dig(item.body, "metadata", "finalizers")
    return isinstance(finalizers, list) and any(str(name).startswith(_CASCADES) for name in finalizers)


def _prunes(application: Application) -> bool:
    return dig(application.spec, "syncPolicy", "automated", "prune") is True


def _place(view: ChangeView, item: Resource) -> Location:
    """Return the file that declared an object, if it is still there, else the kustomization nearest to where it was."""
    tree = view.after.tree
    files = view.after.render.closure.files
    origin = view.before.render.origin(item)
    if origin is None:
        return Location(view.after.render.entry)
    if origin in files and mode_at(tree, origin) in FILES:
        return Location(origin)
    for folder in origin.parents:
        nearest = kustomization_in(tree, folder)
        if nearest is not None and nearest in files:
            return Location(nearest)
    return Location(view.after.render.entry)


RULES = (pruned_object,)
