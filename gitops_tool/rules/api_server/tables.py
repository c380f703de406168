"""Tables of fields: what is required of the values that a pattern of keys leads to.

A pattern is keys with dots between them; `*` stands for every item of a list and every value of a
mapping: `ports.*.protocol`. A table is compiled into a tree once, so that one walk over an object looks at
every field of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gitops_tool.rules.api_server.objects import CONTAINER_LISTS, POD_SPECS, kind_of, parts, pod_spec

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import Kind
    from gitops_tool.rules.base import Pointer

Demand = TypeVar("Demand")


class Table(Generic[Demand]):
    """Demands on the fields of kinds, of a pod's spec, and of each container in it.

    Args:
        kinds: patterns from the object's root, for a group and kind.
        pod: patterns from a pod's spec, wherever it is.
        container: patterns from a container or init container.
    """

    __slots__ = ("_container", "_kinds", "_pod")

    def __init__(
        self,
        kinds: Mapping[Kind, Mapping[str, Demand]],
        pod: Mapping[str, Demand] | None = None,
        container: Mapping[str, Demand] | None = None,
    ) -> None:
        self._kinds = {kind: _tree(patterns) for kind, patterns in kinds.items()}
        self._pod = _tree(pod or {})
        self._container = _tree(container or {})

    def fields(self, resource: Resource) -> list[tuple[Any, Pointer, Demand]]:
        """Return each value of the resource that a demand is made on, with its pointer and the demand."""
        found: list[tuple[Any, Pointer, Demand]] = []
        kind = kind_of(resource)
        if kind is None:
            return found
        tree = self._kinds.get(kind)
        if tree:
            _collect(tree, resource.body, (), found)
        pod = pod_spec(resource) if kind in POD_SPECS and (self._pod or self._container) else None
        if pod is None:
            return found
        spec, pointer = pod
        _collect(self._pod, spec, pointer, found)
        for name in CONTAINER_LISTS:
            for index, container in parts(spec.get(name)):
                _collect(self._container, container, (*pointer, name, index), found)
        return found


def places(kinds: Mapping[Kind, Iterable[str]], pod: Iterable[str] = (), container: Iterable[str] = ()) -> Table[None]:
    """Return a table that only finds values, and demands nothing of them."""
    return Table(
        {kind: dict.fromkeys(patterns) for kind, patterns in kinds.items()},
        dict.fromkeys(pod),
        dict.fromkeys(container),
    )


def _tree(patterns: Mapping[str, Any]) -> dict[str, Any]:
    """Return patterns as nested mappings, key by key; the leaves are tuples of one demand.

    Where a pattern goes on behind the end of another one, that one's demand stands under the key None.
    """
    tree: dict[Any, Any] = {}
    for pattern in sorted(patterns, key=lambda pattern: pattern.count("."), reverse=True):
        *way, last = pattern.split(".")
        branch = tree
        for key in way:
            branch = branch.setdefault(key, {})
        if last in branch:
            branch[last][None] = (patterns[pattern],)
        else:
            branch[last] = (patterns[pattern],)
    return tree


def _collect(tree: Any, value: Any, pointer: Pointer, found: list[tuple[Any, Pointer, Any]]) -> None:
    """Add the values that a tree's leaves are reached by; a plain recursion, since every rule's time is spent here."""
    if type(tree) is tuple:
        found.append((value, pointer, tree[0]))
        return
    if None in tree:
        found.append((value, pointer, tree[None][0]))
    if isinstance(value, dict):
        every = tree.get("*")
        for key, child in value.items():
            branch = tree.get(key, every)
            if branch is not None and child is not None and type(key) is str:
                _collect(branch, child, (*pointer, key), found)
    elif isinstance(value, list) and "*" in tree:
        branch = tree["*"]
        for index, child in enumerate(value):
            if child is not None:
                _collect(branch, child, (*pointer, index), found)
                continue
            # Go reads a null in a list as an empty text or an empty object, whichever it is a list of.
            if type(branch) is tuple:
                found.append(("", (*pointer, index), branch[0]))
            _collect(branch, {}, (*pointer, index), found)
