"""Rules on the files with which a directory overrides the source of its Application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError
from gitops_tool.model import Location, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.argocd.sources import is_set
from gitops_tool.rules.argocd.tool_options import Fault, kustomize_faults
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, rule
from gitops_tool.tree import FILES, read
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_NAME = lazy_pattern(r"\.argocd-source(-.+)?\.yaml")
_TYPES: Mapping[tuple[str, str], type] = {
    ("kustomize", "images"): list,
    ("kustomize", "components"): list,
    ("kustomize", "patches"): list,
    ("kustomize", "replicas"): list,
    ("kustomize", "commonLabels"): dict,
    ("kustomize", "commonAnnotations"): dict,
    ("kustomize", "namePrefix"): str,
    ("kustomize", "nameSuffix"): str,
    ("kustomize", "namespace"): str,
    ("kustomize", "version"): str,
    ("directory", "recurse"): bool,
    ("directory", "include"): str,
    ("directory", "exclude"): str,
    ("helm", "valueFiles"): list,
    ("helm", "parameters"): list,
}
_WORDS = {list: "a list", dict: "a mapping", str: "a text", bool: "true or false"}


@rule("source-override-invalid", family=Family.ARGOCD, severity=Severity.ERROR, scope=Scope.SOURCES)
def source_override_invalid(view: OverlayView) -> Iterator[Problem]:
    """A `.argocd-source.yaml` cannot be laid over the Application's source.

    Argo CD then says "error while parsing source parameters" and renders nothing; so it does for a file that is empty,
    or holds only comments. The file for one Application is `.argocd-source-NAME.yaml`. Options of Helm beside a
    kustomization are an error, too.

    Bad:

        # apps/web/overlays/production/.argocd-source.yaml
        kustomize:
          images: registry.example.com/web:1.4.1

    Good:

        # apps/web/overlays/production/.argocd-source.yaml
        kustomize:
          images:
            - registry.example.com/web:1.4.1

    Source: Argo CD 3.6, reposerver/repository/repository.go (mergeSourceParameters);
    https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/
    """
    directory = view.overlay.path
    for name, mode in sorted(view.tree.modes(directory).items()):
        if mode in FILES and _NAME.fullmatch(name):
            yield from _faults(view, directory / name)


def _faults(view: OverlayView, path: PurePosixPath) -> Iterator[Problem]:
    data = read(view.tree, path)
    try:
        documents = load_documents(data, path)
    except GitopsError as error:
        place = error.location or Location(path, 1)
        yield Problem(f"the file cannot be read: {error.message}", location=place)
        return
    body = documents[0] if documents else None
    if not isinstance(body, dict):
        what = "is empty" if body is None else "is no mapping"
        hint = "delete it, or write {}" if body is None else "write the fields of a source"
        yield Problem(f"the file {what}, and Argo CD renders nothing", location=Location(path, 1), hint=hint)
        return
    for keys, message, severity in (*_wrong(view, body), *_refused(view, body)):
        yield Problem(message, location=locate(data, 0, keys, path), severity=severity)


def _refused(view: OverlayView, body: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what kustomize would stop at: the options of an Application that another file holds."""
    kustomize, kustomizations = body.get("kustomize"), view.render.closure.kustomizations
    if isinstance(kustomize, dict) and kustomizations:
        for keys, message, severity in kustomize_faults(view.tree, view.render, view.overlay.path, kustomize):
            yield ("kustomize", *keys), message, severity
    if is_set(body.get("directory")) and kustomizations and b"kind:" in read(view.tree, kustomizations[0]):
        yield ("directory",), 'because of "directory", the kustomization is applied as a manifest', Severity.ERROR


def _wrong(view: OverlayView, body: Mapping[str, Any]) -> Iterator[Fault]:
    for tool in ("kustomize", "directory", "helm", "plugin"):
        if body.get(tool) is not None and not isinstance(body[tool], dict):
            yield (tool,), f"{tool} is no mapping", Severity.ERROR
    for (tool, key), kind in _TYPES.items():
        options = body.get(tool)
        value = options.get(key) if isinstance(options, dict) else None
        if value is not None and not isinstance(value, kind):
            yield (tool, key), f"{tool}.{key} is not {_WORDS[kind]}", Severity.ERROR
    if isinstance(body.get("helm"), dict) and body["helm"] and view.render.closure.kustomizations:
        yield ("helm",), "options of Helm, where there is no chart but a kustomization", Severity.ERROR


RULES = (source_override_invalid,)
