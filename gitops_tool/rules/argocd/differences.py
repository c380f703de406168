"""Rules on what Argo CD is told to leave alone, and on what others change under its hands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported, known_text
from gitops_tool.rules.argocd.patterns import matches_glob
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, dig, rule

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.base import RepositoryView

_REPLICAS = "/spec/replicas"
_AUTOSCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): "",
    ("keda.sh", "ScaledObject"): "Deployment",
}
"""Kinds that change another object's replicas, and the kind of that where `scaleTargetRef` names none."""

_JQ_MARKS = lazy_pattern(r"""\"(?:[^\"\\]|\\.)*\"|[\[\](){}'\"]""")
"""Texts, which are passed over, and brackets and quotes outside of them."""


@rule("ignore-differences-unmatched", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def ignore_differences_unmatched(view: RepositoryView) -> Iterator[Reported]:
    """An entry of `ignoreDifferences` matches no object of the Application, or has a pointer that is none.

    `group` and `kind` are globs, and a missing `group` means the core group only: Deployments need `group: apps`. A
    JSON pointer begins with a slash.

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
          ignoreDifferences:
            - kind: Deployment
              jsonPointers:
                - /spec/replicas

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
          ignoreDifferences:
            - group: apps
              kind: Deployment
              jsonPointers:
                - /spec/replicas

    Source: Argo CD 3.6, util/argo/normalizers/diff_normalizer.go (Normalize); argoproj/argo-cd#28590
    """
    found = landscape(view)
    for application in found.applications:
        for index, entry in _entries(application):
            place = ("spec", "ignoreDifferences", index)
            pointers = entry.get("jsonPointers")
            for number, pointer in enumerate(pointers if isinstance(pointers, list) else []):
                if known_text(pointer) and not pointer.startswith("/"):
                    message = f'"{pointer}" is no JSON pointer, so nothing is ignored'
                    hint = f'write "/{pointer.strip("$.").replace(".", "/")}"'
                    yield application.problem(message, *place, "jsonPointers", number, hint=hint)
            if application.is_whole and not any(
                _covers(found, application, entry, item)
                for overlay in application.overlays
                for item in overlay.render.resources
            ):
                message = f"this entry matches no object of the Application ({_shown(entry)})"
                yield application.problem(message, *place, hint=_right_group(application, entry))


def _entries(application: Application) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = application.spec.get("ignoreDifferences")
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield index, entry


def _covers(found: Landscape, application: Application, entry: Mapping[str, Any], item: Resource) -> bool:
    name, namespace = entry.get("name"), entry.get("namespace")
    return (
        matches_glob(str(entry.get("group") or ""), item.id.group)
        and matches_glob(str(entry.get("kind") or ""), item.id.kind)
        and (not name or name == item.id.name)
        and (not namespace or namespace == found.namespace_of(item, application))
    )


def _right_group(application: Application, entry: Mapping[str, Any]) -> str | None:
    """Return what to write where only the group is wrong."""
    groups = {
        item.id.group
        for overlay in application.overlays
        for item in overlay.render.resources
        if item.id.kind == entry.get("kind") and item.id.group != (entry.get("group") or "")
    }
    return f'its group is "{min(groups)}"' if groups else None


def _shown(entry: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}: {entry[key]}" for key in ("group", "kind", "namespace", "name") if entry.get(key))


@rule("jq-expression-invalid", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def jq_expression_invalid(view: RepositoryView) -> Iterator[Reported]:
    """A jq expression of `ignoreDifferences` cannot be read, so nothing of the Application is compared.

    Argo CD says "failed to create diff normalizer" and syncs nothing. Only brackets and quotes are looked at: texts
    are in double quotes.

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
          ignoreDifferences:
            - group: apps
              kind: Deployment
              jqPathExpressions:
                - .spec.template.spec.containers[] | select(.name == 'web')

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
          ignoreDifferences:
            - group: apps
              kind: Deployment
              jqPathExpressions:
                - .spec.template.spec.containers[] | select(.name == "web")

    Source: Argo CD 3.6, util/argo/normalizers/diff_normalizer.go (NewIgnoreNormalizer);
    github.com/itchyny/gojq (Parse)
    """
    for application in landscape(view).applications:
        for index, entry in _entries(application):
            expressions = entry.get("jqPathExpressions")
            for number, text in enumerate(expressions if isinstance(expressions, list) else []):
                wrong = _jq_refusal(known_text(text))
                if wrong:
                    place = ("spec", "ignoreDifferences", index, "jqPathExpressions", number)
                    yield application.problem(f"the expression cannot be read: {wrong}", *place)


def _jq_refusal(text: str) -> str | None:
    """Return what is wrong with brackets and quotes; None where only jq can tell: comments, and texts in texts."""
    if "#" in text or "\\(" in text:
        return None
    opened: list[str] = []
    for mark in _JQ_MARKS.findall(text):
        if mark in "([{":
            opened.append(mark)
        elif mark in ")]}":
            if not opened or opened.pop() + mark not in {"()", "[]", "{}"}:
                return f'"{mark}" closes nothing'
        elif mark == "'":
            return "a text has to be in double quotes"
        elif mark == '"':
            return "a text does not end"
    return f'"{opened[-1]}" is not closed' if opened else None


@rule("replicas-autoscaled", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def replicas_autoscaled(view: RepositoryView) -> Iterator[Reported]:
    """An object has `replicas` in Git, and an autoscaler that changes them.

    Each sync sets the number back. Leave `replicas` out; or, where that cannot be, let the Application ignore
    `/spec/replicas` with `ignoreDifferences` **and** `RespectIgnoreDifferences=true`.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
          - autoscaler.yaml
        replicas:
          - name: web
            count: 3
        # apps/web/overlays/production/autoscaler.yaml
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
          minReplicas: 3
          maxReplicas: 9

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
          - autoscaler.yaml
        # apps/web/overlays/production/autoscaler.yaml
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata:
          name: web
        spec:
          scaleTargetRef:
            apiVersion: apps/v1
            kind: Deployment
            name: web
          minReplicas: 3
          maxReplicas: 9

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/ (Leaving Room For Imperativeness);
    argoproj/argo-cd#5105, argoproj/argo-cd#2748
    """
    found = landscape(view)
    for overlay in view.overlays:
        scaled = _scaled(overlay)
        for item in overlay.render.resources if scaled else ():
            scaler = scaled.get((item.id.group, item.id.kind, item.id.namespace, item.id.name))
            if scaler is None or dig(item.body, "spec", "replicas") is None:
                continue
            applications = found.syncing(overlay)
            if applications and all(_leaves_replicas(found, application, item) for application in applications):
                continue
            message = f"each sync sets replicas back, which {scaler} changes"
            yield overlay, Problem(message, item, ("spec", "replicas"), "remove replicas")


def _scaled(overlay: OverlayView) -> dict[tuple[str, str, str, str], str]:
    """Return what autoscalers change: group, kind, namespace and name, each with the autoscaler."""
    found = {}
    for item in overlay.render.resources:
        kind = (item.id.group, item.id.kind)
        target = dig(item.body, "spec", "scaleTargetRef")
        if kind in _AUTOSCALERS and isinstance(target, dict):
            group = str(target.get("apiVersion") or "apps/v1").rpartition("/")[0]
            wanted = str(target.get("kind") or _AUTOSCALERS[kind])
            found[group, wanted, item.id.namespace, str(target.get("name"))] = f'{item.id.kind} "{item.id.name}"'
    return found


def _leaves_replicas(found: Landscape, application: Application, item: Resource) -> bool:
    if "RespectIgnoreDifferences=true" not in application.options:
        return False
    return any(
        _covers(found, application, entry, item) and _ignores_replicas(entry) for _, entry in _entries(application)
    )


def _ignores_replicas(entry: Mapping[str, Any]) -> bool:
    pointers, paths = entry.get("jsonPointers"), entry.get("jqPathExpressions")
    return (
        (isinstance(pointers, list) and _REPLICAS in pointers)
        or (isinstance(paths, list) and any(".spec.replicas" in str(path) for path in paths))
        or bool(entry.get("managedFieldsManagers"))
    )


RULES = (ignore_differences_unmatched, jq_expression_invalid, replicas_autoscaled)
