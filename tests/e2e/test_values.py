"""Bumps of any YAML value: named by a path, in gitops.yaml, by a marker, or found in Helm values."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import shop
from .world import Checkout

IMAGE = shop.image("web")
NO_HELM = "\nnot rendered, not validated: web(staging): Helm charts are not rendered here\n"
VALUES = f"""\
# of web
image:
    repository: {IMAGE}
    tag: 'v1'   # the release
sidecar: {{image: {shop.image("log")}:v3}}
"""


def application(environment: str, source: str, app: str = "web") -> str:
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
        f"metadata: {{name: {app}-{environment}, namespace: argocd}}\n"
        "spec:\n  project: default\n  destination: {server: https://kubernetes.default.svc, namespace: shop}\n"
        f"  source:\n    repoURL: https://git.example.org/m.git\n    path: charts/{app}\n{source}"
    )


def bumped(checkout: Checkout, *args: str) -> str:
    """Bump, which must change one file, and return what it printed."""
    result = checkout.gitops("bump", "web", *args)
    assert (result.code, result.err) == (0, "")
    checkout.assert_sound()
    return result.out


class TestPath:
    def test_a_patch_that_is_rendered_is_proven(self, web: Checkout) -> None:
        patch = (
            "- op: replace\n  path: /spec/template/spec/containers/0/image\n  value: registry.example.org/x:v1 # x\n"
        )
        web.commit({"apps/web/overlays/staging/image.yaml": patch}, "patch")
        more = "patches:\n  - target: {kind: Deployment}\n    path: image.yaml\n"
        web.commit({shop.overlay_path("web"): shop.overlay("web", more=more)}, "use")
        out = bumped(web, "v2", "--path", "apps/{app}/overlays/{env}/image.yaml:[0].value")
        assert out.startswith(
            "web(staging): apps/web/overlays/staging/image.yaml:[0].value registry.example.org/x:v1 -> "
        )
        assert "rendered: Deployment/shop/web changed\nvalidated: 1 object" in out
        assert web.read("apps/web/overlays/staging/image.yaml") == patch.replace("v1", "v2")

    def test_a_value_that_reaches_nothing_is_refused(self, web: Checkout) -> None:
        before = web.snapshot()
        path = "apps/web/overlays/staging/kustomization.yaml:apiVersion"
        result = web.gitops("bump", "web", "v2", "--path", path)
        assert result.code in {1, 3}
        assert web.snapshot() == before

    def test_a_file_that_no_overlay_reads_is_said_to_be_unrendered(self, web: Checkout) -> None:
        web.commit({"versions.yaml": 'web: {"live.tag": 1.9}\n---\nx: 1\n'}, "versions")
        out = bumped(web, "1.10", "--path", 'versions.yaml:web."live.tag"')
        assert web.read("versions.yaml") == 'web: {"live.tag": "1.10"}\n---\nx: 1\n'
        reason = 'web(staging): no kustomization is built from "versions.yaml"'
        assert f"\nnot rendered, not validated: {reason}\n" in out
        assert f"Gitops-Unrendered: {reason}" in web.git("log", "-1", "--format=%B")

    @pytest.mark.parametrize(
        ("path", "error"),
        [
            (
                "v.yaml:web[",
                'error: "web[" is not a YAML path: character 4 is not expected\n'
                'hint: write "spec.containers[name=web].image", keys with dots in quotes\n',
            ),
            ("v.yaml", 'error: "v.yaml" is not FILE:YAML.PATH\nhint: see `gitops bump --help`\n'),
        ],
    )
    def test_what_is_no_path(self, web: Checkout, path: str, error: str) -> None:
        result = web.gitops("bump", "web", "v2", "--path", path)
        assert (result.code, result.out, result.err) == (2, "", error)

    def test_a_hold_keeps_values_too(self, web: Checkout) -> None:
        web.commit({"v.yaml": "tag: v1\n"}, "values")
        assert web.gitops("hold", "web", "--env", "staging", "--reason", "audit").code == 0
        before = web.snapshot()
        result = web.gitops("bump", "web", "v2", "--path", "v.yaml:tag")
        assert (result.code, result.out) == (1, "")
        assert "web(staging) is held until" in result.err
        assert web.snapshot() == before

    def test_the_registry_is_not_asked_for_values(self, web: Checkout) -> None:
        web.commit({"v.yaml": "tag: v1\n"}, "values")
        result = web.gitops("bump", "web", "v2", "--path", "v.yaml:tag", "--verify-image")
        assert (result.code, result.out, result.err) == (
            2,
            "",
            'error: the registry is asked for images of kustomizations only, and "v.yaml:tag" is a YAML value\n'
            "hint: leave out --verify-image and --pin-digest\n",
        )


class TestSettings:
    def test_targets_of_the_settings_are_set_for_the_environment(self, web: Checkout) -> None:
        targets = (
            "bump:\n  targets:\n    jobs:\n      - {file: 'jobs/{env}.yaml', path: image.tag}\n"
            "      - {file: 'jobs/{env}.yaml', path: full}\n"
        )
        jobs = f"image: {{tag: v1, digest: 'sha256:{'1' * 64}'}}\nfull: {shop.image('jobs')}:v1\n"
        files = {"gitops.yaml": shop.SETTINGS + targets, "jobs/staging.yaml": jobs, "jobs/production.yaml": jobs}
        web.commit(files, "jobs")
        result = web.gitops("bump", "jobs", "v2", "--env", "production")
        assert (result.code, result.err) == (0, "")
        assert web.read("jobs/staging.yaml") == jobs
        assert web.read("jobs/production.yaml") == f"image: {{tag: v2, digest: ''}}\nfull: {shop.image('jobs')}:v2\n"

    def test_markers(self, web: Checkout) -> None:
        config = (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n  # gitops: tag api\n  A: v1\n"
            "  B: v1 # gitops: tag web\n  C: 'v1' # gitops: tag web production\n"
        ).replace("  # gitops: tag api\n", "")
        overlay = shop.overlay("web").replace("../../base\n", "../../base\n  - config.yaml\n")
        overlay = overlay.replace("newTag: v1", "newTag: v1 # gitops: tag web")
        files = {
            "gitops.yaml": shop.SETTINGS + "bump: {markers: true}\n",
            shop.overlay_path("web"): overlay,
            "apps/web/overlays/staging/config.yaml": config,
        }
        web.commit(files, "markers")
        out = bumped(web, "v2")
        assert "rendered: ConfigMap/shop/web changed, Deployment/shop/web changed" in out
        assert web.read("apps/web/overlays/staging/config.yaml") == config.replace("B: v1", "B: v2")
        assert web.read(shop.overlay_path("web")) == overlay.replace("newTag: v1", "newTag: v2")


class TestHelm:
    def test_values_of_an_application(self, tmp_path: Path, env: dict[str, str]) -> None:
        file = "charts/web/values-staging.yaml"
        files = {
            "gitops.yaml": shop.SETTINGS,
            "argocd/web.yaml": application("staging", "    helm: {valueFiles: [values.yaml, values-staging.yaml]}\n"),
            "charts/web/values.yaml": VALUES.replace("v1", "v0"),
            file: "image: {tag: v1}\n",
        }
        checkout = Checkout.create(tmp_path / "r", env, files)
        assert NO_HELM in bumped(checkout, "v2")
        assert checkout.read(file) == "image: {tag: v2}\n"
        assert checkout.git("diff", "HEAD~1", "--name-only") == file
        assert "Gitops-Unrendered: web(staging): Helm charts" in checkout.git("log", "-1", "--format=%B")

    @pytest.mark.parametrize(
        ("chart", "file"),
        [
            ("  valuesFile: values.yaml\n", "values.yaml"),
            (f"  valuesInline:\n    image: {{repository: {IMAGE}, tag: v1}}\n", "kustomization.yaml"),
        ],
    )
    def test_a_chart_of_a_kustomization(self, tmp_path: Path, env: dict[str, str], chart: str, file: str) -> None:
        folder = "apps/web/overlays/staging"
        kustomization = f"helmCharts:\n- name: web\n  repo: https://charts.example.org\n  version: 1.0.0\n{chart}"
        files = {f"{folder}/kustomization.yaml": kustomization, f"{folder}/values.yaml": VALUES}
        checkout = Checkout.create(tmp_path / "r", env, files)
        assert NO_HELM in bumped(checkout, "v2")
        assert checkout.read(f"{folder}/{file}") == files[f"{folder}/{file}"].replace("v1", "v2")
        again = checkout.gitops("bump", "web", "v2")
        assert (again.code, again.out) == (0, f"web(staging): {folder}/{file}:{_path(file)} is already at v2\n")


def _path(file: str) -> str:
    return "image.tag" if file == "values.yaml" else "helmCharts[0].valuesInline.image.tag"
