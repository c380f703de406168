"""Merges maps as `dario.cat/mergo` does for Argo CD, without changing what it is given.

Source: mergo 1.0.2, merge.go (deepMerge).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.applicationsets.gotemplate.values import StringMap

_OPAQUE = frozenset({"valuesObject"})
"""What Go holds as bytes: taken from one side as a whole."""


def filled(target: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map with what is missing or empty in it taken from another: `mergo.Merge`."""
    result = dict(target)
    for key, value in source.items():
        present = result.get(key)
        if isinstance(present, Mapping) and isinstance(value, Mapping) and (key not in _OPAQUE or not present):
            result[key] = filled(present, value)
        elif value is not None and not present:
            result[key] = value
    return result


def overlaid(target: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map with another's values laid over it: `mergo.Merge` with `WithOverride`.

    Raises:
        TypeError: values of any type would go into a map of texts, at which Argo CD panics.
    """
    if isinstance(target, StringMap) and not isinstance(source, StringMap) and source:
        raise TypeError(next(iter(source)))
    result: dict[str, Any] = StringMap(target) if isinstance(target, StringMap) else dict(target)
    for key, value in source.items():
        present = result.get(key)
        if present and isinstance(present, Mapping) and isinstance(value, Mapping):
            result[key] = overlaid(present, value)
        else:
            result[key] = value
    return result
