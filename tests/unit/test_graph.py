"""The files an overlay is built from, and what would come over the network."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from gitops_tool.errors import LayoutError, TreeError, YamlError
from gitops_tool.graph import Closure, closure
from gitops_tool.tree import LINK, DirTree

from .trees import tree_of

P = PurePosixPath
K = "kustomization.yaml"


def of(files: dict[str, str], directory: str = "app") -> Closure:
    return closure(tree_of(files), P(directory))


def names(found: Closure) -> set[str]:
    return {str(path) for path in found.files}


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("resources: [web.yaml]", "app/web.yaml"),
        ("resources: [../shared/web.yaml]", "shared/web.yaml"),
        ("resources: [./x/../web.yaml]", "app/web.yaml"),
        ("crds: [crd.json]", "app/crd.json"),
        ("configurations: [names.yaml]", "app/names.yaml"),
        ("patches: [{path: patch.yaml}]", "app/patch.yaml"),
        ("patchesStrategicMerge: [patch.yaml]", "app/patch.yaml"),
        ("patchesJson6902: [{path: patch.json, target: {kind: Deployment, name: a}}]", "app/patch.json"),
        ("replacements: [{path: replacement.yaml}]", "app/replacement.yaml"),
        ("openapi: {path: schema.json}", "app/schema.json"),
        ("configMapGenerator: [{name: a, files: [app.conf]}]", "app/app.conf"),
        ("configMapGenerator: [{name: a, files: [key=conf/app.conf]}]", "app/conf/app.conf"),
        ("secretGenerator: [{name: a, envs: [secret.env]}]", "app/secret.env"),
        ("configMapGenerator: [{name: a, env: plain.env}]", "app/plain.env"),
        ("generators: [generator.yaml]", "app/generator.yaml"),
        ("aFieldOfTheFuture: [{deep: {path: file.txt}}]", "app/file.txt"),
    ],
)
def test_a_file_that_a_field_names_belongs_to_the_closure(text: str, file: str) -> None:
    found = of({f"app/{K}": text, file: "{}", "app/unrelated.yaml": "", "other/x.yaml": ""})
    assert names(found) == {f"app/{K}", file}


@pytest.mark.parametrize("field", ["resources", "components", "bases", "generators", "transformers", "validators"])
def test_a_directory_is_followed_with_all_it_names(field: str) -> None:
    files = {
        f"app/{K}": f"{field}: [../base]",
        "base/Kustomization": "resources: [web.yaml, ../deeper/]",
        "base/web.yaml": "",
        "deeper/kustomization.yml": "resources: [x.json]",
        "deeper/x.json": "",
    }
    found = of(files)
    assert names(found) == set(files)
    assert [str(path) for path in found.kustomizations] == [
        f"app/{K}",
        "base/Kustomization",
        "deeper/kustomization.yml",
    ]


def test_a_text_that_is_a_directorys_name_by_chance_is_not_followed() -> None:
    found = of(
        {
            f"app/{K}": "namespace: team\nimages: [{name: nginx, newTag: '1'}]\ncommonLabels: {app: base}",
            f"app/team/{K}": "resources: ['https://example.org/x.yaml']",
            f"app/nginx/{K}": "not: [yaml",
            f"app/base/{K}": "",
            "app/base/Kustomization": "",
        }
    )
    assert names(found) == {f"app/{K}"}
    assert found.remotes == ()


def test_bases_in_a_circle_end() -> None:
    files = {f"app/{K}": "resources: [../base]", f"base/{K}": "resources: [../app, .]\ntransformers: [../base]"}
    assert names(of(files)) == set(files)


@pytest.mark.parametrize(
    "user",
    [
        "transformers: [plugins/one.yaml]",
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  path: patch.yaml\n",
        "generators: [plugins]",
    ],
)
def test_what_a_plugin_names_is_relative_to_the_kustomization_that_uses_it(user: str) -> None:
    plugin = "apiVersion: builtin\nkind: PatchTransformer\npath: patch.yaml\n"
    files = {f"app/{K}": user, "app/patch.yaml": "", "app/plugins/one.yaml": plugin}
    files[f"app/plugins/{K}"] = "resources: [one.yaml]"
    assert "app/patch.yaml" in names(of(files))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/x.yaml",
        "http://example.org/x.yaml",
        "HTTPS://example.org/x.yaml",
        "https://github.com/org/repo//path?ref=v1",
        "https://user@dev.azure.com/org/project/_git/repo",
        "github.com/org/repo",
        "GitHub.com/org/repo//path?ref=main",
        "github.com:org/repo.git",
        "git@github.com:org/repo",
        "git@gitlab.example.org:team/repo.git//path",
        "org-1234@github.com:org/repo",
        "ssh://git@example.org/team/repo",
        "git::https://example.org/team/repo",
        "git::git@example.org:team/repo.git",
        "file:///srv/git/repo",
    ],
)
@pytest.mark.parametrize("field", ["resources", "components", "bases", "transformers"])
def test_every_spelling_of_a_remote_base_is_known(field: str, url: str) -> None:
    (found,) = of({f"app/{K}": f"{field}:\n- '{url}'\n"}).remotes
    assert (found.url, str(found.location)) == (url, f"app/{K}:2:3")


@pytest.mark.parametrize(
    "text",
    [
        "../base",
        "github.com",
        "gitlab.com/org/repo",
        "a@b",
        "a@b/c",
        "monitoring.coreos.com/v1/x",
        "x?ref=y",
        "ftp://h/x",
        "git@host",
    ],
)
def test_what_kustomize_takes_for_a_path_is_none(text: str) -> None:
    assert of({f"app/{K}": f"resources: ['{text}']"}).remotes == ()


def test_a_local_file_comes_before_a_remote_one_and_a_directory_does_not() -> None:
    url = "github.com/org/repo"
    assert of({f"app/{K}": f"resources: [{url}]", f"app/{url}": ""}).remotes == ()
    assert len(of({f"app/{K}": f"resources: [{url}]", f"app/{url}/{K}": ""}).remotes) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("patches:\n- path: https://example.org/x", "2:9"),
        ("patchesStrategicMerge: [https://example.org/x]", "1:25"),
        ("openapi:\n  path: https://example.org/x", "2:9"),
        ("crds: [https://example.org/x]", "1:8"),
        ("configurations: [https://example.org/x]", "1:18"),
        ("replacements: [{path: https://example.org/x}]", "1:23"),
        ("configMapGenerator: [{name: a, files: [https://example.org/x]}]", "1:40"),
        ("configMapGenerator: [{name: a, files: ['k=https://example.org/x']}]", "1:40"),
        ("secretGenerator: [{name: a, envs: [https://example.org/x]}]", "1:36"),
        ("transformers:\n- |-\n  kind: PatchTransformer\n  path: https://example.org/x", ""),
    ],
)
def test_downloads_are_known_in_every_field_that_makes_them(text: str, place: str) -> None:
    (found,) = of({f"app/{K}": text}).remotes
    assert (found.url, str(found.location)) == ("https://example.org/x", f"app/{K}:{place}".rstrip(":"))


def test_a_url_that_is_only_data_is_none() -> None:
    text = """\
commonAnnotations: {docs: https://example.org}
images: [{name: a, newName: https://example.org/a}]
configMapGenerator: [{name: a, literals: ['URL=https://example.org']}]
patches:
- patch: |-
    - {op: add, path: /metadata/annotations/x, value: https://example.org}
  target: {kind: Service}
"""
    assert of({f"app/{K}": text}).remotes == ()


@pytest.mark.parametrize(
    "text",
    [
        "resources: [../../x]",
        "resources: [/etc]",
        "patches: [{path: ../../x}]",
        "configMapGenerator: [{files: [a=/etc/passwd]}]",
    ],
)
def test_a_reference_out_of_the_repository_is_refused_at_its_place(text: str) -> None:
    with pytest.raises(TreeError, match=rf'^app/{K}:1:\d+: "[^"]+" leads out of the repository$'):
        of({f"app/{K}": text})


def test_json_pointers_are_no_references() -> None:
    found = of({f"app/{K}": "patches: [{patch: '[{op: remove, path: /spec}]', target: {kind: Service}}]"})
    assert names(found) == {f"app/{K}"}


def test_links_are_part_of_the_closure(tmp_path: Path) -> None:
    for folder in ("app", "real/base"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "app" / K).write_text("resources: [../link, here.yaml]")
    (tmp_path / "link").symlink_to("real/base")
    (tmp_path / "app/here.yaml").symlink_to("../real/there.yaml")
    (tmp_path / "real/there.yaml").write_text("")
    (tmp_path / "real/base/Kustomization").symlink_to("kustomization.txt")
    (tmp_path / "real/base/kustomization.txt").write_text("")
    found = closure(DirTree(tmp_path), P("app"))
    assert names(found) == {
        f"app/{K}",
        "link",
        "app/here.yaml",
        "real/there.yaml",
        "real/base/Kustomization",
        "real/base/kustomization.txt",
    }
    links = {str(path) for path, mode in found.files.items() if mode == LINK}
    assert links == {"link", "app/here.yaml", "real/base/Kustomization"}


@pytest.mark.parametrize("kind", ["base", "file", "kustomization", "overlay"])
def test_a_link_out_of_the_repository_is_refused_at_the_link(tmp_path: Path, kind: str) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (root / "app").mkdir(parents=True)
    outside.mkdir()
    (outside / K).write_text("")
    (root / "app" / K).write_text("resources: [base, file.yaml]")
    link, target = {
        "base": ("app/base", outside),
        "file": ("app/file.yaml", outside / K),
        "kustomization": (f"app/{K}", outside / K),
        "overlay": ("overlay", outside),
    }[kind]
    (root / link).unlink(missing_ok=True)
    (root / link).symlink_to(target)
    with pytest.raises(TreeError, match=f"^{link}: .* leads out of the repository$"):
        closure(DirTree(root), P("overlay" if kind == "overlay" else "app"))


def test_a_plain_directory_has_its_own_manifests_and_no_sub_folders() -> None:
    found = of({"app/b.yaml": "", "app/a.json": "", "app/c.yml": "", "app/notes.md": "", "app/sub/d.yaml": ""})
    assert [str(path) for path in found.files] == ["app/a.json", "app/b.yaml", "app/c.yml"]
    assert found.kustomizations == ()


@pytest.mark.parametrize("files", [{}, {"app/notes.md": ""}, {f"app/sub/{K}": ""}])
def test_a_directory_with_nothing_to_build_is_refused(files: dict[str, str]) -> None:
    with pytest.raises(LayoutError, match=r'^"app" has neither a kustomization nor manifests$'):
        of(files)


def test_a_kustomization_that_is_not_yaml_is_told_with_its_place() -> None:
    with pytest.raises(YamlError) as caught:
        of({f"app/{K}": "resources: [../base]", f"base/{K}": "a: 1\nresources: [\n"})
    assert str(caught.value).startswith(f"base/{K}:3:1: ")
