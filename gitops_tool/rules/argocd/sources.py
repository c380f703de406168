"""Rules on where an Application's manifests come from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Application, Reported, known_text, written_sources
from gitops_tool.rules.base import Family, Scope, dig, rule

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer, RepositoryView

_REF = lazy_pattern(r"[a-zA-Z0-9_-]+")


@rule("application-source", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_source(view: RepositoryView) -> Iterator[Reported]:
    """An Application does not say completely where its manifests come from.

    A source needs `repoURL` and one of `path`, `chart` and (among several sources) `ref`; a chart needs
    `targetRevision`. Where `source` and `sources` are both there, `source` is ignored without a word. A
    `ref` holds letters, digits, `_` and `-`, and is there once.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://charts.example.com
            chart: redis
          destination:
            server: https://kubernetes.default.svc
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
            repoURL: https://charts.example.com
            chart: redis
            targetRevision: 20.1.0
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, util/argo/argo.go (validateSourcePermissions, validateSourceHydrator, GetRefSources) and
    pkg/apis/application/v1alpha1/types.go (HasMultipleSources)
    """
    for application in landscape(view).applications:
        spec = application.spec
        if isinstance(spec.get("sourceHydrator"), dict):
            yield from _hydrator_problems(application, spec["sourceHydrator"])
            continue
        if spec.get("source") and spec.get("sources"):
            message = "spec.source is ignored, because spec.sources is there, too"
            yield application.problem(message, "spec", "source", hint="remove one", severity=Severity.WARNING)
        sources = written_sources(spec)
        if not sources:
            yield application.problem("the Application has no source", "spec")
        for body, pointer in sources:
            yield from _incomplete(application, body, pointer, several="sources" in pointer)
        yield from _reference_problems(application)


def _incomplete(
    application: Application, body: Mapping[str, Any], pointer: Pointer, *, several: bool
) -> Iterator[Reported]:
    ways = ("path", "chart", "ref") if several else ("path", "chart")
    if not body.get("repoURL"):
        yield application.problem("the source has no repoURL", *pointer)
    elif not any(body.get(way) for way in ways):
        what = ", ".join(f'"{way}"' for way in ways[:-1])
        yield application.problem(f'the source has neither {what} nor "{ways[-1]}"', *pointer)
    elif body.get("chart") and not body.get("targetRevision"):
        hint = "set targetRevision to the chart's version"
        yield application.problem(f'chart "{body["chart"]}" has no targetRevision', *pointer, "chart", hint=hint)


def _hydrator_problems(application: Application, hydrator: Mapping[str, Any]) -> Iterator[Reported]:
    needed = [("drySource", "repoURL"), ("syncSource", "targetBranch")]
    if isinstance(hydrator.get("hydrateTo"), dict):
        needed.append(("hydrateTo", "targetBranch"))
    for keys in needed:
        if not dig(hydrator, *keys):
            message = f"spec.sourceHydrator.{'.'.join(keys)} is required"
            yield application.problem(message, "spec", "sourceHydrator", *keys)


def _reference_problems(application: Application) -> Iterator[Reported]:
    seen: set[str] = set()
    sources = application.spec.get("sources")
    for index, body in enumerate(sources if isinstance(sources, list) else []):
        ref = known_text(dig(body, "ref"))
        if ref and not _REF.fullmatch(ref):
            message = f'ref "{ref}" holds characters other than letters, digits, "_" and "-"'
            yield application.problem(message, "spec", "sources", index, "ref")
        elif ref in seen:
            yield application.problem(f'several sources have the ref "{ref}"', "spec", "sources", index, "ref")
        elif ref:
            seen.add(ref)


@rule("application-source-type", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def application_source_type(view: RepositoryView) -> Iterator[Reported]:
    """A source has options for several tools.

    Argo CD takes the tool from the options that are there: `kustomize`, `helm`, `directory` or `plugin`, and
    stops with "multiple application sources defined" at two of them.

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
            kustomize:
              commonLabels:
                team: shop
            helm:
              releaseName: web
          destination:
            server: https://kubernetes.default.svc
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
            kustomize:
              commonLabels:
                team: shop
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/types.go (ExplicitType), util/argo/argo.go (NormalizeSource)
    """
    for application in landscape(view).applications:
        for body, pointer in written_sources(application.spec):
            tools = [tool for tool in ("kustomize", "helm", "directory") if is_set(body.get(tool))]
            if body.get("plugin") is not None:
                tools.append("plugin")
            if len(tools) > 1:
                message = f"the source has options for several tools: {', '.join(tools)}"
                yield application.problem(message, *pointer, tools[1], hint="keep those of one")


def is_set(value: Any) -> bool:
    """Whether anything in a value differs from what Go takes for "not there"."""
    return any(is_set(child) for child in value.values()) if isinstance(value, dict) else bool(value)


RULES = (application_source, application_source_type)
