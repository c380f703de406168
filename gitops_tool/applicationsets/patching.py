"""Lays a `templatePatch` over an Application.

Source: Argo CD 3.6, applicationset/controllers/template/patch.go: Kubernetes' strategic merge patch, by which of an
Application's lists only the finalizers are joined.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from gitops_tool.applicationsets.gotemplate import UnsupportedError
from gitops_tool.applicationsets.results import FaultError, Pointer, UncheckedError
from gitops_tool.errors import YamlError
from gitops_tool.yamlload import Rules, load_documents

_FINALIZERS = ("metadata", "finalizers")


def patched(application: Mapping[str, Any], patch: str, pointer: Pointer) -> dict[str, Any]:
    """Return an Application with a patch laid over it; `spec.project` stays as it is.

    Raises:
        FaultError: the patch is not YAML, or no mapping.
        UncheckedError: it uses a directive such as `$patch`.
    """
    try:
        documents = load_documents(patch.encode(), PurePosixPath("templatePatch"), rules=Rules.SIGS)
    except YamlError as error:
        raise FaultError(f"the rendered templatePatch is not YAML: {error}", pointer, error.hint) from error
    body = documents[0] if documents else None
    if body is None:
        return dict(application)
    if not isinstance(body, Mapping):
        raise FaultError("the rendered templatePatch is not a mapping", pointer)
    try:
        result = _laid_over(application, body, ())
    except UnsupportedError as error:
        raise UncheckedError(error.what, pointer) from error
    spec, before = result.get("spec"), application.get("spec")
    if not isinstance(spec, dict) or not isinstance(before, Mapping):
        raise FaultError("the rendered templatePatch leaves no spec", pointer)
    project = {"project": before["project"]} if "project" in before else {}
    return {**result, "spec": {key: value for key, value in spec.items() if key != "project"} | project}


def _laid_over(target: Mapping[str, Any], patch: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    if len(path) > 60:
        raise UnsupportedError("a templatePatch nested deeper than 60 levels")
    result = dict(target)
    for key, value in patch.items():
        if key.startswith("$"):
            raise UnsupportedError(f'the directive "{key}" in a templatePatch')
        present = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = _laid_over(present if isinstance(present, Mapping) else {}, value, (*path, key))
        elif (*path, key) == _FINALIZERS and isinstance(value, list) and isinstance(present, list):
            result[key] = [*value, *(item for item in present if item not in value)]
        else:
            result[key] = value
    return result
