"""Rules on the revision that an Application follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Application, Reported, Source, known_text
from gitops_tool.rules.argocd.projects import same_repository
from gitops_tool.rules.base import Family, Scope, rule
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.rules.base import Pointer, RepositoryView, Revisions

_NUMBER = r"(?:\d+|[xX*])"
_VERSION = rf"v?{_NUMBER}(?:\.{_NUMBER})*(?:[-+][0-9A-Za-z.+-]+)?"
_CONSTRAINT = lazy_pattern(rf"\s*[=!<>~^]*\s*{_VERSION}(?:(?:\s+-\s+|[\s,|]+)[=!<>~^]*\s*{_VERSION})*\s*")
"""A constraint on semantic versions, as github.com/Masterminds/semver reads it."""
_PLAIN = lazy_pattern(r"v?\d+(?:\.\d+)*(?:[-+].*)?")
"""A version without an operator or a wildcard: one, or the beginning of one."""
_PREFIX = lazy_pattern(r"\bv(?=[\dxX*])")
_AFTER_OPERATOR = lazy_pattern(r"([=!<>~^])\s+")
_TAG = lazy_pattern(r"v?(\d+(?:\.\d+){0,2})(?:[-+].*)?")
"""A tag that is a version; the number counts, as what comes behind it matters only between versions of one number."""
_TIP = frozenset({"", "HEAD"})


@rule("revision-missing", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.REPOSITORY)
def revision_missing(view: RepositoryView) -> Iterator[Reported]:
    """An Application follows a branch, tag or commit of this repository that does not exist, or a git generator does.

    Argo CD then says "unable to resolve", also where no tag fits a range of versions. Names are looked up in the clone
    that is validated. In one that does not hold all branches and the whole history (a shallow clone, as CI makes them)
    it is a warning, and nothing is said of ranges, or of the branch that most Applications follow.

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
            targetRevision: relaese-1
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
            targetRevision: release-1
          destination:
            server: https://kubernetes.default.svc
            namespace: web

    Source: Argo CD 3.6, util/git/client.go (LsRemote, resolveRevision)
    """
    revisions = view.revisions
    if revisions is None:
        return
    yield from _missing_in_sets(view, revisions)
    for application, source, name in _followed(view):
        if source.is_own and name not in _TIP and not _is_range(name) and not _is_known(revisions, name):
            yield from _missing(revisions, application, source, name)
        elif source.is_own and _is_range(name) and revisions.is_complete and not _fits_any(name, revisions.similar()):
            message = f'no tag of this repository fits "{name}"'
            yield application.problem(message, *source.pointer, "targetRevision", hint="if it is new: git fetch --tags")


def _missing_in_sets(view: RepositoryView, revisions: Revisions) -> Iterator[Reported]:
    """Look up the revisions of git generators; in a clone that lacks some, nothing is said of them."""
    own = view.settings.argocd.repo_url
    for item in landscape(view).sets if own and revisions.is_complete else ():
        for git, pointer in _git_generators(item.declared.spec, ("spec",)):
            name = known_text(git.get("revision")).strip()
            if name in _TIP or _is_range(name) or not same_repository(known_text(git.get("repoURL")), own or ""):
                continue
            if not _is_known(revisions, name):
                message = f'there is no branch, tag or commit "{name}" in this repository'
                hint = did_you_mean(name, revisions.similar()) or "if it is new: git fetch"
                yield item.declared.problem(message, *pointer, "revision", hint=hint)


def _git_generators(body: Mapping[str, Any], place: Pointer) -> Iterator[tuple[Mapping[str, Any], Pointer]]:
    generators = body.get("generators")
    for index, generator in enumerate(generators if isinstance(generators, list) else []):
        for kind, options in generator.items() if isinstance(generator, dict) else ():
            if kind == "git" and isinstance(options, dict):
                yield options, (*place, "generators", index, kind)
            elif kind in {"matrix", "merge"} and isinstance(options, dict):
                yield from _git_generators(options, (*place, "generators", index, kind))


def _fits_any(constraint: str, names: Iterable[str]) -> bool:
    """Whether a tag is a version that a constraint permits; true where that cannot be told."""
    from semantic_version import NpmSpec, Version

    text = _PREFIX.sub("", constraint.replace(",", " ")).replace("X", "x")
    try:
        spec = NpmSpec(_AFTER_OPERATOR.sub(r"\1", text).strip())
    except ValueError:
        return True
    numbers = (_TAG.fullmatch(name) for name in names)
    return any(spec.match(Version.coerce(found[1])) for found in numbers if found)


def _is_range(name: str) -> bool:
    return _CONSTRAINT.fullmatch(name) is not None and _PLAIN.fullmatch(name) is None


def _is_partial(name: str) -> bool:
    """Whether a version leaves its last number open, and so stands for the newest of several."""
    return _PLAIN.fullmatch(name) is not None and name.count(".") < 2 and not set("-+") & set(name)


def _is_known(revisions: Revisions, name: str) -> bool:
    """Whether a name is one of the repository's, or the beginning of a version that is."""
    if revisions.known(name):
        return True
    beginning = f"{name.removeprefix('v')}."
    return _is_partial(name) and any(tag.removeprefix("v").startswith(beginning) for tag in revisions.similar())


def _missing(revisions: Revisions, application: Application, source: Source, name: str) -> Iterator[Reported]:
    if revisions.is_complete:
        severity, message = None, f'there is no branch, tag or commit "{name}" in this repository'
        hint = did_you_mean(name, revisions.similar()) or "if it is new: git fetch"
    elif source.is_current:
        return
    else:
        severity, message = Severity.WARNING, f'"{name}" is no branch, tag or commit of this clone, which lacks some'
        hint = "validate it in a clone with all branches (GIT_DEPTH: 0 in GitLab CI)"
    yield application.problem(message, *source.pointer, "targetRevision", hint=hint, severity=severity)


@rule("revision-moving", family=Family.ARGOCD, severity=Severity.INFO, scope=Scope.REPOSITORY)
def revision_moving(view: RepositoryView) -> Iterator[Reported]:
    """An Application takes whatever version of a chart or of another repository is newest.

    A range of versions, `*`, `HEAD` or no revision means that a sync can bring what nobody here has committed. Nothing
    is said of this repository's own branches: what is on them went through a review. Raise it for an environment
    under `rules` in gitops.yaml.

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
            targetRevision: 20.*
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

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/tracking_strategies/
    """
    for application, source, name in _followed(view):
        if (
            source.is_own
            or not (name in _TIP or _is_range(name) or _is_partial(name))
            or not source.url
            or (not name and source.body.get("chart"))
        ):
            continue
        what = f'"{name}"' if name else "no targetRevision"
        message = f"{what} takes the newest version of {source.body.get('chart') or source.url}"
        place = (*source.pointer, "targetRevision") if name else source.pointer
        yield application.problem(message, *place, hint="name one version, tag or commit")


def _followed(view: RepositoryView) -> Iterator[tuple[Application, Source, str]]:
    """Yield each source with its revision, where that is known."""
    for application in landscape(view).applications:
        for source in application.sources:
            written = source.body.get("targetRevision")
            name = known_text(written) if isinstance(written, str) else ""
            if written is None or name or written == "":
                yield application, source, name.strip()


RULES = (revision_missing, revision_moving)
