"""The permissions of projects are those of Argo CD itself.

`verdicts.jsonl` holds the answers of Argo CD 3.6.1's own functions (pkg/apis/application/v1alpha1/app_project_types.go,
util/git/git.go), of github.com/gobwas/glob 1.0.0 and of Go's `path/filepath` to generated questions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.rules.argocd.patterns import matches_glob, matches_pattern
from gitops_tool.rules.argocd.projects import (
    Cluster,
    normalize_url,
    permits_application_namespace,
    permits_destination,
    permits_kind,
    permits_repository,
    same_repository,
)

VERDICTS = [json.loads(line) for line in Path(__file__).with_name("verdicts.jsonl").read_text().splitlines()]
ANSWERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "IsSourcePermitted": lambda case: permits_repository(case["spec"], case["url"]),
    "isDestinationMatched": lambda case: permits_destination(
        case["spec"], Cluster(case["server"], case["name"]), case["namespace"]
    ),
    "IsGroupKindNamePermitted": lambda case: permits_kind(
        case["spec"], case["group"], case["kind"], case["name"], namespaced=case["namespaced"]
    ),
    "MatchStringInList": lambda case: permits_application_namespace(case["spec"], case["namespace"]),
    "glob.Match": lambda case: matches_glob(case["pattern"], case["text"], case["separators"]),
    "filepath.Match": lambda case: matches_pattern(case["pattern"], case["text"]),
    "NormalizeGitURL": lambda case: normalize_url(case["url"]),
}


@pytest.mark.parametrize("function", ANSWERS)
def test_answers_are_argo_cds(function: str) -> None:
    cases = [case for case in VERDICTS if case["function"] == function]
    assert len(cases) >= 40
    assert [case for case in cases if ANSWERS[function](case) != case["argocd"]] == []


def test_both_answers_are_asked_for() -> None:
    counts = Counter((case["function"], case["argocd"]) for case in VERDICTS if isinstance(case["argocd"], bool))
    assert {counts[function, answer] for function, _ in counts for answer in (True, False)} == {40}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://git.example.com/Shop/Manifests.git", "https://git.example.com/shop/manifests"),
        ("git@git.example.com:shop/manifests.git", "ssh://git@git.example.com/shop/manifests"),
        (" https://git.example.com/shop ", "https://git.example.com/shop"),
    ],
)
def test_urls_of_one_repository_are_the_same(one: str, other: str) -> None:
    assert same_repository(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("git@git.example.com:shop/manifests.git", "https://git.example.com/shop/manifests.git"),
        ("https://git.example.com/shop/", "https://git.example.com/shop"),
        ("https://{a,b}.example.com/", "https://{a,b}.example.com/"),
    ],
)
def test_urls_that_argo_cd_tells_apart_are_not_the_same(one: str, other: str) -> None:
    assert not same_repository(one, other)


STAGING = "https://kubernetes.staging.example.com:6443"


@pytest.mark.parametrize(
    ("destination", "cluster"),
    [
        ({"server": "https://kubernetes.default.svc"}, Cluster("https://kubernetes.default.svc", "in-cluster")),
        ({"server": "https://kubernetes.default.svc/"}, Cluster("https://kubernetes.default.svc", "in-cluster")),
        ({"name": "in-cluster"}, Cluster("https://kubernetes.default.svc", "in-cluster")),
        ({"server": STAGING}, Cluster(STAGING)),
        ({"name": "staging"}, Cluster("", "staging")),
    ],
)
def test_the_cluster_that_argo_cd_runs_in_has_both_names(destination: dict[str, str], cluster: Cluster) -> None:
    assert Cluster.of(destination) == cluster


@pytest.mark.parametrize(
    ("entry", "permitted"),
    [
        ({"server": STAGING, "namespace": "web"}, True),
        ({"name": "staging", "namespace": "web"}, True),  # the name may be that server's
        ({"name": "!staging", "namespace": "web"}, True),  # and may not
        ({"server": "https://other.example.com", "namespace": "web"}, False),
        ({"name": "staging", "namespace": "other"}, False),
        ({"server": f"!{STAGING}", "namespace": "*"}, False),
    ],
)
def test_a_cluster_whose_name_is_not_known_gets_the_benefit_of_the_doubt(
    entry: dict[str, str], permitted: bool
) -> None:
    assert permits_destination({"destinations": [entry]}, Cluster(STAGING), "web") is permitted


@pytest.mark.parametrize("spec", [{}, {"destinations": None}, {"destinations": "*"}, {"destinations": ["*", 3]}])
def test_a_project_of_the_wrong_shape_permits_nothing(spec: dict[str, Any]) -> None:
    assert not permits_destination(spec, Cluster(STAGING), "web")
    assert not permits_repository(spec, "https://git.example.com/shop")
    assert not permits_kind(spec, "", "Namespace", "web", namespaced=False)
    assert permits_kind(spec, "", "ConfigMap", "web", namespaced=True)
