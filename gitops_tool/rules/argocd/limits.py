"""Rules on the size of objects."""

from __future__ import annotations

import json
import marshal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.rules.argocd.hooks import annotation, words
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Application, Reported
from gitops_tool.rules.argocd.options import SYNC_OPTIONS
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import RepositoryView

ANNOTATIONS_LIMIT = 262144
"""Bytes that all annotations of an object may take together, keys included."""

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SERVER_SIDE, _CLIENT_SIDE, _REPLACE = "ServerSideApply=true", "ServerSideApply=false", "Replace=true"


@rule("object-too-large", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def object_too_large(view: RepositoryView) -> Iterator[Reported]:
    """An object is too large for client-side apply, which copies it into an annotation.

    Annotations may take 262144 bytes together; the API server says "metadata.annotations: Too long". With
    `ServerSideApply=true` or `Replace=true` there is no such copy. Where it is not known which Application syncs
    the object, the finding is a warning.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        configMapGenerator:
          - name: dashboards
            files:
              - 300-kilobytes.json

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        configMapGenerator:
          - name: dashboards
            files:
              - 300-kilobytes.json
            options:
              annotations:
                argocd.argoproj.io/sync-options: ServerSideApply=true

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/ (Server-Side Apply);
    argoproj/argo-cd#8128; k8s.io/apimachinery/pkg/api/validation/objectmeta.go (TotalAnnotationSizeLimitB)
    """
    found = landscape(view)
    for overlay in view.overlays:
        for item in overlay.render.resources:
            size = _annotations_size(item)
            if size <= ANNOTATIONS_LIMIT:
                continue
            applications = found.syncing(overlay)
            copying = [application for application in applications if _is_copied(application, item)]
            if copying or (not applications and _is_copied(None, item)):
                message = f"client-side apply needs {size} bytes of annotations, and {ANNOTATIONS_LIMIT} are allowed"
                hint = "add ServerSideApply=true to the Application's syncOptions"
                severity = Severity.ERROR if copying else Severity.WARNING
                yield overlay, Problem(message, item, ("metadata", "name"), hint, severity)


def _annotations_size(item: Resource) -> int:
    """Return how many bytes the annotations take at least, once the copy is among them: JSON as Go writes it.

    Of an object that is small in any case it is 0.
    """
    if _is_small(item.body):
        return 0
    text = json.dumps(item.body, separators=(",", ":"), ensure_ascii=False, default=str)
    escaped = sum(text.count(char) for char in "<>&\u2028\u2029") * 5
    size = len(text.encode()) + escaped + len(_LAST_APPLIED) + 1
    annotations = dig(item.body, "metadata", "annotations")
    for key, value in (annotations if isinstance(annotations, dict) else {}).items():
        size += len(key.encode()) + len(str(value).encode())
    return size


def _is_small(body: Any) -> bool:
    """Whether an object is far from the limit, told in a fifth of the time that its JSON takes.

    JSON takes at most six times as many bytes as Python's own format, and an annotation counts twice.
    """
    try:
        return len(marshal.dumps(body, 2)) * 12 < ANNOTATIONS_LIMIT
    except ValueError:
        return False


def _is_copied(application: Application | None, item: Resource) -> bool:
    own = words(annotation(item, SYNC_OPTIONS))
    if _REPLACE in own:
        return False
    if application is not None and _REPLACE in application.options:
        return False
    if _CLIENT_SIDE in own:
        return True
    return _SERVER_SIDE not in own and (application is None or _SERVER_SIDE not in application.options)


RULES = (object_too_large,)
