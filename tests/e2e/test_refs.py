"""Bumps that move the git ref of remote bases: with a real repository for kustomize to clone, and without leave to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from . import shop
from .world import Checkout

ALLOWED = "kustomize: {allowRemote: true}\n"
SETTINGS = "version: 1\nlayout: components/{app}/{env}\nenvironments: [{name: staging}, {name: production}]\n"
STAGING = "components/web/staging/kustomization.yaml"
SHAS = ("a" * 40, "b" * 40)
IMAGE = shop.image("web")


def overlay(url: str, tag: str, more: str = "") -> str:
    return (
        f"# of the platform team\nresources:\n- {url} # with the image\n{more}namespace: web\n"
        f"images:\n- name: {IMAGE}\n  newTag: {tag}\n"
    )


def far(ref: str, repository: str = "web") -> str:
    return f"https://git.example.org/team/{repository}/config/default?ref={ref}"


@dataclass(frozen=True)
class Remote:
    url: str
    old: str
    new: str

    def at(self, ref: str) -> str:
        return f"{self.url}//config?ref={ref}&timeout=60s"


@pytest.fixture
def remote(tmp_path: Path, env: dict[str, str]) -> Remote:
    """The app's own repository, whose second commit changes what it deploys."""
    files = {"config/kustomization.yaml": "resources: [d.yaml]\n", "config/d.yaml": shop.deployment("web")}
    made = Checkout.create(tmp_path / "app", env, files)
    old = made.head
    made.commit({"config/d.yaml": shop.deployment("web").replace("10m", "20m")}, "more")
    return Remote(f"file://{made.folder}", old, made.head)


def repository(tmp_path: Path, env: dict[str, str], staging: str, settings: str = SETTINGS) -> Checkout:
    return Checkout.create(tmp_path / "r", env, {"gitops.yaml": settings, STAGING: staging})


def test_ref_and_tag_move_together_rendered_and_proven(tmp_path: Path, env: dict[str, str], remote: Remote) -> None:
    before = overlay(remote.at(remote.old), remote.old)
    checkout = repository(tmp_path, env, before, SETTINGS + ALLOWED)

    result = checkout.gitops("bump", "web", remote.new, "--with-refs")

    assert (result.code, result.err) == (0, "")
    assert checkout.read(STAGING) == before.replace(remote.old, remote.new)
    assert "rendered: Deployment/web/web changed\nvalidated: 1 object, no findings\n" in result.out
    message = checkout.git("log", "-1", "--format=%B")
    name = remote.url.removeprefix("file://") + "/config"
    assert message.startswith(f"web(staging): bump {IMAGE} to {remote.new[:7]}\n")
    assert f"Gitops-Image: {IMAGE}:{remote.old} -> {IMAGE}:{remote.new}\n" in message
    assert f"Gitops-Ref: {name} {remote.old} -> {remote.new}" in message
    assert "Gitops-Unrendered" not in message
    checkout.assert_sound()

    again = checkout.gitops("bump", "web", remote.new, "--with-refs")
    assert (again.code, again.err) == (0, "")
    assert again.out.endswith(f"{name} is already at {remote.new}\n")

    alone = checkout.gitops("bump", "web", remote.old, "--set-refs-only")
    assert alone.code == 0
    assert checkout.read(STAGING) == overlay(remote.at(remote.old), remote.new)


def test_a_ref_that_the_remote_has_not_is_refused(tmp_path: Path, env: dict[str, str], remote: Remote) -> None:
    checkout = repository(tmp_path, env, overlay(remote.at(remote.old), remote.old), SETTINGS + ALLOWED)
    before = checkout.snapshot()
    result = checkout.gitops("bump", "web", SHAS[0], "--with-refs")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("error: web(staging): refused for 1 error; nothing was written\n")
    assert checkout.snapshot() == before


def test_without_leave_to_fetch_it_takes_a_word_that_the_commit_records(tmp_path: Path, env: dict[str, str]) -> None:
    before = overlay(far(SHAS[0]), SHAS[0])
    checkout = repository(tmp_path, env, before)
    reason = f'"{far(SHAS[0])}" would be fetched over the network'

    refused = checkout.gitops("bump", "web", SHAS[1], "--with-refs")
    assert (refused.code, refused.out) == (3, "")
    assert refused.err == (
        f"error: {STAGING}:3:3: web(staging) cannot be rendered: {reason}\n"
        "hint: set kustomize.allowRemote in gitops.yaml, or set it with --unrendered:"
        " its effect is not proven then, and the commit says so\n"
    )

    result = checkout.gitops("bump", "web", SHAS[1], "--with-refs", "--unrendered")
    assert (result.code, result.err) == (0, "")
    assert f"\nnot rendered, not validated: web(staging): {reason}\n" in result.out
    assert checkout.read(STAGING) == before.replace(SHAS[0], SHAS[1])
    assert checkout.git("log", "-1", "--format=%B").endswith(f"\nGitops-Unrendered: web(staging): {reason}")

    plan = checkout.gitops("bump", "web", SHAS[0], "--with-refs", "--unrendered", "--dry-run", "--output", "json")
    document = json.loads(plan.out)
    assert [(one["kind"], one["name"], one["new"]) for one in document["changes"]] == [
        ("image", IMAGE, SHAS[0]),
        ("ref", "git.example.org/team/web/config/default", SHAS[0]),
    ]
    assert document["unrendered"] == [
        {"app": "web", "environment": "staging", "reason": f'"{far(SHAS[1])}" would be fetched over the network'}
    ]
