"""Label selectors.

Source: Argo CD 3.6, applicationset/utils/selector.go, a copy of Kubernetes' without its rules for values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.applicationsets.results import FaultError, Pointer
from gitops_tool.patterns import lazy_pattern

_PREFIX = lazy_pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_NAME = lazy_pattern(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_SETS = {"In": True, "NotIn": True, "Exists": False, "DoesNotExist": False}
"""The operators, and whether they take values."""


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector that `check_selector` lets pass fits labels; an empty one fits all."""
    wanted = _mapping(selector.get("matchLabels"))
    if any(labels.get(key) != str(value) for key, value in wanted.items()):
        return False
    return all(_fits(requirement, labels) for requirement in _requirements(selector))


def _fits(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = str(requirement.get("key")), [str(value) for value in requirement.get("values") or []]
    match requirement.get("operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
    return key not in labels


def check_selector(selector: Mapping[str, Any], pointer: Pointer) -> None:
    """Refuse what is no selector.

    Raises:
        FaultError: an operator, a key or a list of values is not valid.
    """
    for key in _mapping(selector.get("matchLabels")):
        _check_key(str(key), (*pointer, "matchLabels", key))
    for index, requirement in enumerate(_requirements(selector)):
        place = (*pointer, "matchExpressions", index)
        operator, values = requirement.get("operator"), requirement.get("values") or []
        if operator not in _SETS:
            raise FaultError(f'"{operator}" is not a valid selector operator', place, f"one of: {', '.join(_SETS)}")
        if bool(values) is not _SETS[operator]:
            needs = "needs values" if _SETS[operator] else "takes no values"
            raise FaultError(f'the selector operator "{operator}" {needs}', place)
        _check_key(str(requirement.get("key", "")), (*place, "key"))


def _check_key(key: str, pointer: Pointer) -> None:
    prefix, slash, name = key.rpartition("/")
    if not _NAME.fullmatch(name) or (slash and (len(prefix) > 253 or not _PREFIX.fullmatch(prefix))):
        raise FaultError(f'"{key}" is not a valid label key', pointer)


def _requirements(selector: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = selector.get("matchExpressions")
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
