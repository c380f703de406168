"""Takes the values of Secrets out of objects before anything compares or shows them.

A concealed value can be compared, and that is all: no text of it is left in what a diff holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from gitops_tool.diff.values import MISSING
from gitops_tool.patterns import lazy_pattern

MASK = "***"
MASKED_BEFORE, MASKED_AFTER = f"{MASK} (before)", f"{MASK} (after)"
"""What stands for a value that differs, so that a diff of lines shows it."""

SECRET_LIKE = (
    *("*password*", "*passwd*", "*passphrase*", "*secret*", "*token*", "*api?key*", "*apikey*", "*private?key*"),
    *("*credential*", "*access?key*", "*_dsn", "*connection?string*"),
)
"""Names whose values are concealed outside of Secrets, where that is asked for."""

_SHOWN_FIELDS = frozenset({"apiVersion", "kind", "type", "immutable"})
_SHOWN_METADATA = frozenset({"name", "generateName", "namespace", "labels", "finalizers", "ownerReferences"})
_SHOWN_ANNOTATIONS = (
    *("argocd.argoproj.io/", "kustomize.config.k8s.io/", "config.kubernetes.io/", "helm.sh/", "gitops/"),
    *("reloader.stakater.com/", "reflector.v1.k8s.emberstack.com/", "replicator.v1.mittwald.de/", "app.kubernetes.io/"),
    *("sealedsecrets.bitnami.com/", "cert-manager.io/", "kubernetes.io/service-account.name"),
)
"""Annotations of Secrets that set up a controller; any other may hold a copy of the values."""

_COPIES = (
    "kubectl.kubernetes.io/last-applied-configuration",
    "kapp.k14s.io/original",
    "objectset.rio.cattle.io/applied",
)
_PRIVATE = lazy_pattern(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|ENC\[AES256_GCM,|[\"']?kind[\"']?:\s*[\"']?Secret\b[\s\S]*?[dD]ata[\"']?:"
    r"|[dD]ata[\"']?:[\s\S]*?[\"']?kind[\"']?:\s*[\"']?Secret\b"
)
"""Texts that are a secret wherever they stand: private keys, values of SOPS, manifests of Secrets."""

_LINE_KEY = lazy_pattern(r"^\s*(?:export\s+)?[\"']?([\w.\-]+)[\"']?\s*[:=]", re.MULTILINE)


class Concealed:
    """A value that nobody may see; equal to another one that holds the same."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Concealed) and type(self._value) is type(other._value) and self._value == other._value

    def __hash__(self) -> int:
        return hash(MASK)

    def __repr__(self) -> str:
        return MASK


def concealed(body: Mapping[str, Any], mask_keys: Sequence[str] = ()) -> dict[str, Any]:
    """Return an object with every secret value concealed.

    Args:
        body: the object.
        mask_keys: shell patterns; what stands at such a name in a ConfigMap, or in a list of names and values such as
            `env`, is concealed, too. Case does not matter.
    """
    found: dict[str, Any] = _Concealing(tuple(key.lower() for key in mask_keys)).manifest(body)
    return found


class _Concealing:
    def __init__(self, mask_keys: tuple[str, ...]) -> None:
        self.mask_keys = mask_keys

    def manifest(self, body: Mapping[str, Any]) -> dict[str, Any]:
        kind = str(body.get("kind"))
        if kind == "Secret":
            return {key: self._secret_field(key, value, body) for key, value in body.items()}
        found = {key: self._value(value, holds_secrets="Secret" in kind) for key, value in body.items()}
        if kind == "ConfigMap":
            found |= {key: self._data(body[key]) for key in ("data", "binaryData") if key in body}
        return found

    def _secret_field(self, key: str, value: Any, body: Mapping[str, Any]) -> Any:
        if key == "metadata" and isinstance(value, dict):
            return {name: self._secret_metadata(name, child, body) for name, child in value.items()}
        if key in _SHOWN_FIELDS and not isinstance(value, (dict, list)):
            return value
        return _hidden_entries(value)

    def _secret_metadata(self, name: str, value: Any, body: Mapping[str, Any]) -> Any:
        values = [text for field in ("data", "stringData") for text in _texts(body.get(field))]
        if name in {"annotations", "labels"} and isinstance(value, dict):
            shown = ("",) if name == "labels" else _SHOWN_ANNOTATIONS
            return {
                key: child if key.startswith(shown) and not _holds(child, values) else Concealed(child)
                for key, child in value.items()
            }
        return value if name in _SHOWN_METADATA else Concealed(value)

    def _value(self, value: Any, *, holds_secrets: bool) -> Any:
        if isinstance(value, dict):
            if value.get("kind") == "Secret" and "apiVersion" in value:
                return self.manifest(value)
            return {key: self._child(key, child, value, holds_secrets=holds_secrets) for key, child in value.items()}
        if isinstance(value, list):
            return [self._value(child, holds_secrets=holds_secrets) for child in value]
        return Concealed(value) if isinstance(value, str) and _PRIVATE.search(value) else value

    def _child(self, key: str, child: Any, parent: Mapping[str, Any], *, holds_secrets: bool) -> Any:
        if key in _COPIES:
            return Concealed(child)
        if holds_secrets and (key == "stringData" or (key == "data" and isinstance(child, dict))):
            return _hidden_entries(child)  # the template of a Secret in a SealedSecret, an ExternalSecret, ...
        if key == "value" and self._is_masked(parent.get("name")):
            return Concealed(child)
        return self._value(child, holds_secrets=holds_secrets)

    def _data(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return self._value(value, holds_secrets=False)
        return {
            key: Concealed(child)
            if self._is_masked(key) or self._has_masked_line(child)
            else self._value(child, holds_secrets=False)
            for key, child in value.items()
        }

    def _is_masked(self, name: Any) -> bool:
        return isinstance(name, str) and any(fnmatchcase(name.lower(), key) for key in self.mask_keys)

    def _has_masked_line(self, text: Any) -> bool:
        """Whether a file in a ConfigMap has a line that sets such a name."""
        if not self.mask_keys or not isinstance(text, str):
            return False
        return any(self._is_masked(found) for found in _LINE_KEY.findall(text))


def _hidden_entries(value: Any) -> Any:
    """Conceal what a mapping holds, but not its keys."""
    return {key: Concealed(child) for key, child in value.items()} if isinstance(value, dict) else Concealed(value)


def _texts(value: Any) -> list[str]:
    """Return the values of a Secret's data, as they are and decoded."""
    import base64
    import binascii

    found = []
    for text in value.values() if isinstance(value, dict) else ():
        if isinstance(text, str) and text:
            found.append(text)
            try:
                found.append(base64.b64decode(text, validate=True).decode())
            except (binascii.Error, ValueError):
                continue
    return list(filter(None, found))


def _holds(value: Any, texts: Sequence[str]) -> bool:
    return any(text in str(value) for text in texts)


def shown(value: Any, mask: str = MASK) -> Any:
    """Return a value with masks for what is concealed in it."""
    if isinstance(value, Concealed):
        return mask
    if isinstance(value, dict):
        return {key: shown(child, mask) for key, child in value.items()}
    return [shown(child, mask) for child in value] if isinstance(value, list) else value


def shown_pair(before: Any, after: Any) -> tuple[Any, Any]:
    """Return both sides with masks; a concealed value that differs has another mask on each side."""
    return _shown_beside(before, after, MASKED_BEFORE), _shown_beside(after, before, MASKED_AFTER)


def _shown_beside(value: Any, other: Any, mask: str) -> Any:
    if isinstance(value, dict) and isinstance(other, dict):
        return {key: _shown_beside(child, other.get(key), mask) for key, child in value.items()}
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return [_shown_beside(child, its, mask) for child, its in zip(value, other, strict=True)]
    if isinstance(value, Concealed):
        return MASK if value == other or other is None or other is MISSING else mask
    return shown(value, MASK if other is None or other is MISSING else mask)


def is_concealed(value: Any) -> bool:
    """Whether a value is concealed, or anything in it."""
    if isinstance(value, dict):
        return any(is_concealed(child) for child in value.values())
    if isinstance(value, list):
        return any(is_concealed(child) for child in value)
    return isinstance(value, Concealed)
