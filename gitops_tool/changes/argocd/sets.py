"""One ApplicationSet for all apps: made from the settings, and kept in step with their environments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.changes.argocd.applications import app_templates, argocd_values, environment_values, namespace_of
from gitops_tool.changes.argocd.listing import list_file
from gitops_tool.changes.argocd.pruning import syncs
from gitops_tool.errors import LayoutError
from gitops_tool.rules.argocd.projects import IN_CLUSTER_SERVER
from gitops_tool.rules.base import dig
from gitops_tool.yamledit.items import add_item, set_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitops_tool.changes.argocd.objects import Defaults, Written
    from gitops_tool.changes.draft import Draft
    from gitops_tool.config import Settings
    from gitops_tool.model import Environment, Overlay

APPLICATION_SET = PurePosixPath("applicationset.yaml")
_ELEMENTS = ("spec", "generators", 0, "matrix", "generators", 0, "list", "elements")


def ensure_set(
    draft: Draft, settings: Settings, found: Sequence[Written], project: Defaults, overlays: Sequence[Overlay]
) -> Iterator[str]:
    """Make the ApplicationSet, or bring its environments up to date; yields a line for people for each edit.

    Overlays that have an Application of their own keep it: to take it out would delete its objects.

    Raises:
        LayoutError: the layout cannot be said in a pattern.
    """
    own = {path for item in found if item.kind == "Application" for path in item.paths}
    rest = [overlay for overlay in overlays if overlay.path not in own]
    sets = [item for item in found if item.kind == "ApplicationSet"]
    known = next((item for item in sets if any(syncs(item, overlay.path) for overlay in rest)), None)
    if known is not None:
        yield from _updated(draft, settings, known)
    if known is not None or not rest:
        return
    path = project.path / APPLICATION_SET
    excluded = [overlay.path for overlay in overlays if overlay.path in own]
    draft.create(path, _made(draft, settings, project, excluded))
    list_file(draft, path)
    yield f'ApplicationSet "{project.project}" makes the Applications'


def _made(draft: Draft, settings: Settings, project: Defaults, excluded: Sequence[PurePosixPath]) -> bytes:
    parts = PurePosixPath(settings.layout[0]).parts
    if "{app}" not in parts or not any("{env}" in part for part in parts):
        raise LayoutError(f'the layout "{settings.layout[0]}" cannot be said in an ApplicationSet')
    environments = [environment_values(environment, settings) for environment in settings.environments]
    by_url = ["://" in str(environment["cluster"]) for environment in environments]
    if any(by_url) and not all(by_url):
        hint = "give every environment's cluster in gitops.yaml as a URL"
        raise LayoutError("some clusters are given by name and some by URL", hint=hint)
    values = {
        "argocd": argocd_values(project),
        "environments": environments,
        "directories": settings.layout[0].replace("{app}", "*").replace("{env}", "{{.environment}}"),
        "excluded": [str(path) for path in excluded],
        "segment": parts.index("{app}"),
        "cluster_key": "server" if all(by_url) else "name",
    }
    data = app_templates(draft.now, settings).fill(APPLICATION_SET, values)
    if data is None:
        raise LayoutError(f'the template "{APPLICATION_SET}" makes nothing')
    return data


def _updated(draft: Draft, settings: Settings, item: Written) -> Iterator[str]:
    """Add the environments that a set's list lacks, and set what differs; sets of another build are left alone."""
    elements = dig(item.body, *_ELEMENTS)
    if not isinstance(elements, list) or not all(isinstance(one, dict) for one in elements):
        return
    for environment in settings.environments:
        wanted = _element(environment, settings)
        index = next((n for n, one in enumerate(elements) if one.get("environment") == environment.name), None)
        if index is None:
            _add(draft, item, wanted)
            yield f'ApplicationSet "{item.name}" makes Applications of {environment.name}'
            continue
        for key, value in wanted.items():
            if elements[index].get(key) != value:
                _set(draft, item, (*_ELEMENTS, index, key), value)
                yield f'ApplicationSet "{item.name}": {key} of {environment.name} is {value}'


def _element(environment: Environment, settings: Settings) -> Mapping[str, str]:
    return {
        "environment": environment.name,
        "namespace": namespace_of(environment, settings),
        "cluster": environment.cluster or IN_CLUSTER_SERVER,
    }


def _add(draft: Draft, item: Written, element: Mapping[str, str]) -> None:
    def added(data: bytes) -> bytes:
        return add_item(data, _ELEMENTS, element, path=item.path, document=item.document)

    draft.change(item.path, added)


def _set(draft: Draft, item: Written, pointer: tuple[str | int, ...], value: str) -> None:
    draft.change(item.path, lambda data: set_value(data, pointer, value, path=item.path, document=item.document))
