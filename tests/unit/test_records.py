"""Records behave as frozen dataclasses with slots do; `dataclasses` is the reference."""

from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any, ClassVar

import pytest

from gitops_tool.records import as_dict, field, names, record, replace


@record(order=True)
class Place:
    """A place."""

    kind: ClassVar[str] = "place"
    path: str
    line: int = 0
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"

    @property
    def known(self) -> bool:
        return self.line > 0


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    path: str
    line: int = 0
    notes: list[str] = dataclass_field(default_factory=list)


@record
class Single:
    value: tuple[int, ...]


@record
class Nothing:
    """No fields."""


@record(frozen=False)
class Counter:
    number: int = 0


@record(cached=True)
class Sum:
    numbers: tuple[int, ...]

    @cached_property
    def total(self) -> int:
        return sum(self.numbers)


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}),
    (("a", 1), {}),
    (("a", 1, ["x"]), {}),
    (("a",), {"notes": ["x"]}),
    ((), {"line": 3, "path": "b"}),
    ((), {}),
    ((), {"line": 3}),
    (("a",), {"path": "b"}),
    (("a", 1, [], 4), {}),
    (("a",), {"colour": "red"}),
]


@pytest.mark.parametrize(("args", "named"), CALLS)
def test_is_made_as_a_dataclass_is(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    try:
        wanted = Reference(*args, **named)
    except TypeError:
        with pytest.raises(TypeError):
            Place(*args, **named)
        return
    made = Place(*args, **named)
    assert (made.path, made.line, made.notes) == (wanted.path, wanted.line, wanted.notes)
    assert repr(made) == repr(wanted).replace("Reference", "Place")


def test_defaults_are_not_shared() -> None:
    assert Place("a").notes is not Place("a").notes


def test_fields_can_be_set_once_only_and_there_are_no_others() -> None:
    place = Place("a")
    with pytest.raises(AttributeError):
        place.line = 1  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del place.line
    with pytest.raises(AttributeError):
        place.colour = "red"  # type: ignore[attr-defined]
    assert not hasattr(place, "__dict__")


def test_compares_by_value_within_one_class() -> None:
    assert Single((1,)) == Single((1,))
    assert Single((1,)) != Single((2,))
    assert Single((1,)) != (1,)
    assert {Single((1,)), Single((1,)), Single((2,))} == {Single((2,)), Single((1,))}
    assert Nothing() == Nothing()
    assert Nothing() != Single(())


def test_orders_by_the_fields() -> None:
    places = [Place("b"), Place("a", 2), Place("a", 1)]
    assert sorted(places) == [Place("a", 1), Place("a", 2), Place("b")]
    assert max(places) == Place("b")
    assert Place("a") <= Place("a")
    assert Place("a") >= Place("a")
    with pytest.raises(TypeError):
        assert Single(()) < Single((1,))  # type: ignore[operator]


def test_keeps_methods_class_attributes_and_documentation() -> None:
    assert str(Place("a", 3)) == "a:3"
    assert Place("a", 3).known
    assert Place.kind == "place"
    assert Place.__doc__ == "A place."
    assert Place.__qualname__ == "Place"


def test_matches_by_position() -> None:
    match Place("a", 3):
        case Place(path, 3):
            assert path == "a"
        case _:
            pytest.fail("no match")


def test_is_copied_and_pickled() -> None:
    place = Place("a", 3, ["x"])
    assert copy.copy(place) == copy.deepcopy(place) == pickle.loads(pickle.dumps(place)) == place


def test_is_replaced_in_part() -> None:
    assert replace(Place("a", 3, ["x"]), line=4) == Place("a", 4, ["x"])
    with pytest.raises(TypeError):
        replace(Place("a"), colour="red")


def test_gives_its_fields() -> None:
    assert as_dict(Place("a", 3)) == {"path": "a", "line": 3, "notes": []}
    assert as_dict(Nothing()) == {}
    assert names(Place) == ("path", "line", "notes")


def test_is_mutable_where_it_says_so() -> None:
    counter = Counter()
    counter.number += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)


def test_caches_properties_where_it_says_so() -> None:
    numbers = Sum((1, 2))
    assert (numbers.total, numbers.total) == (3, 3)
    assert numbers == Sum((1, 2))
    with pytest.raises(AttributeError):
        numbers.colour = "red"  # type: ignore[attr-defined]
