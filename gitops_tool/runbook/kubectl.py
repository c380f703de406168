"""Writes kubectl's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gitops_tool.records import record

_WITH_NOUN = frozenset({"get", "describe", "top", "rollout"})


@record
class Kubectl:
    """kubectl for one cluster. `namespace` is that of objects that name none."""

    context: str | None = None
    namespace: str | None = None

    def __call__(self, *args: str, namespace: str = "") -> tuple[str, ...]:
        """Return a command, the namespace where people write it: behind `get pods`, behind `logs`."""
        context = ("--context", self.context) if self.context is not None else ()
        where = namespace or self.namespace
        words = 2 if args[0] in _WITH_NOUN else 1
        return ("kubectl", *context, *args[:words], *(("-n", where) if where else ()), *args[words:])


def selector(labels: Mapping[str, Any]) -> str | None:
    """Return a label selector as kubectl takes it; None if it selects nothing in particular."""
    terms = [f"{key}={value}" for key, value in (labels.get("matchLabels") or {}).items()]
    for one in labels.get("matchExpressions") or ():
        values = ",".join(map(str, one.get("values") or ()))
        key = str(one.get("key", ""))
        written = {"In": f"{key} in ({values})", "NotIn": f"{key} notin ({values})", "Exists": key}
        terms.append(written.get(str(one.get("operator")), f"!{key}"))
    return ",".join(terms) or None
