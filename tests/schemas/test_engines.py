"""Both engines, on the corpus: the same verdict, at the same place, in the same words."""

from __future__ import annotations

import copy
import random
from functools import partial
from pathlib import Path

import pytest

from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.engines import check_embedded, check_kubeconform, missing

from .conftest import Engine
from .corpus import CASES, MISSING, VALID, Case, changed


def test_the_corpus_is_large_and_has_enough_of_both_kinds() -> None:
    refused = [case for case in CASES if case.found]
    accepted = len(VALID) + len(CASES) - len(refused)

    assert len(refused) >= 120
    assert accepted >= 60
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("name", VALID)
def test_what_an_api_server_accepts_is_accepted(name: str, engine: Engine, catalogue: Catalogue) -> None:
    assert missing([VALID[name]], catalogue) == []
    assert engine([VALID[name]], catalogue) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_change_is_judged_by_the_embedded_engine(case: Case, catalogue: Catalogue) -> None:
    found = check_embedded([changed(case.name, case.pointer, case.value)], catalogue)

    assert {violation.pointer: violation.message for violation in found} == case.found


def test_kubeconform_judges_every_change_as_the_embedded_engine_does(catalogue: Catalogue, kubeconform: Path) -> None:
    manifests = [changed(case.name, case.pointer, case.value) for case in CASES]

    found = check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60)

    assert found == check_embedded(manifests, catalogue)
    assert {violation.index for violation in found} == {index for index, case in enumerate(CASES) if case.found}
    assert [violation for violation in found if violation.message == "is refused by kubeconform"] == []


@pytest.mark.parametrize(("api_version", "kind"), MISSING, ids=str)
def test_a_kind_without_a_schema_is_reported_as_missing_and_not_checked(
    api_version: object, kind: object, engine: Engine, catalogue: Catalogue
) -> None:
    manifest = {"apiVersion": api_version, "kind": kind, "whatever": 1}

    assert missing([VALID["web"], manifest], catalogue) == [1]
    assert engine([manifest], catalogue) == []


def test_a_list_with_an_unknown_kind_is_missing_and_its_other_items_are_checked(
    engine: Engine, catalogue: Catalogue
) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Gadget"}
    broken = changed("config", "/data/a", 1)
    manifest = {"apiVersion": "v1", "kind": "List", "items": [unknown, broken]}

    assert missing([manifest], catalogue) == [0]
    assert [(each.index, each.pointer) for each in engine([manifest], catalogue)] == [(0, "/items/1/data/a")]


def test_each_of_many_documents_is_told_apart_though_they_share_names_or_have_none(
    engine: Engine, catalogue: Catalogue
) -> None:
    order = random.Random(7)
    broken = sorted(order.sample(range(600), 200))
    manifests = [copy.deepcopy(VALID["config"]) for _ in range(600)]
    for index, manifest in enumerate(manifests):
        if index % 3:
            del manifest["metadata"]
    for index in broken:
        manifests[index]["data"] = {f"key-{index}": index}

    found = engine(manifests, catalogue)

    assert [(each.index, each.pointer) for each in found] == [(index, f"/data/key-{index}") for index in broken]


def test_documents_larger_than_the_buffer_of_kubeconform_are_not_mixed_up(engine: Engine, catalogue: Catalogue) -> None:
    sizes = [10, 3_000_000, 10, 600_000, 600_000, 600_000, 5_000_000, 10, 900_000, 900_000, 900_000, 900_000, 900_000]
    manifests = [
        {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": chr(97 + index) * size, "b": "" if index % 2 else 1}}
        for index, size in enumerate(sizes)
    ]

    found = engine(manifests, catalogue)

    assert [(each.index, each.pointer) for each in found] == [(index, "/data/b") for index in range(0, len(sizes), 2)]


def test_messages_never_hold_a_value_of_the_document(engine: Engine, catalogue: Catalogue) -> None:
    manifests = [
        changed("secret", "/stringData/password", ["hunter2"]),
        changed("credentials", "/spec/data/0/secretKey", "hunter2 hunter2"),
        changed("credentials", "/spec/target/creationPolicy", "hunter2"),
        changed("web", "/spec/template/spec/containers/0/resources/limits/cpu", "hunter2"),
        changed("web", "/metadata/name", {"hunter": "hunter2"}),
    ]

    found = engine(manifests, catalogue)

    assert {each.index for each in found} == set(range(len(manifests)))
    assert [each for each in found if "hunter2" in each.message] == []


def test_the_same_manifest_is_judged_by_the_version_of_the_cluster(engine: Engine, cache: Path) -> None:
    budget = changed("budget", "/spec/unhealthyPodEvictionPolicy", "AlwaysAllow")

    before = engine([budget], Catalogue("1.25", cache=cache))
    after = engine([budget], Catalogue("1.26", cache=cache))

    assert [each.message for each in before] == ['unknown field "unhealthyPodEvictionPolicy"']
    assert after == []


def test_keys_that_are_not_texts_are_read_as_json_has_them(engine: Engine, catalogue: Catalogue) -> None:
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "data": {1: "a", False: 2, None: "c"}}

    assert [(each.pointer, each.message) for each in engine([manifest], catalogue)] == [
        ("/data/false", "expected string, got integer")
    ]


def test_what_json_cannot_say_is_a_violation(engine: Engine, catalogue: Catalogue) -> None:
    deep: dict[str, object] = {}
    for _ in range(300):
        deep = {"a": deep}
    values = {"binary": b"\x00", "half": "\ud800", "deep": deep}
    manifests = [{"apiVersion": "v1", "kind": "ConfigMap", "data": {name: value}} for name, value in values.items()]

    found = engine(manifests, catalogue)

    assert [(each.index, each.message) for each in found] == [
        (0, "expected a JSON value, got bytes"),
        (1, "is not valid Unicode"),
        (2, "is nested more than 200 levels deep"),
    ]
    assert partial(engine, catalogue=catalogue)([]) == []
