"""Checks rendered objects against the schemas of the cluster they go to: all of them in one run of an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Location, Resource, Severity
from gitops_tool.records import record
from gitops_tool.rules.base import Pointer, Problem
from gitops_tool.tree import FILES, mode_at, read

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.schemas.catalogue import Catalogue
    from gitops_tool.tree import Tree

SCHEMA = "schema"
SCHEMA_MISSING = "schema-missing"
TIMEOUT = 300.0
"""Seconds for one run of kubeconform."""

OWN_SCHEMAS = PurePosixPath("schemas/crds")


@record
class SchemaProblem:
    """A problem with the rule it belongs to: a violated schema, or none to be found."""

    rule: str
    severity: Severity
    problem: Problem


class SchemaChecker:
    """Checks objects with one of the two engines.

    Args:
        settings: where the repository keeps further schemas.
        cache: the folder for unpacked schemas.
        kubeconform: the binary; None to use the embedded engine.
    """

    def __init__(self, settings: Settings, cache: Path, kubeconform: Path | None) -> None:
        self.settings = settings
        self.cache = cache
        self.kubeconform = kubeconform

    def check(
        self,
        tree: Tree,
        version: str | None,
        resources: Sequence[Resource],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> Iterator[SchemaProblem]:
        """Yield what is wrong with objects that go to a cluster of one Kubernetes version.

        Args:
            tree: the files of the repository, which may bring schemas.
            version: the cluster's; None for the newest that is known.
            resources: the objects.
            meanwhile: done while a program checks them, if one does.

        Raises:
            ConfigError: the version is not known, or a schema of the repository is damaged.
            ToolError: kubeconform does not work.
        """
        from gitops_tool.schemas.catalogue import Catalogue, newest_version

        extra = repository_schemas(tree, self.settings, resources)
        catalogue = Catalogue(_minor(version) if version else newest_version(), extra=extra, cache=self.cache)
        known: list[Resource] = []
        for resource in resources:
            if catalogue.has(resource.id.api_version, resource.id.kind):
                known.append(resource)
            else:
                yield _missing(resource, catalogue)
        yield from self._violations(known, catalogue, meanwhile)

    def _violations(
        self, resources: Sequence[Resource], catalogue: Catalogue, meanwhile: Callable[[], object]
    ) -> Iterator[SchemaProblem]:
        from gitops_tool.rules.api_server.problems import dotted

        if not resources:
            return
        alike: dict[int, list[Resource]] = {}  # what several overlays render is checked once
        for resource in resources:
            alike.setdefault(id(resource.body), []).append(resource)
        groups = list(alike.values())
        bodies = [group[0].body for group in groups]
        if self.kubeconform is None:
            from gitops_tool.schemas.embedded import check_embedded

            violations = check_embedded(bodies, catalogue)
        else:
            from gitops_tool.schemas.kubeconform import check_kubeconform

            violations = check_kubeconform(
                bodies, catalogue, binary=self.kubeconform, timeout=TIMEOUT, meanwhile=meanwhile
            )
        for violation in violations:
            group = groups[violation.index]
            pointer = _keys(violation.pointer, group[0].body)
            # The field is named, for its own line is not always to be found: a replacement may have set it.
            message = f"{dotted(pointer)}: {violation.message}" if pointer else violation.message
            for resource in group:
                yield SchemaProblem(SCHEMA, Severity.ERROR, Problem(message, resource, pointer))


def repository_schemas(
    tree: Tree, settings: Settings, resources: Sequence[Resource]
) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """Return the schemas that a repository brings itself: files by name, and CRDs among its objects.

    Raises:
        ConfigError: a file is damaged.
    """
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for resource in resources:
        if resource.id.kind == "CustomResourceDefinition":
            from gitops_tool.schemas.crds import crd_schemas

            found |= {(name.api_version, name.kind): schema for name, schema in crd_schemas(resource.body).items()}
    for folder in settings.schemas or (OWN_SCHEMAS,):
        for api_version, group, version, kind in sorted(
            {(r.id.api_version, r.id.group, r.id.version, r.id.kind) for r in resources}
        ):
            path = folder / group / f"{kind.lower()}_{version}.json"
            if group and "/" not in kind + version and mode_at(tree, path) in FILES:
                from gitops_tool.schemas.crds import parse_schema

                found[api_version, kind] = parse_schema(read(tree, path), Location(path))
    return found


def _minor(version: str) -> str:
    return ".".join(version.removeprefix("v").split(".")[:2])


def _missing(resource: Resource, catalogue: Catalogue) -> SchemaProblem:
    from gitops_tool.rules.deprecations import replacement
    from gitops_tool.schemas.catalogue import is_core_group, served_in

    api_version, kind = resource.id.api_version, resource.id.kind
    if not api_version or not kind:
        field = "kind" if api_version else "apiVersion"
        return SchemaProblem(SCHEMA, Severity.ERROR, Problem(f'an object has no "{field}"', resource))
    pointer = ("apiVersion",)
    if not is_core_group(resource.id.group):
        hint = "bring its schema in: gitops schemas import CRD.yaml"
        problem = Problem(f"no schema for {api_version} {kind}: it was not checked", resource, pointer, hint)
        return SchemaProblem(SCHEMA_MISSING, Severity.WARNING, problem)
    span = served_in(api_version, kind)
    hint = f"it is served from {span[0]} to {span[1]}" if span else "the group, version or kind is misspelt"
    if instead := replacement(api_version, kind):
        hint = f"it was removed; instead: {instead}"
    message = f"Kubernetes {catalogue.kubernetes_version} has no {api_version} {kind}"
    return SchemaProblem(SCHEMA_MISSING, Severity.ERROR, Problem(message, resource, pointer, hint))


def _keys(pointer: str, body: Mapping[str, Any]) -> Pointer:
    """Turn a JSON pointer into keys and indices of the object it points into."""
    keys: list[str | int] = []
    value: Any = body
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        key = int(name) if isinstance(value, list) and name.isdigit() else name
        keys.append(key)
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
    return tuple(keys)
