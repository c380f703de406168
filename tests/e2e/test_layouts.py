"""Other people's repositories: where apps lie, and where their image is set."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import shop
from .world import Checkout

IMAGE = shop.image("web")
FLAT = shop.overlay("web").replace("../../base", "deployment.yaml")
STAGING = shop.overlay_path("web")


@pytest.mark.parametrize(
    ("settings", "folder", "environment"),
    [
        (None, "apps/web/overlays/staging", "staging"),
        (None, "apps/web/envs/staging", "staging"),
        (None, "apps/web/staging", "staging"),
        (None, "web/overlays/staging", "staging"),
        (None, "overlays/staging/web", "staging"),
        (None, "envs/dev/web", "dev"),
        (None, "environments/prod/web", "prod"),
        (None, "components/web/production", "production"),
        (None, "apps/web", "default"),
        ('layout: "components/{app}/{env}"\nenvironments: [{name: eu}]\n', "components/web/eu", "eu"),
        ('layout: "envs/{env}/{app}"\nenvironments: [{name: eu}]\n', "envs/eu/web", "eu"),
        ('layout: "clusters/all/{env}/k8s-{app}"\nenvironments: [{name: eu}]\n', "clusters/all/eu/k8s-web", "eu"),
        ("environments: [{name: live}]\n", "apps/web", "live"),
    ],
)
def test_an_app_is_found_where_the_layout_has_it(
    tmp_path: Path, env: dict[str, str], settings: str | None, folder: str, environment: str
) -> None:
    files = {f"{folder}/deployment.yaml": shop.deployment("web"), f"{folder}/kustomization.yaml": FLAT}
    if settings:
        files["gitops.yaml"] = f"version: 1\n{settings}"
    checkout = Checkout.create(tmp_path / "r", env, files)

    result = checkout.gitops("bump", "web", "v2")

    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"web({environment}): {IMAGE} v1 -> v2\n\n{folder}/kustomization.yaml\n")
    assert checkout.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{folder}/kustomization.yaml"
    assert checkout.read(f"{folder}/kustomization.yaml") == FLAT.replace("newTag: v1", "newTag: v2")


@pytest.mark.parametrize("name", ["kustomization.yml", "Kustomization"])
def test_other_names_of_the_kustomization(web: Checkout, name: str) -> None:
    web.git("mv", STAGING, f"apps/web/overlays/staging/{name}")
    web.commit({}, "renamed")
    assert web.gitops("bump", "web", "v2").code == 0
    assert web.git("diff", "HEAD~1", "--numstat") == f"1\t1\tapps/web/overlays/staging/{name}"


class TestTagInTheBase:
    """The overlay gets an entry of its own, in the style of its file; the base stays as it is."""

    def bumped(self, checkout: Checkout) -> str:
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(f"web(staging): {IMAGE} v1 -> v2\n")
        assert checkout.git("diff", "HEAD~1", "--name-only") == STAGING
        checkout.assert_sound()
        return checkout.read(STAGING)

    def test_in_the_containers_image(self, web: Checkout) -> None:
        plain = "namespace: shop\nresources:\n- ../../base\n"
        web.commit({STAGING: plain, "apps/web/base/deployment.yaml": shop.deployment("web", f"{IMAGE}:v1")}, "base")
        assert self.bumped(web) == f"{plain}images:\n- name: {IMAGE}\n  newTag: v2\n"

    def test_in_the_bases_images(self, web: Checkout) -> None:
        images = f"images:\n  - name: {IMAGE}\n    newTag: v1\n"
        plain = "namespace: shop\nresources:\n  - ../../base\n"
        web.commit({STAGING: plain, "apps/web/base/kustomization.yaml": shop.base("web") + images}, "base")
        assert self.bumped(web) == f"{plain}images:\n  - name: {IMAGE}\n    newTag: v2\n"

    def test_beside_an_entry_for_another_image(self, web: Checkout) -> None:
        before = 'images:\n- name: other # theirs\n  newTag: "3"\nresources:\n- ../../base\nnamespace: shop'
        web.commit({STAGING: before, "apps/web/base/deployment.yaml": shop.deployment("web", f"{IMAGE}:v1")}, "base")
        after = f'images:\n- name: other # theirs\n  newTag: "3"\n- name: {IMAGE}\n  newTag: "v2"\nresources:\n'
        assert self.bumped(web) == f"{after}- ../../base\nnamespace: shop"


class TestPlainDirectory:
    """No kustomization: Argo CD applies the manifests as they are."""

    def test_the_containers_image_is_edited(self, tmp_path: Path, env: dict[str, str]) -> None:
        manifest = shop.deployment("web", f"{IMAGE}:v1").replace(":v1", ":v1 # pinned")
        checkout = Checkout.create(tmp_path / "r", env, {"apps/web/web.yaml": manifest})
        result = checkout.gitops("bump", "web", "v2")
        assert (result.code, result.err) == (0, "")
        assert checkout.read("apps/web/web.yaml") == manifest.replace(":v1", ":v2")
        assert checkout.git("diff", "HEAD~1", "--numstat") == "1\t1\tapps/web/web.yaml"

    def test_every_container_of_that_image_is(self, tmp_path: Path, env: dict[str, str]) -> None:
        manifest = "---\r\n" + shop.deployment("web", f"{IMAGE}:v1") + "---\n" + shop.deployment("job", f"{IMAGE}:v1")
        other = shop.deployment("side", "busybox:1")
        files = {"apps/web/web.yaml": manifest, "apps/web/side.yml": other, "apps/web/README.md": f"{IMAGE}:v1"}
        checkout = Checkout.create(tmp_path / "r", env, files)
        assert checkout.gitops("bump", "web", "v2").code == 0
        assert checkout.read("apps/web/web.yaml") == manifest.replace(f"{IMAGE}:v1", f"{IMAGE}:v2")
        assert checkout.git("diff", "HEAD~1", "--numstat") == "2\t2\tapps/web/web.yaml"

    def test_a_digest_in_place_of_a_tag(self, tmp_path: Path, env: dict[str, str]) -> None:
        digest = f"sha256:{'ab' * 32}"
        manifest = shop.deployment("web", f"{IMAGE}:v1")
        checkout = Checkout.create(tmp_path / "r", env, {"apps/web/web.yaml": manifest})
        assert checkout.gitops("bump", "web", digest).code == 0
        assert checkout.read("apps/web/web.yaml") == manifest.replace(f"{IMAGE}:v1", f"{IMAGE}@{digest}")


def test_without_env_production_is_never_meant_by_chance(web: Checkout) -> None:
    web.git("rm", "--quiet", "-r", "apps/web/overlays/staging")
    web.commit({}, "production only")
    before = web.snapshot()
    result = web.gitops("bump", "web", "v2")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        'error: app "web" has no environment "staging", the first of the promotion order\n'
        "hint: choose with --env: production\n"
    )
    assert web.snapshot() == before
    assert web.gitops("bump", "web", "v2", "--env", "production").code == 0


def test_a_base_behind_a_symbolic_link_is_part_of_the_render(web: Checkout) -> None:
    (web.folder / "apps/web/base").rename(web.folder / "shared")
    (web.folder / "apps/web/base").symlink_to("../../shared")
    web.commit({}, "linked")
    result = web.gitops("bump", "web", "v2")
    assert (result.code, result.err) == (0, "")
    assert web.git("diff", "HEAD~1", "--numstat") == f"1\t1\t{STAGING}"


def test_a_component_is_part_of_the_render(web: Checkout) -> None:
    component = (
        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "patches:\n  - path: probe.yaml\n    target: {kind: Deployment}\n"
    )
    broken = "- op: add\n  path: /spec/replicas\n  value: many\n"
    web.commit({"components/probe/kustomization.yaml": component, "components/probe/probe.yaml": broken}, "component")
    web.commit({STAGING: shop.overlay("web", more="components:\n  - ../../../../components/probe\n")}, "use it")
    result = web.gitops("bump", "web", "v2")
    assert (result.code, result.out) == (1, "")
    assert "error[schema] " in result.err
    assert "spec.replicas" in result.err


def test_a_remote_base_is_refused_unless_the_settings_allow_it(web: Checkout) -> None:
    remote = shop.overlay("web").replace("../../base", "https://git.example.org/bases//web?ref=v1")
    web.commit({STAGING: remote}, "remote")
    before = web.snapshot()
    result = web.gitops("bump", "web", "v2", "--image", "web")
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        f'error: {STAGING}:5:5: "https://git.example.org/bases//web?ref=v1" would be fetched over the network\n'
        "hint: copy it into the repository, or set kustomize.allowRemote in gitops.yaml (a bump: or --unrendered)\n"
    )
    assert web.snapshot() == before
