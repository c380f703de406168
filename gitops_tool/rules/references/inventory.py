"""What all overlays of a repository render, by where in which cluster it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from gitops_tool.layout import HASH
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.rules.base import RepositoryView, dig
from gitops_tool.rules.pods import PodMaker, pod_maker
from gitops_tool.rules.references.entries import Entry, Place, destination, own_labels
from gitops_tool.rules.references.labels import Expressions, is_foreign
from gitops_tool.rules.references.needs import Need, needs_of
from gitops_tool.rules.references.producers import Product, products

if TYPE_CHECKING:
    from pathlib import PurePosixPath

HPA = ("autoscaling", "HorizontalPodAutoscaler")
SCALED_OBJECT = ("keda.sh", "ScaledObject")
SCALERS = (HPA, SCALED_OBJECT)
"""The kinds that set the number of a workload's pods."""

_HASHED = lazy_pattern(rf"{HASH}$")
_UNFINISHED = frozenset("$<>{}%")


@record(cached=True)
class Pods:
    """The pods that one rendered object makes."""

    entry: Entry
    maker: PodMaker

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        """The ConfigMaps and Secrets that they need."""
        return tuple(needs_of(self.maker))


@record
class Made:
    """Something that a rendered object makes, itself included, and where that is."""

    entry: Entry
    product: Product
    place: Place


class Inventory:
    """Finds rendered objects by kind and name, and pods by their labels.

    What an overlay renders itself is looked at first, then everything that may go to the same place.
    """

    def __init__(self, view: RepositoryView) -> None:
        self.complete = view.complete
        self._external = [tuple(text.split("/", 2)) for text in view.settings.external]
        self._by_kind: dict[tuple[str, str], list[Entry]] = {}
        self.pods: list[Pods] = []
        for overlay in view.overlays:
            cluster, namespace = destination(overlay)
            for resource in overlay.render.resources:
                entry = Entry(overlay, resource, Place(cluster, resource.id.namespace or namespace))
                self._by_kind.setdefault((resource.id.group, resource.id.kind), []).append(entry)
                maker = pod_maker(resource)
                if maker is not None:
                    self.pods.append(Pods(entry, maker))

    def of(self, group: str, kind: str) -> list[Entry]:
        """Return all objects of a kind, in the order of the overlays."""
        return self._by_kind.get((group, kind), [])

    def near(self, asking: Entry, place: Place, found: Iterable[Entry]) -> list[Entry]:
        """Return those in a place: the asking overlay's own if it has any, else those of other overlays."""
        there = [entry for entry in found if entry.place.may_be(place)]
        return [entry for entry in there if entry.view is asking.view] or there

    def named(self, asking: Entry, group: str, kind: str, name: str, place: Place | None = None) -> list[Entry]:
        """Return the objects of a kind and name in the asking object's place, or in another one."""
        return self.near(asking, place or asking.place, self._names.get((group, kind, name), []))

    def made(self, asking: Entry, kind: str, name: str) -> list[Made]:
        """Return what makes a ConfigMap or Secret of a name in the asking object's place."""
        there = [made for made in self._products.get((kind, name), []) if made.place.may_be(asking.place)]
        return [made for made in there if made.entry.view is asking.view] or there

    def names_made(self, asking: Entry, kind: str) -> set[str]:
        """Return the names of all ConfigMaps or Secrets that are made in the asking object's place, without hashes."""
        return {
            _HASHED.sub("", name)
            for (made, name), items in self._products.items()
            if made == kind
            for item in items
            if item.place.may_be(asking.place)
        }

    def makes_any(self, asking: Entry, kind: str) -> bool:
        """Whether anything makes ConfigMaps or Secrets in the namespace, or in the overlay if that is not known."""
        if not asking.place.namespace:
            return (kind, asking.view.overlay.path) in self._producing[1]
        return any(asking.place.may_be(place) for made, place in self._producing[0] if made == kind)

    def selected(self, asking: Entry, selector: Mapping[str, str], place: Place | None = None) -> list[Pods]:
        """Return the pods that labels select in the asking object's place, or in another one."""
        where = place or asking.place
        found = [
            pods
            for pods in self._candidates(selector)
            if pods.entry.place.may_be(where) and selector.items() <= pods.maker.labels.items()
        ]
        return [pods for pods in found if pods.entry.view is asking.view] or found

    def matched(self, asking: Entry, selector: Any, place: Place | None = None) -> list[Pods]:
        """Return the pods that a label selector (`matchLabels`, `matchExpressions`) selects, as `selected` does."""
        expressions = Expressions(selector)
        found = self.selected(asking, expressions.labels, place)
        return [pods for pods in found if expressions.hold(pods.maker.labels)]

    def labelled_services(self, selector: Any, places: Iterable[Place]) -> list[Entry]:
        """Return the Services of some places whose own labels a label selector matches."""
        expressions = Expressions(selector)
        indexed = [self._service_labels.get(label, []) for label in expressions.labels.items()]
        return [
            service
            for service in (min(indexed, key=len) if indexed else self.of("", "Service"))
            if expressions.match(own_labels(service)) and any(service.place.may_be(place) for place in places)
        ]

    def scalers(self, target: Entry) -> list[Entry]:
        """Return the autoscalers of a workload."""
        identity = target.resource.id
        return self.near(target, target.place, self._scalers.get((identity.kind, identity.name), []))

    def in_place(self, place: Place) -> Iterator[Pods]:
        """Yield all pods of a place."""
        return (pods for pods in self.pods if pods.entry.place.may_be(place))

    def uses_label(self, key: str) -> bool:
        """Whether any pod here has a label of that key."""
        return key in self._label_keys

    def are_own_labels(self, keys: Iterable[str]) -> bool:
        """Whether templates here may have labels of these keys: no other project's, nor set by a controller."""
        return all(key in self._label_keys or not is_foreign(key) for key in keys)

    def is_external(self, kind: str, name: str, place: Place) -> bool:
        """Whether the settings say that an object exists in the cluster, or its name is not written out yet."""
        if not _UNFINISHED.isdisjoint(name):
            return True
        return any(
            len(known) == 3
            and fnmatchcase(kind, known[0])
            and (not place.namespace or fnmatchcase(place.namespace, known[1] or "*"))
            and fnmatchcase(name, known[2])
            for known in self._external
        )

    def is_missing(self, kind: str, name: str, place: Place) -> bool:
        """Whether what was not found can be called missing: everything was looked at, and it is not elsewhere."""
        return self.complete and not self.is_external(kind, name, place)

    def _candidates(self, selector: Mapping[str, str]) -> list[Pods]:
        if not selector:
            return self.pods
        return min((self._by_label.get(label, []) for label in selector.items()), key=len)

    @cached_property
    def _names(self) -> dict[tuple[str, str, str], list[Entry]]:
        found: dict[tuple[str, str, str], list[Entry]] = {}
        for (group, kind), entries in self._by_kind.items():
            for entry in entries:
                found.setdefault((group, kind, entry.name), []).append(entry)
        return found

    @cached_property
    def _by_label(self) -> dict[tuple[str, str], list[Pods]]:
        found: dict[tuple[str, str], list[Pods]] = {}
        for pods in self.pods:
            for label in pods.maker.labels.items():
                found.setdefault(label, []).append(pods)
        return found

    @cached_property
    def _service_labels(self) -> dict[tuple[str, str], list[Entry]]:
        found: dict[tuple[str, str], list[Entry]] = {}
        for service in self.of("", "Service"):
            for label in own_labels(service).items():
                found.setdefault(label, []).append(service)
        return found

    @cached_property
    def _scalers(self) -> dict[tuple[str, str], list[Entry]]:
        found: dict[tuple[str, str], list[Entry]] = {}
        for group, kind in SCALERS:
            for scaler in self.of(group, kind):
                target = dig(scaler.body, "spec", "scaleTargetRef")
                key = (str(dig(target, "kind") or "Deployment"), str(dig(target, "name")))
                found.setdefault(key, []).append(scaler)
        return found

    @cached_property
    def _label_keys(self) -> frozenset[str]:
        return frozenset(key for key, _ in self._by_label)

    @cached_property
    def _products(self) -> dict[tuple[str, str], list[Made]]:
        found: dict[tuple[str, str], list[Made]] = {}
        for entries in self._by_kind.values():
            for entry in entries:
                for product in products(entry.resource):
                    place = entry.place if product.namespace is None else entry.place.within(product.namespace)
                    found.setdefault((product.kind, product.name), []).append(Made(entry, product, place))
        return found

    @cached_property
    def _producing(self) -> tuple[frozenset[tuple[str, Place]], frozenset[tuple[str, PurePosixPath]]]:
        """Where ConfigMaps and Secrets are made: namespaces, and overlays."""
        made = [(kind, item) for (kind, _), items in self._products.items() for item in items]
        places = frozenset((kind, item.place) for kind, item in made if item.place.namespace)
        return places, frozenset((kind, item.entry.view.overlay.path) for kind, item in made)


def inventory(view: RepositoryView) -> Inventory:
    """Return what a repository renders. The last answer is kept: each rule asks for it."""
    return _inventory(_Same(view))


class _Same:
    """Compares a view by identity, so that what was computed for it can be found again."""

    def __init__(self, view: RepositoryView) -> None:
        self.view = view

    def __hash__(self) -> int:
        return id(self.view)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.view is self.view


@lru_cache(maxsize=1)
def _inventory(same: _Same) -> Inventory:
    return Inventory(same.view)
