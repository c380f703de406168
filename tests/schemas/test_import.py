"""`gitops schemas`: definitions become the repository's schemas, whole or not at all, and are listed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.validate.shop import SETTINGS, Ran, gitops, kustomization

ROOT = Path(__file__).resolve().parents[2]
WIDGET = """\
apiVersion: example.org/v1
kind: Widget
metadata:
  name: tool
spec:
  size: {size}
  port: http
  free:
    anything: [1]
  template:
    apiVersion: v1
    kind: Pod
    metadata:
      name: x
    spec: {{}}
"""
OPEN_API: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "port": {"x-kubernetes-int-or-string": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "template": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {"spec": {"type": "object"}},
                },
            },
        }
    },
}
HOME = "apps/tool/overlays/staging"
V1 = "schemas/crds/example.org/widget_v1.json"


def definition(group: str = "example.org", kind: str = "Widget", **spec: Any) -> dict[str, Any]:
    schema = {"openAPIV3Schema": OPEN_API}
    versions = [
        {"name": "v1", "served": True, "storage": True, "schema": schema},
        {"name": "v1beta1", "served": True, "storage": False, "schema": schema},
        {"name": "v1alpha1", "served": False, "storage": False, "schema": schema},
    ]
    names = {"kind": kind, "plural": "widgets"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": versions, **spec},
    }


@pytest.fixture
def folder(repository: Callable[..., object], tmp_path: Path) -> Path:
    files: dict[str, str | bytes] = {
        "gitops.yaml": SETTINGS,
        f"{HOME}/kustomization.yaml": kustomization("widget.yaml"),
        f"{HOME}/widget.yaml": WIDGET.format(size=3),
        "apps/tool/overlays/production/kustomization.yaml": kustomization("claim.yaml"),
        "apps/tool/overlays/production/claim.yaml": "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\n"
        "metadata:\n  name: x\nspec: {}\n",
    }
    (tmp_path / "crd.yaml").write_text(yaml.safe_dump(definition()))
    path: Path = repository(files).path  # type: ignore[attr-defined]
    return path


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in (folder / "schemas").rglob("*") if path.is_file())


def imported(folder: Path, *sources: object, options: tuple[str, ...] = ("--no-commit",)) -> Ran:
    return gitops(folder, "schemas", "import", *map(str, sources), *options)


def test_every_served_version_becomes_a_strict_schema(folder: Path, tmp_path: Path) -> None:
    assert "  example.org/v1 Widget: no schema (1 object)\n" in gitops(folder, "validate", HOME).out
    done = imported(folder, tmp_path / "crd.yaml", options=())
    assert (done.code, done.err) == (0, "")
    assert written(folder) == [V1, "schemas/crds/example.org/widget_v1beta1.json"]
    assert done.out.startswith("imports example.org/v1 Widget\nimports example.org/v1beta1 Widget\n")
    assert "1 object: 1 valid, 0 invalid" in gitops(folder, "validate", HOME, "--select", "schema,schema-missing").out
    widget = folder / HOME / "widget.yaml"
    widget.write_text(WIDGET.format(size="many") + "  colour: red\n")
    for engine in ("kubeconform", "embedded"):
        found = gitops(folder, "validate", HOME, "--select", "schema,schema-missing", "--engine", engine)
        assert found.code == 1
        assert "spec.size: expected integer" in found.out
        assert 'unknown field "colour"' in found.out


def test_a_second_import_changes_nothing(folder: Path, tmp_path: Path) -> None:
    assert imported(folder, tmp_path / "crd.yaml", options=()).code == 0
    before = {name: (folder / name).read_bytes() for name in written(folder)}
    done = imported(folder, tmp_path / "crd.yaml", options=("--output", "json"))
    assert (done.code, json.loads(done.out)["status"]) == (0, "unchanged")
    assert {name: (folder / name).read_bytes() for name in written(folder)} == before


def test_a_newer_definition_replaces_the_schema(folder: Path, tmp_path: Path) -> None:
    imported(folder, tmp_path / "crd.yaml")
    newer = definition()
    newer["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object"}}
    (tmp_path / "crd.yaml").write_text(yaml.safe_dump(newer))
    done = imported(folder, tmp_path / "crd.yaml")
    assert done.out.startswith("updates example.org/v1 Widget\n")
    assert "size" not in (folder / V1).read_text()


def test_folders_lists_and_standard_input(folder: Path, tmp_path: Path) -> None:
    crds = tmp_path / "crds/deep"
    crds.mkdir(parents=True)
    listed = {"apiVersion": "v1", "kind": "List", "items": [definition(), definition("example.com"), {"kind": "X"}]}
    (crds / "list.json").write_text(json.dumps(listed))
    (crds / "notes.yaml").write_text("[not: yaml")
    old = definition("old.example.com", versions=None, version="v1")
    old["spec"] |= {"validation": {"openAPIV3Schema": OPEN_API}}
    (crds / "old.yml").write_text(yaml.safe_dump(old))
    assert imported(folder, tmp_path / "crds").code == 0
    assert [name.split("/")[2] for name in written(folder)] == [
        *["example.com"] * 2,
        *["example.org"] * 2,
        "old.example.com",
    ]
    text = yaml.safe_dump(definition("stdin.example.com")).encode()
    command = [sys.executable, "-m", "gitops_tool", "schemas", "import", "-", "--no-commit"]
    done = subprocess.run(command, cwd=folder, input=text, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (folder / "schemas/crds/stdin.example.com/widget_v1.json").is_file()


def test_the_first_folder_of_the_settings_is_written_to(folder: Path, tmp_path: Path) -> None:
    (folder / "gitops.yaml").write_text(SETTINGS + "schemas: [platform/types, other]\n")
    assert imported(folder, tmp_path / "crd.yaml").code == 0
    assert (folder / "platform/types/example.org/widget_v1.json").is_file()


@pytest.mark.parametrize(
    ("crd", "message"),
    [
        (definition("../../etc"), 'widgets.../../etc: "../../etc/v1 Widget" is no kind of a custom resource'),
        (definition(".."), 'widgets...: "../v1 Widget" is no kind of a custom resource'),
        (definition(kind="../../Widget"), '"example.org/v1 ../../Widget" is no kind of a custom resource'),
        (definition(kind="-rf"), '"example.org/v1 -rf" is no kind of a custom resource'),
        (definition(versions=[{"name": "v1/../../x", "served": True}]), "is no kind of a custom resource"),
        (definition("apps", "Deployment"), '"apps" is a group of Kubernetes\' own'),
        (definition(versions=[]), "holds no CustomResourceDefinition that serves a version"),
        ({"kind": "ConfigMap"}, "holds no CustomResourceDefinition that serves a version"),
        ("[not: yaml", "crd.yaml"),
    ],
    ids=str,
)
def test_what_cannot_be_imported_is_refused_whole(folder: Path, tmp_path: Path, crd: Any, message: str) -> None:
    text = crd if isinstance(crd, str) else yaml.safe_dump_all([definition("fine.example.com"), crd])
    if "holds no" in message:
        text = yaml.safe_dump(crd)
    (tmp_path / "crd.yaml").write_text(text)
    done = imported(folder, tmp_path / "crd.yaml")
    assert (done.code, done.out) == (3, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert not (folder / "schemas").exists()


def test_a_schema_without_end_is_refused(folder: Path, tmp_path: Path) -> None:
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(400):
        deep = {"type": "object", "properties": {"a": deep}}
    crd = definition(versions=[{"name": "v1", "served": True, "schema": {"openAPIV3Schema": deep}}])
    (tmp_path / "crd.yaml").write_text(json.dumps(crd))
    done = imported(folder, tmp_path / "crd.yaml")
    assert (done.code, done.out) == (3, "")
    assert "nested too deeply" in done.err


def test_two_definitions_of_a_kind_must_agree(folder: Path, tmp_path: Path) -> None:
    other = definition()
    other["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object"}}
    (tmp_path / "crd.yaml").write_text(yaml.safe_dump_all([definition(), other]))
    done = imported(folder, tmp_path / "crd.yaml")
    assert done.code == 3
    assert '"example.org/v1/Widget" is defined twice, and differently' in done.err


def test_a_link_out_of_the_repository_is_not_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder / "schemas").mkdir()
    (folder / "schemas/crds").symlink_to(outside)
    done = imported(folder, tmp_path / "crd.yaml")
    assert (done.code, list(outside.iterdir())) == (3, [])
    assert "leads out of the repository" in done.err


def test_a_file_in_the_way_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "schemas").write_text("a file")
    done = imported(folder, tmp_path / "crd.yaml")
    assert done.code == 3
    assert done.err.splitlines()[0].startswith('error: "schemas" is in the way')


def test_a_source_that_is_not_there(folder: Path) -> None:
    done = imported(folder, "nowhere.yaml")
    assert (done.code, done.out, done.err.splitlines()[0]) == (2, "", 'error: "nowhere.yaml" does not exist')


def test_the_listing_tells_what_is_missing(folder: Path, tmp_path: Path) -> None:
    done = gitops(folder, "schemas", "list")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-3:] == [
        "used, and without a schema:",
        f"  example.org/v1 Widget (Kubernetes 1.36): 1 object in {HOME}",
        "  policy/v1beta1 PodSecurityPolicy (Kubernetes 1.36): 1 object in apps/tool/overlays/production",
    ]
    imported(folder, tmp_path / "crd.yaml")
    document = json.loads(gitops(folder, "schemas", "list", "--output", "json").out)
    jsonschema.validate(document, json.loads((ROOT / "schemas/output/schemas.schema.json").read_text()))
    assert [one["kind"] for one in document["missing"]] == ["PodSecurityPolicy"]
    assert [one for one in document["schemas"] if one["source"] == "file"] == [
        {"apiVersion": "example.org/v1", "kind": "Widget", "source": "file", "path": V1, "objects": 1},
        {
            "apiVersion": "example.org/v1beta1",
            "kind": "Widget",
            "source": "file",
            "path": V1.replace("v1", "v1beta1"),
            "objects": 0,
        },
    ]


def test_the_listing_is_for_a_version(folder: Path) -> None:
    done = gitops(folder, "schemas", "list", "--kubernetes-version", "1.25")
    assert done.out.startswith("Kubernetes 1.25 (there are 1.25 to ")
    assert gitops(folder, "schemas", "list", "--kubernetes-version", "1.7").code == 2


def test_an_overlay_that_does_not_render_is_noted(folder: Path) -> None:
    (folder / HOME / "kustomization.yaml").write_text(kustomization("missing.yaml"))
    done = gitops(folder, "schemas", "list")
    assert (done.code, done.err) == (0, f"note: {HOME} cannot be rendered: what it uses is not known\n")
