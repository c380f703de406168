"""Which ConfigMaps and Secrets an object names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CONFIG_MAP, _SECRET = "ConfigMap", "Secret"
_NAMED_IN = {
    "configMapRef": (_CONFIG_MAP, "name"),
    "configMapKeyRef": (_CONFIG_MAP, "name"),
    "configMap": (_CONFIG_MAP, "name"),
    "secretRef": (_SECRET, "name"),
    "secretKeyRef": (_SECRET, "name"),
    "secret": (_SECRET, "secretName"),
}


def read_names(body: Mapping[str, Any] | None) -> set[tuple[str, str]]:
    """Return kind and name of the ConfigMaps and Secrets that an object's pods read."""
    return set(_names(body))


def _names(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for child in value:
            yield from _names(child)
    elif isinstance(value, dict):
        for key, child in value.items():
            if key in _NAMED_IN and isinstance(child, dict):
                kind, field = _NAMED_IN[key]
                name = child.get(field) or child.get("name")
                if isinstance(name, str):
                    yield kind, name
            if isinstance(child, (dict, list)):
                yield from _names(child)
