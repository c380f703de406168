"""Images that are fine, and images that are not."""

# ruff: noqa: E501  one case, one line

from __future__ import annotations

from pathlib import Path

import pytest
from rendered import HOME, findings, said

from gitops_tool.rules.images import RULES

MUTABLE, INVALID = RULES
DIGEST = "sha256:" + "0" * 64


def pod(image: str) -> str:
    return (
        "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: web, image: '"
        + image
        + "'}]}}\n"
    )


@pytest.mark.parametrize(
    "image",
    [
        f"registry.example.com:5000/web@{DIGEST}",
        f"web:latest@{DIGEST}",
        "registry.example.com:5000/web:1.4.2",
        "web:v1",
        "$(IMAGE)",
        "{{ image }}",
        "<image>",
        " ",
        "",
    ],
)
def test_is_pinned_or_filled_in_later(image: str, tmp_path: Path) -> None:
    assert said(tmp_path, pod(image), MUTABLE) == []
    assert said(tmp_path, pod(image), INVALID) == []


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("nginx", 'the image "nginx" has no tag, which means "latest"'),
        (
            "registry.example.com:5000/web",
            'the image "registry.example.com:5000/web" has no tag, which means "latest"',
        ),
        ("web:latest", 'the tag of the image "web:latest" is moved to each new build'),
        ("web:Main", 'the tag of the image "web:Main" is moved to each new build'),
    ],
)
def test_is_mutable(image: str, message: str, tmp_path: Path) -> None:
    assert said(tmp_path, pod(image), MUTABLE) == [f"warning: {message}"]


@pytest.mark.parametrize("image", ["Web:1", "web:1.4@sha256:abc", "web:-1", "https://registry.example.com/web:1"])
def test_is_invalid(image: str, tmp_path: Path) -> None:
    assert len(said(tmp_path, pod(image), INVALID)) == 1


@pytest.mark.parametrize(
    "workload",
    [
        "{apiVersion: apps.openshift.io/v1, kind: DeploymentConfig, metadata: {name: web}, spec: {triggers: "
        "[{type: ImageChange}], template: {spec: {containers: [{name: web, image: web}]}}}}\n",
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, annotations: {image.openshift.io/triggers: '[]'}}, "
        "spec: {template: {spec: {containers: [{name: web, image: web}]}}}}\n",
    ],
)
def test_an_image_stream_sets_the_image(workload: str, tmp_path: Path) -> None:
    assert said(tmp_path, workload, MUTABLE) == []


def test_the_images_entry_is_blamed_for_a_tag(tmp_path: Path) -> None:
    files = {
        f"{HOME}/kustomization.yaml": "resources: [objects.yaml]\nimages:\n  - name: web\n    newTag: latest\n",
        f"{HOME}/objects.yaml": pod("web:1.0.0"),
    }
    (found,) = findings(tmp_path, files, MUTABLE)
    assert str(found.location) == f"{HOME}/kustomization.yaml:4:13"


def test_an_environment_decides_how_bad_it_is(tmp_path: Path) -> None:
    settings = (
        "version: 1\nlayout: apps/{app}/overlays/{env}\nenvironments:\n  - name: staging\n    rules: {mutable-image: 'off'}\n"
        "  - name: production\n    rules: {mutable-image: error}\n"
    )
    text = pod("web") + "# apps/web/overlays/staging\n" + pod("web")
    assert said(tmp_path, text, MUTABLE, settings=settings) == [
        'error: the image "web" has no tag, which means "latest"'
    ]
