"""The catalogue: what it finds, and a cache that many processes share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitops_tool.errors import ConfigError, ToolError
from gitops_tool.schemas.catalogue import Catalogue, is_core_group, newest_version, served_in, versions
from gitops_tool.schemas.scopes import is_namespaced

KINDS = [("apps/v1", "Deployment"), ("v1", "Service"), ("argoproj.io/v1alpha1", "Application")]
USE = """
import sys
from pathlib import Path
from gitops_tool.schemas.catalogue import Catalogue
kinds = [tuple(kind.rsplit("/", 1)) for kind in sys.argv[3:]]
print(Catalogue(sys.argv[2], cache=Path(sys.argv[1])).folder(kinds))
print(*sorted({"jsonschema", "lzma", "yaml", "gitops_tool.schemas.regex"} & sys.modules.keys()))
"""


def _use(cache: Path, version: str = "1.34") -> subprocess.Popen[str]:
    names = [f"{api_version}/{kind}" for api_version, kind in KINDS]
    return subprocess.Popen([sys.executable, "-c", USE, cache, version, *names], stdout=subprocess.PIPE, text=True)


def test_versions_reach_from_the_first_to_the_last_without_a_gap() -> None:
    assert versions() == tuple(f"1.{minor}" for minor in range(25, 38))
    assert newest_version() == "1.37"


@pytest.mark.parametrize("version", ["1.34", "v1.34", "1.34.2", "v1.34.0"])
def test_a_patch_version_means_its_minor_version(version: str, tmp_path: Path) -> None:
    assert Catalogue(version, cache=tmp_path).kubernetes_version == "1.34"


@pytest.mark.parametrize("version", ["1.24", "1.38", "1.3", "2.0", "", "latest"])
def test_an_unknown_version_is_refused_with_those_that_are_known(version: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        Catalogue(version, cache=tmp_path)

    assert str(raised.value) == f'there are no schemas for Kubernetes "{version}"'
    assert raised.value.hint == "set kubernetesVersion to one of 1.25 to 1.37"


def test_a_kind_is_found_in_the_versions_that_serve_it(tmp_path: Path) -> None:
    kind = ("autoscaling/v2beta2", "HorizontalPodAutoscaler")

    assert served_in(*kind) == ("1.25", "1.25")
    assert Catalogue("1.25", cache=tmp_path).has(*kind)
    assert not Catalogue("1.26", cache=tmp_path).has(*kind)
    assert Catalogue("1.26", cache=tmp_path).find(*kind) is None
    assert served_in("argoproj.io/v1alpha1", "Application") is None


def test_a_schema_stands_alone_and_holds_no_more_than_it_needs(tmp_path: Path) -> None:
    schema = Catalogue("1.34", cache=tmp_path).find("v1", "ConfigMap")

    assert schema is not None
    assert schema["$ref"] == "#/definitions/io.k8s.api.core.v1.ConfigMap"
    assert sorted(name.rpartition(".")[2] for name in schema["definitions"]) == [
        *("ConfigMap", "FieldsV1", "ManagedFieldsEntry", "ObjectMeta", "OwnerReference", "Time")
    ]


def test_a_core_group_is_one_that_kubernetes_serves_or_served() -> None:
    core = [
        "",
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "extensions",
        "networking.k8s.io",
        "rbac.authorization.k8s.io",
    ]
    others = [
        "argoproj.io",
        "gateway.networking.k8s.io",
        "autoscaling.k8s.io",
        "kustomize.config.k8s.io",
        "app",
        "k8s.io",
    ]

    assert [group for group in core if not is_core_group(group)] == []
    assert [group for group in others if is_core_group(group)] == []


def test_scopes_are_known_where_two_groups_share_a_kind_and_unknown_for_strangers() -> None:
    assert is_namespaced("networking.k8s.io", "Ingress") is True
    assert is_namespaced("", "Namespace") is False
    assert is_namespaced("rbac.authorization.k8s.io", "ClusterRole") is False
    assert is_namespaced("argoproj.io", "Application") is True
    assert is_namespaced("cert-manager.io", "ClusterIssuer") is False
    assert is_namespaced("route.openshift.io", "Route") is True
    assert is_namespaced("", "Route") is None
    assert is_namespaced("build.openshift.io", "Build") is None


def test_the_repository_s_schema_wins_and_gets_metadata_checked(tmp_path: Path) -> None:
    extra = {
        ("argoproj.io/v1alpha1", "Application"): {"type": "object", "properties": {"metadata": {"type": "object"}}}
    }

    schema = Catalogue("1.34", extra=extra, cache=tmp_path).find("argoproj.io/v1alpha1", "Application")

    assert schema is not None
    assert "spec" not in schema["properties"]
    assert "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" in schema["definitions"]


def test_a_file_named_in_lower_case_serves_its_kind(tmp_path: Path) -> None:
    catalogue = Catalogue("1.34", extra={("example.com/v1", "gadget"): {"type": "object"}}, cache=tmp_path)

    assert catalogue.has("example.com/v1", "Gadget")
    assert not catalogue.has("example.com/v2", "Gadget")


def test_the_folder_holds_a_file_for_each_kind_by_kubeconforms_names(tmp_path: Path) -> None:
    folder = Catalogue("1.34", cache=tmp_path).folder([*KINDS, ("example.com/v1", "Gadget")])

    assert sorted(path.name for path in folder.iterdir()) == [
        "apps_v1_deployment.json",
        "argoproj.io_v1alpha1_application.json",
        "v1_v1_service.json",
    ]


def test_other_schemas_or_another_version_have_another_folder(tmp_path: Path) -> None:
    gadgets = [{("example.com/v1", "Gadget"): {"type": "object", "maxProperties": limit}} for limit in (4, 5)]
    kinds = [*KINDS, ("example.com/v1", "Gadget")]

    folders = {Catalogue("1.34", extra=extra, cache=tmp_path).folder(kinds) for extra in gadgets}
    folders |= {Catalogue(version, cache=tmp_path).folder(KINDS) for version in ("1.34", "1.35")}

    assert len(folders) == 4


def test_a_warm_cache_is_used_without_unpacking_anything(tmp_path: Path) -> None:
    cold, _ = _use(tmp_path).communicate()
    warm, _ = _use(tmp_path).communicate()

    assert cold.splitlines()[1] == "lzma"
    assert warm.splitlines() == [cold.splitlines()[0], ""]


def test_many_processes_may_fill_the_cache_at_once(tmp_path: Path) -> None:
    answers = [child.communicate()[0].splitlines()[0] for child in [_use(tmp_path) for _ in range(8)]]

    assert len(set(answers)) == 1
    files = sorted(Path(answers[0]).iterdir())
    assert [path.name[0] for path in files] == ["a", "a", "v"]
    assert [path for path in files if "definitions" not in json.loads(path.read_bytes())] == []


def test_a_killed_writer_leaves_no_half_written_schema(tmp_path: Path) -> None:
    for attempt in range(20):
        child = _use(tmp_path / str(attempt))
        time.sleep(0.05 + 0.01 * attempt)
        os.kill(child.pid, signal.SIGKILL)
        child.communicate()

    for path in tmp_path.glob("*/schemas/*/[!.]*.json"):
        assert "definitions" in json.loads(path.read_bytes())
    answer, _ = _use(tmp_path / "0").communicate()
    assert len(list(Path(answer.splitlines()[0]).glob("[!.]*.json"))) == 3


def test_a_cache_that_is_a_file_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")

    with pytest.raises(ToolError, match=r"the cache .* cannot be used: Not a directory") as raised:
        Catalogue("1.34", cache=tmp_path / "cache").folder(KINDS)

    assert raised.value.hint is not None
    assert "GITOPS_CACHE_DIR" in raised.value.hint
