"""The values that Helm charts get: of `helmCharts:` in a kustomization, and of Applications."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias

from gitops_tool.applications import read_applications
from gitops_tool.applicationsets.generated import generated_applications
from gitops_tool.config import PROMOTION_ORDER
from gitops_tool.errors import YamlError
from gitops_tool.layout import MANIFEST_SUFFIXES, SINGLE_ENVIRONMENT, kustomization_in
from gitops_tool.model import Application, ApplicationSource, Overlay
from gitops_tool.records import field, record
from gitops_tool.tree import ROOT, is_file, normalize, read, resolve
from gitops_tool.yamledit.paths import written_path
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

Pointer: TypeAlias = tuple[str | int, ...]
_SET = "ApplicationSet"


@record
class Layer:
    """Values of one origin. `pointer` is where they stand in `file`.

    `parameters` are the indices of a list of names and values, and `whole` says that the file has one document.
    Values that cannot be changed on their own are `fixed`: it tells how, and `way_out` what to do.
    """

    file: PurePosixPath
    document: int
    pointer: Pointer
    body: Mapping[str, Any]
    parameters: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True
    fixed: str = ""
    way_out: str = ""

    def path_of(self, inside: Pointer) -> str:
        """Return the path of a value in the file."""
        document: Pointer = () if self.whole else (self.document,)
        dotted = ".".join(map(str, inside))
        if dotted in self.parameters:
            return written_path((*document, *self.pointer, self.parameters[dotted], "value"))
        return written_path((*document, *self.pointer, *inside))


def chart_environments(tree: Tree, settings: Settings, app: str) -> list[str]:
    """Return the environments of an app whose Applications take Helm values from this repository."""
    found = [environment for environment, application in _applications_of(tree, settings, app) if _helm(application)]
    ranks = [one.name for one in settings.environments] or list(PROMOTION_ORDER)
    return sorted(dict.fromkeys(found), key=lambda name: ranks.index(name) if name in ranks else len(ranks))


def kustomization_charts(tree: Tree, overlay: Overlay) -> Iterator[list[Layer]]:
    """Yield the values of each chart of an overlay's kustomization, the deciding ones first."""
    path = kustomization_in(tree, resolve(tree, overlay.path))
    if path is None:
        return
    documents = load_documents(read(tree, path), path)
    body = documents[0] if documents and isinstance(documents[0], dict) else {}
    for number, chart in enumerate(_list(body.get("helmCharts"))):
        if isinstance(chart, dict):
            layers = []
            if isinstance(chart.get("valuesInline"), dict):
                pointer = ("helmCharts", number, "valuesInline")
                layers.append(Layer(path, 0, pointer, chart["valuesInline"], whole=len(documents) == 1))
            names = [chart.get("valuesFile"), *_list(chart.get("additionalValuesFiles"))]
            yield [*layers, *_file_layers(tree, [path.parent / name for name in names if isinstance(name, str)])]


def application_charts(tree: Tree, settings: Settings, overlay: Overlay) -> Iterator[list[Layer]]:
    """Yield the values of each chart of an app's Applications in an environment, the deciding ones first."""
    for environment, application in _applications_of(tree, settings, overlay.app):
        if environment == overlay.environment:
            for number, source in enumerate(application.sources):
                layers = _source_layers(tree, application, number, source)
                if layers:
                    yield layers


def _applications_of(tree: Tree, settings: Settings, app: str) -> Iterator[tuple[str, Application]]:
    """Yield an app's Applications, by name, with their environments; also those that an ApplicationSet generates."""
    known = [one.name for one in settings.environments] or list(PROMOTION_ORDER)
    names = {f"{app}-{name}": name for name in known} | {f"{name}-{app}": name for name in known}
    names[app] = settings.environments[0].name if settings.environments else SINGLE_ENVIRONMENT
    for path in tree.search((app, _SET), settings.argocd.path or ROOT):
        if path.name.endswith(MANIFEST_SUFFIXES):
            for application in (*read_applications(tree, path), *generated_applications(tree, settings, path)):
                if application.name in names:
                    yield names[application.name], application


def _helm(application: Application) -> bool:
    return any(isinstance(source.body.get("helm"), dict) for source in application.sources)


def _source_layers(tree: Tree, application: Application, number: int, source: ApplicationSource) -> list[Layer]:
    """Return the values of a source, in Argo CD's order: parameters, valuesObject, values, valueFiles."""
    helm = source.body.get("helm")
    if not isinstance(helm, dict):
        return []
    file = application.location.path
    documents = load_documents(read(tree, file), file)
    document = next((index for index, body in enumerate(documents) if body == application.body), None)
    if document is None:
        return [*_template_layers(helm, file), *_file_layers(tree, _files(application, source, helm))]
    several = bool(application.body.get("spec", {}).get("sources"))
    pointer: Pointer = ("spec", "sources", number, "helm") if several else ("spec", "source", "helm")
    layers = []
    parameters = [one for one in _list(helm.get("parameters")) if isinstance(one, dict)]
    if parameters:
        body: dict[str, Any] = {}
        for one in parameters:
            _put(body, str(one.get("name", "")).split("."), one.get("value"))
        indices = {str(one.get("name", "")): index for index, one in enumerate(parameters)}
        layers.append(Layer(file, document, (*pointer, "parameters"), body, indices, len(documents) == 1))
    if isinstance(helm.get("valuesObject"), dict):
        layers.append(Layer(file, document, (*pointer, "valuesObject"), helm["valuesObject"], {}, len(documents) == 1))
    elif isinstance(helm.get("values"), str):
        layers += _text_layer(helm["values"], file, document, (*pointer, "values"))
    return [*layers, *_file_layers(tree, _files(application, source, helm))]


def _template_layers(helm: Mapping[str, Any], file: PurePosixPath) -> list[Layer]:
    """Return the values in the template of an ApplicationSet, which are those of all its Applications."""
    body: dict[str, Any] = dict(_mapping(helm.get("valuesObject")))
    for one in _list(helm.get("parameters")):
        _put(body, str(_mapping(one).get("name", "")).split("."), _mapping(one).get("value"))
    way_out = "set it in a values file of each environment, or name the value with --path"
    return [Layer(file, 0, (), body, fixed="by the template of an ApplicationSet", way_out=way_out)] if body else []


def _files(application: Application, source: ApplicationSource, helm: Mapping[str, Any]) -> list[PurePosixPath]:
    """Return the values files of a source, the chart's own first, as the last one decides."""
    named = [_values_file(application, source, name) for name in _list(helm.get("valueFiles")) if isinstance(name, str)]
    own = [source.path / "values.yaml"] if source.path is not None else []
    return [*own, *(path for path in named if path is not None)]


def _text_layer(text: str, file: PurePosixPath, document: int, pointer: Pointer) -> list[Layer]:
    try:
        bodies = load_documents(text.encode(), file)
    except YamlError:
        return []
    fixed, way_out = 'inside the text of "values"', "turn it into valuesObject, which is YAML of the file itself"
    return [
        Layer(file, document, pointer, body, fixed=fixed, way_out=way_out)
        for body in bodies[:1]
        if isinstance(body, dict)
    ]


def _values_file(application: Application, source: ApplicationSource, name: str) -> PurePosixPath | None:
    """Return where a values file of an Application is in this repository; `$ref/` names another source's root."""
    if "://" in name:
        return None
    if name.startswith("$"):
        ref, _, rest = name[1:].partition("/")
        refs = {str(one.body.get("ref")) for one in application.sources}
        return PurePosixPath(rest) if ref in refs else None
    if name.startswith("/"):
        return PurePosixPath(name.lstrip("/"))
    return (source.path or ROOT) / name


def _file_layers(tree: Tree, paths: Sequence[PurePosixPath]) -> list[Layer]:
    """Return the values of files, the last first, as it decides; what is no file of this repository is left out."""
    layers = []
    for path in reversed(paths):
        real = resolve(tree, normalize(PurePosixPath(os.path.normpath(path))))
        if is_file(tree, real):
            documents = load_documents(read(tree, real), real)
            if len(documents) == 1 and isinstance(documents[0], dict):
                layers.append(Layer(real, 0, (), documents[0]))
    return layers


def other_readers(tree: Tree, settings: Settings, file: PurePosixPath, overlay: Overlay) -> list[str]:
    """Return the Applications of others that take their values from a file."""
    paths = tree.search((file.name, _SET), settings.argocd.path or ROOT)
    everyone = [
        one
        for path in paths
        if path.name.endswith(MANIFEST_SUFFIXES)
        for one in (*read_applications(tree, path), *generated_applications(tree, settings, path))
    ]
    own = _names_of(overlay)
    found = {one.name for one in everyone if one.name not in own and "{{" not in one.name and _takes(one, file)}
    siblings = _applications_of(tree, settings, overlay.app)
    found |= {one.name for name, one in siblings if name != overlay.environment and _uses(one, file)}
    return sorted(found)


def _takes(application: Application, file: PurePosixPath) -> bool:
    """Whether a file is one of the values files of an Application."""
    names = (
        _values_file(application, source, name)
        for source in application.sources
        for name in _list(_mapping(source.body.get("helm")).get("valueFiles"))
        if isinstance(name, str)
    )
    return any(name is not None and os.path.normpath(name) == str(file) for name in names)


def _names_of(overlay: Overlay) -> set[str]:
    app, environment = overlay.app, overlay.environment
    return {app, f"{app}-{environment}", f"{environment}-{app}"}


def _uses(application: Application, file: PurePosixPath) -> bool:
    """Whether a file is the values.yaml of a chart that an Application syncs."""
    return any(source.path is not None and source.path / "values.yaml" == file for source in application.sources)


def _put(body: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    for key in keys[:-1]:
        below = body.setdefault(key, {})
        if not isinstance(below, dict):
            return
        body = below
    body[keys[-1]] = value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
