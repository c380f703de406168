"""Rules on what an Application's project lets it do."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from gitops_tool.model import Severity
from gitops_tool.records import record
from gitops_tool.rules.argocd import projects
from gitops_tool.rules.argocd.hooks import is_applied
from gitops_tool.rules.argocd.landscape import Landscape, landscape
from gitops_tool.rules.argocd.objects import Application, Reported, Same, known_text, written_sources
from gitops_tool.rules.base import Family, Problem, Scope, dig, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.argocd.objects import Declared, Source
    from gitops_tool.rules.argocd.projects import Cluster
    from gitops_tool.rules.base import Pointer, RepositoryView

_DEFAULT = "default"


@rule("project-missing", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def project_missing(view: RepositoryView) -> Iterator[Reported]:
    """An Application names a project that does not exist.

    Argo CD says "Application referencing project ... which does not exist" and syncs nothing. Projects that
    exist only in the cluster are named under `argocd.projects` in gitops.yaml. Where `argocd.path` is not set, the
    finding is a warning; for `default`, which every Argo CD has, it says only that nothing could be checked.

    Bad:

        # argocd/web.yaml
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shopp
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
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, util/argo/argo.go (GetAppProject); argoproj/argo-cd#1329
    """
    if not view.complete:
        return
    found = landscape(view)
    known = {*found.projects, *found.undecided, *view.settings.argocd.projects}
    for application in found.applications:
        name = application.project
        if not name or name in known:
            continue
        if name == _DEFAULT:
            message = 'project "default" is not in this repository, so what it permits is not checked'
            severity = Severity.INFO
        else:
            message = f'project "{name}" does not exist'
            severity = Severity.ERROR if view.settings.argocd.path is not None else Severity.WARNING
        hint = did_you_mean(name, known) or "list it under argocd.projects in gitops.yaml if it is in the cluster"
        yield application.problem(message, "spec", "project", hint=hint, severity=severity)


@rule("project-denies-application", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def project_denies_application(view: RepositoryView) -> Iterator[Reported]:
    """An Application lies in a namespace that its project does not list.

    Outside Argo CD's own namespace (`argocd.namespace` in gitops.yaml) an Application needs its namespace in
    the project's `sourceNamespaces`.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: web
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
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/app_project_types.go (IsAppNamespacePermitted)
    """
    found = landscape(view)
    for application in found.applications:
        namespace = application.declared.resource.id.namespace
        candidates = projects_meant(found, application)
        homes = {view.settings.argocd.namespace, "", *(project.resource.id.namespace for project in candidates)}
        if not candidates or not known_text(namespace) or namespace in homes:
            continue
        if not any(projects.permits_application_namespace(project.spec, namespace) for project in candidates):
            message = f'project "{application.project}" permits no Applications in namespace "{namespace}"'
            hint = "add the namespace to the project's sourceNamespaces"
            yield application.problem(message, "metadata", "namespace", hint=hint)


@rule("project-denies-repository", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def project_denies_repository(view: RepositoryView) -> Iterator[Reported]:
    """An Application takes manifests from a repository that its project does not permit.

    `sourceRepos` holds globs in which `*` stops at a slash and a leading `!` denies. URLs are compared in lower case
    and without `.git`; `git@host:path` and `https://host/path` are different.

    Bad:

        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: web
          namespace: argocd
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/other/manifests.git
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
        spec:
          project: shop
          source:
            repoURL: https://git.example.com/shop/manifests.git
            path: apps/web/overlays/production
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/app_project_types.go (IsSourcePermitted)
    """
    found = landscape(view)
    for application in found.applications:
        candidates = projects_meant(found, application)
        for body, pointer in written_sources(application.spec):
            url = known_text(body.get("repoURL"))
            if url and candidates and not any(projects.permits_repository(item.spec, url) for item in candidates):
                message = f'project "{application.project}" does not permit repository "{url}"'
                hint = "add it to the project's sourceRepos"
                yield application.problem(message, *pointer, "repoURL", hint=hint)


@rule("project-denies-destination", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def project_denies_destination(view: RepositoryView) -> Iterator[Reported]:
    """An Application goes to a cluster and namespace that its project does not permit.

    One entry of `destinations` must match both: the cluster by `server` or by `name`, and the namespace. An entry
    without a namespace matches only a destination without one. A leading `!` denies.

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
            namespace: payment

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

    Source: Argo CD 3.6, pkg/apis/application/v1alpha1/app_project_types.go (isDestinationMatched)
    """
    found = landscape(view)
    for application in found.applications:
        cluster, candidates = application.cluster, projects_meant(found, application)
        if cluster is None or not candidates or _is_open(application.destination.get("namespace")):
            continue
        if not any(projects.permits_destination(item.spec, cluster, application.namespace) for item in candidates):
            where = f'namespace "{application.namespace}" of cluster "{cluster}"'
            yield application.problem(
                f'project "{application.project}" does not permit {where}',
                *("spec", "destination", "namespace"),
                hint="add it to the project's destinations",
            )
        for source in application.sources:
            wanted = _namespace_set_by(found, source)
            if wanted and not any(projects.permits_destination(item.spec, cluster, wanted) for item in candidates):
                message = f'project "{application.project}" does not permit namespace "{wanted}" of cluster "{cluster}"'
                hint = "add it to the project's destinations"
                yield application.problem(message, *source.pointer, "kustomize", "namespace", hint=hint)


def _namespace_set_by(found: Landscape, source: Source) -> str:
    """Return the namespace that a source's own options put its objects into; empty where they do not."""
    wanted = known_text(dig(source.body, "kustomize", "namespace"))
    if not wanted or source.view is None:
        return ""
    items = source.view.render.resources
    return wanted if any(found.is_namespaced(item.id.group, item.id.kind) for item in items) else ""


def _is_open(namespace: object) -> bool:
    """Whether a namespace is filled in later."""
    return bool(namespace) and not known_text(namespace)


@rule("project-denies-object", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def project_denies_object(view: RepositoryView) -> Iterator[Reported]:
    """An Application's project does not permit an object's kind, or the namespace it goes to.

    Without `clusterResourceWhitelist` no object without a namespace is permitted, not even a Namespace; without
    `namespaceResourceWhitelist` every kind with a namespace is. A namespace that the manifest names needs a place in
    the project's `destinations` like the Application's own. One such object stops the sync of all.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - role.yaml
        # apps/web/overlays/production/role.yaml
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata:
          name: web
        rules: []

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - role.yaml
        # apps/web/overlays/production/role.yaml
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata:
          name: web
          namespace: web
        rules: []

    Source: Argo CD 3.6, controller/sync.go (validateSyncPermissions),
    pkg/apis/application/v1alpha1/app_project_types.go (IsGroupKindNamePermitted)
    """
    found = landscape(view)
    refusal = cache(_refusal)
    for application in found.applications:
        candidates, cluster = projects_meant(found, application), application.cluster
        for overlay in application.overlays if candidates else ():
            for item in overlay.render.resources:
                asked = _Question.about(found, cluster, item)
                refusals = [refusal(Same(project), asked) for project in candidates]
                if all(refusals) and is_applied(item):
                    why, pointer = refusals[0] or ("", ())
                    message = f'Application "{application.name}" may not sync it: project "{application.project}" {why}'
                    yield overlay, Problem(message, item, pointer, "add it to the project, or move the object")


@record
class _Question:
    """What a project decides by. Objects with a namespace are all alike but for their kind and namespace."""

    cluster: Cluster | None
    group: str
    kind: str
    name: str
    namespace: str
    namespaced: bool | None

    @classmethod
    def about(cls, found: Landscape, cluster: Cluster | None, item: Resource) -> _Question:
        group, kind = item.id.group, item.id.kind
        namespaced = found.is_namespaced(group, kind)
        return cls(cluster, group, kind, "" if namespaced else item.id.name, item.id.namespace, namespaced)


def _refusal(project: Same[Declared], asked: _Question) -> tuple[str, Pointer] | None:
    """Return why a project does not permit an object, and the way to the value that is to blame."""
    spec = project.value.spec
    scopes = (True, False) if asked.namespaced is None else (asked.namespaced,)
    if not any(projects.permits_kind(spec, asked.group, asked.kind, asked.name, namespaced=scope) for scope in scopes):
        listed = "namespaceResource" if asked.namespaced else "clusterResource"
        what = f"{asked.kind} of group {asked.group}" if asked.group else asked.kind
        return f"does not permit {what} (see its {listed}Whitelist and {listed}Blacklist)", ("kind",)
    if not asked.namespaced or not asked.namespace or asked.cluster is None:
        return None
    if projects.permits_destination(spec, asked.cluster, asked.namespace):
        return None
    where = f'namespace "{asked.namespace}" of cluster "{asked.cluster}"'
    return f"does not permit {where}", ("metadata", "namespace")


def projects_meant(found: Landscape, application: Application) -> tuple[Declared, ...]:
    """Return the projects that an Application may mean: those beside it, or else all of that name."""
    named = found.projects.get(application.project, ())
    installation = application.declared.installation
    beside = tuple(project for project in named if project.installation == installation)
    return beside or (() if application.project in found.undecided else named)


RULES = (
    project_missing,
    project_denies_application,
    project_denies_repository,
    project_denies_destination,
    project_denies_object,
)
