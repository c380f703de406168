"""Schemas and rules together agree with a real API server on objects with one defect each.

`seeded.yaml` holds 74 valid objects, `seeded.jsonl` what is changed in one of them, and as `refusal` the words of
kube-apiserver v1.36.0 (etcd behind it, fields validated strictly, dry run) where it did not take that. What it found by
compiling CEL, by a feature gate or by what else is in the cluster is left out.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.model import Severity
from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.engines import check_embedded

from .checking import RULES, load, problems

HERE = Path(__file__).parent
[BASES] = load((HERE / "seeded.yaml").read_text())
CASES: list[dict[str, Any]] = [json.loads(line) for line in (HERE / "seeded.jsonl").read_text().splitlines()]


def seeded(case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the object of a case."""
    body: dict[str, Any] = copy.deepcopy(BASES[case["base"]])
    for way, value in [*case.get("set", []), *((way, KeyError) for way in case.get("gone", []))]:
        parent: Any = body
        for key in way[:-1]:
            parent = parent.setdefault(str(key), {}) if isinstance(parent, dict) else parent[key]
        last = str(way[-1]) if isinstance(parent, dict) else way[-1]
        if value is KeyError:
            del parent[last]
        elif isinstance(parent, list) and last == len(parent):
            parent.append(value)
        else:
            parent[last] = value
    return body


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What is wrong with the object of each case, and then with each valid object."""
    bodies = [*map(seeded, CASES), *BASES.values()]
    catalogue = Catalogue("1.36", cache=tmp_path_factory.mktemp("cache"))
    found: list[list[str]] = [[] for _ in bodies]
    known = [index for index, body in enumerate(bodies) if catalogue.has(body.get("apiVersion"), body.get("kind"))]
    for index in {*range(len(bodies))} - {*known}:
        found[index].append("no schema")
    for violation in check_embedded([bodies[index] for index in known], catalogue):
        found[known[violation.index]].append(violation.message)
    for index, body in enumerate(bodies):
        for rule in RULES:
            errors = (one for one in problems(rule, [body]) if (one.severity or rule.severity) is Severity.ERROR)
            found[index] += [one.message for one in errors]
    return found


def test_there_are_cases_of_both_kinds() -> None:
    refused = sum("refusal" in case for case in CASES)
    assert (refused >= 1030, len(CASES) - refused >= 280, len(BASES)) == (True, True, 74)


def test_what_the_api_server_refuses_is_an_error(verdicts: list[list[str]]) -> None:
    missed = [case for case, found in zip(CASES, verdicts, strict=False) if "refusal" in case and not found]
    assert missed == []


def test_what_the_api_server_takes_is_no_error(verdicts: list[list[str]]) -> None:
    cases = [*CASES, *({"base": name} for name in BASES)]
    wrong = [(case, found) for case, found in zip(cases, verdicts, strict=True) if "refusal" not in case and found]
    assert wrong == []
