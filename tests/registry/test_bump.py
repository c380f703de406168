"""`gitops bump --verify-image` and `--pin-digest` against a real registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import Checkout, environment

from .conftest import PASSWORD, USER, Registry, free_port

OVERLAY = "apps/web/overlays/staging/kustomization.yaml"


def repository(folder: Path, image: str) -> Checkout:
    files: dict[str, str | bytes] = {
        "gitops.yaml": "version: 1\nlayout: apps/{app}/overlays/{env}\nenvironments:\n  - name: staging\n",
        "apps/web/base/kustomization.yaml": "resources:\n  - pod.yaml\n",
        "apps/web/base/pod.yaml": (
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n"
            f"spec:\n  containers:\n    - name: web\n      image: {image}\n"
        ),
        OVERLAY: f"namespace: shop\nresources:\n  - ../../base\nimages:\n  - name: {image}\n    newTag: v1\n",
    }
    return Checkout.create(folder / "repository", environment(folder / "home"), files)


@pytest.fixture
def shop(registry: Registry, tmp_path: Path) -> Checkout:
    for tag in ("v1", "v2.0", "v2.1"):
        registry.put("shop/web", tag)
    return repository(tmp_path, f"{registry.host}/shop/web")


def test_a_tag_that_is_there(shop: Checkout) -> None:
    result = shop.gitops("bump", "web", "v2.0", "--verify-image")
    assert (result.code, result.err) == (0, "")
    assert "newTag: v2.0\n" in shop.read(OVERLAY)


def test_a_tag_that_is_absent(shop: Checkout, registry: Registry) -> None:
    before = shop.snapshot()
    result = shop.gitops("bump", "web", "v2.11", "--verify-image")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f'error[bump-image-missing] {OVERLAY}:6:13: the registry has no image "{registry.host}/shop/web:v2.11"\n'
        "  6 |     newTag: v1\n"
        "    |             ^\n"
        '  hint: did you mean "v2.1"?\n'
        "error: refused: the registry does not have the image; nothing was written\n"
    )
    assert shop.snapshot() == before


def test_the_digest_is_written_beside_the_tag(shop: Checkout, registry: Registry) -> None:
    digest = registry.put_index("shop/web", "v3")
    result = shop.gitops("bump", "web", "v3", "--pin-digest")
    assert (result.code, result.err) == (0, "")
    assert shop.read(OVERLAY).endswith(f"    newTag: v3\n    digest: {digest}\n")
    again = shop.gitops("bump", "web", "v3", "--pin-digest")
    assert (again.code, again.err) == (0, "")
    assert f"is already at v3@{digest}" in again.out


def test_a_tag_that_moved_is_pinned_anew(shop: Checkout, registry: Registry) -> None:
    registry.put("shop/web", "rolling", created="2026-01-01T00:00:00Z")
    assert shop.gitops("bump", "web", "rolling", "--pin-digest").code == 0
    moved = registry.put("shop/web", "rolling", created="2026-02-02T00:00:00Z")
    assert shop.gitops("bump", "web", "rolling", "--pin-digest").code == 0
    assert shop.read(OVERLAY).endswith(f"    newTag: rolling\n    digest: {moved}\n")


def test_a_digest_is_looked_up(shop: Checkout, registry: Registry) -> None:
    digest = registry.put("shop/web", "v1")
    assert shop.gitops("bump", "web", digest, "--verify-image").code == 0
    result = shop.gitops("bump", "web", f"sha256:{'0' * 64}", "--verify-image")
    assert (result.code, result.out) == (1, "")
    assert "hint: was it built and pushed?\n" in result.err


def test_a_private_registry(private: Registry, tmp_path: Path) -> None:
    private.put("shop/web", "v2")
    shop = repository(tmp_path, f"{private.host}/shop/web")
    refused = shop.gitops("bump", "web", "v2", "--verify-image")
    assert (refused.code, refused.out) == (3, "")
    assert f'error: registry "{private.host}" denies access to "shop/web"\n' in refused.err
    login = {"CI_REGISTRY": private.host, "CI_REGISTRY_USER": USER, "CI_REGISTRY_PASSWORD": PASSWORD}
    result = shop.gitops("bump", "web", "v2", "--verify-image", env=login)
    assert (result.code, result.err) == (0, "")
    assert PASSWORD not in result.out


def test_a_registry_that_is_down_is_no_missing_image(tmp_path: Path) -> None:
    shop = repository(tmp_path, f"127.0.0.1:{free_port()}/shop/web")
    before = shop.snapshot()
    result = shop.gitops("bump", "web", "v2", "--verify-image")
    assert (result.code, result.out) == (3, "")
    assert "cannot be reached: connection refused\n" in result.err
    assert shop.snapshot() == before
    assert shop.gitops("bump", "web", "v2").code == 0
