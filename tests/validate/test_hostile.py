"""Hostile input ends in a finding or a refusal: soon, in bounded memory, and without being obeyed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from .shop import CONFIG, gitops, kustomization, write

LIMIT = 60.0
"""Seconds; each takes one or two, on a machine that does nothing else."""

MEMORY = 1 << 30
"""Bytes, of the command and of each program that it starts."""


def finding(folder: Path, *args: str) -> tuple[str, str, int | None]:
    """Validate, and return rule, message and line of the only finding."""
    started = time.monotonic()
    done = gitops(folder, "validate", *args, "--select", "render", "--output", "json", limit=LIMIT)
    assert (done.code, done.err) == (1, "")
    assert time.monotonic() - started < LIMIT
    (found,) = [found for overlay in json.loads(done.out)["overlays"] for found in overlay["findings"]]
    return found["rule"], found["message"], found["line"]


def bomb() -> str:
    names = "abcdefghij"
    lines = [f"  a: &a [{','.join('x' * 10)}]"]
    lines += [f"  {new}: &{new} [{','.join([f'*{old}'] * 10)}]" for old, new in pairwise(names)]
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bomb}\ndata:\n" + "\n".join(lines) + "\n"


DEEP = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: deep}}\ndata: {'[' * 10_000}{']' * 10_000}\n"


@pytest.mark.parametrize("place", ["kustomization.yaml", "resource", "plain"])
def test_aliases_of_aliases(tmp_path: Path, place: str) -> None:
    kustomized = {"app/kustomization.yaml": kustomization("a.yaml")} if place == "resource" else {}
    name = place if place == "kustomization.yaml" else "a.yaml"
    write(tmp_path, {**kustomized, f"app/{name}": bomb()})
    assert finding(tmp_path, "app") == ("render", "aliases expand to more than 1000000 values", 10)


@pytest.mark.parametrize(
    ("place", "message", "line"),
    [
        ("kustomization.yaml", "nested deeper than 1000 levels", 4),
        ("plain", "nested deeper than 1000 levels", 4),
        ("resource", "kustomize: ", None),
    ],
)
def test_ten_thousand_levels(tmp_path: Path, place: str, message: str, line: int | None) -> None:
    kustomized = {"app/kustomization.yaml": kustomization("a.yaml")} if place == "resource" else {}
    name = place if place == "kustomization.yaml" else "a.yaml"
    write(tmp_path, {**kustomized, f"app/{name}": DEEP})
    rule, words, where = finding(tmp_path, "app")
    assert (rule, where) == ("render", line)
    assert words.startswith(message)
    assert len(words) < 3000


@pytest.mark.parametrize("place", ["kustomization.yaml", "resource", "plain"])
def test_a_hundred_megabytes(tmp_path: Path, place: str) -> None:
    kustomized = {"app/kustomization.yaml": kustomization("a.yaml")} if place == "resource" else {}
    name = place if place == "kustomization.yaml" else "a.yaml"
    text = CONFIG + "  key: value\n" * 8_000_000
    write(tmp_path, {**kustomized, f"app/{name}": text})
    message = f"the file holds {len(text)} bytes, more than the 67108864 that are read"
    assert finding(tmp_path, "app") == ("render", message, None)


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside.yaml"])
def test_a_link_out_of_the_repository(tmp_path: Path, target: str) -> None:
    write(tmp_path, {"outside.yaml": CONFIG, "repo/app/kustomization.yaml": kustomization("a.yaml")})
    (tmp_path / "repo/app/a.yaml").symlink_to(target)
    assert finding(tmp_path / "repo", "app") == ("render", '"app/a.yaml" leads out of the repository', None)


def test_a_reference_out_of_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"outside.yaml": CONFIG, "repo/app/kustomization.yaml": kustomization("../../outside.yaml")})
    assert finding(tmp_path / "repo", "app") == ("render", '"../../outside.yaml" leads out of the repository', 4)


def test_links_in_circles(tmp_path: Path) -> None:
    write(tmp_path, {"app/kustomization.yaml": kustomization("a.yaml")})
    (tmp_path / "app/a.yaml").symlink_to("b.yaml")
    (tmp_path / "app/b.yaml").symlink_to("a.yaml")
    assert finding(tmp_path, "app") == ("render", '"app/a.yaml" is a loop of symbolic links', None)


def test_bases_in_circles(tmp_path: Path) -> None:
    write(tmp_path, {"a/kustomization.yaml": kustomization("../b"), "b/kustomization.yaml": kustomization("../a")})
    rule, message, line = finding(tmp_path, "a")
    assert (rule, line) == ("render", 4)
    assert "cycle detected" in message


def test_a_base_on_the_network_is_not_fetched_and_said_to_be_unchecked(tmp_path: Path) -> None:
    url = "https://127.0.0.1:9/base.git//a?ref=v1"
    write(tmp_path, {"app/kustomization.yaml": kustomization(url), "good/a.yaml": CONFIG})
    done = gitops(tmp_path, "validate", "--select", "remote-base", "--output", "json")
    assert done.code == 0
    document = json.loads(done.out)
    (found,) = document["overlays"][0]["findings"]
    assert (found["rule"], found["severity"], found["line"]) == ("remote-base", "warning", 4)
    assert document["unchecked"] == [{"path": "app", "reason": f'"{url}" would be fetched over the network'}]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("kustomization.yaml", "helmCharts:\n  - name: web\n    repo: https://127.0.0.1:9/\n    version: 1.0.0\n"),
        ("kustomization.yaml", "generators: [plugin.yaml]\nresources: []\n"),
        ("kustomization.yaml", "transformers: [plugin.yaml]\nresources: [config.yaml]\n"),
    ],
)
def test_programs_of_the_repository_do_not_run(tmp_path: Path, file: str, text: str) -> None:
    plugin = (
        "apiVersion: example.org/v1\nkind: Plugin\nmetadata:\n  name: plugin\n  annotations:\n"
        "    config.kubernetes.io/function: |\n      exec:\n        path: ./run.sh\n"
    )
    ran = tmp_path / "ran"
    write(tmp_path, {f"app/{file}": text, "app/plugin.yaml": plugin, "app/config.yaml": CONFIG})
    write(tmp_path, {"app/run.sh": f"#!/bin/sh\ntouch {ran}\n"})
    (tmp_path / "app/run.sh").chmod(0o755)
    assert finding(tmp_path, "app")[0] == "render"
    assert not ran.exists()


def test_one_hostile_overlay_does_not_keep_others_from_being_checked(tmp_path: Path) -> None:
    write(tmp_path, {"a/a.yaml": CONFIG, "b/kustomization.yaml": bomb(), "c/c.yaml": CONFIG})
    done = gitops(tmp_path, "validate", "--select", "render", "--output", "json")
    assert [(o["path"], o["resources"], len(o["findings"])) for o in json.loads(done.out)["overlays"]] == [
        ("a", 1, 0),
        ("b", 0, 1),
        ("c", 1, 0),
    ]


def test_memory_is_bounded(tmp_path: Path) -> None:
    write(tmp_path, {"bomb/kustomization.yaml": kustomization("a.yaml"), "bomb/a.yaml": bomb()})
    write(tmp_path, {"deep/kustomization.yaml": kustomization("a.yaml"), "deep/a.yaml": DEEP})
    write(tmp_path, {"big/kustomization.yaml": kustomization("a.yaml"), "big/a.yaml": CONFIG + "  k: v\n" * 12_000_000})
    subprocess.run(
        [sys.executable, "-m", "gitops_tool", "validate"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < MEMORY
