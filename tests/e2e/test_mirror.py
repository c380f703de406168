"""`--repo URL`: a repository is changed without a checkout, through a clone in the cache that jobs share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import shop
from .conftest import Team
from .gitserver import TOKEN, GitServer
from .test_race import assert_validated, bumps
from .world import LIMIT, Checkout, Result, bare, environment, hook

STAGING = shop.overlay_path("web")


@pytest.fixture
def http(team: Team) -> Iterator[GitServer]:
    """The team's repository over plain HTTP, which is for this machine only."""
    team.server.git("config", "http.receivepack", "true")
    team.server.git("config", "uploadpack.allowFilter", "true")
    with GitServer(team.server.folder.parent).running() as server:
        yield server


@pytest.fixture
def job(tmp_path: Path) -> Checkout:
    """A folder without a repository, on a machine with a cache of its own and the token in the environment."""
    (tmp_path / "job").mkdir()
    return Checkout(tmp_path / "job", environment(tmp_path / "machine") | {"GITOPS_TOKEN": TOKEN})


def cache(job: Checkout) -> Path:
    return Path(job.env["GITOPS_CACHE_DIR"]) / "repositories"


def clone_in(job: Checkout) -> Checkout:
    [path] = cache(job).glob("*.git")
    return Checkout(path, job.env)


def pushed(result: Result) -> bool:
    return (result.code, result.err) == (0, "") and "\npushed " in result.out


def test_a_bump_lands_without_a_checkout(team: Team, http: GitServer, job: Checkout) -> None:
    result = job.gitops("bump", "web", "v2", "--push", "--repo", http.url("server.git"))
    assert pushed(result), result
    assert team.server.git("show", f"main:{STAGING}").endswith("newTag: v2")
    assert list(job.folder.iterdir()) == []
    [clone] = cache(job).glob("*.git")
    assert Checkout(clone, job.env).git("rev-list", "--count", "origin/main") == "1"


def test_the_password_is_in_no_file(http: GitServer, job: Checkout) -> None:
    result = job.gitops("bump", "web", "v2", "--push", "--repo", http.url("server.git"), env={"GIT_TRACE": "1"})
    assert result.code == 0
    assert TOKEN not in result.out + result.err
    files = [path for path in Path(job.env["HOME"]).rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_a_password_in_the_url_is_refused(http: GitServer, job: Checkout) -> None:
    url = http.url("server.git").replace("http://", f"http://ci:{TOKEN}@")
    result = job.gitops("bump", "web", "v2", "--push", "--repo", url)
    assert (result.code, result.out) == (2, "")
    assert "holds a password" in result.err
    assert "GITOPS_TOKEN" in result.err
    assert TOKEN not in result.err


@pytest.mark.parametrize(
    ("variables", "opens"),
    [
        ({"CI_SERVER_URL": "{server}", "CI_JOB_TOKEN": TOKEN}, True),
        ({"CI_SERVER_URL": "https://gitlab.example.org", "CI_JOB_TOKEN": TOKEN}, False),
    ],
)
def test_a_jobs_own_token_is_for_its_own_server(
    http: GitServer, job: Checkout, variables: dict[str, str], opens: bool
) -> None:
    given = {name: value.format(server=http.url("").rstrip("/")) for name, value in variables.items()}
    result = job.gitops(
        "bump", "web", "v2", "--push", "--repo", http.url("server.git"), env={"GITOPS_TOKEN": ""} | given
    )
    assert pushed(result) is opens, result
    assert set(http.users) == ({"gitlab-ci-token"} if opens else set())


def test_plain_http_to_another_machine_is_refused(job: Checkout) -> None:
    result = job.gitops("bump", "web", "v2", "--push", "--repo", "http://127.0.0.1.example.org/server.git")
    assert (result.code, result.out) == (3, "")
    assert 'scheme "http" is refused' in result.err


def test_the_files_that_are_read_come_in_few_requests(http: GitServer, job: Checkout) -> None:
    assert pushed(job.gitops("bump", "web", "v2", "--push", "--repo", http.url("server.git")))
    first, http.requests = http.requests, 0
    assert pushed(job.gitops("bump", "web", "v3", "--push", "--repo", http.url("server.git")))
    # Each fetch and each push asks and answers; the first bump also made the clone and brought the files.
    assert (first <= 16, http.requests <= 8) == (True, True), (first, http.requests)


def test_no_way_out_without_files_is_a_usage_error(team: Team, job: Checkout) -> None:
    url = str(team.server.folder)
    for options, words in (
        ((), "--repo goes with --push, --mr or --dry-run"),
        (("--no-commit",), "--repo has no files to write"),
    ):
        result = job.gitops("bump", "web", "v2", "--repo", url, *options)
        assert (result.code, result.out) == (2, "")
        assert words in result.err


def test_a_dry_run_changes_nothing(team: Team, job: Checkout) -> None:
    before = team.server.refs()
    result = job.gitops("bump", "web", "v2", "--dry-run", "--repo", str(team.server.folder))
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("\ndry run: nothing was written\n")
    assert team.server.refs() == before


def test_another_branch(team: Team, job: Checkout) -> None:
    team.mine.git("push", "--quiet", "origin", "main:release")
    result = job.gitops("bump", "web", "v2", "--push", "--repo", str(team.server.folder), "--branch", "release")
    assert pushed(result), result
    assert team.server.git("show", f"release:{STAGING}").endswith("newTag: v2")
    assert team.server.git("show", f"main:{STAGING}").endswith("newTag: v1")


def test_what_others_pushed_meanwhile_is_seen(team: Team, job: Checkout) -> None:
    url = str(team.server.folder)
    assert pushed(job.gitops("bump", "web", "v2", "--push", "--repo", url))
    assert team.mine.gitops("bump", "web", "v3", "--push").code == 0
    result = job.gitops("bump", "web", "v4", "--push", "--repo", url)
    assert pushed(result), result
    assert " v3 -> v4\n" in result.out


def test_a_server_that_refuses_speaks_for_itself(team: Team, job: Checkout) -> None:
    hook(team.server, "pre-receive", "echo frozen; exit 1")
    result = job.gitops("bump", "web", "v2", "--push", "--repo", str(team.server.folder))
    assert (result.code, result.out) == (3, "")
    assert "remote: frozen" in result.err


@pytest.mark.parametrize("damage", ["a pack is cut", "all objects are gone", "no repository", "a file in its place"])
def test_a_damaged_clone_is_made_again(team: Team, job: Checkout, damage: str) -> None:
    url = str(team.server.folder)
    assert pushed(job.gitops("bump", "web", "v2", "--push", "--repo", url))
    clone = clone_in(job).folder
    match damage:
        case "a pack is cut":
            for pack in (clone / "objects/pack").glob("*.pack"):
                pack.chmod(0o600)
                pack.write_bytes(pack.read_bytes()[:40])
        case "all objects are gone":
            shutil.rmtree(clone / "objects")
            (clone / "objects").mkdir()
        case "no repository":
            (clone / "HEAD").unlink()
        case _:
            shutil.rmtree(clone)
            clone.write_text("not a folder")
    result = job.gitops("bump", "web", "v3", "--push", "--repo", url)
    assert (result.code, "\npushed " in result.out) == (0, True), result
    assert team.server.git("show", f"main:{STAGING}").endswith("newTag: v3")
    assert [path.name for path in cache(job).iterdir() if path.name.startswith(".")] == []


def test_jobs_that_share_the_clone_all_land(tmp_path: Path, job: Checkout) -> None:
    apps = [f"app{number:02}" for number in range(8)]
    first = Checkout.create(tmp_path / "first", job.env, shop.files(*apps))
    server = bare(tmp_path / "server.git", first)
    children = [job.start("bump", app, "v2", "--push", "--repo", str(server.folder)) for app in apps]
    for child in children:
        out, err = child.communicate(timeout=LIMIT)
        assert (child.returncode, "\npushed " in out) == (0, True), (out, err)
    commits = bumps(server)
    assert len(commits) == len(apps)
    assert_validated(commits, tmp_path / "check")
