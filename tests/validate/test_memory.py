"""What is kept of a validation: nothing is looked at twice, and nothing that is kept is ever wrong."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from gitops_tool import engines
from gitops_tool.config import load_settings
from gitops_tool.git import GitRepo
from gitops_tool.git.listing import list_commit, list_files
from gitops_tool.tree import ROOT, DirTree
from gitops_tool.validate import SchemaEngine
from gitops_tool.validate.memory import Memory, conditions
from gitops_tool.validate.outline import outlined, read_outline, written
from gitops_tool.validate.run import Result, result_of
from gitops_tool.validate.selection import select
from gitops_tool.validate.work import Work

from .shop import SETTINGS, gitops, kustomization

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
spec:
  project: shop
  source: {repoURL: https://git.example.org/shop.git, path: apps/web/overlays/staging}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
"""
PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: shop
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: registry.example.org/web:v1
          envFrom:
            - configMapRef: {name: settings}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""
CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.example.org
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Widget, plural: widgets, singular: widget, listKind: WidgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: integer}
"""
WIDGET = """\
apiVersion: example.org/v1
kind: Widget
metadata:
  name: tool
spec:
  size: 3
"""
TAG = "images:\n  - name: registry.example.org/web\n    newTag: v2\n"


def shop() -> dict[str, str | bytes]:
    return {
        ".gitignore": "*.env\n",
        "gitops.yaml": SETTINGS + "argocd:\n  path: argocd\n  repoURL: https://git.example.org/shop.git\n",
        "argocd/web.yaml": APPLICATION,
        "argocd/project.yaml": PROJECT,
        "apps/web/base/deployment.yaml": DEPLOYMENT,
        "apps/web/base/service.yaml": SERVICE,
        "apps/web/base/kustomization.yaml": kustomization("deployment.yaml", "service.yaml"),
        "apps/web/overlays/staging/kustomization.yaml": kustomization("../../base", more=TAG),
        "apps/web/overlays/production/kustomization.yaml": kustomization("../../base", more=TAG),
        "apps/crds/overlays/staging/kustomization.yaml": kustomization("crd.yaml"),
        "apps/crds/overlays/staging/crd.yaml": CRD,
        "apps/tool/overlays/staging/kustomization.yaml": kustomization("widget.yaml"),
        "apps/tool/overlays/staging/widget.yaml": WIDGET,
        "apps/env/overlays/staging/kustomization.yaml": kustomization(more="configMapGenerator:\n").replace(
            "resources:\n", ""
        )
        + "  - name: settings\n    envs: [settings.env]\n",
    }


@pytest.fixture
def folder(repository: Callable[..., Any]) -> Path:
    path: Path = repository(shop()).path
    (path / "apps/env/overlays/staging/settings.env").write_text("A=1\n")
    return path


def run(folder: Path, cache: Path, rev: str | None = None) -> tuple[Result, list[str]]:
    """Validate everything; return what was found, and the overlays that had to be looked at."""
    repo = GitRepo.open(folder)
    try:
        tree = repo.tree(repo.resolve(rev)) if rev else DirTree(folder)
        settings = load_settings(tree)
        tools = engines.pick(settings, SchemaEngine.EMBEDDED)
        files = list_commit(repo, tree.oid(ROOT)) if rev else list_files(repo, folder)
        assert files is not None
        memory = Memory(cache, conditions("shop", tools, rev), files)
        selection = memory.select(tree, lambda recorded: select(recorded, settings, ()))
        looked: list[str] = []
        work = Work(
            *(tree, selection, tools.renderer, tools.validator),
            lambda overlay: looked.append(str(overlay.path)),
            memory,
        )
        result = result_of(work)
        return result, sorted(looked)
    finally:
        repo.close()


def plain(result: Result) -> Any:
    """Return all that is in a result, whether it was kept or found anew."""
    reports = [(r.overlay, r.findings, list(r.objects), r.suppressed, r.is_checked) for r in result.reports]
    return reports, result.unchecked, result.complete


def write(folder: Path, edits: Mapping[str, str | None]) -> None:
    for name, text in edits.items():
        path = folder / name
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)


ALL = [
    *("apps/crds/overlays/staging", "apps/env/overlays/staging", "apps/tool/overlays/staging"),
    *("apps/web/overlays/production", "apps/web/overlays/staging", "argocd"),
]
DEFINING = "apps/crds/overlays/staging"
STAGING, PRODUCTION = "apps/web/overlays/staging", "apps/web/overlays/production"
BASE = "apps/web/base"

EDITS: dict[str, tuple[dict[str, str | None], list[str] | None]] = {
    "another tag": (
        {f"{STAGING}/kustomization.yaml": kustomization("../../base", more=TAG.replace("v2", "v3"))},
        [DEFINING, STAGING],
    ),
    "another image in the base": (
        {f"{BASE}/deployment.yaml": DEPLOYMENT.replace("web:v1", "web:v9")},
        [DEFINING, PRODUCTION, STAGING],
    ),
    "a defect that only one overlay is to blame for": (
        {f"{BASE}/deployment.yaml": DEPLOYMENT.replace("matchLabels: {app: web}", "matchLabels: {app: wep}")},
        None,
    ),
    "a Service that selects no pods any more": (
        {f"{BASE}/service.yaml": SERVICE.replace("app: web", "app: wep")},
        [DEFINING, PRODUCTION, STAGING],
    ),
    "another port": (
        {f"{BASE}/service.yaml": SERVICE.replace("port: 80", "port: 81")},
        [DEFINING, PRODUCTION, STAGING],
    ),
    "a label that another overlay's objects have": (
        {"apps/tool/overlays/staging/widget.yaml": WIDGET.replace("spec:", "  labels: {app: web}\nspec:")},
        [DEFINING, "apps/tool/overlays/staging"],
    ),
    "an object of the same name in another app": (
        {
            "apps/tool/overlays/staging/kustomization.yaml": kustomization("widget.yaml", "service.yaml"),
            "apps/tool/overlays/staging/service.yaml": SERVICE,
        },
        None,
    ),
    "what another app misses": (
        {
            "apps/tool/overlays/staging/kustomization.yaml": kustomization("widget.yaml", "settings.yaml"),
            "apps/tool/overlays/staging/settings.yaml": (
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {A: '1'}\n"
            ),
        },
        None,
    ),
    "a file that nobody lists": ({f"{BASE}/config.yaml": SERVICE.replace("name: web", "name: more")}, None),
    "a file that is gone": ({f"{BASE}/service.yaml": None}, [DEFINING, PRODUCTION, STAGING, "argocd"]),
    "an ignored file with another content": (
        {"apps/env/overlays/staging/settings.env": "B=22\n"},
        [DEFINING, "apps/env/overlays/staging"],
    ),
    "a project that is gone": ({"argocd/project.yaml": None}, [DEFINING, "argocd"]),
    "a project that allows less": (
        {"argocd/project.yaml": PROJECT.replace("sourceRepos: ['*']", "sourceRepos: []")},
        [DEFINING, "argocd"],
    ),
    "a definition that allows less": (
        {"apps/crds/overlays/staging/crd.yaml": CRD.replace("integer", "string")},
        ALL,
    ),
    "a schema of one's own": (
        {"schemas/crds/example.org/widget_v1.json": '{"type": "object", "required": ["status"]}'},
        ALL,
    ),
    "a rule switched off": (
        {"gitops.yaml": str(shop()["gitops.yaml"]) + "rules: {missing-config-map: off, namespace-not-created: off}\n"},
        ALL,
    ),
    "another app": ({"apps/new/overlays/staging/objects.yaml": SERVICE}, None),
    "an app that is gone": (
        {"apps/tool/overlays/staging/kustomization.yaml": None, "apps/tool/overlays/staging/widget.yaml": None},
        None,
    ),
    "an override beside the overlay": (
        {f"{STAGING}/.argocd-source-web.yaml": "kustomize:\n  images: ['registry.example.org/web:v7']\n"},
        None,
    ),
    "a file that has nothing to do with it": ({"README.md": "words\n"}, []),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_is_kept_is_what_would_be_found_anew(folder: Path, tmp_path: Path, name: str) -> None:
    edits, expected = EDITS[name]
    first, looked = run(folder, tmp_path / "kept")
    assert set(looked) == set(ALL)
    again, looked = run(folder, tmp_path / "kept")
    assert (plain(again), looked) == (plain(first), [])

    write(folder, edits)
    kept, looked = run(folder, tmp_path / "kept")
    fresh, _ = run(folder, tmp_path / "fresh")
    assert plain(kept) == plain(fresh)
    if expected is not None:
        assert sorted(set(looked)) == expected
    again, looked = run(folder, tmp_path / "kept")
    assert plain(again) == plain(fresh)
    assert set(looked) <= {DEFINING, *(str(report.overlay.path) for report in fresh.reports if failed(report))}
    assert looked == [] or any(map(failed, fresh.reports))


def outlines_of(cache: Path) -> Path:
    (entry,) = (path for path in (cache / "results").glob("*/*") if b'"format"' not in path.read_bytes())
    return entry


def test_outlines_that_are_lost_or_damaged_are_made_again(folder: Path, tmp_path: Path) -> None:
    run(folder, tmp_path / "kept")
    for number, damage in enumerate((None, b"", b"damaged", outlines_of(tmp_path / "kept").read_bytes()[:-40])):
        write(folder, {f"{BASE}/service.yaml": SERVICE.replace("port: 80", f"port: 9{number}")})
        if damage is None:
            outlines_of(tmp_path / "kept").unlink()
        else:
            outlines_of(tmp_path / "kept").write_bytes(damage)
        kept, looked = run(folder, tmp_path / "kept")
        fresh, _ = run(folder, tmp_path / "fresh")
        assert (plain(kept), set(looked)) == (plain(fresh), set(ALL))


def test_an_outline_is_read_as_it_was_written(folder: Path) -> None:
    tree = DirTree(folder)
    settings = load_settings(tree)
    tools = engines.pick(settings, SchemaEngine.EMBEDDED)
    for overlay in select(tree, settings, ()).overlays:
        shown = outlined(tools.renderer.render(tree, overlay.path))
        assert read_outline(written(shown)) == shown


def failed(report: Any) -> bool:
    return any(finding.rule == "render" for finding in report.findings)


def test_what_is_undone_is_as_it_was(folder: Path, tmp_path: Path) -> None:
    before, _ = run(folder, tmp_path)
    text = (folder / BASE / "service.yaml").read_text()
    for change in (text.replace("app: web", "app: wep"), text):
        (folder / BASE / "service.yaml").write_text(change)
        after, _ = run(folder, tmp_path)
    assert plain(after) == plain(before)


def test_an_overlay_that_fails_is_tried_again_and_keeps_the_others(folder: Path, tmp_path: Path) -> None:
    write(folder, {"apps/env/overlays/staging/settings.env": None})
    first, _ = run(folder, tmp_path / "kept")
    again, looked = run(folder, tmp_path / "kept")
    assert looked == [DEFINING, "apps/env/overlays/staging"]
    assert plain(again) == plain(first)
    write(folder, {"apps/env/overlays/staging/settings.env": "A=1\n"})  # git ignores it
    kept, _ = run(folder, tmp_path / "kept")
    fresh, _ = run(folder, tmp_path / "fresh")
    assert plain(kept) == plain(fresh)


def test_a_damaged_entry_counts_as_none(folder: Path, tmp_path: Path) -> None:
    first, _ = run(folder, tmp_path)
    entry = max((tmp_path / "results").glob("*/*"), key=lambda path: b'"format"' in path.read_bytes())
    for damage in (b"", entry.read_bytes()[:-9], b"\0" * 40):
        entry.write_bytes(damage)
        again, looked = run(folder, tmp_path)
        assert (plain(again), set(looked)) == (plain(first), set(ALL))


def test_a_commit_and_the_same_files_find_the_same(folder: Path, tmp_path: Path) -> None:
    (folder / "apps/env/overlays/staging/settings.env").unlink()
    files, _ = run(folder, tmp_path)
    commit, _ = run(folder, tmp_path, "HEAD")
    assert plain(commit) == plain(files)
    again, looked = run(folder, tmp_path, "HEAD")
    assert plain(again) == plain(commit)
    assert looked == [DEFINING, "apps/env/overlays/staging"]


@pytest.mark.parametrize(
    ("attributes", "name", "change"),
    [("", "plain.txt", "two\n"), ("* text=auto\n", "plain.txt", "one\r\n"), ("", "new.txt", "two\n")],
)
def test_a_listing_names_every_content_anew(
    repository: Callable[..., Any], attributes: str, name: str, change: str
) -> None:
    path: Path = repository({".gitattributes": attributes, "plain.txt": "one\n", "other.txt": "x\n"}).path
    repo = GitRepo.open(path)
    before = list_files(repo, path)
    (path / name).write_bytes(change.encode())
    after = list_files(repo, path)
    repo.close()
    assert before is not None
    assert after is not None
    assert {each for each, _ in before.items() ^ after.items()} == {name}


def test_files_that_git_is_told_not_to_look_at_are_looked_at(repository: Callable[..., Any]) -> None:
    path: Path = repository({"a.txt": "one\n", "b.txt": "one\n"}).path
    subprocess.run(["git", "-C", path, "update-index", "--assume-unchanged", "a.txt"], check=True)
    repo = GitRepo.open(path)
    before = list_files(repo, path)
    (path / "a.txt").write_text("two, longer\n")
    after = list_files(repo, path)
    repo.close()
    assert before != after


def test_a_repository_with_submodules_has_no_listing(repository: Callable[..., Any]) -> None:
    path: Path = repository({"a.txt": "one\n"}).path
    sha = subprocess.run(["git", "-C", path, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout
    subprocess.run(["git", "-C", path, "update-index", "--add", "--cacheinfo", f"160000,{sha.strip()},sub"], check=True)
    repo = GitRepo.open(path)
    assert list_files(repo, path) is None
    repo.close()


def test_every_format_is_the_same_from_what_is_kept(folder: Path, tmp_path: Path) -> None:
    write(folder, {f"{BASE}/service.yaml": SERVICE.replace("app: web", "app: wep").replace("port: 80", "prot: 80")})
    env = {"GITOPS_CACHE_DIR": str(tmp_path)}
    for name in ("text", "json", "junit", "sarif", "gitlab", "github", "tap"):
        first = gitops(folder, "validate", "--output", name, env={"GITOPS_CACHE_DIR": str(tmp_path / name)})
        assert gitops(folder, "validate", "--output", name, env=env) == first
    assert json.loads(gitops(folder, "validate", "--output", "json", env=env).out)["summary"]["invalid"] > 0


def test_the_values_of_secrets_are_not_kept(folder: Path, tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter22}\n"
    write(folder, {f"{PRODUCTION}/secret.yaml": secret})
    write(folder, {f"{PRODUCTION}/kustomization.yaml": kustomization("../../base", "secret.yaml")})
    result, _ = run(folder, tmp_path)
    assert "plain-secret" in {finding.rule for finding in result.findings}
    assert all(b"hunter22" not in path.read_bytes() for path in (tmp_path / "results").rglob("*") if path.is_file())
    assert PurePosixPath(PRODUCTION) in {report.overlay.path for report in result.reports}


def test_argocd_check_has_results_of_its_own(folder: Path, tmp_path: Path) -> None:
    env = {"GITOPS_CACHE_DIR": str(tmp_path / "kept")}
    gitops(folder, "validate", env=env)
    for number, text in enumerate((APPLICATION, APPLICATION.replace("namespace: shop}", "namespace: other}"))):
        write(folder, {"argocd/web.yaml": text})
        fresh = gitops(folder, "argocd", "check", env={"GITOPS_CACHE_DIR": str(tmp_path / str(number))})
        assert [gitops(folder, "argocd", "check", env=env) for _ in range(2)] == [fresh, fresh]


def test_a_report_uses_what_validate_found(folder: Path, tmp_path: Path) -> None:
    env = {"GITOPS_CACHE_DIR": str(tmp_path / "kept")}
    before = gitops(folder, "validate", "--output", "json", env=env)
    entries = {path: path.read_bytes() for path in (tmp_path / "kept/results").glob("*/*")}
    ran = gitops(folder, "report", str(tmp_path / "report"), "--no-diff", env=env)
    assert ran.code == 0, ran.err
    assert {path: path.read_bytes() for path in (tmp_path / "kept/results").glob("*/*")} == entries
    assert gitops(folder, "validate", "--output", "json", env=env) == before
