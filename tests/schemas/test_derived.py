"""The files under `schemas/`: complete, consistent with each other, and usable."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from gitops_tool.schemas.catalogue import DATA, versions
from gitops_tool.schemas.regex import is_supported

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
INDEX = json.loads((SCHEMAS / "index.json").read_bytes())
CUSTOM = sorted(path.relative_to(SCHEMAS / "crds").as_posix() for path in SCHEMAS.glob("crds/*/*.json"))


def _bundle(version: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lzma.decompress((SCHEMAS / "kubernetes" / f"{version}.json.xz").read_bytes()))
    return content


def _nodes(node: Any) -> list[dict[str, Any]]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    found = [inner for child in children for inner in _nodes(child)]
    return [node, *found] if isinstance(node, dict) else found


def test_the_package_reads_this_folder() -> None:
    assert DATA.resolve() == SCHEMAS


@pytest.mark.parametrize("version", versions())
def test_a_bundle_has_the_kinds_that_the_index_says_and_every_definition_they_need(version: str) -> None:
    bundle = _bundle(version)
    minor = int(version.removeprefix("1."))
    listed = {
        kind
        for kind, (first, last) in INDEX["kubernetes"].items()
        if int(first.removeprefix("1.")) <= minor <= int(last.removeprefix("1."))
    }
    references = {node["$ref"] for node in _nodes(bundle["definitions"]) if isinstance(node.get("$ref"), str)}

    assert bundle["kinds"].keys() == listed
    assert {f"#/definitions/{name}" for name in bundle["definitions"]} >= references
    assert set(bundle["kinds"].values()) <= bundle["definitions"].keys()


def test_every_custom_resource_is_in_the_index() -> None:
    assert sorted(INDEX["crds"].values()) == CUSTOM
    assert not INDEX["crds"].keys() & INDEX["kubernetes"].keys()


@pytest.mark.parametrize("name", CUSTOM)
def test_a_custom_resource_says_where_it_is_from_and_is_a_whole_schema(name: str) -> None:
    schema = json.loads((SCHEMAS / "crds" / name).read_bytes())
    kind = schema["x-kubernetes-group-version-kind"][0]

    Draft7Validator.check_schema(schema, format_checker=FormatChecker(formats=()))
    assert re.match(r"Derived by scripts/derive_schemas\.py from (npm|PyPI) \S+ [0-9.]+: ", schema["$comment"])
    assert f"{kind['group']}/{kind['kind'].lower()}_{kind['version']}.json" == name
    assert INDEX["crds"][f"{kind['group']}/{kind['version']}/{kind['kind']}"] == name
    assert schema["additionalProperties"] is False
    assert schema["properties"]["metadata"] in ({"type": "object"}, {"type": ["object", "null"]})
    for node in _nodes(schema):
        if isinstance(node.get("$ref"), str):
            assert node["$ref"].removeprefix("#/definitions/") in schema["definitions"]
        if isinstance(node.get("pattern"), str):
            assert is_supported(node["pattern"])


def test_what_the_example_repository_uses_is_there() -> None:
    assert {
        *("argoproj.io/v1alpha1/Application", "argoproj.io/v1alpha1/AppProject", "argoproj.io/v1alpha1/ApplicationSet"),
        *("cert-manager.io/v1/Certificate", "cert-manager.io/v1/ClusterIssuer", "cert-manager.io/v1/Issuer"),
        *("external-secrets.io/v1/ExternalSecret", "external-secrets.io/v1/ClusterSecretStore"),
        *("monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PrometheusRule"),
        *("observability.openshift.io/v1/ClusterLogForwarder", "logging.openshift.io/v1/ClusterLogForwarder"),
    } <= INDEX["crds"].keys()


def test_no_kind_has_two_scopes_and_kubernetes_own_have_one() -> None:
    scopes = json.loads((SCHEMAS / "scopes.json").read_bytes())
    named = {
        word: {(group, kind) for group, kinds in groups.items() for kind in kinds} for word, groups in scopes.items()
    }
    own = {kind.rpartition("/") for kind in INDEX["kubernetes"] if not kind.endswith("List")}
    unknown = {
        (api_version.rpartition("/")[0], kind)
        for api_version, _, kind in own
        if (api_version.rpartition("/")[0], kind) not in named["cluster"] | named["namespaced"]
    }

    assert not named["cluster"] & named["namespaced"]
    assert named["cluster"] >= {("", "Namespace"), ("", "PersistentVolume"), ("storage.k8s.io", "StorageClass")}
    assert {group for group, _ in unknown} <= {"lifecycle.k8s.io", "resource.k8s.io", "scheduling.k8s.io"}
    assert len(unknown) <= 4


@pytest.mark.parametrize(
    ("settings", "is_valid"),
    [
        ({}, True),
        ({"version": 1, "layout": "apps/{app}/overlays/{env}", "kubernetesVersion": "1.30"}, True),
        ({"layout": ["envs/{env}/{app}", "{app}"], "external": ["Secret/shop/registry", "ClusterIssuer//acme"]}, True),
        ({"environments": [{"name": "a"}, {"name": "b", "promotesFrom": "a", "rules": {"image-latest": "off"}}]}, True),
        ({"version": 2}, False),
        ({"layout": "apps/overlays/{env}"}, False),
        ({"layout": "../{app}"}, False),
        ({"kubernetesVersion": 1.3}, False),
        ({"kubernetesVersion": "1.24"}, False),
        ({"environments": [{"promotesFrom": "a"}]}, False),
        ({"environments": [{"name": "a", "promoteFrom": "b"}]}, False),
        ({"rules": {"image-latest": "fatal"}}, False),
        ({"argocd": {"repo": "x"}}, False),
        ({"kustomize": {"allowRemote": "yes"}}, False),
        ({"external": ["registry"]}, False),
        ({"schemas": ["../elsewhere"]}, False),
    ],
    ids=str,
)
def test_the_schema_of_gitops_yaml_takes_what_it_should(settings: dict[str, Any], is_valid: bool) -> None:
    schema = json.loads((SCHEMAS / "gitops.schema.json").read_bytes())

    Draft7Validator.check_schema(schema)
    assert Draft7Validator(schema).is_valid(settings) is is_valid
