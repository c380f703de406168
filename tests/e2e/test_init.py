"""`gitops init`, and the first app in what it makes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from .world import Checkout, Inside, contents, path_without

IMAGE = ("--image", "registry.example.org/web:1.10", "--port", "8080")
PLACEHOLDER = (
    "note: no remote tells the repository's URL, so https://git.example.com/shop/manifests.git is written: "
    "set argocd.repoURL in gitops.yaml and run `gitops argocd generate`\n"
)
FILES = [
    *(".gitignore", ".gitlab-ci.yml", ".pre-commit-config.yaml", "README.md"),
    *("apps/platform/base/kustomization.yaml", "apps/platform/base/namespace.yaml"),
    *(f"apps/platform/overlays/{env}/kustomization.yaml" for env in ("production", "staging")),
    *("argocd/kustomization.yaml", "argocd/platform-production.yaml", "argocd/platform-staging.yaml"),
    *("argocd/project-root.yaml", "argocd/project.yaml", "argocd/root.yaml", "gitops.yaml"),
]
OPTIONS = {
    "none": ((), IMAGE),
    "every": (
        (
            *("--env", "dev", "--env", "qa", "--env", "production", "--project", "on", "--namespace", "on-apps"),
            *("--cluster", "dev=dev-1", "--cluster", "qa=https://qa.example.org:6443", "--argocd-namespace", "gitops"),
            *("--repo-url", "git@git.example.org:on/manifests.git", "--target-revision", "release/1"),
            *("--kubernetes-version", "1.33"),
        ),
        (
            *(*IMAGE, "--metrics", "9090", "--ingress", "web.example.org/api", "--cluster-issuer", "acme"),
            *("--ingress", "dev=dev.example.org", "--secret-store", "vault", "--secret", "TOKEN=web#token"),
            *("--config", "../settings.yaml", "--replicas", "3:9", "--replicas", "dev=1:2", "--egress", "db:5432"),
        ),
    ),
    "an old cluster": (("--kubernetes-version", "1.25"), IMAGE),
    "one environment": (("--env", "live"), (*IMAGE, "--replicas", "2")),
}


@pytest.fixture
def empty(tmp_path: Path, env: dict[str, str]) -> Checkout:
    (tmp_path / "settings.yaml").write_text("a: 1\n")
    (tmp_path / "shop").mkdir()
    return Inside(tmp_path / "shop", env)


@pytest.mark.parametrize(("setup", "app"), OPTIONS.values(), ids=OPTIONS)
def test_an_empty_folder_becomes_a_repository_that_validates(
    empty: Checkout, setup: tuple[str, ...], app: tuple[str, ...]
) -> None:
    made = empty.gitops("init", *setup)
    assert (made.code, made.err) == (0, "" if "--repo-url" in setup else PLACEHOLDER)
    empty.assert_sound()
    for words in ((), ("app", "create", "web", *app), ("app", "create", "true", *IMAGE)):
        if words:
            result = empty.gitops(*words)
            assert (result.code, result.err) == (0, "")
        checked = empty.gitops("validate")
        assert (checked.code, checked.err, checked.out.splitlines()[-1]) == (0, "", "no findings"), checked.out
    empty.assert_sound()
    ci = yaml.safe_load(empty.read(".gitlab-ci.yml"))
    assert ci["variables"]["GITOPS_VERSION"] == "0.1.0"
    assert [name for name in ci if isinstance(ci[name], dict) and "script" in ci[name]] == [
        "validate",
        "diff",
        "review",
        "pages",
        "image-promotion",
    ]


def test_what_it_prints_and_makes(empty: Checkout) -> None:
    result = empty.gitops("init", "--repo-url", "https://git.example.org/shop/manifests.git")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "sets up shop with staging, production"
    assert [line.partition(":")[0] for line in lines[2:17]] == FILES
    assert lines[-1] == f"committed {empty.short}"
    assert empty.git("ls-files").splitlines() == FILES
    assert empty.git("log", "--format=%B") == "set up the repository of manifests\n\nGitops-Action: init"
    assert empty.read("gitops.yaml").partition("\n")[2] == (
        "version: 1\n"
        "layout: apps/{app}/overlays/{env}\n"
        "environments:\n"
        "  - name: staging\n"
        "    namespace: shop-staging\n"
        "    cluster: https://kubernetes.default.svc\n"
        "  - name: production\n"
        "    namespace: shop-production\n"
        "    cluster: https://kubernetes.default.svc\n"
        "    promotesFrom: staging\n"
        "kustomize:\n"
        "  version: 5.8.1\n"
        "argocd:\n"
        "  path: argocd\n"
        "  namespace: argocd\n"
        "  repoURL: https://git.example.org/shop/manifests.git\n"
        "  targetRevision: main\n"
        "  project: shop\n"
    )


class TestInARepository:
    def test_with_a_history_it_is_a_commit_like_any_other(self, tmp_path: Path, env: dict[str, str]) -> None:
        checkout = Checkout.create(tmp_path / "shop", env, {"README.md": "mine\n", "notes.txt": "x\n"})
        checkout.git("remote", "add", "origin", "https://bot:hunter2@git.example.org/shop.git")
        first = checkout.head
        result = checkout.gitops("init")
        assert (result.code, result.err) == (0, "")
        assert result.out.splitlines()[1] == "README.md is there and stays as it is"
        checkout.assert_sound()
        assert [commit.hexsha for commit in checkout.commits()] == [checkout.head, first]
        assert checkout.read("README.md") == "mine\n"
        assert "repoURL: https://git.example.org/shop.git\n" in checkout.read("gitops.yaml")
        assert "hunter2" not in checkout.git("show")

    def test_without_a_commit_files_that_lie_there_are_no_part_of_the_first(self, empty: Checkout) -> None:
        empty.git("init", "--quiet", "--initial-branch=trunk")
        empty.write({"notes.txt": "mine\n", ".gitignore": "*.yaml\n"})
        assert empty.gitops("init").code == 0
        assert empty.git("ls-files").splitlines() == [name for name in FILES if name != ".gitignore"]
        assert empty.git("status", "--porcelain").splitlines() == ["?? .gitignore", "?? notes.txt"]
        assert "targetRevision: trunk\n" in empty.read("gitops.yaml")

    def test_a_file_in_the_way_is_not_overwritten(self, empty: Checkout) -> None:
        empty.git("init", "--quiet")
        empty.write({"argocd/root.yaml": "mine: 1\n"})
        result = empty.gitops("init")
        assert (result.code, result.out) == (3, "")
        assert result.err == "error: argocd/root.yaml: this is in the way of a new file\n"
        assert [name for name in contents(empty.folder) if not name.startswith(".git/")] == [
            *(".git", "argocd", "argocd/root.yaml")
        ]

    def test_a_second_time(self, empty: Checkout) -> None:
        assert empty.gitops("init").code == 0
        before = empty.snapshot()
        result = empty.gitops("init")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            "error: gitops.yaml: this repository is set up already\nhint: `gitops app create` adds an app to it\n"
        )
        assert empty.snapshot() == before


class TestWithoutACommit:
    def test_dry_run_and_no_commit_make_no_repository(self, empty: Checkout) -> None:
        planned = empty.gitops("init", "--dry-run")
        assert (planned.code, planned.out.splitlines()[-1]) == (0, "dry run: nothing was written")
        assert contents(empty.folder) == {}
        written = empty.gitops("init", "--no-commit")
        assert (written.code, written.out.splitlines()[-1]) == (0, "wrote 15 files, no commit")
        assert not (empty.folder / ".git").exists()

    def test_without_an_author_or_kustomize_nothing_is_left_behind(self, empty: Checkout, tmp_path: Path) -> None:
        (tmp_path / "nobody").mkdir()
        nobody = {"HOME": str(tmp_path / "nobody")}
        result = empty.gitops("init", env=nobody)
        assert (result.code, result.out) == (3, "")
        assert "error: git knows no author for the commit\n" in result.err
        assert contents(empty.folder) == {}
        bare = path_without(tmp_path / "bin", "kustomize", "kubectl")
        missing = empty.gitops("init", env={"PATH": bare, "GITOPS_CACHE_DIR": str(tmp_path / "nocache")})
        assert (missing.code, missing.out) == (3, "")
        assert contents(empty.folder) == {}

    def test_a_folder_that_is_not_there(self, empty: Checkout) -> None:
        assert empty.gitops("init", "new/manifests", "--project", "shop").code == 0
        Checkout(empty.folder / "new/manifests", empty.env).assert_sound()


REFUSED = {
    "credentials": (
        ("--repo-url", "https://bot:secret@git.example.org/x.git"),
        "--repo-url holds credentials, and would put them into the repository",
    ),
    "a URL that is none": (
        ("--repo-url", "ext::sh -c x"),
        '--repo-url "ext::sh -c x" is not a URL such as https://git.example.org/shop/manifests.git',
    ),
    "a project's name": (("--project", "../x"), '--project "../x" is not a name such as shop'),
    "the root's project": (
        ("--project", "root"),
        '"root" is the project of the app-of-apps: name another with --project',
    ),
    "an environment's name": (("--env", "a b"), '--env "a b" is not an environment\'s name, such as staging'),
    "twice": (("--env", "a", "--env", "a"), 'environment "a" is named twice'),
    "another environment": (
        ("--namespace", "qa=x"),
        '--namespace: "qa" is none of the environments staging, production',
    ),
    "a push": (("--push",), "there is no commit to build on: push the first one with git"),
}


@pytest.mark.parametrize(("words", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_meant_is_refused(empty: Checkout, words: tuple[str, ...], message: str) -> None:
    result = empty.gitops("init", *words)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: {message}\nhint: see `gitops init --help`\n"
    assert contents(empty.folder) == {}


def test_environments_that_would_share_a_namespace(empty: Checkout) -> None:
    result = empty.gitops("init", "--namespace", "shop", "--no-commit")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        'error: environments "staging" and "production" would share namespace "shop" of '
        "https://kubernetes.default.svc\n"
        "hint: give one of them its own: --namespace ENV=NAME or --cluster ENV=SERVER\n"
    )
    assert contents(empty.folder) == {}


def test_what_the_pipeline_writes_is_ignored(empty: Checkout) -> None:
    assert empty.gitops("init").code == 0
    written = ("--output-file", "gitlab=gl-code-quality-report.json")
    assert empty.gitops("validate", *written).code == 0
    assert empty.gitops("diff", "HEAD", "--output-file", "markdown=diff.md").code == 0
    assert empty.gitops("report", "public").code == 0
    assert empty.git("status", "--porcelain") == ""


def test_in_a_bare_repository(tmp_path: Path, env: dict[str, str]) -> None:
    Checkout.create(tmp_path / "shop", env, {"x": ""}).git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    for name in ("bare", "bare/new"):
        result = Checkout(tmp_path, env).gitops("init", name)
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            'error: "bare" is a bare repository: run it in a clone of it\nhint: see `gitops init --help`\n'
        )


def test_inside_another_repository(tmp_path: Path, env: dict[str, str]) -> None:
    checkout = Checkout.create(tmp_path / "shop", env, {"sub/x": ""})
    for name in ("sub", "sub/new"):
        result = checkout.gitops("init", name)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith('error: "sub" is inside a repository: run it at its root, ')
