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


DB = f"- {far('v9', 'db')}\n"


@pytest.mark.parametrize(
    ("before", "args", "moved"),
    [
        pytest.param(overlay(far("v1"), "v1", DB), (), [far("v1")], id="the one with the old tag"),
        pytest.param(overlay(far("v0"), "v1", DB), (), [far("v0")], id="the one called like the app"),
        pytest.param(overlay(far("v0", "other"), "v1"), (), [far("v0", "other")], id="the only one"),
        pytest.param(overlay(far("v0"), "v1", DB), ("--ref-url", "*/db/*"), [far("v9", "db")], id="the one named"),
        pytest.param(
            overlay(far("v1"), "v1", f"- {far('v1', 'crds')}\n"), (), [far("v1"), far("v1", "crds")], id="all with it"
        ),
    ],
)
def test_which_refs_move(
    tmp_path: Path, env: dict[str, str], before: str, args: tuple[str, ...], moved: list[str]
) -> None:
    checkout = repository(tmp_path, env, before)
    result = checkout.gitops("bump", "web", "v2", "--with-refs", "--unrendered", *args)
    assert (result.code, result.err) == (0, "")
    after = before.replace("newTag: v1", "newTag: v2")
    for url in moved:
        after = after.replace(url, url.partition("=")[0] + "=v2")
    assert checkout.read(STAGING) == after


@pytest.mark.parametrize(
    ("before", "args", "code", "error"),
    [
        pytest.param(
            overlay(far("v0", "a"), "v1", f"- {far('v0', 'b')}\n"),
            ("v2", "--with-refs"),
            2,
            "error: web(staging) has several remote bases\nhint: choose with --ref-url:"
            " git.example.org/team/a/config/default, git.example.org/team/b/config/default\n",
            id="unclear",
        ),
        pytest.param(
            overlay(far("v1"), "v1"),
            ("v2", "--with-refs", "--ref-url", "git.example.org/team/wob"),
            2,
            'error: web(staging) has no remote base "git.example.org/team/wob"\n'
            'hint: did you mean "git.example.org/team/web/config/default"?\n',
            id="no such base",
        ),
        pytest.param(
            overlay(far("v1"), "v1"),
            (f"sha256:{'1' * 64}", "--with-refs"),
            2,
            f'error: "sha256:{"1" * 64}" names no commit, branch or tag for the remote base\nhint: give a tag\n',
            id="a digest",
        ),
        pytest.param(
            overlay(far("v1"), "v1"),
            ("a..b", "--set-refs-only", "--unrendered"),
            2,
            'error: "a..b" is not a valid git ref\nhint: a ref is a branch, a tag or a commit\'s id\n',
            id="no ref",
        ),
        pytest.param(
            overlay("d.yaml", "v1"),
            ("v2", "--with-refs"),
            3,
            'error: web(staging) has no remote base with a ref\nhint: such as "https://host/owner/app//base?ref=v1"\n',
            id="no remote base",
        ),
        pytest.param(
            overlay(far("v1"), "v1"),
            ("v2", "--with-refs", "--unrendered", "--if-tag", "v0"),
            5,
            f'error: {STAGING}:7:11: web(staging) has "v1", not "v0"\n',
            id="another version",
        ),
        pytest.param(
            overlay(far("v1"), "v1"),
            ("v2", "--ref-url", "x"),
            2,
            "error: --ref-url goes with --with-refs or --set-refs-only\nhint: see `gitops bump --help`\n",
            id="without refs",
        ),
    ],
)
def test_refusals(
    tmp_path: Path, env: dict[str, str], before: str, args: tuple[str, ...], code: int, error: str
) -> None:
    checkout = repository(tmp_path, env, before)
    snapshot = checkout.snapshot()
    result = checkout.gitops("bump", "web", *args)
    assert (result.code, result.out, result.err) == (code, "", error)
    assert checkout.snapshot() == snapshot


def test_a_ref_in_a_shared_base_moves_for_all_or_not_at_all(tmp_path: Path, env: dict[str, str]) -> None:
    base = f"resources:\n- {far('v1')}\n"
    own = f"resources:\n- ../base\nimages:\n- name: {IMAGE}\n  newTag: v1\n"
    production = STAGING.replace("staging", "production")
    files = {"gitops.yaml": SETTINGS, "components/web/base/kustomization.yaml": base, STAGING: own, production: own}
    checkout = Checkout.create(tmp_path / "r", env, files)

    refused = checkout.gitops("bump", "web", "v2", "--with-refs", "--unrendered")
    assert (refused.code, refused.err) == (
        2,
        'error: components/web/base/kustomization.yaml:2:3: the ref of "git.example.org/team/web/config/default"'
        " is shared with web(production)\nhint: bump them together: --env staging --env production\n",
    )

    both = checkout.gitops(
        "bump", "web", "v2", "--with-refs", "--unrendered", "--env", "staging", "--env", "production"
    )
    assert (both.code, both.err) == (0, "")
    assert [checkout.read(name) for name in list(files)[1:]] == [
        base.replace("=v1", "=v2"),
        own.replace("v1", "v2"),
        own.replace("v1", "v2"),
    ]
