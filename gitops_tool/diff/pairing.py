"""Finds the predecessor of every object of an overlay, by name, by hash suffix, by content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from gitops_tool.diff.values import equal
from gitops_tool.layout import HASH
from gitops_tool.model import Resource, ResourceId
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

_HASHED = lazy_pattern(rf"(?P<stem>.+){HASH}")

_HEAD = frozenset({"apiVersion", "kind", "metadata"})
_MOST_COMPARISONS = 10_000
"""Of objects of one kind that might be renamed; beyond, they are told as added and removed."""

_HASHED_KINDS = frozenset({"ConfigMap", "Secret"})
_SAME_GROUP = {"extensions": ("apps", "networking.k8s.io", "policy")}
"""Groups that kinds of `extensions/v1beta1` moved to; in the cluster the objects are the same."""


_Key: TypeAlias = Callable[[Resource], "tuple[str, ...] | None"]


@record
class Pair:
    """An object before and after; one of the two is missing where it was added or removed."""

    before: Resource | None
    after: Resource | None


def without_hash(name: str) -> str:
    """Return a name without kustomize's hash, if it has one."""
    found = _HASHED.fullmatch(name)
    return found["stem"] if found else name


def stem(resource_id: ResourceId) -> str | None:
    """Return a ConfigMap's or Secret's name without kustomize's hash; None if it has none."""
    name = without_hash(resource_id.name) if resource_id.kind in _HASHED_KINDS else resource_id.name
    return name if name != resource_id.name else None


def pair_up(before: Sequence[Resource], after: Sequence[Resource]) -> list[Pair]:
    """Pair the objects of one overlay's renders, in the order of after; what is gone comes last."""
    matcher = _Matcher(before, after)
    for key in (_identity, _identity_over_groups):
        matcher.match(key)
    matcher.match(_by_stem)
    matcher.match(_without_namespace, one_only=True)
    matcher.match_renamed()
    return matcher.pairs()


class _Matcher:
    """Takes pairs out of the objects that have none yet."""

    def __init__(self, before: Sequence[Resource], after: Sequence[Resource]) -> None:
        self.before = list(before)
        self.after = list(after)
        self.found: dict[int, Resource] = {}
        """The predecessor of each object of after that has one, by its position."""
        self.left = list(range(len(self.before)))

    def _open(self) -> list[int]:
        return [number for number in range(len(self.after)) if number not in self.found]

    def match(self, key: _Key, *, one_only: bool = False) -> None:
        """Pair objects whose keys are equal, in their order; `one_only` leaves those with several candidates."""
        old = _grouped(key, self.before, self.left)
        new = _grouped(key, self.after, self._open())
        for name, numbers in new.items():
            candidates = old.get(name, [])
            if name is None or (one_only and (len(candidates) != 1 or len(numbers) != 1)):
                continue
            self._take(candidates, numbers)

    def _take(self, old: list[int], new: list[int]) -> None:
        """Pair two lists, equal objects first, so that an object that is there twice does not seem to change."""
        rest = []
        for number in new:
            same = next((n for n in old if equal(self.before[n].body, self.after[number].body)), None)
            if same is None:
                rest.append(number)
            else:
                self._pair(same, number)
                old = [n for n in old if n != same]
        for before, number in zip(old, rest, strict=False):
            self._pair(before, number)

    def _pair(self, before: int, after: int) -> None:
        self.found[after] = self.before[before]
        self.left.remove(before)

    def match_renamed(self) -> None:
        """Pair objects that differ in nothing but names, their own or others' that are renamed, while any are found."""
        while True:
            renamed = {old.id.name: self.after[new].id.name for new, old in self.found.items()}
            old, new = _grouped(_kind, self.before, self.left), _grouped(_kind, self.after, self._open())
            found = [
                pair for kind, numbers in new.items() for pair in self._look_alikes(old.get(kind, []), numbers, renamed)
            ]
            for before, after in found:
                self._pair(before, after)
            if not found:
                return

    def _look_alikes(self, old: list[int], new: list[int], renamed: Mapping[str, str]) -> list[tuple[int, int]]:
        """Return the pairs among the objects of one kind that can be no other pairs."""
        if len(old) * len(new) > _MOST_COMPARISONS:
            return []
        alike = [
            (before, after)
            for after in new
            for before in old
            if _alike(self.before[before].body, self.after[after].body, renamed)
        ]
        befores, afters = Counter(before for before, _ in alike), Counter(after for _, after in alike)
        return [(before, after) for before, after in alike if befores[before] == 1 and afters[after] == 1]

    def pairs(self) -> list[Pair]:
        present = [Pair(self.found.get(number), resource) for number, resource in enumerate(self.after)]
        return present + [Pair(self.before[number], None) for number in self.left]


def _grouped(key: _Key, resources: Sequence[Resource], numbers: Iterable[int]) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = {}
    for number in numbers:
        groups.setdefault(key(resources[number]), []).append(number)
    return groups


def _identity(resource: Resource) -> tuple[str, ...]:
    one = resource.id
    metadata = resource.body.get("metadata")
    generated = metadata.get("generateName") if isinstance(metadata, dict) and not one.name else ""
    return (one.group, one.kind, one.namespace, one.name, str(generated))


def _identity_over_groups(resource: Resource) -> tuple[str, ...] | None:
    one = resource.id
    for old, groups in _SAME_GROUP.items():
        if one.group in {old, *groups}:
            return (old, one.kind, one.namespace, one.name)
    return None


def _by_stem(resource: Resource) -> tuple[str, ...] | None:
    one = resource.id
    if one.kind not in _HASHED_KINDS:
        return None
    return (one.kind, one.namespace, stem(one) or one.name)


def _without_namespace(resource: Resource) -> tuple[str, ...] | None:
    one = resource.id
    return (one.group, one.kind, stem(one) or one.name) if one.name else None


def _kind(resource: Resource) -> tuple[str, ...]:
    return (resource.id.group, resource.id.kind)


def _alike(before: Mapping[str, Any], after: Mapping[str, Any], renamed: Mapping[str, str]) -> bool:
    """Whether two objects hold the same besides name and namespace; one that holds hardly anything is like no other."""
    old, new = _without_names(before), _without_names(after)
    return any(old[key] for key in old if key not in _HEAD) and _equal_but_names(old, new, renamed)


def _without_names(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    kept = {key: value for key, value in metadata.items() if key not in {"name", "namespace"}}
    return {**body, "metadata": kept}


def _equal_but_names(before: Any, after: Any, renamed: Mapping[str, str]) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            _equal_but_names(value, after[key], renamed) for key, value in before.items()
        )
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(
            _equal_but_names(old, new, renamed) for old, new in zip(before, after, strict=True)
        )
    return equal(before, after) or (isinstance(before, str) and renamed.get(before) == after)
