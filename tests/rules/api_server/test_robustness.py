"""Whatever stands in an object, no rule raises, and every problem points at something that is there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gitops_tool.rules.base import dig

from .checking import ON_RESOURCES, load, resource

OBJECTS = [
    verdict["object"]
    for verdict in map(json.loads, Path(__file__).with_name("verdicts.jsonl").read_text().splitlines())
    if verdict["accepted"]
] + list(load((Path(__file__).with_name("seeded.yaml")).read_text())[0].values())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("8080") | st.just("a")
SHAPES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("name"), inner, max_size=3)
    ),
    max_leaves=6,
)


def ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the pointers to everything below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, child in items for found in [(*way, key), *ways(child, (*way, key))]]


@given(st.sampled_from(OBJECTS), st.data())
@settings(max_examples=600, deadline=None)
def test_any_value_anywhere_in_an_object(body: dict[str, Any], data: st.DataObject) -> None:
    changed = copy.deepcopy(body)
    for _ in range(data.draw(st.integers(1, 3))):
        way = data.draw(
            st.sampled_from([way for way in ways(changed) if way[0] not in {"apiVersion", "kind"}] or [("spec",)])
        )
        parent: Any = dig(changed, *way[:-1])
        parent[way[-1]] = data.draw(SHAPES)
    assert_sound(changed)


@given(st.sampled_from(OBJECTS), SHAPES, SHAPES)
@settings(max_examples=100, deadline=None)
def test_any_spec_and_metadata(body: dict[str, Any], spec: Any, metadata: Any) -> None:
    assert_sound({**body, "spec": spec, "metadata": metadata})


def assert_sound(body: dict[str, Any]) -> None:
    one = resource(body)
    for rule in ON_RESOURCES:
        for problem in rule.check(one):
            parent: Any = body
            for key in problem.pointer:
                parent = parent[key]
            assert len(problem.message.splitlines()) == 1
