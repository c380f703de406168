"""Rules on sync options, finalizers and retries: texts that Argo CD compares whole and without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.hooks import annotation, words
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import GROUP, Reported, known_text
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import RepositoryView

SYNC_OPTIONS = "argocd.argoproj.io/sync-options"

_FLAG = frozenset({"true", "false"})
_GUARD = frozenset({"true", "false", "confirm"})
_EVERYWHERE: Mapping[str, frozenset[str]] = {
    "Delete": _GUARD,
    "Prune": _GUARD,
    "PruneLast": _FLAG,
    "Replace": _FLAG,
    "ServerSideApply": _FLAG,
    "SkipDryRunOnMissingResource": _FLAG,
    "Validate": _FLAG,
}
_OF_APPLICATIONS = {
    **_EVERYWHERE,
    "ApplyOutOfSyncOnly": _FLAG,
    "ClientSideApplyMigration": _FLAG,
    "CreateNamespace": _FLAG,
    "FailOnSharedResource": _FLAG,
    "PrunePropagationPolicy": frozenset({"background", "foreground", "orphan"}),
    "RespectIgnoreDifferences": _FLAG,
}
_OF_OBJECTS = {**_EVERYWHERE, "Force": _FLAG}

_FINALIZERS = frozenset(
    {
        "resources-finalizer.argocd.argoproj.io",
        "resources-finalizer.argocd.argoproj.io/background",
        "resources-finalizer.argocd.argoproj.io/foreground",
        "pre-delete-finalizer.argocd.argoproj.io",
        "pre-delete-finalizer.argocd.argoproj.io/cleanup",
        "post-delete-finalizer.argocd.argoproj.io",
        "post-delete-finalizer.argocd.argoproj.io/cleanup",
    }
)
_DURATION = lazy_pattern(r"[+-]?\d+|[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+", re.ASCII)


@rule("sync-option-unknown", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def sync_option_unknown(view: RepositoryView) -> Iterator[Reported]:
    """An Application has a sync option that Argo CD does not know.

    Options are compared as a whole, with case: `createNamespace=true` and `CreateNamespace=yes` do nothing, and
    nothing says so. `Force=true` works only as an annotation of an object.

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
            namespace: web
          syncPolicy:
            syncOptions:
              - serverSideApply=true

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
          syncPolicy:
            syncOptions:
              - ServerSideApply=true

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/types.go (HasOption, GetOptionValue), controller/sync.go;
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for application in landscape(view).applications:
        options = dig(application.spec, "syncPolicy", "syncOptions")
        for index, option in enumerate(options if isinstance(options, list) else []):
            hint = _unknown(option, _OF_APPLICATIONS) if known_text(option) else None
            if hint is not None:
                message = f'sync option "{option}" is none that Argo CD knows: it has no effect'
                yield application.problem(message, "spec", "syncPolicy", "syncOptions", index, hint=hint)


@rule("sync-option-annotation-unknown", family=Family.ARGOCD, severity=Severity.WARNING)
def sync_option_annotation_unknown(resource: Resource) -> Iterator[Problem]:
    """An object has a sync option that Argo CD does not know for objects.

    Some options, such as `CreateNamespace`, work only in an Application.

    Bad:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          annotations:
            argocd.argoproj.io/sync-options: Prune=no

    Good:

        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: web
          annotations:
            argocd.argoproj.io/sync-options: Prune=false

    Source: Argo CD 3.6, gitops-engine/pkg/sync/resource/annotations.go (HasAnnotationOption);
    https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/
    """
    for option in words(annotation(resource, SYNC_OPTIONS)):
        hint = _unknown(option, _OF_OBJECTS)
        if hint is not None:
            message = f'sync option "{option}" is none that Argo CD knows for an object: it has no effect'
            yield Problem(message, resource, ("metadata", "annotations", SYNC_OPTIONS), hint)


def _unknown(option: str, known: Mapping[str, frozenset[str]]) -> str | None:
    """Return what to write instead of an option, None if it is known."""
    key, _, value = option.partition("=")
    if value in known.get(key, ()):
        return None
    if key in known:
        return f"{key} is one of: {', '.join(sorted(known[key]))}"
    if key in _OF_OBJECTS:
        return f"{key} works only in the annotation {SYNC_OPTIONS} of an object"
    if key in _OF_APPLICATIONS:
        return f"{key} works only in the syncOptions of an Application"
    options = [f"{name}={choice}" for name, choices in known.items() for choice in sorted(choices)]
    same = next((candidate for candidate in options if candidate.casefold() == option.strip().casefold()), None)
    return f'did you mean "{same}"?' if same else did_you_mean(option.strip(), options) or f"known: {', '.join(known)}"


@rule("finalizer-unknown", family=Family.ARGOCD, severity=Severity.ERROR)
def finalizer_unknown(resource: Resource) -> Iterator[Problem]:
    """An Application or AppProject has a finalizer that nobody removes.

    Its deletion then hangs for ever. Names of other domains are a warning, because a controller of yours may know them.
    The API server's "prefer a domain-qualified finalizer name" is harmless.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
          finalizers:
            - resources-finalizer.argocd.io
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Good:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
          finalizers:
            - resources-finalizer.argocd.argoproj.io
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/application_defaults.go; argoproj/argo-cd#21035
    """
    if resource.id.group != GROUP or resource.id.kind not in {"Application", "AppProject"}:
        return
    known = _FINALIZERS if resource.id.kind == "Application" else {"resources-finalizer.argocd.argoproj.io"}
    finalizers = dig(resource.body, "metadata", "finalizers")
    for index, name in enumerate(finalizers if isinstance(finalizers, list) else []):
        if not known_text(name) or name in known or name in {"foregroundDeletion", "orphan"}:
            continue
        severity = Severity.ERROR if "argo" in name else Severity.WARNING
        hint = did_you_mean(name, known) or f"Argo CD removes: {', '.join(sorted(known))}"
        message = f'finalizer "{name}" is removed by nobody: deleting the {resource.id.kind} would hang'
        yield Problem(message, resource, ("metadata", "finalizers", index), hint, severity)


@rule("retry-duration", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def retry_duration(view: RepositoryView) -> Iterator[Reported]:
    """A retry's duration cannot be read, so the first failed sync is the last.

    Argo CD takes whole seconds (`30`) or Go's durations (`5s`, `1m30s`, `2h`); there are no days.

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
            namespace: web
          syncPolicy:
            retry:
              limit: 5
              backoff:
                duration: 5 seconds

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
          syncPolicy:
            retry:
              limit: 5
              backoff:
                duration: 5s

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/types.go (parseStringToDuration, NextRetryAt)
    """
    for application in landscape(view).applications:
        for key in ("duration", "maxDuration"):
            text = known_text(dig(application.spec, "syncPolicy", "retry", "backoff", key))
            if text and not _DURATION.fullmatch(text):
                message = f'{key} "{text}" is not a duration'
                hint = "write seconds, or a duration such as 5s, 3m or 1h30m"
                yield application.problem(message, "spec", "syncPolicy", "retry", "backoff", key, hint=hint)


@rule("allow-empty", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def allow_empty(view: RepositoryView) -> Iterator[Reported]:
    """An Application may delete everything that it syncs when nothing is rendered any more.

    By default automatic sync stops with "auto-sync will wipe out all resources" where a directory has become empty, by
    a mistake in a kustomization for instance. `allowEmpty: true` takes that guard away.

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
            namespace: web
          syncPolicy:
            automated:
              prune: true
              allowEmpty: true

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
          syncPolicy:
            automated:
              prune: true

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/ (Automatic Pruning with Allow-Empty);
    argoproj/argo-cd#23645
    """
    for application in landscape(view).applications:
        automated = dig(application.spec, "syncPolicy", "automated")
        if dig(automated, "allowEmpty") is True and dig(automated, "enabled") is not False:
            message = "an empty render would delete everything that the Application syncs"
            hint = "leave allowEmpty out; the sync then stops instead"
            yield application.problem(message, "spec", "syncPolicy", "automated", "allowEmpty", hint=hint)


RULES = (allow_empty, sync_option_unknown, sync_option_annotation_unknown, finalizer_unknown, retry_duration)
