"""Where Helm charts get an app's image from: values of `helmCharts:` in a kustomization and of Applications.

No chart is rendered here. What is found are the usual shapes: `image.repository` with `image.tag`, and
`image: name:tag`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.applications import read_applications
from gitops_tool.changes.reach.work import ValueTarget
from gitops_tool.config import PROMOTION_ORDER
from gitops_tool.errors import LayoutError, UsageError, YamlError
from gitops_tool.images import ImageRef
from gitops_tool.layout import MANIFEST_SUFFIXES, SINGLE_ENVIRONMENT, kustomization_in
from gitops_tool.model import Application, ApplicationSource, Overlay
from gitops_tool.records import field, record
from gitops_tool.tree import ROOT, is_file, normalize, read, resolve
from gitops_tool.wording import quoted
from gitops_tool.yamledit.paths import written_path
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.tree import Tree

Pointer = tuple[str | int, ...]
_NAME_KEYS = ("repository", "name", "image")


@record
class Layer:
    """Values of one origin. `pointer` is where they stand in `file`.

    `parameters` are the indices of a list of names and values, `text` says that they are a block of text, and
    `whole` that the file has one document.
    """

    file: PurePosixPath
    document: int
    pointer: Pointer
    body: Mapping[str, Any]
    parameters: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True
    text: bool = False

    def path_of(self, inside: Pointer) -> str:
        """Return the path of a value in the file."""
        document: Pointer = () if self.whole else (self.document,)
        dotted = ".".join(map(str, inside))
        if dotted in self.parameters:
            return written_path((*document, *self.pointer, self.parameters[dotted], "value"))
        return written_path((*document, *self.pointer, *inside))


@record
class ImagePlace:
    """An image in values: its path there, what the scalar to set holds, and the image's name if it is told."""

    pointer: Pointer
    part: str
    name: str

    def is_called(self, name: str) -> bool:
        """Whether a name, or the path of the values, means this image."""
        above = ".".join(map(str, self.pointer if self.part == "image" else self.pointer[:-1]))
        return name in {self.name, self.name.rpartition("/")[2], above, ".".join(map(str, self.pointer))}


def chart_target(tree: Tree, settings: Settings, overlay: Overlay, image: str | None) -> ValueTarget | None:
    """Return the value that decides an app's image in an environment; None if no chart of it is found.

    Raises:
        LayoutError: the charts' values name no image, or the value is shared with another environment.
        UsageError: several images could be meant.
    """
    charts = list(_kustomization_charts(tree, overlay)) or list(_application_charts(tree, settings, overlay))
    if not charts:
        return None
    where = f"{overlay.app}({overlay.environment})"
    found = [(place, layers) for layers in charts for place in _places(layers)]
    if not found:
        files = ", ".join(dict.fromkeys(str(layer.file) for layers in charts for layer in layers))
        raise LayoutError(f"no image is set by the Helm values of {where}", hint=f"name the value with --path: {files}")
    place, layers = _chosen(found, overlay, image, where)
    layer = next(layer for layer in layers if _value(layer.body, place.pointer) is not None)
    if layer.text:
        message = f'the image of {where} is set inside the text of "values" in "{layer.file}"'
        raise LayoutError(message, hint="turn it into valuesObject, which is YAML of the file itself")
    others = _other_readers(tree, settings, layer.file, overlay)
    if others:
        raise LayoutError(
            f'"{layer.file}" sets the image of {where}, and {", ".join(others)} reads it, too',
            hint=f"set {written_path(place.pointer)} in a values file of each environment, or name it with --path",
        )
    return ValueTarget(str(layer.file), layer.path_of(place.pointer), place.part)


def chart_environments(tree: Tree, settings: Settings, app: str) -> list[str]:
    """Return the environments of an app whose Applications take Helm values from this repository."""
    found = [environment for environment, application in _applications_of(tree, settings, app) if _helm(application)]
    ranks = [one.name for one in settings.environments] or list(PROMOTION_ORDER)
    return sorted(dict.fromkeys(found), key=lambda name: ranks.index(name) if name in ranks else len(ranks))


def _kustomization_charts(tree: Tree, overlay: Overlay) -> Iterator[list[Layer]]:
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


def _application_charts(tree: Tree, settings: Settings, overlay: Overlay) -> Iterator[list[Layer]]:
    """Yield the values of each chart of an app's Applications in an environment, the deciding ones first."""
    for environment, application in _applications_of(tree, settings, overlay.app):
        if environment == overlay.environment:
            for number, source in enumerate(application.sources):
                layers = _source_layers(tree, application, number, source)
                if layers:
                    yield layers


def _applications_of(tree: Tree, settings: Settings, app: str) -> Iterator[tuple[str, Application]]:
    """Yield an app's Applications, by name, with their environments."""
    known = [one.name for one in settings.environments] or list(PROMOTION_ORDER)
    names = {f"{app}-{name}": name for name in known} | {f"{name}-{app}": name for name in known}
    names[app] = settings.environments[0].name if settings.environments else SINGLE_ENVIRONMENT
    for path in tree.search((app,), settings.argocd.path or ROOT):
        if path.name.endswith(MANIFEST_SUFFIXES):
            for application in read_applications(tree, path):
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
    document = next(index for index, body in enumerate(documents) if body == application.body)
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
    paths = [_values_file(application, source, name) for name in _list(helm.get("valueFiles")) if isinstance(name, str)]
    own = [source.path / "values.yaml"] if source.path is not None else []
    return [*layers, *_file_layers(tree, [*own, *(path for path in paths if path is not None)])]


def _text_layer(text: str, file: PurePosixPath, document: int, pointer: Pointer) -> list[Layer]:
    try:
        bodies = load_documents(text.encode(), file)
    except YamlError:
        return []
    return [Layer(file, document, pointer, body, text=True) for body in bodies[:1] if isinstance(body, dict)]


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


def _places(layers: Sequence[Layer]) -> Iterator[ImagePlace]:
    """Yield the images that the layers name, each path once."""
    names: dict[Pointer, str] = {}
    parts: dict[Pointer, str] = {}
    for layer in layers:
        for pointer, part, name in _images(layer.body, ()):
            parts.setdefault(pointer, part)
            names[pointer] = names.get(pointer) or name
    yield from (ImagePlace(pointer, part, names[pointer]) for pointer, part in parts.items())


def _images(body: Mapping[str, Any], above: Pointer) -> Iterator[tuple[Pointer, str, str]]:
    """Yield the images of a mapping and those below it: path, part, name."""
    named = next((str(body[key]) for key in _NAME_KEYS if isinstance(body.get(key), str)), "")
    holder = bool(above) and str(above[-1]).lower().endswith("image")
    if "tag" in body and not isinstance(body["tag"], dict | list) and (named or holder):
        registry = body.get("registry")
        yield (*above, "tag"), "tag", f"{registry}/{named}" if isinstance(registry, str) and registry else named
    for key, value in body.items():
        if isinstance(value, dict):
            yield from _images(value, (*above, key))
        elif isinstance(value, str) and key.lower().endswith("image") and "tag" not in body:
            ref = ImageRef.split(value)
            if ref.tag or ref.digest or "/" in ref.name:
                yield (*above, key), "image", ref.name


def _chosen(
    found: Sequence[tuple[ImagePlace, list[Layer]]], overlay: Overlay, image: str | None, where: str
) -> tuple[ImagePlace, list[Layer]]:
    """Return the image that is meant: the named one, the only one, the one called like the app, or `image`."""
    names = ", ".join(place.name or ".".join(map(str, place.pointer)) for place, _ in found)
    if image is not None:
        called = [one for one in found if one[0].is_called(image)]
        if len(called) != 1:
            problem = "several images that could be" if called else "no image"
            raise UsageError(f"the Helm values of {where} have {problem} {quoted(image)}", hint=f"its images: {names}")
        return called[0]
    top = [one for one in found if one[0].pointer in {("image", "tag"), ("image",)}]
    for choice in (found, [one for one in found if one[0].is_called(overlay.app)], top):
        if len(choice) == 1:
            return choice[0]
    raise UsageError(f"the Helm values of {where} have several images", hint=f"choose with --image: {names}")


def _other_readers(tree: Tree, settings: Settings, file: PurePosixPath, overlay: Overlay) -> list[str]:
    """Return the Applications of other environments that take their values from a file."""
    found = []
    for path in tree.search((file.name,), settings.argocd.path or ROOT):
        for application in read_applications(tree, path) if path.name.endswith(MANIFEST_SUFFIXES) else ():
            names = [
                _values_file(application, source, name)
                for source in application.sources
                for name in _list(_mapping(source.body.get("helm")).get("valueFiles"))
                if isinstance(name, str)
            ]
            read_here = any(name is not None and os.path.normpath(name) == str(file) for name in names)
            if read_here and application.name not in _names_of(overlay):
                found.append(application.name)
    for environment, application in _applications_of(tree, settings, overlay.app):
        if environment != overlay.environment and _uses(application, file):
            found.append(application.name)
    return sorted({*found})


def _names_of(overlay: Overlay) -> set[str]:
    app, environment = overlay.app, overlay.environment
    return {app, f"{app}-{environment}", f"{environment}-{app}"}


def _uses(application: Application, file: PurePosixPath) -> bool:
    """Whether a file is the values.yaml of a chart that an Application syncs."""
    return any(source.path is not None and source.path / "values.yaml" == file for source in application.sources)


def _value(body: Mapping[str, Any], pointer: Pointer) -> Any:
    value: Any = body
    for step in pointer:
        value = value.get(step) if isinstance(value, dict) else None
    return value


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
