"""What differs between two renders."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitops_tool.diff import ValueChange, diff_resources, value_changes
from gitops_tool.model import Resource
from gitops_tool.render import resource

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)


def config_map(name: str, **data: Any) -> Resource:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
    return resource(body, PurePosixPath("overlay"), None)


def changes(before: Any, after: Any) -> list[tuple[tuple[str | int, ...], Any, Any]]:
    diffs = diff_resources([config_map("a", value=before)], [config_map("a", value=after)])
    return [(change.pointer, change.before, change.after) for change in value_changes(diffs)]


def test_objects_are_added_removed_and_changed_in_the_order_of_their_ids() -> None:
    before = [config_map("changed", x="1"), config_map("removed"), config_map("same")]
    after = [config_map("same"), config_map("added"), config_map("changed", x="2")]
    found = [(diff.id.name, diff.kind) for diff in diff_resources(before, after)]
    assert found == [("added", "added"), ("changed", "changed"), ("removed", "removed")]


def test_equal_renders_have_no_difference_whatever_their_order() -> None:
    one, two = config_map("one"), config_map("two")
    assert diff_resources([one, two], [two, one]) == ()


def test_a_change_is_told_at_its_deepest_place() -> None:
    before = {"list": [{"image": "web:1"}, {"image": "side:1"}], "same": 1}
    after = {"list": [{"image": "web:2"}, {"image": "side:1"}], "same": 1}
    assert changes(before, after) == [(("data", "value", "list", 0, "image"), "web:1", "web:2")]


def test_a_list_of_another_length_changes_as_a_whole() -> None:
    assert changes([1, 2], [1]) == [(("data", "value"), [1, 2], [1])]


def test_a_new_object_is_one_change() -> None:
    new = config_map("a")
    assert list(value_changes(diff_resources([], [new]))) == [ValueChange(new.id, (), None, new.body)]


def test_one_and_true_differ() -> None:
    assert changes({"a": 1}, {"a": True}) == [(("data", "value", "a"), 1, True)]
    assert changes([0], [False]) == [(("data", "value", 0), 0, False)]


@given(JSON)
def test_a_value_equals_itself(value: Any) -> None:
    assert changes(value, value) == []


@given(JSON, JSON)
def test_two_values_differ_if_and_only_if_their_json_does(one: Any, two: Any) -> None:
    differ = diff_resources([config_map("a", value=one)], [config_map("a", value=two)]) != ()
    assert differ == (repr_sorted(one) != repr_sorted(two))


def repr_sorted(value: Any) -> str:
    import json

    return json.dumps(value, sort_keys=True)
