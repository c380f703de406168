"""What we say of kustomize, asked of the real one."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest

from gitops_tool.errors import YamlError
from gitops_tool.process import run
from gitops_tool.yamledit import add_image, read_images, set_image
from gitops_tool.yamlload import Rules, load_documents
from gitops_tool.yamlload.scalars import resolve

AWKWARD = (  # noqa: SIM905 - words read better without their quotes
    "1.10 1.0 0123 08 1e3 1E3 123e4567 12e03 yes no on off y n Y N true null 0x1f 1_000 0o7 0b11 0b-11 0o-7 2024-01-01"
    " 2024-1-1 20240101 1234567 1.2.3 v1 abc1234 _ 1_0.5 nan inf NaN 5. 0. 12e 1-2 1__0 Infinity 9223372036854775808"
).split()
RENDERED = PurePosixPath("rendered.yaml")
DIGESTS = [f"sha256:{digit * 64}" for digit in "12"]


def build(folder: Path, kustomization: bytes, *images: str) -> list[str]:
    """Render a pod with containers of these images; return the images as rendered."""
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": containers}}
    (folder / "pod.yaml").write_text(json.dumps(pod))
    (folder / "kustomization.yaml").write_bytes(kustomization)
    done = run(["kustomize", "build", str(folder)], timeout=60)
    assert done.returncode == 0, done.error_text
    (rendered,) = load_documents(done.stdout, RENDERED)
    return [container["image"] for container in rendered["spec"]["containers"]]


@pytest.mark.parametrize("style", ["v1", "'v1'", '"v1"', ""])
def test_kustomize_renders_every_awkward_tag_as_it_was_given(tmp_path: Path, style: str) -> None:
    kustomization = b"resources: [pod.yaml]\nimages:\n"
    for number in range(len(AWKWARD)):
        kustomization += f"- name: app-{number}\n  newTag: {style}\n".encode()
    for number, tag in enumerate(AWKWARD):
        kustomization = set_image(kustomization, f"app-{number}", tag=tag)
    images = build(tmp_path, kustomization, *(f"app-{number}:old" for number in range(len(AWKWARD))))
    assert images == [f"app-{number}:{tag}" for number, tag in enumerate(AWKWARD)]


def test_without_our_quotes_kustomize_would_not_take_them(tmp_path: Path) -> None:
    refused = []
    for tag in ("1.10", "0123", "1e3", "yes", "y", "0x1f", "1_000", "0o7", "0b-11", "08"):
        (tmp_path / "kustomization.yaml").write_text(f"images: [{{name: app, newTag: {tag}}}]\n")
        refused += [tag] if run(["kustomize", "build", str(tmp_path)], timeout=60).returncode else []
    assert refused == ["1.10", "0123", "1e3", "yes", "y", "0x1f", "1_000", "0o7", "0b-11", "08"]


@pytest.mark.parametrize(
    ("images", "rendered"),
    [
        ("- {name: app, newTag: a}\n- {name: app, newTag: b}", "app:NEW"),
        ("- {name: app, newName: web, newTag: a}\n- {name: app, newTag: b}", "web:NEW"),
        ("- {name: app, newTag: a}\n- {name: app, newName: web}", "web:NEW"),
        ("- {name: app, newName: app, newTag: a}\n- {name: app, newTag: b}", "app:NEW"),
        ("- {name: app, newTag: a}\nimageTags:\n- {name: app, newTag: b}", "app:NEW"),
        ("- {Name: app, NEWTAG: a}", "app:NEW"),
        (f"- {{name: app, newTag: a@{DIGESTS[0]}}}", "app:NEW"),
        (f"- {{name: app, newTag: a, digest: {DIGESTS[0]}}}", "app:NEW"),
        (f"- {{name: app, digest: {DIGESTS[0]}}}", "app:NEW"),
        ("- {name: app, newTag: '', digest: ''}", "app:NEW"),
        ("- {name: app, tagSuffix: -x}", "app:NEW"),
        ("- {name: app, newTag: a}\n---\nimages:\n- {name: app, newTag: b}", "app:NEW"),
    ],
)
def test_the_entry_that_is_edited_is_the_one_that_decides(tmp_path: Path, images: str, rendered: str) -> None:
    kustomization = f"resources: [pod.yaml]\nimages:\n{images}\n".encode()
    assert build(tmp_path, set_image(kustomization, "app", tag="NEW"), "app:old") == [rendered]


@pytest.mark.parametrize("version", ["v1", f"v1@{DIGESTS[0]}", ""])
def test_tag_and_digest_are_one_unit(tmp_path: Path, version: str) -> None:
    kustomization = f"resources: [pod.yaml]\nimages:\n- name: app\n  newTag: {version}\n".encode()
    both = set_image(kustomization, "app", tag="v2", digest=DIGESTS[1])
    assert build(tmp_path, both, "app") == [f"app:v2@{DIGESTS[1]}"]
    assert build(tmp_path, set_image(both, "app", tag="v3"), "app") == ["app:v3"]
    assert build(tmp_path, set_image(both, "app", digest=DIGESTS[0]), "app") == [f"app@{DIGESTS[0]}"]


def test_an_added_entry_takes_effect(tmp_path: Path) -> None:
    for kustomization in (
        b"resources:\n- pod.yaml",
        b'{"resources":["pod.yaml"]}',
        b"resources: [pod.yaml]\nimages: []\n",
    ):
        after = add_image(kustomization, "app", new_name="registry.example.com:5000/app", tag="1.10")
        assert build(tmp_path, after, "app:old") == ["registry.example.com:5000/app:1.10"]
        assert [entry.new_tag for entry in read_images(after)] == ["1.10"]


SCALARS = (  # noqa: SIM905 - words read better without their quotes
    "y N yes No on OFF true True TRUE null Null ~ 1e3 1E3 1.10 1.0 0123 08 0o755 0x1f 1_000 0b11 -0b11 -0o7 0b-11"
    " 12:30:45 123e4567 .5 5. +1 -0 0 +.5 = << .1e1 ._ . 1e 0x 0x1F_F 1__0 _1 99999999999999999999"
    " 18446744073709551615 9223372036854775808 -9223372036854775809 1e-5 0.0 0x1p-2 0777 0_7 0o_7 1.5e10 1e21 1_0.5"
    " +0x10 -0x10 0X1F 0B1 0O7 nan inf"
).split()


def test_a_resource_is_read_as_kustomize_reads_it(tmp_path: Path) -> None:
    resource = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: x}\nspec:\n"
    resource += "".join(f"  k{number}: {scalar}\n" for number, scalar in enumerate(SCALARS))
    (tmp_path / "thing.yaml").write_text(resource)
    (tmp_path / "kustomization.yaml").write_text("resources: [thing.yaml]\n")
    done = run(["kustomize", "build", str(tmp_path)], timeout=60)
    (rendered,) = load_documents(done.stdout, RENDERED, rules=Rules.SIGS)
    ours = [resolve(scalar, Rules.KYAML) for scalar in SCALARS]
    assert [(scalar, rendered["spec"][f"k{number}"]) for number, scalar in enumerate(SCALARS)] == list(
        zip(SCALARS, ours, strict=True)
    )


def test_a_kustomization_is_read_as_kustomize_reads_it(tmp_path: Path) -> None:
    """A `newTag` must be a string; what is none to Go stops the build."""
    disagree = []
    for scalar in (scalar for scalar in SCALARS if scalar != "<<"):
        (tmp_path / "kustomization.yaml").write_text(f"namePrefix: {scalar}\n")
        stops = b"cannot unmarshal" in run(["kustomize", "build", str(tmp_path)], timeout=60).stderr
        value = resolve(scalar, Rules.SIGS)
        if stops is isinstance(value, str) and value is not None:
            disagree.append(scalar)
    assert disagree == []


def test_an_edit_of_a_broken_file_is_refused_as_the_build_is(tmp_path: Path) -> None:
    broken = b"images:\n- name: app\n\tnewTag: v1\n"
    (tmp_path / "kustomization.yaml").write_bytes(broken)
    assert (
        b"found a tab character that violates indentation"
        in run(["kustomize", "build", str(tmp_path)], timeout=60).stderr
    )
    with pytest.raises(YamlError, match="found a tab character that violates indentation"):
        set_image(broken, "app", tag="v2")
