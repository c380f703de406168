"""Rules on fields that an API server sets once and lets nobody change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.records import replace
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.api_server.problems import dotted, existing, shown
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.rules.changes.differences import changes_of
from gitops_tool.rules.changes.fields import SELECTORS, Refused, refused
from gitops_tool.rules.changes.pairs import changed, has_option, syncing
from gitops_tool.rules.deprecations import target_minor
from gitops_tool.tree import read
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.model import Location, Resource
    from gitops_tool.rules.argocd.objects import Application
    from gitops_tool.rules.base import ChangeView, OverlayView, Pointer

_FORCE = "Force=true"
_REPLACE = "Replace=true"
_SERVER_SIDE = "ServerSideApply=true"
_HINT = (
    "undo it, give the object a new name, or let the sync delete it and make it anew: "
    'annotation argocd.argoproj.io/sync-options: "Force=true,Replace=true"'
)
_ALONE = f"{_REPLACE} alone changes the object in place, which is refused, too: add {_FORCE} to delete it first"


@rule("immutable-selector", family=Family.API_SERVER, severity=Severity.ERROR, scope=Scope.CHANGE)
def immutable_selector(view: ChangeView) -> Iterator[Problem]:
    """A change alters the selector of a workload, which is immutable.

    The sync fails with "spec.selector: field is immutable". Often a label was added with `commonLabels`, or with
    `labels` and `includeSelectors`, which write it into selectors, too; `labels` with `includeTemplates` leaves them
    alone. Looked for wherever validation knows a state before: with `--changed-since` or `--base`, and in changes of
    this tool. An object that is a hook, or has the sync option `Force=true`, is made anew and may change.

    Bad:

        # before
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29
        # after
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
              team: shop
          template:
            metadata:
              labels:
                app: web
                team: shop
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Good:

        # before
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
            spec:
              containers:
                - name: web
                  image: nginx:1.29
        # after
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: web
        spec:
          selector:
            matchLabels:
              app: web
          template:
            metadata:
              labels:
                app: web
                team: shop
            spec:
              containers:
                - name: web
                  image: nginx:1.29

    Source: pkg/apis/apps/validation/validation.go and pkg/apis/batch/validation/validation.go of Kubernetes;
    argoproj/argo-cd#12439, kubernetes-sigs/kustomize#1009
    """
    applications = syncing(view)
    field = ("spec", "selector")
    for before, after in changed(view):
        if (after.id.group, after.id.kind) in SELECTORS:
            found = next(changes_of(field, before.body, after.body), None)
            if found is not None:
                place = _labelled(view.after, found[-1], dig(after.body, *found))
                for problem in _problem(before, after, Refused(field, found), applications):
                    yield replace(problem, location=place)


def _labelled(view: OverlayView, key: str | int, value: object) -> Location | None:
    """Return where a kustomization writes a label into selectors; None if none does."""
    for path in view.render.closure.kustomizations:
        data = read(view.tree, path)
        for number, document in enumerate(load_documents(data, path)):
            for pointer in _transformers(document):
                if value is not None and dig(document, *pointer, key) == value:
                    return locate(data, number, (*pointer, key), path)
    return None


def _transformers(document: object) -> Iterator[Pointer]:
    """Yield the ways to the labels that a kustomization writes into selectors, too."""
    yield ("commonLabels",)
    for index, entry in parts(dig(document, "labels")):
        if entry.get("includeSelectors") is True:
            yield ("labels", index, "pairs")


@rule("immutable-field", family=Family.API_SERVER, severity=Severity.ERROR, scope=Scope.CHANGE)
def immutable_field(view: ChangeView) -> Iterator[Problem]:
    """A change alters a field that the API server lets nobody change.

    A StatefulSet keeps all of its `spec` but replicas, template, update strategy and a few others; a Job its template
    and completions; a claim all but a larger request; a Service its `clusterIP`; a binding its `roleRef`; a Secret its
    type, and an immutable ConfigMap or Secret its data; so with StorageClasses, PriorityClasses and others.
    So is a StatefulSet's or, with server-side apply, a Deployment's change to a strategy that does not roll, as the
    settings that the API server filled in for the old one stay. The same states are compared as for
    `immutable-selector`, and the same objects may change. Of a Job with
    `ttlSecondsAfterFinished` it is a warning: it may be gone when the sync comes.

    Bad:

        # before
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: web
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: reader
        subjects:
          - kind: ServiceAccount
            name: web
        # after
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: web
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: writer
        subjects:
          - kind: ServiceAccount
            name: web

    Good:

        # before
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: web
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: reader
        subjects:
          - kind: ServiceAccount
            name: web
        # after
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata:
          name: web-writer
        roleRef:
          apiGroup: rbac.authorization.k8s.io
          kind: Role
          name: writer
        subjects:
          - kind: ServiceAccount
            name: web

    Source: the functions `Validate...Update` in pkg/apis/*/validation/validation.go of Kubernetes 1.25 to 1.36
    """
    applications = syncing(view)
    minor = target_minor(view.after)
    for before, after in changed(view):
        kind = (after.id.group, after.id.kind)
        server_side = has_option(after, applications, _SERVER_SIDE)
        for found in refused(kind, before.body, after.body, minor, server_side=server_side):
            yield from _problem(before, after, found, applications)


def _problem(
    before: Resource, after: Resource, found: Refused, applications: tuple[Application, ...]
) -> Iterator[Problem]:
    if has_option(after, applications, _FORCE):
        return
    message = f"{dotted(found.field)}: {found.why}"
    if after.id.kind != "Secret":
        message += f"; {_difference(before, after, found)}"
    severity, hint = found.severity, found.hint or _HINT
    if has_option(after, applications, _REPLACE):
        severity, hint = Severity.WARNING, _ALONE
    yield Problem(message, after, existing(after, found.value), hint, severity)


def _difference(before: Resource, after: Resource, found: Refused) -> str:
    one, other = dig(before.body, *found.value), dig(after.body, *found.value)
    inside = dotted(found.value[len(found.field) :]).removeprefix(".")
    what = inside or "it"
    if one is None:
        return f"{what} is new: {shown(other)}"
    if other is None:
        return f"{what} was {shown(one)} and is gone"
    if isinstance(one, list) and isinstance(other, list):
        return f"{what} had {len(one)} items, now {len(other)}" if len(one) != len(other) else f"{what} differs"
    return f"{what} was {shown(one)} and is now {shown(other)}"


RULES = (immutable_selector, immutable_field)
