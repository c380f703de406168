"""Which file declares an object: files tell what kustomize tells, and where they do not, kustomize is asked."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from gitops_tool import process, toolchain
from gitops_tool.config import Settings, load_settings
from gitops_tool.render import Renderer
from gitops_tool.render.origins import told_by_files
from gitops_tool.tree import DirTree
from gitops_tool.validate.selection import select

from .trees import tree_of

P = PurePosixPath
K = "kustomization.yaml"
APP = P("app")


def config(name: str, kind: str = "ConfigMap") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}}}\n"


PLUGIN = """\
apiVersion: builtin
kind: ConfigMapGenerator
metadata: {name: made}
literals: [a=b]
"""
BASE = {
    f"base/{K}": "resources: [a.yaml, both.yaml]\nconfigMapGenerator: [{name: conf, literals: [a=b]}]\n",
    "base/a.yaml": config("a"),
    "base/both.yaml": f"# two\n---\n{config('b')}---\n{config('b', 'Service')}",
}
TOLD: dict[str, dict[str, str]] = {
    "as written": {f"app/{K}": "resources: [../base]"},
    "prefix and suffix": {f"app/{K}": "resources: [../base]\nnamePrefix: x-\nnameSuffix: -y"},
    "merged by a generator": {
        f"app/{K}": "resources: [../base]\nconfigMapGenerator: [{name: conf, behavior: merge, literals: [c=d]}]",
    },
    "names within names": {
        f"app/{K}": "resources: [../base, web.yaml]\nnamePrefix: x-",
        "app/web.yaml": f"{config('web')}---\n{config('web-web')}",
    },
    "deleted by a patch": {
        f"app/{K}": "resources: [../base]\npatches: [{patch: '{$patch: delete, kind: ConfigMap, apiVersion: v1, "
        "metadata: {name: a}}'}]",
    },
    "old fields": {f"app/{K}": "bases: [../base]"},
    "a component": {
        f"app/{K}": "resources: [../base]\ncomponents: [../part]",
        f"part/{K}": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [c.yaml]",
        "part/c.yaml": config("c"),
    },
    "a component by itself": {
        f"app/{K}": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [c.yaml]",
        "app/c.yaml": config("c"),
    },
    "a secret": {f"app/{K}": "secretGenerator: [{name: s, literals: [a=b]}]\nresources: [../base]"},
    "nothing": {f"app/{K}": "resources: []"},
}
ASKED: dict[str, dict[str, str]] = {
    "a base used twice": {
        f"app/{K}": "resources: [../one, ../two]",
        f"one/{K}": "resources: [../base]\nnamePrefix: one-",
        f"two/{K}": "resources: [../base]\nnamePrefix: two-",
    },
    "a list": {
        f"app/{K}": "resources: [list.yaml]",
        "app/list.yaml": "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]",
    },
    "one name in two namespaces": {
        f"app/{K}": "resources: [one.yaml, two.yaml]",
        "app/one.yaml": config("a").replace("}", ", namespace: one}"),
        "app/two.yaml": config("a").replace("}", ", namespace: two}"),
    },
    "a prefix that makes another's name": {
        f"app/{K}": "resources: [names.yaml]\nnamePrefix: web-",
        "app/names.yaml": f"{config('app')}---\n{config('web-app')}",
    },
    "a plugin": {f"app/{K}": "generators: [plugin.yaml]", "app/plugin.yaml": PLUGIN},
}


def asked(renderer: Renderer, files: dict[str, str]) -> list[PurePosixPath | None]:
    """Return what kustomize tells."""
    found = renderer.render(tree_of({**BASE, **files}), APP)
    assert found.origins is not None
    return list(found.origins._ask())


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(toolchain.kustomize_engine(), Settings(), None)


@pytest.mark.parametrize("name", TOLD)
def test_files_tell_what_kustomize_tells(renderer: Renderer, name: str) -> None:
    tree = tree_of({**BASE, **TOLD[name]})
    found = renderer.render(tree, APP)
    told = told_by_files(tree, found.closure, found.resources)
    assert told is not None
    assert list(told) == asked(renderer, TOLD[name])


@pytest.mark.parametrize("name", ASKED)
def test_kustomize_is_asked_where_files_do_not_tell(renderer: Renderer, name: str) -> None:
    tree = tree_of({**BASE, **ASKED[name]})
    found = renderer.render(tree, APP)
    assert told_by_files(tree, found.closure, found.resources) is None
    expected = asked(renderer, ASKED[name])
    assert None not in expected
    assert [found.origin(resource) for resource in found.resources] == expected


def test_linked_files_are_asked_for(tmp_path: Path, renderer: Renderer) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/real.yaml").write_text(config("a"))
    (tmp_path / "app/link.yaml").symlink_to("real.yaml")
    (tmp_path / "app" / K).write_text("resources: [link.yaml]")
    found = renderer.render(DirTree(tmp_path), APP)
    assert told_by_files(DirTree(tmp_path), found.closure, found.resources) is None
    assert found.origin(found.resources[0]) == P("app/link.yaml")


def test_nobody_is_asked_before_somebody_wants_to_know(monkeypatch: pytest.MonkeyPatch, renderer: Renderer) -> None:
    calls: list[object] = []
    start = process.start
    monkeypatch.setattr(process, "start", lambda *args, **options: calls.append(args) or start(*args, **options))
    found = renderer.render(tree_of({**BASE, **ASKED["a base used twice"]}), APP)
    assert len(calls) == 1
    for resource in found.resources:
        assert found.origin(resource) is not None
    assert len(calls) == 2


def test_in_this_repository_the_files_tell_it_all() -> None:
    tree = DirTree(Path(__file__).parents[2])
    settings = load_settings(tree)
    renderer = Renderer(toolchain.kustomize_engine(), settings, None)
    for overlay in select(tree, settings, ()).overlays:
        found = renderer.render(tree, overlay.path)
        assert found.origins is not None
        assert told_by_files(tree, found.closure, found.resources) == list(found.origins._ask())
