"""`argocd.clusters` of gitops.yaml."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from jsonschema import Draft7Validator

from gitops_tool.config import Cluster, load_settings
from gitops_tool.errors import ConfigError
from gitops_tool.yamlload import load_documents

from .expanding import tree_of

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/gitops.schema.json").read_text())


def clusters(text: str) -> tuple[Cluster, ...] | None:
    return load_settings(tree_of({"gitops.yaml": text})).argocd.clusters


def is_valid(text: str) -> bool:
    return Draft7Validator(SCHEMA).is_valid(load_documents(text.encode(), PurePosixPath("gitops.yaml"))[0])


def test_clusters_are_read() -> None:
    live = "{name: live, server: https://live, labels: {env: prod}, annotations: {a: b}}"
    text = f"argocd:\n  clusters:\n  - {live}\n  - {{name: two, server: https://two}}\n"
    assert clusters(text) == (
        Cluster("live", "https://live", {"env": "prod"}, {"a": "b"}),
        Cluster("two", "https://two", {}, {}),
    )
    assert is_valid(text)


def test_none_listed_is_not_an_empty_list() -> None:
    assert clusters("argocd: {}\n") is None
    assert clusters("argocd: {clusters: []}\n") == ()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: live}", 'a cluster has no "server"'),
        ("{server: https://live}", 'a cluster has no "name"'),
        ("{name: live, server: https://live, label: {}}", 'unknown key "label"'),
        ("{name: live, server: https://live, labels: {env: 1}}", '"env" must be a text, in quotes'),
        ("live", 'an entry of "clusters" must be a mapping'),
    ],
)
def test_a_wrong_cluster_is_refused(entry: str, message: str) -> None:
    text = f"argocd:\n  clusters:\n  - {entry}\n"
    with pytest.raises(ConfigError) as caught:
        clusters(text)
    assert caught.value.message == message
    assert caught.value.location is not None
    assert caught.value.location.line == 3
    assert not is_valid(text)


def test_a_cluster_is_there_once() -> None:
    entry = "{name: live, server: https://live}"
    with pytest.raises(ConfigError, match='cluster "live" is there twice'):
        clusters(f"argocd:\n  clusters: [{entry}, {entry}]\n")
