"""The rules agree with a real API server about what may be changed.

`verdicts.jsonl` holds objects before and after a change. kube-apiserver v1.36.0 (etcd behind it, no controllers; claims
and suspended Jobs with the status that controllers give them) was given the first, and then asked to take the second
with server-side apply as a dry run; `refusal` is what it said.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.rules.changes.differences import changes_of
from gitops_tool.rules.changes.fields import SELECTORS, refused

VERDICTS = [json.loads(line) for line in Path(__file__).with_name("verdicts.jsonl").read_text().splitlines()]
SELECTOR = ("spec", "selector")


def objections(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Any]:
    """Return what counts as an error when a rule finds it."""
    kind = (after["apiVersion"].rpartition("/")[0], after["kind"])
    found: list[Any] = [one for one in refused(kind, before, after, 36, server_side=True) if one.severity is None]
    return found + (list(changes_of(SELECTOR, before, after)) if kind in SELECTORS else [])


def label(verdict: Mapping[str, Any]) -> str:
    return str(verdict["after"]["kind"])


def test_there_are_verdicts_of_both_kinds() -> None:
    accepted = [verdict["accepted"] for verdict in VERDICTS]
    assert (accepted.count(True) >= 100, accepted.count(False) >= 90) == (True, True)


@pytest.mark.parametrize("verdict", VERDICTS, ids=label)
def test_a_change_is_an_error_where_the_api_server_refuses_it(verdict: Mapping[str, Any]) -> None:
    found = objections(verdict["before"], verdict["after"])
    assert (found == []) is verdict["accepted"], verdict.get("refusal", found)


def test_a_change_back_and_nothing_at_all_are_no_change() -> None:
    for verdict in VERDICTS:
        assert objections(verdict["before"], verdict["before"]) == []
        assert objections(verdict["after"], verdict["after"]) == []


@pytest.mark.parametrize(("minor", "expected"), [(32, 1), (33, 0)])
def test_what_may_change_depends_on_the_version(minor: int, expected: int) -> None:
    before = {"spec": {"revisionHistoryLimit": 3}}
    after = {"spec": {"revisionHistoryLimit": 5}}
    assert len(list(refused(("apps", "StatefulSet"), before, after, minor, server_side=False))) == expected


def test_client_side_apply_clears_the_old_strategy_of_a_deployment() -> None:
    after = {"spec": {"strategy": {"type": "Recreate"}}}
    assert list(refused(("apps", "Deployment"), {"spec": {}}, after, 36, server_side=False)) == []
    assert len(list(refused(("apps", "Deployment"), {"spec": {}}, after, 36, server_side=True))) == 1


@pytest.mark.parametrize("value", [None, 7, "text", [], [[1]], {}, {"a": {"b": 1}}, True, 0.5])
def test_nonsense_anywhere_is_compared_without_an_error(value: Any) -> None:
    kinds = {(one["after"]["apiVersion"].rpartition("/")[0], one["after"]["kind"]): one for one in VERDICTS}
    for kind, verdict in kinds.items():
        for way in ways(verdict["after"]):
            body = copy.deepcopy(verdict["after"])
            parent: Any = body
            for key in way[:-1]:
                parent = parent[key]
            parent[way[-1]] = value
            for before, after in ((verdict["before"], body), (body, verdict["before"]), (body, {"spec": value})):
                list(refused(kind, before, after, 36, server_side=True))
                list(changes_of(SELECTOR, before, after))


def ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the pointers to everything below a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, child in items for found in [(*way, key), *ways(child, (*way, key))]]
