"""Which overlays a change reaches: through every kind of reference, in commits and in the files as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import jsonschema
import pytest

from .shop import CONFIG, SETTINGS, gitops, kustomization

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web-staging, namespace: argocd}
spec:
  project: shop
  destination: {server: https://kubernetes.default.svc, namespace: web}
  source: {repoURL: https://git.example.org/shop.git, path: apps/web/overlays/staging, targetRevision: main}
"""
WEB, API = ("apps/web/overlays/staging", "apps/web/overlays/production"), ("apps/api/overlays/staging",)
EVERYTHING = [*API, *WEB]


def shop() -> dict[str, str | bytes]:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [extra.yaml]\n"
    staging = (
        "components: [../../../../parts/tls]\npatches: [{path: patch.yaml}]\n"
        "configMapGenerator: [{name: conf, files: [app.conf=files/app.conf], envs: [vars.env]}]\n"
        "replacements: [{path: replacement.yaml}]\n"
    )
    return {
        "gitops.yaml": SETTINGS,
        "README.md": "# Shop\n",
        "argocd/web.yaml": APPLICATION,
        "parts/tls/kustomization.yaml": component,
        "parts/tls/extra.yaml": CONFIG.replace("settings", "extra"),
        "apps/web/base/kustomization.yaml": kustomization("settings.yaml"),
        "apps/web/base/settings.yaml": CONFIG,
        "apps/web/overlays/staging/kustomization.yaml": kustomization("../../base", more=staging),
        "apps/web/overlays/staging/patch.yaml": CONFIG.replace("fast", "slow"),
        "apps/web/overlays/staging/replacement.yaml": "[]\n",
        "apps/web/overlays/staging/files/app.conf": "a = 1\n",
        "apps/web/overlays/staging/vars.env": "A=1\n",
        "apps/web/overlays/production/kustomization.yaml": kustomization("../../base"),
        "apps/api/overlays/staging/kustomization.yaml": kustomization("settings.yaml"),
        "apps/api/overlays/staging/settings.yaml": CONFIG,
        "apps/api/overlays/staging/notes.txt": "nothing\n",
    }


Make = Callable[[Mapping[str, str | bytes]], object]


@pytest.fixture
def folder(repository: Make) -> Path:
    path: Path = repository(shop()).path  # type: ignore[attr-defined]
    return path


def git(folder: Path, *args: str) -> None:
    import subprocess

    subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True)


def reached(folder: Path, *args: str, env: Mapping[str, str] | None = None) -> list[str]:
    done = gitops(folder, "affected", *args, env=env)
    assert (done.code, done.err) == (0, "")
    return done.out.splitlines()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("apps/web/base/settings.yaml", [*WEB]),
        ("apps/web/base/kustomization.yaml", [*WEB]),
        ("apps/web/overlays/production/kustomization.yaml", [WEB[1]]),
        ("apps/web/overlays/staging/patch.yaml", [WEB[0]]),
        ("apps/web/overlays/staging/files/app.conf", [WEB[0]]),
        ("apps/web/overlays/staging/vars.env", [WEB[0]]),
        ("apps/web/overlays/staging/replacement.yaml", [WEB[0]]),
        ("parts/tls/extra.yaml", [WEB[0]]),
        ("argocd/web.yaml", [WEB[0]]),
        ("gitops.yaml", EVERYTHING),
        ("README.md", []),
        ("apps/api/overlays/staging/notes.txt", []),
    ],
)
def test_a_changed_file_reaches_what_is_built_from_it(folder: Path, path: str, expected: list[str]) -> None:
    text = (folder / path).read_text()
    (folder / path).write_text(f"# changed\n{text}" if path.endswith(".yaml") else f"{text}B=2\n")
    assert reached(folder, "HEAD") == expected
    git(folder, "commit", "--all", "--message", "a change")
    assert reached(folder, "HEAD") == []
    assert reached(folder, "HEAD~1") == reached(folder, "HEAD~1", "--rev", "HEAD") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("schemas/crds/example.org/widget_v1.json", EVERYTHING),
        ("crds/widget.yaml", EVERYTHING),
        ("apps/web/base/forgotten.yaml", [*WEB]),
        ("apps/web/overlays/production/more/forgotten.yaml", [WEB[1]]),
        ("apps/api/overlays/staging/.argocd-source.yaml", [*API]),
        ("apps/api/overlays/staging/.argocd-source-api.yaml", [*API]),
        ("apps/new/overlays/staging/settings.yaml", ["apps/new/overlays/staging"]),
    ],
)
def test_a_new_file_reaches_what_it_is_about(folder: Path, path: str, expected: list[str]) -> None:
    text = "kind: CustomResourceDefinition\n" if path.startswith("crds/") else CONFIG
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    assert reached(folder, "HEAD") == expected
    git(folder, "add", "--all")
    assert reached(folder, "HEAD") == expected


def test_what_git_ignores_reaches_nothing(folder: Path) -> None:
    (folder / ".gitignore").write_text("*.yaml~\n")
    (folder / "apps/web/base/settings.yaml~").write_text(CONFIG)
    assert reached(folder, "HEAD") == []


def test_a_file_that_is_gone_reaches_what_was_built_from_it(folder: Path) -> None:
    (folder / "parts/tls/extra.yaml").unlink()
    assert reached(folder, "HEAD") == [WEB[0]]


def test_a_file_that_is_gone_from_a_plain_directory_reaches_it(repository: Make) -> None:
    path = "apps/plain/overlays/staging"
    folder: Path = repository({"gitops.yaml": SETTINGS, f"{path}/a.yaml": CONFIG, f"{path}/b.yaml": CONFIG}).path  # type: ignore[attr-defined]
    (folder / path / "b.yaml").unlink()
    assert reached(folder, "HEAD") == [path]


def test_a_renamed_file_reaches_both_sides(folder: Path) -> None:
    git(folder, "mv", "apps/web/overlays/staging/patch.yaml", "apps/api/overlays/staging/other.yaml")
    assert reached(folder, "HEAD") == [API[0], WEB[0]]


def test_a_file_that_becomes_a_link_reaches_what_is_built_from_it(folder: Path) -> None:
    target = folder / "apps/web/base/settings.yaml"
    target.unlink()
    target.symlink_to("../../api/overlays/staging/settings.yaml")
    assert reached(folder, "HEAD") == [*WEB]
    git(folder, "add", "--all")
    git(folder, "commit", "--message", "a link")
    (folder / "apps/api/overlays/staging/settings.yaml").write_text(f"# changed\n{CONFIG}")
    assert reached(folder, "HEAD") == EVERYTHING


def test_an_application_set_reaches_whatever_its_template_can_become(folder: Path) -> None:
    template = APPLICATION.replace("kind: Application\n", "kind: ApplicationSet\n").partition("spec:\n")
    spec = template[2].replace("apps/web/overlays/staging", "'apps/{{app}}/overlays/staging'")
    inner = "".join(f"    {line}\n" for line in spec.splitlines())
    text = f"{template[0]}spec:\n  generators: []\n  template:\n    metadata: {{name: x}}\n    spec:\n"
    text += "".join(f"  {line}\n" for line in inner.splitlines())
    (folder / "argocd/set.yaml").write_text(text)
    assert reached(folder, "HEAD") == [API[0], WEB[0]]


def test_only_what_this_branch_changed_counts(folder: Path) -> None:
    git(folder, "switch", "--create", "feature")
    (folder / "apps/api/overlays/staging/settings.yaml").write_text(f"# mine\n{CONFIG}")
    git(folder, "commit", "--all", "--message", "mine")
    git(folder, "switch", "main")
    (folder / "apps/web/base/settings.yaml").write_text(f"# theirs\n{CONFIG}")
    git(folder, "commit", "--all", "--message", "theirs")
    git(folder, "switch", "feature")
    assert reached(folder, "main") == [*API]
    assert reached(folder, "feature", "--rev", "main") == [*WEB]
    sha = os.fsdecode((folder / ".git/refs/heads/main").read_bytes()).strip()
    assert reached(folder, env={"CI_MERGE_REQUEST_DIFF_BASE_SHA": sha}) == [*API]


def test_without_a_ref_it_is_the_remotes_default_branch(remote: Callable[..., object]) -> None:
    folder: Path = remote(shop()).clone.path  # type: ignore[attr-defined]
    (folder / "apps/api/overlays/staging/settings.yaml").write_text(f"# mine\n{CONFIG}")
    git(folder, "commit", "--all", "--message", "mine")
    assert reached(folder) == [*API]


def test_without_a_ref_and_a_remote_one_is_asked_for(folder: Path) -> None:
    done = gitops(folder, "affected")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: there is no default branch to compare with: name a REF\n")


def test_outside_of_a_repository_that_is_what_is_said(tmp_path: Path) -> None:
    done = gitops(tmp_path, "affected")
    assert (done.code, done.out) == (3, "")
    assert done.err == "error: this is not a git repository: nothing is known about changes\n"


@pytest.mark.parametrize("ref", ["nothing", "--upload-pack=x", "a b", "main:README.md"])
def test_a_ref_that_is_no_commit_is_refused(folder: Path, ref: str) -> None:
    done = gitops(folder, "affected", "--", ref)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f'error: no commit "{ref}" in this repository\n')


def test_histories_without_a_common_commit_are_refused(folder: Path) -> None:
    git(folder, "checkout", "--orphan", "other")
    git(folder, "commit", "--allow-empty", "--message", "other")
    done = gitops(folder, "affected", "main")
    assert (done.code, done.out) == (3, "")
    assert "have no common ancestor here\nhint: a shallow clone lacks it" in done.err


def test_the_json_says_why_and_follows_its_schema(folder: Path) -> None:
    (folder / "apps/web/base/settings.yaml").write_text(f"# changed\n{CONFIG}")
    git(folder, "rm", "-r", "apps/api/overlays/staging")
    document = json.loads(gitops(folder, "affected", "HEAD", "--output", "json").out)
    jsonschema.validate(document, json.loads((ROOT / "schemas/output/affected.schema.json").read_text()))
    because = ["apps/web/base/settings.yaml"]
    assert document["overlays"] == [
        {"app": "web", "environment": path.rpartition("/")[2], "path": path, "because": because} for path in WEB
    ]
    assert document["removed"] == [{"app": "api", "environment": "staging", "path": API[0]}]


def test_validate_looks_only_at_what_changed(folder: Path) -> None:
    (folder / "apps/web/overlays/production/kustomization.yaml").write_text(kustomization("../../base", "gone.yaml"))
    options = ("validate", "--changed-since", "HEAD", "--select", "render", "--output", "json")
    done = gitops(folder, *options)
    assert (done.code, done.err) == (1, "note: changes since HEAD reach 1 of 3 overlays\n")
    assert [overlay["path"] for overlay in json.loads(done.out)["overlays"]] == [WEB[1]]
    done = gitops(folder, *options, "api")
    assert (done.code, done.err) == (0, "note: changes since HEAD reach 0 of 1 overlays\n")
    assert json.loads(done.out)["overlays"] == []
