"""Runs generators: what parameters each gives, for one Application a set.

Source: Argo CD 3.6, applicationset/generators.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.applicationsets import combining
from gitops_tool.applicationsets.gotemplate import TypedList, UnsupportedError, from_json
from gitops_tool.applicationsets.parameters import (
    cluster_labels,
    cluster_parameters,
    file_parameters,
    flattened,
    path_parameters,
)
from gitops_tool.applicationsets.repository import PathPattern, Repository
from gitops_tool.applicationsets.results import FaultError, ParameterSet, Pointer, UncheckedError
from gitops_tool.applicationsets.selectors import check_selector, selects
from gitops_tool.config import Cluster
from gitops_tool.errors import GitopsError
from gitops_tool.records import record
from gitops_tool.tree import read
from gitops_tool.wording import did_you_mean
from gitops_tool.yamlload import Rules, load_documents

if TYPE_CHECKING:
    from gitops_tool.applicationsets.substitution import Substitution

MAX_SETS = 10_000
"""Applications that one ApplicationSet may generate here."""

ELSEWHERE = {
    "scmProvider": "repositories of a Git server",
    "pullRequest": "pull requests of a Git server",
    "clusterDecisionResource": "an object in the cluster",
    "plugin": "a plugin",
    "oci": "an OCI artifact",
}
"""Generators whose parameters are not in this repository, and where they come from."""

_COMBINING = ("matrix", "merge")
_KINDS = ("list", "clusters", "git", *ELSEWHERE, *_COMBINING)
_IN_CLUSTER = Cluster("in-cluster", "https://kubernetes.default.svc")


@record
class Generators:
    """Runs generators against what is known here. `clusters` is None where nobody has listed them."""

    substitution: Substitution
    repository: Repository
    clusters: tuple[Cluster, ...] | None

    def run(
        self, generator: Mapping[str, Any], pointer: Pointer, *, nesting: int = 0, outer: ParameterSet | None = None
    ) -> Iterator[tuple[str, list[ParameterSet]]]:
        """Yield the kinds of a generator, which should be one, with their parameters.

        Args:
            generator: an entry of `generators`.
            pointer: where it is.
            nesting: how many matrix and merge generators are around it.
            outer: what the first generator of a matrix gives to the second.

        Raises:
            FaultError: Argo CD cannot run it.
            UncheckedError: its parameters are not known here.
        """
        selector = generator.get("selector")
        if isinstance(selector, Mapping):
            check_selector(selector, (*pointer, "selector"))
        kinds = self._kinds(generator, pointer, nesting)
        if outer is not None and outer.values:
            generator = self.substitution.generator(generator, outer.values, pointer, outer.element)
        for kind in kinds:
            spec = generator[kind] if isinstance(generator[kind], Mapping) else {}
            sets = self._sets(kind, spec, (*pointer, kind), nesting)
            if isinstance(selector, Mapping):
                sets = (found for found in sets if selects(selector, flattened(found.values)))
            yield kind, _bounded(sets, pointer)

    def one(
        self, generator: Any, pointer: Pointer, *, nesting: int, outer: ParameterSet | None = None
    ) -> list[ParameterSet]:
        """Return the parameters of a generator inside a matrix or merge; see `run`."""
        if not isinstance(generator, Mapping):
            raise FaultError("a generator is not a mapping", pointer)
        found = list(self.run(generator, pointer, nesting=nesting, outer=outer))
        if len(found) > 1:
            raise FaultError("a generator inside another one has several kinds", pointer, "give each its own entry")
        return found[0][1]

    def _kinds(self, generator: Mapping[str, Any], pointer: Pointer, nesting: int) -> list[str]:
        allowed = [kind for kind in _KINDS if nesting < 2 or kind not in _COMBINING]
        given = [str(key) for key, value in generator.items() if value is not None and key != "selector"]
        for key in given:
            if key not in allowed:
                hint = did_you_mean(key, allowed) or f"generators here: {', '.join(allowed)}"
                raise FaultError(f'there is no generator "{key}" here', (*pointer, key), hint)
        if not given and nesting:
            raise FaultError("a generator inside another one is empty", pointer)
        return [kind for kind in allowed if kind in given]

    def _sets(self, kind: str, spec: Mapping[str, Any], pointer: Pointer, nesting: int) -> Iterator[ParameterSet]:
        match kind:
            case "list":
                return self._list(spec, pointer)
            case "clusters":
                return self._clusters(spec, pointer)
            case "git":
                return self._git(spec, pointer)
            case "matrix":
                return combining.matrix(self, spec, pointer, nesting)
            case "merge":
                return combining.merge(self, spec, pointer, nesting)
        raise UncheckedError(f'the generator "{kind}" takes its parameters from {ELSEWHERE[kind]}', pointer)

    def _list(self, spec: Mapping[str, Any], pointer: Pointer) -> Iterator[ParameterSet]:
        elements = spec.get("elements") or []
        for index, element in enumerate(elements if isinstance(elements, list) else []):
            place = (*pointer, "elements", index)
            if not isinstance(element, Mapping):
                raise FaultError(f"element {index + 1} of the list is not a mapping", place)
            values = _json(element, place)
            yield ParameterSet(
                values if self.substitution.go_template else _texts(values, place), place, _label(values, index)
            )
        written = spec.get("elementsYaml")
        if isinstance(written, str) and written:
            place = (*pointer, "elementsYaml")
            for index, element in enumerate(_yaml_list(written, place)):
                yield ParameterSet(element, place, _label(element, index))

    def _clusters(self, spec: Mapping[str, Any], pointer: Pointer) -> Iterator[ParameterSet]:
        if self.clusters is None:
            raise UncheckedError("Argo CD's clusters are not listed as argocd.clusters in gitops.yaml", pointer)
        found = spec.get("selector")
        selector: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
        check_selector(selector, (*pointer, "selector"))
        named = {cluster.name: cluster for cluster in self.clusters if selects(selector, cluster_labels(cluster))}
        sets = [
            ParameterSet(cluster_parameters(cluster, nested=self.substitution.go_template), pointer, cluster.name)
            for cluster in named.values()
        ]
        selective = bool(selector.get("matchLabels") or selector.get("matchExpressions"))
        if not selective and all(cluster.server != _IN_CLUSTER.server for cluster in named.values()):
            # Argo CD's own cluster needs no Secret; without one it has no metadata.
            own = {"name": _IN_CLUSTER.name, "nameNormalized": _IN_CLUSTER.name, "server": _IN_CLUSTER.server}
            sets.append(ParameterSet({**own, "project": ""}, pointer, _IN_CLUSTER.name))
        for item in sets:
            self.substitution.add_values(spec.get("values"), item.values, pointer, item.element)
        if spec.get("flatList"):
            yield ParameterSet({"clusters": TypedList(item.values for item in sets)}, pointer, "all clusters")
        else:
            yield from sets

    def _git(self, spec: Mapping[str, Any], pointer: Pointer) -> Iterator[ParameterSet]:
        url, revision = str(spec.get("repoURL") or ""), str(spec.get("revision") or "")
        here = self.repository.holds(url, revision)
        if here is False:
            raise UncheckedError(f'the files of "{url}" at "{revision or "HEAD"}" are not those here', pointer)
        directories, files = (_patterns(spec.get(key)) for key in ("directories", "files"))
        if not directories and not files:
            raise FaultError("the git generator has neither directories nor files", pointer)
        sets = self._directories(directories, spec, pointer) if directories else self._files(files, spec, pointer)
        found = list(sets)
        if here is None and not found:
            hint = f'whether "{url}" is this repository is not known: set argocd.repoURL in gitops.yaml'
            raise UncheckedError(f"nothing here matches, and {hint}", pointer)
        yield from found

    def _directories(
        self, patterns: list[PathPattern], spec: Mapping[str, Any], pointer: Pointer
    ) -> Iterator[ParameterSet]:
        prefix = str(spec.get("pathParamPrefix") or "")
        for path in self.repository.directories(patterns):
            values = path_parameters(path, prefix, nested=self.substitution.go_template)
            self.substitution.add_values(spec.get("values"), values, pointer, str(path))
            yield ParameterSet(values, (*pointer, "directories"), str(path))

    def _files(self, patterns: list[PathPattern], spec: Mapping[str, Any], pointer: Pointer) -> Iterator[ParameterSet]:
        prefix, place = str(spec.get("pathParamPrefix") or ""), (*pointer, "files")
        if any(pattern.path.startswith(":") for pattern in patterns):
            raise UncheckedError('paths that begin with ":" mean something else to git', place)
        try:
            paths = self.repository.files(patterns)
        except ValueError as error:
            raise FaultError(f"git refuses a path: {error}", place) from error
        for path in paths:
            for content in self._objects(path, place):
                values = file_parameters(content, path, prefix, nested=self.substitution.go_template)
                self.substitution.add_values(spec.get("values"), values, pointer, str(path))
                yield ParameterSet(values, place, str(path))

    def _objects(self, path: PurePosixPath, pointer: Pointer) -> list[dict[str, Any]]:
        """Return the mapping that a file holds, or the mappings of a list; of its first document only."""
        try:
            documents = load_documents(read(self.repository.tree, path), path, rules=Rules.SIGS)
        except GitopsError as error:
            raise FaultError(f'"{path}" cannot be read: {error}', pointer, error.hint) from error
        found = _json(documents[0] if documents else None, pointer)
        items = found if isinstance(found, list) else [found]
        if not all(isinstance(item, dict | None) for item in items):
            raise FaultError(f'"{path}" holds neither a mapping nor a list of mappings', pointer)
        return [item or {} for item in items]


def _bounded(sets: Iterator[ParameterSet], pointer: Pointer) -> list[ParameterSet]:
    found: list[ParameterSet] = []
    for item in sets:
        if len(found) == MAX_SETS:
            raise UncheckedError(f"it gives more than {MAX_SETS} sets of parameters", pointer)
        found.append(item)
    return found


def _json(value: Any, pointer: Pointer) -> Any:
    try:
        return from_json(value)
    except UnsupportedError as error:
        raise UncheckedError(error.what, pointer) from error


def _texts(element: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    """Return an element's parameters where there is no Go template: texts, and those under `values`."""
    found: dict[str, Any] = {}
    for key, value in element.items():
        inner = value if key == "values" else {key: value}
        if not isinstance(inner, Mapping):
            raise FaultError('"values" is not a mapping', (*pointer, key))
        for name, item in inner.items():
            if not isinstance(item, str):
                place = (*pointer, key, name) if inner is value else (*pointer, key)
                raise FaultError(f'the parameter "{name}" is not a text', place, "quote it, or set goTemplate: true")
            found[f"values.{name}" if inner is value else name] = item
    return found


def _yaml_list(text: str, pointer: Pointer) -> list[dict[str, Any]]:
    try:
        documents = load_documents(text.encode(), PurePosixPath("elementsYaml"), rules=Rules.SIGS)
    except GitopsError as error:
        raise FaultError(f"elementsYaml is not YAML: {error.message}", pointer, error.hint) from error
    found = _json(documents[0] if documents else None, pointer)
    if not isinstance(found, list | None) or not all(isinstance(item, dict | None) for item in found or []):
        raise FaultError("elementsYaml is not a list of mappings", pointer)
    return [item or {} for item in found or []]


def _label(values: Mapping[str, Any], index: int) -> str:
    return next((value for value in values.values() if isinstance(value, str) and value), f"element {index + 1}")


def _patterns(entries: Any) -> list[PathPattern]:
    found = [item for item in entries if isinstance(item, Mapping)] if isinstance(entries, list) else []
    return [PathPattern(str(item.get("path") or ""), bool(item.get("exclude"))) for item in found]
