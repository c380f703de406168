"""`gitops update` against a real registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import Checkout

from .conftest import Registry, free_port
from .test_bump import OVERLAY, repository


@pytest.fixture
def shop(registry: Registry, tmp_path: Path) -> Checkout:
    for tag in ("v1.0.0", "v1.2.0", "v1.10.0", "v2.0.0"):
        registry.put("update/web", tag)
    made = repository(tmp_path, f"{registry.host}/update/web")
    made.commit({OVERLAY: made.read(OVERLAY).replace("newTag: v1", "newTag: v1.0.0")}, "v1.0.0")
    return made


def mark(made: Checkout, text: str) -> None:
    made.commit({OVERLAY: made.read(OVERLAY).replace("v1.0.0", f"v1.0.0 # gitops: update {text}")}, "policy")


def test_a_comment_decides(shop: Checkout, registry: Registry) -> None:
    mark(shop, "semver ^1")
    result = shop.gitops("update")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"web(staging): {registry.host}/update/web v1.0.0 -> v1.10.0\n")
    assert shop.read(OVERLAY).endswith("    newTag: v1.10.0 # gitops: update semver ^1\n")
    assert shop.commits()[0].summary == f"web(staging): update {registry.host}/update/web to v1.10.0"
    assert "Gitops-Action: update" in str(shop.commits()[0].message)
    again = shop.gitops("update")
    assert (again.code, again.out) == (0, f"web(staging): {registry.host}/update/web is already at v1.10.0\n")


def test_the_settings_decide(shop: Checkout, registry: Registry) -> None:
    rule = f"updates:\n  - image: {registry.host}/update/*\n    policy: semver\n"
    shop.commit({"gitops.yaml": shop.read("gitops.yaml") + rule}, "policy")
    assert shop.gitops("update", "web").code == 0
    assert shop.read(OVERLAY).endswith("    newTag: v2.0.0\n")


def test_a_digest_stays_one(shop: Checkout, registry: Registry) -> None:
    digest = registry.put("update/web", "v1.10.0")
    mark(shop, "semver ^1")
    shop.commit({OVERLAY: shop.read(OVERLAY) + f"    digest: sha256:{'0' * 64}\n"}, "pinned")
    assert shop.gitops("update").code == 0
    assert shop.read(OVERLAY).endswith(f"    newTag: v1.10.0 # gitops: update semver ^1\n    digest: {digest}\n")


def test_a_check_only_tells(shop: Checkout) -> None:
    mark(shop, "semver ^1")
    before = shop.snapshot()
    result = shop.gitops("update", "--check")
    assert (result.code, result.err) == (1, "")
    assert "v1.0.0 -> v1.10.0" in result.out
    assert shop.snapshot() == before
    shop.gitops("update")
    assert shop.gitops("update", "--check").code == 0


def test_what_is_held_stays(shop: Checkout) -> None:
    mark(shop, "semver ^1")
    assert shop.gitops("hold", "web", "--env", "staging", "--reason", "audit").code == 0
    result = shop.gitops("update")
    assert (result.code, result.out) == (0, "nothing to update\n")
    assert "note: web(staging): " in result.err
    assert "left at v1.0.0: " in result.err
    assert shop.gitops("update", "--override", "urgent").code == 0
    assert "newTag: v1.10.0" in shop.read(OVERLAY)
    assert "Gitops-Override: urgent" in str(shop.commits()[0].message)


def test_nothing_fits(shop: Checkout, registry: Registry) -> None:
    mark(shop, "semver ^9")
    result = shop.gitops("update")
    assert (result.code, result.out) == (0, "nothing to update\n")
    assert result.err == f'note: web(staging): {registry.host}/update/web: no tag fits the policy "semver ^9"\n'


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("semvar ^1", 3, f'error: {OVERLAY}:6:13: "semvar" is not an update policy\n'),
        ("semver one", 3, f'error: {OVERLAY}:6:13: "one" is not a range of versions\n'),
    ],
)
def test_a_policy_that_is_none(shop: Checkout, text: str, code: int, words: str) -> None:
    mark(shop, text)
    result = shop.gitops("update")
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_no_policy_at_all(shop: Checkout) -> None:
    result = shop.gitops("update")
    assert (result.code, result.out) == (2, "")
    assert "error: no image here has an update policy\n" in result.err


def test_a_registry_that_is_down(tmp_path: Path) -> None:
    made = repository(tmp_path, f"127.0.0.1:{free_port()}/update/web")
    made.commit({OVERLAY: made.read(OVERLAY).replace("v1", "v1 # gitops: update semver")}, "policy")
    result = made.gitops("update")
    assert (result.code, result.out) == (3, "")
    assert "cannot be reached: connection refused\n" in result.err
