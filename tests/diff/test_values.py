"""The comparison of two objects: exact fields, and a promise: the told changes turn one into the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_tool.diff.values import MISSING, FieldKind, apply, equal, field_changes, path_text

SCALARS = st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "b"])
NAMED = st.fixed_dictionaries(
    {"name": st.sampled_from("abc")}, optional={"value": SCALARS, "protocol": st.just("TCP"), "port": st.integers(1, 2)}
)
FIELDS = ["containers", "initContainers", "env", "ports", "rules", "verbs", "args", "subjects", "tolerations", "data"]
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(NAMED, max_size=4)
        | st.dictionaries(st.sampled_from(FIELDS), inner | st.lists(inner, max_size=3), max_size=4)
    ),
    max_leaves=16,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4)


@given(st.sampled_from(["Deployment", "Role", "Ingress", "NetworkPolicy", "Widget"]), BODIES, BODIES)
def test_the_told_changes_turn_before_into_after(kind: str, before: Any, after: Any) -> None:
    changes = field_changes(kind, before, after)
    assert equal(apply(before, changes), after)
    assert bool(changes) != equal(before, after)


@given(st.sampled_from(["Deployment", "Role", "Service"]), BODIES)
def test_an_object_does_not_differ_from_itself(kind: str, body: Any) -> None:
    assert field_changes(kind, body, body) == ()


def told(kind: str, before: Any, after: Any) -> list[str]:
    lines = []
    for change in field_changes(kind, before, after):
        values = "" if change.is_order else f" {change.before!r} -> {change.after!r}"
        lines.append(f"{change.kind} {path_text(change.path)}{values}")
    return lines


E1, E2, E3 = ({"name": name, "value": name} for name in "abc")
PORT = {"containerPort": 80}


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("X", {"a": 1}, {"a": 2}, ["changed a 1 -> 2"]),
        ("X", {"a": 1}, {"a": True}, ["changed a 1 -> True"]),
        ("X", {"a": 1}, {"a": "1"}, ["changed a 1 -> '1'"]),
        ("X", {"a": None}, {}, ["removed a None -> MISSING"]),
        ("X", {}, {"a": {"b": 1}}, ["added a MISSING -> {'b': 1}"]),
        ("X", {"a": {"b": 1}}, {"a": [1]}, ["changed a {'b': 1} -> [1]"]),
        ("Pod", {"env": [E1, E2]}, {"env": [E2, E1]}, ["order env"]),
        ("Pod", {"env": [E1, E2]}, {"env": [E1, E3, E2]}, [f"added env[name=c] MISSING -> {E3!r}", "placed env"]),
        ("Pod", {"env": [E1, E2]}, {"env": [E1]}, [f"removed env[name=b] {E2!r} -> MISSING"]),
        ("Pod", {"env": [E1]}, {"env": [{"name": "a", "value": "z"}]}, ["changed env[name=a].value 'a' -> 'z'"]),
        ("Pod", {"initContainers": [E1, E2]}, {"initContainers": [E2, E1]}, ["reordered initContainers"]),
        (
            "Pod",
            {"args": ["-a", "-b"]},
            {"args": ["-b", "-a"]},
            ["changed args[0] '-a' -> '-b'", "changed args[1] '-b' -> '-a'"],
        ),
        ("Pod", {"args": ["-a"]}, {"args": ["-a", "-b"]}, ["changed args ['-a'] -> ['-a', '-b']"]),
        (
            "Pod",
            {"ports": [PORT]},
            {"ports": [{**PORT, "protocol": "TCP"}]},
            ["added ports[containerPort=80,protocol=TCP].protocol MISSING -> 'TCP'"],
        ),
        (
            "Pod",
            {"ports": [PORT]},
            {"ports": [{**PORT, "name": "w"}]},
            ["added ports[containerPort=80,protocol=TCP].name MISSING -> 'w'"],
        ),
        (
            "Service",
            {"ports": [{"port": 1, "targetPort": 2}]},
            {"ports": [{"port": 1, "targetPort": 3}]},
            ["changed ports[port=1,protocol=TCP].targetPort 2 -> 3"],
        ),
        ("Role", {"verbs": ["get", "list"]}, {"verbs": ["list", "get"]}, ["order verbs"]),
        ("Role", {"verbs": ["get"]}, {"verbs": ["get", "list"]}, ["added verbs[] MISSING -> 'list'"]),
        (
            "Role",
            {"rules": [{"verbs": ["get"]}]},
            {"rules": [{"verbs": ["get", "list"]}]},
            ["added rules[].verbs[] MISSING -> 'list'"],
        ),
        ("Widget", {"groups": [E1, E2]}, {"groups": [E2, E1]}, ["reordered groups"]),
        ("Widget", {"groups": [E1]}, {"groups": [{**E1, "value": "b"}]}, ["changed groups[name=a].value 'a' -> 'b'"]),
        ("Pod", {"env": [E1, E1]}, {"env": [E1]}, [f"changed env [{E1!r}, {E1!r}] -> [{E1!r}]"]),
        (
            "Ingress",
            {"rules": [{"host": "a", "x": 1}]},
            {"rules": [{"host": "a", "x": 2}]},
            ["changed rules[host=a].x 1 -> 2"],
        ),
        ("Pod", {"finalizers": ["a", "b"]}, {"finalizers": ["b", "a"]}, ["order finalizers"]),
        (
            "Pod",
            {"volumeMounts": [{"mountPath": "/a", "name": "x"}]},
            {"volumeMounts": [{"mountPath": "/a", "name": "y"}]},
            ["changed volumeMounts[mountPath=/a].name 'x' -> 'y'"],
        ),
    ],
)
def test_fields_are_told_exactly(kind: str, before: Any, after: Any, expected: list[str]) -> None:
    assert told(kind, before, after) == expected


def test_missing_is_not_null() -> None:
    (change,) = field_changes("X", {}, {"a": None})
    assert (change.kind, change.before, change.after) == (FieldKind.ADDED, MISSING, None)
