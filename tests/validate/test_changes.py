"""`gitops validate` with a base: what may not change between two revisions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .shop import SETTINGS, gitops, kustomization, write

WEB = """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: web
spec:
  serviceName: web
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.example.org/shop/web:v1
"""
ONLY = ("--select", "immutable-field,immutable-selector,pruned-object")
CHANGED = ("apps/web/base/statefulset.yaml", "serviceName: web", "serviceName: shop")


@pytest.fixture
def folder(repository: Callable[..., object]) -> Path:
    files: dict[str, str | bytes] = {
        "gitops.yaml": SETTINGS,
        "apps/web/base/statefulset.yaml": WEB,
        "apps/web/base/kustomization.yaml": kustomization("statefulset.yaml"),
        "apps/api/overlays/staging/kustomization.yaml": kustomization("statefulset.yaml"),
        "apps/api/overlays/staging/statefulset.yaml": WEB,
    }
    for env in ("staging", "production"):
        files[f"apps/web/overlays/{env}/kustomization.yaml"] = kustomization("../../base", more=f"namespace: {env}\n")
    path: Path = repository(files).path  # type: ignore[attr-defined]
    return path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("option", "looked_at"), [("--changed-since", 2), ("--base", 3)], ids=["what changed", "everything"]
)
def test_a_change_of_a_base_is_found_in_every_overlay(folder: Path, option: str, looked_at: int) -> None:
    edit(folder, *CHANGED)
    done = gitops(folder, "validate", *ONLY, option, "HEAD", "--output", "json")
    report = json.loads(done.out)
    assert (done.code, done.err) == (1, "note: changes since HEAD reach 2 of 3 overlays\n")
    assert len(report["overlays"]) == looked_at
    found = [one for overlay in report["overlays"] for one in overlay["findings"]]
    assert {(one["rule"], one["path"], one["line"], one["message"]) for one in found} == {
        (
            "immutable-field",
            "apps/web/base/statefulset.yaml",
            6,
            'spec.serviceName: field is immutable; it was "web" and is now "shop"',
        )
    }
    assert len(found) == 2


def test_nothing_is_said_of_changes_without_a_base(folder: Path) -> None:
    edit(folder, *CHANGED)
    assert gitops(folder, "validate", *ONLY).code == 0


def test_two_revisions_are_compared_where_the_histories_parted(folder: Path) -> None:
    edit(folder, *CHANGED)
    done = gitops(folder, "validate", *ONLY, "--base", "HEAD", "--rev", "HEAD")
    assert (done.code, done.err) == (0, "note: changes since HEAD reach 0 of 3 overlays\n")


def test_a_new_overlay_has_no_past(folder: Path) -> None:
    new = folder / "apps/new/overlays/staging"
    new.mkdir(parents=True)
    (new / "kustomization.yaml").write_text(kustomization("statefulset.yaml"))
    (new / "statefulset.yaml").write_text(WEB)
    assert gitops(folder, "validate", *ONLY, "--base", "HEAD").code == 0


def test_a_past_that_does_not_render_is_told(folder: Path) -> None:
    path = folder / "apps/api/overlays/staging/kustomization.yaml"
    good = path.read_text()
    path.write_text(kustomization("missing.yaml"))
    subprocess.run(["git", "-C", str(folder), "commit", "--all", "--quiet", "--message", "broken"], check=True)
    path.write_text(good)
    done = gitops(folder, "validate", *ONLY, "--changed-since", "HEAD")
    assert done.code == 0
    assert "apps/api/overlays/staging: its change: what was there before cannot be rendered" in done.out


def test_everything_is_new_before_the_first_commit(tmp_path: Path) -> None:
    write(
        tmp_path, {"gitops.yaml": SETTINGS, "apps/web/overlays/staging/kustomization.yaml": kustomization("web.yaml")}
    )
    write(tmp_path, {"apps/web/overlays/staging/web.yaml": WEB.replace("serviceName: web", "serviceName: Web")})
    subprocess.run(["git", "-C", str(tmp_path), "init", "--quiet"], check=True)
    done = gitops(tmp_path, "validate", "--select", "invalid-referenced-name", "--changed-since", "HEAD")
    assert (done.code, done.err) == (1, "note: there is no commit yet: everything is new\n")
    assert "1 overlay, 1 object: 0 valid, 1 invalid" in done.out


def test_one_base_at_a_time(folder: Path) -> None:
    done = gitops(folder, "validate", "--base", "HEAD", "--changed-since", "HEAD")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0] == "error: --changed-since and --base contradict each other"


def test_an_unknown_base_is_an_error(folder: Path) -> None:
    done = gitops(folder, "validate", "--base", "nowhere")
    assert (done.code, done.out) == (3, "")
    assert done.err.splitlines()[0] == 'error: no commit "nowhere" in this repository'
