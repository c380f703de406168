"""Many bumps on one branch at once: each lands or says by what it was superseded; only validated commits land."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import git
import pytest

from gitops_tool.schemas.catalogue import FILE_TEMPLATE, Catalogue

from . import shop
from .conftest import Team
from .test_refusals import LABEL
from .world import LIMIT, Checkout, Result, bare, environment, hook, need, normal

STAGING = shop.overlay_path("web")
IMAGE = shop.image("web")
PATIENT = "--timeout=600"
"""For many processes on few cores."""

APPS = 50
RIVALS = 20


def all_at_once(runs: Sequence[tuple[Checkout, Sequence[str]]]) -> list[Result]:
    """Start all bumps before waiting for the first."""
    return all_at_once_of(*((checkout, ("bump", *args)) for checkout, args in runs))


def all_at_once_of(*runs: tuple[Checkout, Sequence[str]]) -> list[Result]:
    """Start all commands before waiting for the first."""
    children = [checkout.start(*args) for checkout, args in runs]
    results = []
    for child in children:
        out, err = child.communicate(timeout=5 * LIMIT)
        results.append(Result(child.returncode, out, err))
    return results


def bumps(server: Checkout) -> list[git.Commit]:
    """Return the commits after the first, oldest first; the history must be a line."""
    commits = server.commits("main")[::-1]
    assert [len(commit.parents) for commit in commits] == [0] + [1] * (len(commits) - 1)
    assert server.git("fsck", "--no-dangling", "--strict") == ""
    return commits[1:]


def trailer(commit: git.Commit, key: str) -> str:
    """Return the value of a commit's only trailer of that name."""
    [value] = re.findall(rf"^{key}: (.*)$", str(commit.message), re.MULTILINE)
    return str(value)


def assert_validated(commits: Sequence[git.Commit], folder: Path) -> None:
    """Render what each commit touched and check it with kubeconform, without any of the tool's own road."""
    texts = []
    for commit in commits:
        app = trailer(commit, "Gitops-App")
        archive = commit.repo.git.archive(commit.hexsha, f"apps/{app}", stdout_as_string=False)
        target = folder / commit.hexsha
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(target, filter="data")
        overlay = target / "apps" / app / "overlays" / trailer(commit, "Gitops-Environment")
        rendered = subprocess.run(
            [need("kustomize"), "build", str(overlay)], capture_output=True, text=True, check=True
        )
        assert f"image: {trailer(commit, 'Gitops-Image').rpartition(' -> ')[2]}\n" in rendered.stdout
        texts.append(rendered.stdout)
    schemas = Catalogue("1.36", extra={}, cache=folder / "cache").folder({("apps/v1", "Deployment")})
    command = [need("kubeconform"), "-strict", "-summary", "-schema-location", f"{schemas}/{FILE_TEMPLATE}", "-"]
    done = subprocess.run(command, input="---\n".join(texts), capture_output=True, text=True, check=False)
    assert f"Valid: {len(texts)}, Invalid: 0, Errors: 0, Skipped: 0" in done.stdout, done.stdout


def clones(server: Checkout, folder: Path, number: int, *, machines: bool = False) -> list[Checkout]:
    """Clone a server's repository for many people, each on a machine of their own if so asked."""
    found = []
    for index in range(number):
        env = environment(folder / f"machine{index}") if machines else None
        found.append(server.clone(folder / f"clone{index}", env=env))
    return found


class TestSomebodyIsFaster:
    """Just before the push, a hook in the clone lets somebody else push first."""

    def overtake(self, team: Team, files: dict[str, str | bytes], message: str = "theirs") -> str:
        theirs = team.theirs.commit(files, message)
        hook(
            team.mine,
            "pre-push",
            f"unset $(git rev-parse --local-env-vars)\ngit -C '{team.theirs.folder}' push -q 2>&1",
        )
        return theirs

    def test_a_change_elsewhere_is_built_upon(self, team: Team) -> None:
        theirs = self.overtake(team, {"README.md": "theirs\n"})
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert result.code == 0
        assert normal(result.err) == "origin/main moved; trying again in N s\n"
        assert result.out.endswith(f"\npushed {team.mine.short} to origin/main at attempt 2\n")
        [first, second] = bumps(team.server)
        assert (first.hexsha, second.summary) == (theirs, f"web(staging): bump {IMAGE} to v2")
        assert team.mine.read("README.md") == "theirs\n"
        team.mine.assert_sound()

    def test_another_value_for_the_same_image_stops_it(self, team: Team) -> None:
        theirs = self.overtake(team, {STAGING: shop.overlay("web", "v7")}, "hotfix v7")
        before = team.mine.snapshot()
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.out) == (5, "")
        assert re.sub(rf"by ({theirs[:7]}\w*)", "by COMMIT", normal(result.err)) == (
            "origin/main moved; trying again in N s\n"
            f'error: {STAGING}:8:13: web(staging) was changed from "v1" to "v7" meanwhile, by COMMIT "hotfix v7"'
            " (Dana Deployer)\n"
            'hint: it is not changed to "v2"; --last-wins would do so\n'
        )
        assert team.server.tip("main") == theirs
        assert team.mine.snapshot()["files"] == before["files"]
        assert team.mine.git("rev-parse", "main") == team.mine.git("rev-parse", "origin/main~1")

    def test_last_wins_overwrites_it(self, team: Team) -> None:
        self.overtake(team, {STAGING: shop.overlay("web", "v7")})
        result = team.mine.gitops("bump", "web", "v2", "--push", "--last-wins")
        assert result.code == 0
        [_, second] = bumps(team.server)
        assert trailer(second, "Gitops-Image") == f"{IMAGE}:v7 -> {IMAGE}:v2"

    def test_the_same_value_means_it_is_done(self, team: Team) -> None:
        theirs = self.overtake(team, {STAGING: shop.overlay("web", "v2")})
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.out) == (0, f"web(staging): {IMAGE} is already at v2\n")
        assert [commit.hexsha for commit in bumps(team.server)] == [theirs]

    def test_if_tag_is_asked_of_the_new_tip(self, team: Team) -> None:
        theirs = self.overtake(team, {STAGING: shop.overlay("web", "v7")})
        result = team.mine.gitops("bump", "web", "v2", "--push", "--last-wins", "--if-tag", "v1")
        assert (result.code, result.out) == (5, "")
        assert f'error: {STAGING}:8:13: web(staging) has "v7", not "v1"\n' in result.err
        assert team.server.tip("main") == theirs

    def test_what_is_invalid_only_together_is_not_pushed(self, team: Team) -> None:
        """Either change alone is fine; a rebase of the text would have put both on the branch."""
        theirs = self.overtake(team, {STAGING: shop.overlay("web", "v1", LABEL)})
        result = team.mine.gitops("bump", "web", "v2-", "--push")
        assert (result.code, result.out) == (1, "")
        assert (
            "error[invalid-label] apps/web/base/deployment.yaml:3:1 (rendered): metadata.labels.version" in result.err
        )
        assert team.server.tip("main") == theirs
        team.mine.assert_sound()

    def test_an_app_that_is_gone_meanwhile(self, team: Team) -> None:
        team.theirs.git("rm", "--quiet", "-r", "apps/web")
        theirs = self.overtake(team, {})
        result = team.mine.gitops("bump", "web", "v2", "--push")
        assert (result.code, result.out) == (3, "")
        assert 'error: no app "web" in this repository\n' in result.err
        assert team.server.tip("main") == theirs

    def test_a_branch_that_never_stands_still_ends_with_exit_4(self, team: Team) -> None:
        script = "commit --quiet --allow-empty --message busy && git push -q 2>&1"
        hook(
            team.mine, "pre-push", f"unset $(git rev-parse --local-env-vars)\ncd '{team.theirs.folder}' && git {script}"
        )
        head = team.mine.head
        result = team.mine.gitops("bump", "web", "v2", "--push", "--timeout", "3")
        assert (result.code, result.out) == (4, "")
        *waits, error, hint = result.err.splitlines()
        assert {normal(line) for line in waits} == {"origin/main moved; trying again in N s"}
        assert re.fullmatch(r"error: others pushed to origin/main first, \d+ times in 3 s", error)
        assert hint == "hint: run the same command again, or give more --timeout"
        assert {commit.summary for commit in bumps(team.server)} == {"busy"}
        assert team.mine.head == head
        team.mine.assert_sound()


def test_fifty_apps_and_twenty_rivals_on_one_branch(tmp_path: Path, env: dict[str, str]) -> None:
    apps = [f"app{index}" for index in range(APPS)]
    server = bare(tmp_path / "server.git", Checkout.create(tmp_path / "first", env, shop.files("web", *apps)))
    people = clones(server, tmp_path, APPS + RIVALS)
    changes = [(app, "v2") for app in apps] + [("web", f"t{index}") for index in range(RIVALS)]

    results = all_at_once(
        [(mine, (app, tag, "--push", PATIENT)) for mine, (app, tag) in zip(people, changes, strict=True)]
    )

    commits = bumps(server)
    values = {(trailer(c, "Gitops-App"), trailer(c, "Gitops-Image").rpartition(":")[2]): c for c in commits}
    assert len(values) == len(commits)
    for result, change, mine in zip(results, changes, people, strict=True):
        if result.code == 0:
            assert " to origin/main" in result.out
            assert change in values
        else:
            assert (result.code, result.out, change[0]) == (5, "", "web"), result.err
            assert change not in values
            by = re.search(r'was changed from "v?\w+" to "(\w+)" meanwhile, by ([0-9a-f]+) "(.*)" \(Dana', result.err)
            assert by, result.err
            assert values["web", by[1]].hexsha.startswith(by[2])
            assert values["web", by[1]].summary == by[3]
        assert mine.git("status", "--porcelain") == ""
    assert [result.code for result in results[:APPS]] == [0] * APPS
    links = [trailer(c, "Gitops-Image").split(" -> ") for c in commits if trailer(c, "Gitops-App") == "web"]
    assert [old for old, _ in links] == [f"{IMAGE}:v1", *(new for _, new in links[:-1])]
    assert_validated(commits, tmp_path / "validated")


def test_with_last_wins_every_rival_lands(tmp_path: Path, env: dict[str, str]) -> None:
    server = bare(tmp_path / "server.git", Checkout.create(tmp_path / "first", env, shop.files("web")))
    people = clones(server, tmp_path, RIVALS)
    results = all_at_once(
        [(mine, ("web", f"t{index}", "--push", "--last-wins", PATIENT)) for index, mine in enumerate(people)]
    )
    assert [(result.code, result.out.count("pushed ")) for result in results] == [(0, 1)] * RIVALS
    commits = bumps(server)
    assert sorted(trailer(commit, "Gitops-Image").rpartition(":")[2] for commit in commits) == sorted(
        f"t{index}" for index in range(RIVALS)
    )
    assert_validated(commits, tmp_path / "validated")


@pytest.mark.parametrize("options", [("--push", PATIENT), ()], ids=["push", "commit"])
def test_twelve_in_one_clone_take_turns(tmp_path: Path, env: dict[str, str], options: tuple[str, ...]) -> None:
    apps = [f"app{index}" for index in range(12)]
    server = bare(tmp_path / "server.git", Checkout.create(tmp_path / "first", env, shop.files(*apps)))
    mine = server.clone(tmp_path / "mine")
    results = all_at_once([(mine, (app, "v2", *options)) for app in apps])
    assert [(result.code, result.err) for result in results] == [(0, "")] * 12
    commits = bumps(mine)
    assert sorted(trailer(commit, "Gitops-App") for commit in commits) == sorted(apps)
    assert len(bumps(server)) == (12 if options else 0)
    mine.assert_sound()


def test_twelve_machines_share_nothing_but_the_server(tmp_path: Path, env: dict[str, str]) -> None:
    apps = [f"app{index}" for index in range(12)]
    server = bare(tmp_path / "server.git", Checkout.create(tmp_path / "first", env, shop.files(*apps)))
    people = clones(server, tmp_path, 12, machines=True)
    results = all_at_once([(mine, (app, "v2", "--push", PATIENT)) for mine, app in zip(people, apps, strict=True)])
    assert [result.code for result in results] == [0] * 12
    assert sorted(trailer(commit, "Gitops-App") for commit in bumps(server)) == sorted(apps)


def test_the_same_command_from_four_jobs_at_once_makes_one_commit(tmp_path: Path, env: dict[str, str]) -> None:
    server = bare(tmp_path / "server.git", Checkout.create(tmp_path / "first", env, shop.files("web")))
    results = all_at_once([(mine, ("web", "v2", "--push", PATIENT)) for mine in clones(server, tmp_path, 4)])
    assert [result.code for result in results] == [0] * 4
    [commit] = bumps(server)
    for result in results:
        # Two commits of the same second are one and the same: then git takes the second push for done.
        pushed = f"\npushed {commit.hexsha[:12]} to origin/main" in result.out
        assert pushed or result.out == f"web(staging): {IMAGE} is already at v2\n"
