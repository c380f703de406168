"""Renders by the real kustomize: what it makes of a tree is what is returned, and its refusals are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path, PurePosixPath
from textwrap import indent
from typing import TYPE_CHECKING, Any

import pytest

from gitops_tool import process, toolchain
from gitops_tool.config import Kustomize, Settings
from gitops_tool.errors import GitopsError, RenderError
from gitops_tool.git import GitRepo
from gitops_tool.records import replace
from gitops_tool.render import Renderer, job, workspace
from gitops_tool.toolchain import RenderEngine
from gitops_tool.tree import DirTree
from gitops_tool.yamlload import load_documents

from .trees import tree_of

if TYPE_CHECKING:
    from conftest import Checkout

P = PurePosixPath
K = "kustomization.yaml"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: web
          image: web:1
"""
PLUGIN = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: patch.yaml\n"
SHOP = {
    "apps/web/base/deployment.yaml": DEPLOYMENT,
    f"apps/web/base/{K}": "resources: [deployment.yaml]\nconfigMapGenerator: [{name: conf, files: [app=app.conf]}]\n",
    "apps/web/base/app.conf": "a=1\n",
    f"apps/web/overlays/prod/{K}": "resources: [../../base]\nimages: [{name: web, newTag: '2'}]\n",
}
PROD = P("apps/web/overlays/prod")


@pytest.fixture(scope="session")
def engine() -> RenderEngine:
    return toolchain.kustomize_engine()


@pytest.fixture
def render(engine: RenderEngine) -> Renderer:
    """A renderer without a cache."""
    return Renderer(engine, Settings(), None)


def in_place(folder: Path, overlay: PurePosixPath) -> list[Any]:
    """Return what kustomize itself makes of a folder."""
    done = subprocess.run(["kustomize", "build", folder / overlay], capture_output=True, check=True, timeout=60)
    return load_documents(done.stdout, P("output"))


def bodies(renderer: Renderer, tree: Any, overlay: PurePosixPath) -> list[Any]:
    return [resource.body for resource in renderer.render(tree, overlay).resources]


def test_a_directory_a_commit_and_edits_render_as_kustomize_does_in_place(
    repository: Callable[..., Checkout], render: Renderer
) -> None:
    made = repository(SHOP)
    expected = in_place(made.path, PROD)
    assert len(expected) == 2
    repo = GitRepo.open(made.path)
    for tree in (DirTree(made.path), repo.tree(repo.head()), tree_of(SHOP)):
        assert bodies(render, tree, PROD) == expected
    repo.close()


def test_every_object_tells_its_file(render: Renderer) -> None:
    found = render.render(tree_of(SHOP), PROD)
    origins = {resource.id.kind: str(found.origin(resource)) for resource in found.resources}
    assert origins == {"Deployment": "apps/web/base/deployment.yaml", "ConfigMap": f"apps/web/base/{K}"}
    assert found.entry == PROD / K
    assert {resource.overlay for resource in found.resources} == {PROD}


@pytest.mark.parametrize(
    "name", ["a b", "-option", "quo'te", 'quo"te', "\U0001f680", "a=b", "$(id)", "#x", "tab\t", "a?ref=b"]
)
def test_odd_names_render(tmp_path: Path, render: Renderer, name: str) -> None:
    overlay = P("apps") / name
    files = {
        f"apps/{name}/{K}": json.dumps({"resources": [f"./{name}.yaml"]}, ensure_ascii=False),
        f"apps/{name}/{name}.yaml": DEPLOYMENT,
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert bodies(render, DirTree(tmp_path), overlay) == in_place(tmp_path, overlay)


@pytest.mark.parametrize(
    "text",
    [
        "buildMetadata: [managedByLabel]",
        "sortOptions: {order: fifo}",
        "openapi: {path: schema.json}",
        "openapi: {version: v1.21.2}",
        "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1",
        "nameSuffix: -x\nnamespace: team\nlabels: [{pairs: {a: b}, includeSelectors: true}]",
        "vars: [{name: V, objref: {kind: Deployment, name: web, apiVersion: apps/v1}}]",
        "transformers: [plugins]",
        f"transformers:\n- |-\n{indent(PLUGIN, '  ')}",
        "replacements: [{path: replacement.yaml}]",
        "components: [../component]",
    ],
)
def test_what_only_the_outermost_kustomization_decides_stays_decided(
    tmp_path: Path, render: Renderer, text: str
) -> None:
    files = {
        f"app/{K}": f"resources: [web.yaml, config.yaml]\n{text}\n",
        "app/web.yaml": DEPLOYMENT,
        "app/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: $(V)}\n",
        "app/schema.json": '{"definitions": {}}',
        "app/patch.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
        "app/replacement.yaml": "source: {kind: ConfigMap, fieldPath: metadata.name}\n"
        "targets: [{select: {kind: Deployment}, fieldPaths: [spec.template.spec.containers.0.name]}]\n",
        f"app/plugins/{K}": "resources: [plugin.yaml]\n",
        "app/plugins/plugin.yaml": PLUGIN,
        f"component/{K}": "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: x-\n",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    assert bodies(render, DirTree(tmp_path), P("app")) == in_place(tmp_path, P("app"))


def test_links_inside_the_repository_render(tmp_path: Path, render: Renderer) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/web.yaml").write_text(DEPLOYMENT)
    (tmp_path / "real" / K).write_text("resources: [web.yaml]")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / K).write_text("resources: [../link]")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "alias").symlink_to("app")
    for overlay in (P("app"), P("alias"), P("link")):
        assert bodies(render, DirTree(tmp_path), overlay) == in_place(tmp_path, overlay)


def test_the_repositorys_root_can_be_an_overlay(tmp_path: Path, render: Renderer) -> None:
    (tmp_path / K).write_text("resources: [web.yaml]")
    (tmp_path / "web.yaml").write_text(DEPLOYMENT)
    assert bodies(render, DirTree(tmp_path), P()) == in_place(tmp_path, P())


def test_a_text_at_the_end_of_an_object_keeps_its_line_breaks(tmp_path: Path, render: Renderer) -> None:
    for number, text in enumerate(("|-\n  echo", "|\n  echo", "|+\n  echo\n\n")):
        data = f"apiVersion: example.org/v1\nkind: Job{number}\nmetadata: {{name: a}}\nzscript: {text}\n"
        (tmp_path / f"{number}.yaml").write_text(data)
    (tmp_path / K).write_text("resources: [0.yaml, 1.yaml, 2.yaml]\n")
    found = bodies(render, DirTree(tmp_path), P())
    assert [body["zscript"] for body in found] == ["echo", "echo\n", "echo\n\n\n"]
    assert found == in_place(tmp_path, P())


def test_a_render_of_nothing_is_empty(render: Renderer) -> None:
    assert render.render(tree_of({f"app/{K}": "resources: []\n"}), P("app")).resources == ()


def test_a_plain_directory_is_read_as_argo_cd_does(render: Renderer) -> None:
    items = '{"kind": "List", "apiVersion": "v1", "items": [{"kind": "ConfigMap", "metadata": {"name": "b"}}]}'
    tree = tree_of(
        {
            "app/a.yaml": DEPLOYMENT + "---\n---\n" + DEPLOYMENT.replace("web", "api"),
            "app/b.json": items,
            "app/sub/c.yaml": DEPLOYMENT,
        }
    )
    found = render.render(tree, P("app"))
    assert [(r.id.kind, r.id.name, str(r.file)) for r in found.resources] == [
        ("Deployment", "web", "app/a.yaml"),
        ("Deployment", "api", "app/a.yaml"),
        ("ConfigMap", "b", "app/b.json"),
    ]


@pytest.mark.parametrize(
    ("files", "place", "words"),
    [
        ({f"app/{K}": "resources: [nowhere.yaml]"}, f"app/{K}", "no such file or directory"),
        (
            {f"app/{K}": "resources: [../base]", f"base/{K}": "resources: [../gone]"},
            f"base/{K}",
            "no such file or directory",
        ),
        ({f"app/{K}": "resources: [../app]"}, f"app/{K}", "cycle detected"),
        ({f"app/{K}": "resources: [../b]", f"b/{K}": "resources: [../app]"}, f"b/{K}", "cycle detected"),
        ({f"app/{K}": "nonsense: 1"}, f"app/{K}", 'unknown field "nonsense"'),
        (
            {f"app/{K}": "helmCharts: [{name: x, repo: 'https://example.org'}]"},
            f"app/{K}",
            "must specify --enable-helm",
        ),
        ({f"app/{K}": "components: [../c]", f"c/{K}": "kind: Component\nresources: [gone]"}, f"c/{K}", "no such file"),
        ({f"app/{K}": "configMapGenerator: [{name: a, files: [gone]}]"}, f"app/{K}", "no such file"),
        ({f"app/{K}": "openapi: {path: gone.json}"}, f"app/{K}", "no such file"),
        (
            {
                f"app/{K}": "resources: [../base]\nconfigMapGenerator: [{name: a, literals: [b=c]}]",
                f"base/{K}": "configMapGenerator: [{name: a, literals: [b=c]}]",
            },
            f"app/{K}",
            "merging from generator: id resid.ResId{",
        ),
        ({f"app/{K}": "resources: [a.yaml]", "app/a.yaml": "kind: X"}, f"app/{K}", "missing metadata.name"),
        ({f"app/{K}": "patches: [{path: p.yaml}]", "app/p.yaml": DEPLOYMENT}, f"app/{K}", "no matches for Id"),
        (
            {f"app/{K}": "resources: [../shared/a.yaml]", "shared/a.yaml": DEPLOYMENT},
            f"app/{K}",
            "security; file 'shared/a.yaml' is not in or below 'app'",
        ),
    ],
)
def test_a_refusal_is_kustomizes_own_at_the_right_file(
    render: Renderer, files: dict[str, str], place: str, words: str
) -> None:
    with pytest.raises(RenderError) as caught:
        render.render(tree_of(files), P("app"))
    assert str(caught.value.location) == place
    assert caught.value.message.startswith("kustomize: ")
    assert words in caught.value.message
    assert "gitops-render" not in caught.value.message
    assert "/tmp" not in caught.value.message


def test_the_load_restrictor_can_be_taken_off(engine: RenderEngine) -> None:
    tree = tree_of({f"app/{K}": "resources: [../shared/a.yaml]", "shared/a.yaml": DEPLOYMENT})
    settings = Settings(kustomize=Kustomize(load_restrictor="none"))
    assert len(Renderer(engine, settings, None).render(tree, P("app")).resources) == 1


def test_the_first_failure_of_several_overlays_is_raised_and_the_rest_is_stopped(render: Renderer) -> None:
    files = {**SHOP, f"bad/{K}": "resources: [gone]"}
    tree = tree_of(files)
    with pytest.raises(RenderError):
        render.render_all([(tree, P("bad")), (tree, PROD), (tree, PROD)])
    results = list(render.render_each([(tree, PROD), (tree, P("bad")), (tree, P("nowhere")), (tree, PROD)]))
    assert [isinstance(result, GitopsError) for result in results] == [False, True, True, False]


def test_a_consumer_that_stops_early_leaves_no_process_behind(
    render: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[process.Child] = []
    start = process.start
    monkeypatch.setattr(
        process, "start", lambda *args, **options: children.append(start(*args, **options)) or children[-1]
    )
    results = render.render_each([(tree_of(SHOP), PROD)] * 4)
    next(results)
    results.close()
    assert len(children) >= 2
    assert all(child.poll() is not None for child in children)


def test_an_engine_that_hangs_is_ended(engine: RenderEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "TIMEOUT", 0.2)
    slow = replace(engine, command=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(
        RenderError, match=r'^apps/web/overlays/prod/kustomization.yaml: "python[^"]*" did not end within 0.2'
    ):
        Renderer(slow, Settings(), None).render(tree_of(SHOP), PROD)


def test_warnings_are_told(render: Renderer) -> None:
    tree = tree_of({**SHOP, f"app/{K}": "bases: [../apps/web/base]\n"})
    (warning,) = render.render(tree, P("app")).warnings
    assert "'bases' is deprecated" in warning


# --- the cache -------------------------------------------------------------------------------------------------------


def counting(cached: Renderer, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    calls: list[object] = []
    start = process.start
    monkeypatch.setattr(process, "start", lambda *args, **options: calls.append(args) or start(*args, **options))
    return calls


def test_the_same_content_is_rendered_once(
    engine: RenderEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = Renderer(engine, Settings(), tmp_path)
    calls = counting(cached, monkeypatch)
    first = cached.render(tree_of(SHOP), PROD)
    again = cached.render(tree_of({**SHOP, "apps/api/other.yaml": "x"}), PROD)
    assert (again.resources, again.warnings) == (first.resources, first.warnings)
    assert len(calls) == 1


@pytest.mark.parametrize("path", [*SHOP, "engine", "settings"])
def test_whatever_the_output_depends_on_renders_again(
    engine: RenderEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    Renderer(engine, Settings(), tmp_path).render(tree_of(SHOP), PROD)
    files = {**SHOP, path: SHOP[path] + "# changed\n"} if path in SHOP else SHOP
    other = replace(engine, version="5.8.0") if path == "engine" else engine
    kustomize = Kustomize(load_restrictor="none") if path == "settings" else Kustomize()
    cached = Renderer(other, Settings(kustomize=kustomize), tmp_path)
    calls = counting(cached, monkeypatch)
    cached.render(tree_of(files), PROD)
    assert len(calls) == 1


def test_a_render_keeps_its_warnings_in_the_cache(engine: RenderEngine, tmp_path: Path) -> None:
    tree = tree_of({**SHOP, f"app/{K}": "bases: [../apps/web/base]\n"})
    first, again = (Renderer(engine, Settings(), tmp_path).render(tree, P("app")) for _ in range(2))
    assert first.warnings == again.warnings != ()


# --- the network -----------------------------------------------------------------------------------------------------


@pytest.fixture
def web() -> Iterator[tuple[str, list[str]]]:
    """A server on the loopback that hands out a Deployment, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(DEPLOYMENT.replace("web:1", f"web:{len(asked)}").encode())

        def log_message(self, *_: object) -> None:
            """Keep pytest's output clean."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/web.yaml", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "text",
    [
        "resources: [URL]",
        "patches: [{path: URL}]",
        "openapi: {path: URL}",
        "configMapGenerator: [{name: a, files: [key=URL]}]",
        "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: p}\n  path: URL\n",
    ],
)
def test_nothing_is_fetched_without_leave(render: Renderer, web: tuple[str, list[str]], text: str) -> None:
    url, asked = web
    with pytest.raises(RenderError) as caught:
        render.render(tree_of({f"app/{K}": text.replace("URL", url)}), P("app"))
    assert caught.value.message == f'"{url}" would be fetched over the network'
    assert (
        caught.value.hint
        == "copy it into the repository, or set kustomize.allowRemote in gitops.yaml (a bump: or --unrendered)"
    )
    assert asked == []


def test_a_refused_url_hides_its_credentials(render: Renderer) -> None:
    with pytest.raises(RenderError) as caught:
        render.render(tree_of({f"app/{K}": "resources: ['https://me:secret@example.org/x']"}), P("app"))
    assert caught.value.message == '"https://***@example.org/x" would be fetched over the network'


def test_with_leave_it_is_fetched_each_time(engine: RenderEngine, tmp_path: Path, web: tuple[str, list[str]]) -> None:
    url, asked = web
    allowed = Renderer(engine, Settings(kustomize=Kustomize(allow_remote=True)), tmp_path)
    tree = tree_of({f"app/{K}": f"resources: ['{url}']"})
    images = [
        resource.body["spec"]["template"]["spec"]["containers"][0]["image"]
        for _ in range(2)
        for resource in allowed.render(tree, P("app")).resources
    ]
    assert images == ["web:1", "web:2"]
    assert len(asked) == 2


def test_the_callers_git_and_proxy_variables_do_not_reach_kustomize(
    engine: RenderEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy", "https_proxy", "GIT_DIR", "KUSTOMIZE_PLUGIN_HOME"):
        monkeypatch.setenv(name, "leaked")
    seen: dict[str, str] = {}
    start = process.start

    def watch(*args: Any, env: dict[str, str], **options: Any) -> process.Child:
        seen.update(env)
        return start(*args, env=env, **options)

    monkeypatch.setattr(process, "start", watch)
    Renderer(engine, Settings(), None).render(tree_of(SHOP), PROD)
    assert "leaked" not in seen.values()
    assert (seen["GIT_ALLOW_PROTOCOL"], seen["HTTPS_PROXY"]) == ("none", "http://127.0.0.1:9")
    assert seen["PATH"] == os.environ["PATH"]


def test_scratch_folders_are_in_memory_if_there_is_room_and_no_other_place_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, disk = tmp_path / "memory", tmp_path / "disk"
    memory.mkdir()
    disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    monkeypatch.setattr(workspace, "_MEMORY", memory)
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    for room, expected in ((1, memory), (1 << 60, disk)):
        monkeypatch.setattr(workspace, "_ENOUGH", room)
        with workspace.scratch() as folder:
            assert folder.parents[1] == expected
        assert not folder.exists()
    monkeypatch.setattr(workspace, "_ENOUGH", 1)
    monkeypatch.setenv("TMPDIR", str(disk))
    with workspace.scratch() as folder:
        assert folder.parents[1] == disk
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(workspace, "_MEMORY", tmp_path / "not-here")  # macOS
    with workspace.scratch() as folder:
        assert folder.parents[1] == disk


def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(workspace.tempfile, "tempdir", None)
    script = (
        "import sys, time\n"
        "from gitops_tool.render.workspace import scratch\n"
        "with scratch() as folder:\n"
        "    print(folder, flush=True)\n"
        "    time.sleep(60)\n"
    )
    folders = []
    children = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for child in children:
        assert child.stdout is not None
        folders.append(Path(child.stdout.readline().strip()))
        os.utime(folders[-1], (0, 0))
    killed, running = children
    killed.kill()
    killed.communicate()
    with workspace.scratch() as folder:
        assert sorted(folder.parent.iterdir()) == sorted([folder, folders[1]])
    running.kill()
    running.communicate()


def test_no_scratch_folder_is_left(render: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    render.render(tree_of(SHOP), PROD)
    with pytest.raises(RenderError):
        render.render(tree_of({f"app/{K}": "resources: [gone]"}), P("app"))
    (home,) = tmp_path.iterdir()
    assert list(home.iterdir()) == []
    assert home.stat().st_mode & 0o777 == 0o700
