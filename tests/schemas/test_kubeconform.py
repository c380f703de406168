"""Running kubeconform: when it is not what it should be, and that it never needs the network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gitops_tool.errors import ToolError
from gitops_tool.schemas.catalogue import Catalogue
from gitops_tool.schemas.engines import check_kubeconform

from .corpus import VALID, changed


def _program(folder: Path, text: str) -> Path:
    path = folder / "kubeconform"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_missing_program_is_named(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match='/kubeconform" was not found'):
        check_kubeconform([VALID["web"]], catalogue, binary=tmp_path / "kubeconform", timeout=5)


@pytest.mark.parametrize("text", ["exit 0", "echo hello", "echo '{}'", "echo '[]'"])
def test_a_program_that_is_not_kubeconform_is_refused(text: str, catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match='"kubeconform" did not answer in JSON'):
        check_kubeconform([VALID["web"]], catalogue, binary=_program(tmp_path, text), timeout=5)


def test_what_a_failing_program_says_is_passed_on(catalogue: Catalogue, tmp_path: Path) -> None:
    binary = _program(tmp_path, "cat >/dev/null; echo 'flag provided but not defined: -verbose' >&2; exit 1")

    with pytest.raises(ToolError, match="did not answer in JSON: flag provided but not defined: -verbose"):
        check_kubeconform([VALID["web"]], catalogue, binary=binary, timeout=5)


def test_a_lost_answer_is_not_taken_for_a_valid_document(
    catalogue: Catalogue, kubeconform: Path, tmp_path: Path
) -> None:
    forgetful = _program(tmp_path, f'printf "" | {kubeconform} "$@"')

    with pytest.raises(ToolError, match='"kubeconform" gave 0 answers for 1 documents'):
        check_kubeconform([VALID["web"]], catalogue, binary=forgetful, timeout=5)


def test_a_program_that_hangs_is_ended(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match='"kubeconform" did not end within'):
        check_kubeconform([VALID["web"]], catalogue, binary=_program(tmp_path, "exec sleep 5"), timeout=0.2)


def test_a_relative_path_to_the_program_works(
    catalogue: Catalogue, kubeconform: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "kubeconform").symlink_to(kubeconform)
    monkeypatch.chdir(tmp_path)

    assert check_kubeconform([VALID["web"]], catalogue, binary=Path("kubeconform"), timeout=60) == []


@pytest.mark.parametrize("name", ["with space", "ha#sh", "que?ry", "br{{.Group}}ace", "ünï", "%41"])
def test_the_cache_may_have_any_name(name: str, kubeconform: Path, tmp_path: Path) -> None:
    catalogue = Catalogue("1.34", cache=tmp_path / name)
    manifests = [VALID["config"], changed("config", "/data/a", 1)]

    assert [each.index for each in check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60)] == [1]


def test_a_damaged_schema_in_the_cache_is_an_error_and_not_a_verdict(kubeconform: Path, tmp_path: Path) -> None:
    catalogue = Catalogue("1.34", cache=tmp_path)
    (catalogue.folder([("v1", "ConfigMap")]) / "v1_v1_configmap.json").write_text('{"type": ')

    with pytest.raises(ToolError, match='kubeconform cannot check "ConfigMap"') as raised:
        check_kubeconform([VALID["config"]], catalogue, binary=kubeconform, timeout=60)

    assert raised.value.hint == 'delete the folder "schemas" in the cache if this happens again'


def test_the_verdict_is_kubeconforms_own(kubeconform: Path, tmp_path: Path) -> None:
    catalogue = Catalogue("1.34", cache=tmp_path)
    stricter = '{"$schema": "http://json-schema.org/draft-07/schema#", "required": ["immutable"]}'
    (catalogue.folder([("v1", "ConfigMap")]) / "v1_v1_configmap.json").write_text(stricter)
    manifests = [changed("config", "/immutable", True), changed("config", "/data", {})]
    del manifests[1]["immutable"]

    found = check_kubeconform(manifests, catalogue, binary=kubeconform, timeout=60)

    assert [(each.index, each.pointer, each.message) for each in found] == [(1, "", "is refused by kubeconform")]


def test_no_network_is_needed(kubeconform: Path, catalogue: Catalogue, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine makes no network namespaces for an ordinary user")
    isolated = _program(tmp_path, f'exec {unshare} -rn {kubeconform} "$@"')
    manifests = [*VALID.values(), {"apiVersion": "example.com/v1", "kind": "Gadget"}]

    assert check_kubeconform(manifests, catalogue, binary=isolated, timeout=60) == []
