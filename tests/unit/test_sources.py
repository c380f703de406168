"""The line that set a rendered value."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool import toolchain
from gitops_tool.config import Settings
from gitops_tool.render import Renderer
from gitops_tool.sources import SourceMap, Trace

from .trees import tree_of

P = PurePosixPath
K = "kustomization.yaml"
FILES = {
    "base/web.yaml": """\
apiVersion: v1
kind: Service
metadata: {name: web}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels:
    tier: back
spec:
  replicas: 1
  template:
    spec:
      containers:
        - name: side
          image: side:1
        - name: web
          image: web
""",
    f"base/{K}": "resources:\n- web.yaml\nimages:\n- name: side\n  newTag: '2'\n",
    f"app/{K}": """\
resources: [../base]
namePrefix: my-
patches:
- path: patch.yaml
images:
- name: web
  newName: registry.example.org/web
  newTag: "3"
configMapGenerator:
- name: conf
  literals: [a=b]
""",
    "app/patch.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 5
  template:
    spec:
      containers:
        - {name: web, imagePullPolicy: Never}
""",
}
CONTAINERS = ("spec", "template", "spec", "containers")


def trace(kind: str, *pointer: str | int, files: dict[str, str] | None = None) -> Trace:
    tree = tree_of(files or FILES)
    render = Renderer(toolchain.kustomize_engine(), Settings(), None).render(tree, P("app"))
    resource = next(resource for resource in render.resources if resource.id.kind == kind)
    return SourceMap(tree, render).trace(resource, pointer)


@pytest.mark.parametrize(
    ("pointer", "place", "exact"),
    [
        (("metadata", "labels", "tier"), "base/web.yaml:10:11", True),
        (("spec", "replicas"), "app/patch.yaml:5:13", True),
        ((*CONTAINERS, 0, "imagePullPolicy"), "app/patch.yaml:9:40", True),
        ((*CONTAINERS, 1, "image"), f"base/{K}:5:11", True),
        ((*CONTAINERS, 0, "image"), f"app/{K}:8:11", True),
        ((*CONTAINERS, 1, "name"), "base/web.yaml:16:17", True),
    ],
)
def test_a_value_is_traced_to_the_line_that_set_it(pointer: tuple[str | int, ...], place: str, exact: bool) -> None:
    found = trace("Deployment", *pointer)
    assert (str(found.location), found.exact) == (place, exact)


def test_what_kustomize_made_is_traced_to_the_nearest_place() -> None:
    found = trace("Deployment", "metadata", "name")
    assert (str(found.location), found.exact) == ("base/web.yaml:8:9", True)
    missing = trace("Deployment", "spec", "strategy", "type")
    assert (str(missing.location), missing.exact) == ("base/web.yaml:11:1", False)


def test_a_generated_object_is_traced_to_its_kustomization() -> None:
    found = trace("ConfigMap", "data", "a")
    assert (str(found.location), found.exact) == (f"app/{K}", False)


def test_the_second_document_of_a_file_is_not_mistaken_for_the_first() -> None:
    assert str(trace("Service", "metadata", "name").location) == "base/web.yaml:3:18"


def test_a_plain_directory_is_traced_to_its_manifests() -> None:
    files = {"app/web.yaml": FILES["base/web.yaml"]}
    assert str(trace("Deployment", "spec", "replicas", files=files).location) == "app/web.yaml:12:13"


def test_a_patch_that_is_not_yaml_is_passed_over() -> None:
    files = {**FILES, f"app/{K}": FILES[f"app/{K}"].replace("literals: [a=b]", "files: [broken.yaml]")}
    files["app/broken.yaml"] = "a: [\n"
    assert str(trace("Deployment", "spec", "replicas", files=files).location) == "app/patch.yaml:5:13"
