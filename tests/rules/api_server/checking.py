"""Runs rules on objects as a test writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from gitops_tool.config import Settings
from gitops_tool.graph import Closure
from gitops_tool.model import Overlay, Resource, ResourceId, Severity
from gitops_tool.render import Render
from gitops_tool.rules import api_server, cluster
from gitops_tool.rules.base import OverlayView, Problem, Rule, Scope
from gitops_tool.tree import DirTree

SETTINGS = Settings(kubernetes_version="1.36")
HOME = PurePosixPath("apps/web")
RULES = (*api_server.RULES, *cluster.RULES)
BY_ID = {rule.id: rule for rule in RULES}
ON_RESOURCES = tuple(rule for rule in RULES if rule.scope is Scope.RESOURCE)


class _Loader(yaml.CSafeLoader):
    """Reads dates as texts, as Go does."""


_Loader.yaml_implicit_resolvers = {
    first: [entry for entry in entries if entry[0] != "tag:yaml.org,2002:timestamp"]
    for first, entries in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(text: str) -> list[dict[str, Any]]:
    """Return the objects of a YAML text."""
    return list(yaml.load_all(text, _Loader))


def resource(body: Mapping[str, Any]) -> Resource:
    """Return an object as a rendered resource."""
    group, _, version = str(body.get("apiVersion", "")).rpartition("/")
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    names = (str(metadata.get(field) or "") for field in ("namespace", "name"))
    return Resource(ResourceId(group, version, str(body.get("kind", "")), *names), body, PurePosixPath("apps/web"))


def problems(rule: Rule, bodies: list[dict[str, Any]]) -> list[Problem]:
    """Return what a rule finds in objects, rendered by one overlay."""
    resources = tuple(resource(body) for body in bodies)
    if rule.scope is Scope.OVERLAY:
        return list(rule.check(resources))
    if rule.scope is Scope.SOURCES:
        render = Render(HOME, resources, Closure(HOME, (), {}, ()))
        return list(rule.check(OverlayView(DirTree(Path()), SETTINGS, Overlay("web", "production", HOME), render)))
    return [problem for one in resources for problem in rule.check(one)]


def errors(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the id and the message of every error that any rule finds in an object."""
    one = resource(body)
    for rule in ON_RESOURCES:
        for problem in rule.check(one):
            if (problem.severity or rule.severity) is Severity.ERROR:
                yield rule.id, problem.message
