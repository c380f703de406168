"""The command in real repositories: which states are compared, what is printed, how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from e2e.world import PACKAGE_ROOT, Checkout, environment

from .comparing import BASE, DEPLOYMENT, SECRET, SERVICE, overlay, shop

STAGING, K = "apps/web/overlays/staging", "kustomization.yaml"
BUMPED = overlay("../../base", more="namespace: web\nimages: [{name: proxy, newTag: '3'}]\n")
TEXT = """\
{base} -> the working tree

images
  web staging: proxy 2 -> 3

in the cluster
  restarted: Deployment/web/web in web staging (image)

web
  changed: Deployment/web/web in staging
    - spec.template.spec.containers[name=proxy].image: proxy:2
    + spec.template.spec.containers[name=proxy].image: proxy:3

1 overlay compared, 1 object differs (1 changed)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone of a repository with two apps, on a branch of its own."""
    env = environment(tmp_path / "home")
    origin = Checkout.create(tmp_path / "origin", env, shop())
    made = origin.clone(tmp_path / "work")
    made.git("checkout", "--quiet", "-b", "feature")
    return made


def document(checkout: Checkout, *args: str, code: int = 0) -> dict[str, Any]:
    done = checkout.gitops("diff", *args, "--output", "json")
    assert (done.code, done.err) == (code, "")
    found: dict[str, Any] = json.loads(done.out)
    jsonschema.validate(found, json.loads((PACKAGE_ROOT / "schemas/output/diff.schema.json").read_text()))
    return found


def objects(found: dict[str, Any]) -> list[str]:
    return sorted(
        f"{one['change']} {one['app']}/{one['environment']} {one['object']['kind']}" for one in found["objects"]
    )


def test_the_files_are_compared_with_where_the_branch_began(checkout: Checkout) -> None:
    checkout.write({f"{STAGING}/{K}": BUMPED})
    done = checkout.gitops("diff")
    assert (done.code, done.out, done.err) == (0, TEXT.format(base=f"{checkout.short} (where it left origin/HEAD)"), "")


def test_what_others_pushed_meanwhile_is_not_told(checkout: Checkout, tmp_path: Path) -> None:
    other = Checkout(tmp_path / "origin", checkout.env)
    other.commit({"apps/tool/overlays/staging/role.yaml": SERVICE}, "others")
    checkout.git("fetch", "--quiet")
    checkout.commit({f"{STAGING}/{K}": BUMPED}, "ours")
    assert objects(document(checkout)) == ["changed web/staging Deployment"]
    assert objects(document(checkout, "origin/main", "HEAD")) == [
        "added tool/staging Role",
        "changed web/staging Deployment",
        "removed tool/staging Service",
    ]
    assert objects(document(checkout, "origin/main...HEAD")) == ["changed web/staging Deployment"]
    assert document(checkout, "origin/main..HEAD") == document(checkout, "origin/main", "HEAD")


def test_two_revisions_are_compared_without_the_checkout(checkout: Checkout) -> None:
    first = checkout.head
    checkout.commit({f"{STAGING}/{K}": BUMPED}, "bump")
    second = checkout.head
    checkout.write({"apps/web/base/deployment.yaml": "not: [yaml"})
    before = checkout.snapshot()
    done = checkout.gitops("diff", first, second)
    assert (done.code, done.err) == (0, "")
    assert done.out == TEXT.format(base=first[:12]).replace("the working tree", second[:12])
    assert checkout.snapshot() == before


def test_new_files_count_before_git_knows_them_and_removed_ones_too(checkout: Checkout) -> None:
    checkout.write({f"{STAGING}/{K}": overlay("../../base", "new.yaml", more="namespace: web\n")})
    checkout.write({f"{STAGING}/new.yaml": SECRET, "apps/extra/overlays/production/map.yaml": SERVICE})
    (checkout.folder / "apps/web/overlays/production/kustomization.yaml").unlink()
    assert objects(document(checkout)) == [
        "added extra/production Service",
        "added web/staging Secret",
        *(f"removed web/production {kind}" for kind in ("ConfigMap", "Deployment", "Secret", "Service")),
    ]


def test_what_git_ignores_is_part_of_no_diff(checkout: Checkout) -> None:
    checkout.commit({".gitignore": "*.tmp\n"}, "ignore")
    checkout.write({"apps/web/base/notes.tmp": "x"})
    assert objects(document(checkout, "HEAD")) == []


def test_an_app_that_is_built_from_another_one_is_found_in_commits(checkout: Checkout) -> None:
    checkout.commit({"apps/copy/overlays/staging/kustomization.yaml": overlay("../../../web/base")}, "copy")
    checkout.write({"apps/web/base/service.yaml": SERVICE.replace("9090, targetPort: metrics", "9090, targetPort: 1")})
    expected = [f"changed {where} Service" for where in ("copy/staging", "web/production", "web/staging")]
    assert objects(document(checkout, "HEAD")) == expected


def test_an_app_that_is_built_from_another_one_through_a_link_is_found(checkout: Checkout) -> None:
    (checkout.folder / "apps/copy/overlays/staging").mkdir(parents=True)
    (checkout.folder / "apps/copy/there").symlink_to("../web/base")
    checkout.commit({"apps/copy/overlays/staging/kustomization.yaml": overlay("../../there")}, "copy")
    checkout.write({"apps/web/base/service.yaml": SERVICE.replace("9090, targetPort: metrics", "9090, targetPort: 1")})
    expected = [f"changed {where} Service" for where in ("copy/staging", "web/production", "web/staging")]
    assert objects(document(checkout, "HEAD")) == expected


def test_a_transformer_elsewhere_that_names_an_app_is_found(checkout: Checkout) -> None:
    patch = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: p}\npath: ../../../web/base/patch.yaml\n"
    copied = {
        "apps/copy/overlays/staging/kustomization.yaml": overlay("map.yaml", more="transformers: [t.yaml]\n"),
        "apps/copy/overlays/staging/t.yaml": patch,
        "apps/copy/overlays/staging/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n",
        "apps/web/base/patch.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: '1'}\n",
        "gitops.yaml": shop()["gitops.yaml"] + "kustomize: {loadRestrictor: none}\n",
    }
    checkout.commit(copied, "copy")
    checkout.write({"apps/web/base/patch.yaml": copied["apps/web/base/patch.yaml"].replace("'1'", "'2'")})
    assert objects(document(checkout, "HEAD")) == ["changed copy/staging ConfigMap"]


def test_a_repository_without_settings_is_compared_as_a_whole(checkout: Checkout) -> None:
    (checkout.folder / "gitops.yaml").unlink()
    checkout.commit({}, "no settings")
    checkout.write({f"{STAGING}/{K}": BUMPED})
    assert objects(document(checkout, "HEAD")) == ["changed web/staging Deployment"]


def test_applications_that_a_set_generates_come_and_go(checkout: Checkout) -> None:
    generator = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  goTemplate: true
  generators: [{git: {repoURL: https://git.example.org/shop.git, revision: main, directories: [{path: apps/*}]}}]
  template:
    metadata: {name: 'set-{{.path.basename}}'}
    spec:
      project: shop
      source: {repoURL: https://git.example.org/shop.git, path: '{{.path.path}}/overlays/staging', targetRevision: main}
      destination: {server: https://kubernetes.default.svc, namespace: '{{.path.basename}}'}
"""
    checkout.commit({"argocd/all.yaml": generator}, "set")
    checkout.write({"apps/extra/overlays/staging/map.yaml": SERVICE})
    checkout.git("rm", "-r", "--quiet", "apps/tool")
    found = [(one["effect"], one["object"]["name"]) for one in document(checkout, "HEAD")["effects"]]
    assert ("Application added", "set-extra") in found
    assert ("Application removed", "set-tool") in found
    checkout.git("reset", "--quiet", "--hard")
    checkout.write({"argocd/all.yaml": generator.replace("targetRevision: main", "targetRevision: v2")})
    changed = [one for one in document(checkout, "HEAD")["effects"] if one["effect"] == "Application changed"]
    assert {one["object"]["name"] for one in changed} == {"set-tool", "set-web"}
    assert changed[0]["reasons"] == ["source.targetRevision main -> v2", "generated by an ApplicationSet"]


@pytest.mark.parametrize(
    ("edits", "args", "code"),
    [
        ({}, (), 0),
        ({}, ("--exit-code",), 0),
        ({f"{STAGING}/{K}": BUMPED}, (), 0),
        ({f"{STAGING}/{K}": BUMPED}, ("--exit-code",), 1),
        ({"README.md": "more\n"}, ("--exit-code",), 0),
        ({f"{STAGING}/{K}": "resources: [missing.yaml]\n"}, (), 1),
        ({f"{STAGING}/{K}": "resources: [https://example.org/x.yaml]\n"}, (), 0),
    ],
)
def test_the_exit_status_tells_scripts(
    checkout: Checkout, edits: dict[str, str], args: tuple[str, ...], code: int
) -> None:
    checkout.write(edits)
    assert checkout.gitops("diff", *args).code == code


def test_an_overlay_that_does_not_render_is_told_with_its_side(checkout: Checkout) -> None:
    checkout.commit({f"{STAGING}/{K}": "resources: [missing.yaml]\n"}, "break")
    checkout.commit({f"{STAGING}/{K}": BUMPED}, "mend")
    done = checkout.gitops("diff", "HEAD~1", "HEAD")
    assert done.code == 0
    head, *words = done.out.split("\n\n")
    assert head == f"{checkout.tip('HEAD~1')[:12]} (HEAD~1) -> {checkout.short} (HEAD)"
    text = "\n".join(words)
    assert text.startswith(f"not rendered in base: web staging\n  {STAGING}/{K}: kustomize: accumulating resources: ")
    assert "missing.yaml" in text
    assert text.endswith("\n0 overlays compared, no object differs\n")
    back = document(checkout, "HEAD", "HEAD~1", code=1)
    assert [(one["side"], one["environment"]) for one in back["failures"]] == [("head", "staging")]


def test_apps_and_environments_are_chosen(checkout: Checkout) -> None:
    checkout.write({"apps/web/base/deployment.yaml": DEPLOYMENT.replace("replicas: 2", "replicas: 3")})
    checkout.write({"apps/tool/overlays/staging/token.yaml": SECRET.replace("planted-one", "x")})
    assert objects(document(checkout, "--app", "tool")) == ["changed tool/staging Secret"]
    assert objects(document(checkout, "--app", "web", "--env", "production")) == ["changed web/production Deployment"]
    assert objects(document(checkout, "--env", "staging")) == [
        "changed tool/staging Secret",
        "changed web/staging Deployment",
    ]


@pytest.mark.parametrize(
    ("args", "code", "err"),
    [
        (("--app", "wep"), 3, 'error: no app "wep" in this repository, before or after\nhint: did you mean "web"?\n'),
        (
            ("--env", "prod"),
            3,
            'error: no environment "prod" in this repository, before or after\nhint: there are: production, staging\n',
        ),
        (
            ("nowhere",),
            3,
            'error: no commit "nowhere" in this repository\nhint: fetch it first, or check the spelling\n',
        ),
        (
            ("--output-file", "pdf=x.pdf"),
            2,
            "error: invalid value for '--output-file': \"pdf\" is not a format; there are text, markdown, html, json\n"
            "hint: see `gitops diff --help`\n",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(checkout: Checkout, args: tuple[str, ...], code: int, err: str) -> None:
    done = checkout.gitops("diff", *args)
    assert (done.code, done.out, done.err) == (code, "", err)


def test_without_a_default_branch_a_base_is_asked_for(checkout: Checkout) -> None:
    checkout.git("remote", "remove", "origin")
    done = checkout.gitops("diff")
    hint = "or tell git which one it is: git remote set-head origin --auto"
    err = f"error: there is no default branch to compare with: name a BASE\nhint: {hint}\n"
    assert (done.code, done.out, done.err) == (2, "", err)


def test_outside_of_a_repository_there_is_nothing_to_compare(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    done = Checkout(tmp_path / "plain", environment(tmp_path / "home")).gitops("diff")
    err = "error: this is not a git repository: there is nothing to compare with\n"
    assert (done.code, done.out, done.err) == (3, "", err)


def test_in_a_merge_request_its_base_is_the_default(checkout: Checkout) -> None:
    first = checkout.head
    checkout.commit({f"{STAGING}/{K}": BUMPED}, "bump")
    done = checkout.gitops("diff", env={"CI_MERGE_REQUEST_DIFF_BASE_SHA": first})
    assert done.out.startswith(f"{first[:12]} (where it left {first}) -> the working tree\n") or first[:12] in done.out
    assert "proxy 2 -> 3" in done.out


def test_other_formats_go_to_files(checkout: Checkout) -> None:
    checkout.write({f"{STAGING}/{K}": BUMPED, ".git/info/exclude": "c.*\n"})
    done = checkout.gitops("diff", "--output-file", "markdown=c.md", "--output-file", "html=c.html")
    assert (done.code, done.err) == (0, "")
    markdown, page = checkout.read("c.md"), checkout.read("c.html")
    assert markdown == checkout.gitops("diff", "--output", "markdown").out
    assert page == checkout.gitops("diff", "--output", "html").out
    assert "| `web staging` | `proxy` | `2` | `3` |" in markdown
    assert page.startswith("<!DOCTYPE html>")


def test_another_kustomize_setting_renders_everything_again(checkout: Checkout) -> None:
    outside = {"apps/web/base/kustomization.yaml": BASE.replace("A=1", "A=1, B=2")}
    checkout.commit(outside, "more")
    checkout.write({"gitops.yaml": shop()["gitops.yaml"] + "kustomize: {loadRestrictor: none}\n"})
    found = document(checkout, "HEAD")
    assert objects(found) == []
    assert len(found["overlays"]) == 4


def test_changes_beside_the_renders_are_counted(checkout: Checkout) -> None:
    checkout.write({"README.md": "more\n", "docs/a.md": "x\n", f"{STAGING}/.argocd-source.yaml": "kustomize: {}\n"})
    done = checkout.gitops("diff")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[2:] == [
        "0 overlays compared, no object differs",
        f"{STAGING}/.argocd-source.yaml differs: Argo CD sets it over what is rendered here",
        "2 changed files are part of nothing that is rendered: README.md, docs/a.md",
    ]


def test_a_base_that_nobody_uses_any_more_is_no_object_more(checkout: Checkout) -> None:
    (checkout.folder / "gitops.yaml").unlink()
    checkout.commit({}, "no settings")
    for name in ("staging", "production"):
        checkout.write({f"apps/web/overlays/{name}/{K}": "resources: [missing.yaml]\n"})
    found = document(checkout, "HEAD", code=1)
    assert (objects(found), len(found["failures"])) == ([], 2)
    assert found["notes"] == ["apps/web/base is a part of others on one side only, and not compared"]
