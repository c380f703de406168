"""`gitops rollback`: to what ran before, byte for byte where that is possible, and it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_tool.holds import read_hold
from gitops_tool.tree import DirTree

from . import shop
from .conftest import Team
from .test_promote import SIDECAR
from .world import Checkout, Inside, bare, hook, normal

PRODUCTION = shop.overlay_path("web", "production")
HOLD = ".gitops/holds/web/production.yaml"
IMAGE = shop.image("web")
BACK = ("rollback", "web", "--env", "production")


@pytest.fixture
def web(web: Checkout) -> Checkout:
    return Inside.of(web)


@pytest.fixture
def ran(web: Checkout) -> Checkout:
    """Production ran v1, v2 and v3."""
    for tag in ("v2", "v3"):
        web.commit({PRODUCTION: shop.overlay("web", tag)}, f"{tag} in production")
    return web


def now_at(checkout: Checkout) -> str:
    return checkout.read(PRODUCTION).partition("newTag: ")[2].strip()


class TestWhereTo:
    def test_the_version_before_is_the_default(self, ran: Checkout) -> None:
        left = ran.head
        result = ran.gitops(*BACK, "--reason", "memory leak", "--until", "2999-01-05")
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            f"web(production): {IMAGE} v3 -> v2\n"
            "web(production): held until 2999-01-05 00:00 UTC: memory leak\n\n"
            f"{PRODUCTION}\n  -    newTag: v3\n  +    newTag: v2\n\n"
            f"{HOLD}: new, 6 lines\n\n"
            "rendered: Deployment/shop/web changed\nvalidated: 1 object, no findings\n\n"
            f"committed {ran.short}\n"
        )
        assert str(ran.commits()[0].message) == (
            f"web(production): rollback {IMAGE} to v2\n\n"
            "Gitops-Action: rollback\n"
            f"Gitops-Rolled-Back: {IMAGE}:v3\n"
            f"Gitops-Rolled-Back-To: {ran.tip('HEAD~2')}\n"
            "Gitops-Reason: memory leak\n"
            "Gitops-App: web\n"
            "Gitops-Environment: production\n"
            f"Gitops-Image: {IMAGE}:v3 -> {IMAGE}:v2\n"
        )
        assert ran.git("diff", "--name-only", left, "HEAD").splitlines() == [HOLD, PRODUCTION]
        ran.assert_sound()

    @pytest.mark.parametrize(("to", "tag"), [("-1", "v2"), ("-2", "v1"), ("v1", "v1"), ("HEAD~2", "v1")])
    def test_steps_tags_and_commits(self, ran: Checkout, to: str, tag: str) -> None:
        assert ran.gitops(*BACK, "--to", to).code == 0
        assert now_at(ran) == tag

    @pytest.mark.parametrize(
        ("to", "code", "error"),
        [
            ("-3", 2, "web(production) has 2 earlier versions in the history"),
            ("-0", 2, 'web(production) never ran "-0"'),
            ("v9", 2, 'web(production) never ran "v9"'),
            ("--help", 2, 'web(production) never ran "--help"'),
            ("other", 3, "is not one of the branch's own"),
        ],
    )
    def test_what_never_ran_is_refused(self, ran: Checkout, to: str, code: int, error: str) -> None:
        ran.git("switch", "--quiet", "--create", "other", "HEAD~1")
        ran.commit({PRODUCTION: shop.overlay("web", "v8")}, "elsewhere")
        ran.git("switch", "--quiet", "main")
        before = ran.snapshot()
        result = ran.gitops(*BACK, f"--to={to}")
        assert (result.code, result.out) == (code, "")
        assert error in result.err
        assert ran.snapshot() == before

    def test_a_version_that_was_rolled_back_from_is_not_gone_back_to(self, ran: Checkout) -> None:
        assert ran.gitops(*BACK, "--no-hold").code == 0
        assert now_at(ran) == "v2"
        assert ran.gitops("bump", "web", "v4", "--env", "production").code == 0
        assert ran.gitops(*BACK, "--no-hold", "--to", "-2").code == 0
        assert now_at(ran) == "v1"

    def test_a_second_rollback_goes_on_from_the_first_in_spite_of_its_hold(self, ran: Checkout) -> None:
        assert [ran.gitops(*BACK).code for _ in range(2)] == [0, 0]
        assert now_at(ran) == "v1"
        hold = read_hold(DirTree(ran.folder), Path(HOLD))  # type: ignore[arg-type]
        assert hold is not None
        assert (hold.reason, hold.author) == (f"rolled back from {IMAGE}:v2", "Dana Deployer <dana@example.org>")

    def test_already_there(self, ran: Checkout) -> None:
        result = ran.gitops(*BACK, "--to", "v3")
        assert (result.code, result.out, result.err) == (0, f"web(production): {IMAGE} is already at v3\n", "")

    def test_a_first_version_has_none_before(self, web: Checkout) -> None:
        result = web.gitops(*BACK)
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            "error: web(production) has no earlier version in the history\n"
            "hint: versions that were rolled back from do not count\n"
        )

    def test_a_shallow_clone_says_that_it_lacks_the_history(self, ran: Checkout, tmp_path: Path) -> None:
        ran.git("clone", "--quiet", "--depth=1", f"file://{ran.folder}", str(tmp_path / "shallow"))
        result = Checkout(tmp_path / "shallow", ran.env).gitops(*BACK)
        assert (result.code, result.out) == (3, "")
        assert "hint: this clone is shallow, older versions are not in it: git fetch --unshallow;" in result.err

    def test_without_a_checkout_the_history_is_fetched(self, ran: Checkout, tmp_path: Path) -> None:
        server = bare(tmp_path / "server.git", ran)
        server.git("config", "uploadpack.allowFilter", "true")
        (tmp_path / "empty").mkdir()
        job = Checkout(tmp_path / "empty", ran.env)
        for version in ("v2", "v1"):
            result = job.gitops(*BACK, "--repo", f"file://{server.folder}", "--push")
            assert (result.code, result.err) == (0, "")
            assert server.git("show", f"main:{PRODUCTION}").endswith(f"newTag: {version}")

    def test_several_images_go_back_together_or_one(self, web: Checkout) -> None:
        both = shop.deployment("web", IMAGE, shop.image("proxy"))
        web.commit({"apps/web/base/deployment.yaml": both, PRODUCTION: shop.overlay("web", "v1", SIDECAR)}, "a sidecar")
        web.commit({PRODUCTION: shop.overlay("web", "v2", SIDECAR.replace("p2", "p3"))}, "both")
        assert web.gitops(*BACK, "--image", "proxy", "--no-hold").code == 0
        assert web.read(PRODUCTION) == shop.overlay("web", "v2", SIDECAR)
        web.git("revert", "--no-edit", "HEAD")
        assert web.gitops(*BACK, "--no-hold", "--to", "HEAD~2~1").code == 0
        assert web.read(PRODUCTION) == shop.overlay("web", "v1", SIDECAR)


class TestBytes:
    def test_what_a_promotion_added_goes_again(self, web: Checkout) -> None:
        """Splicing alone would leave an entry behind."""
        plain = shop.overlay("web").partition("images:")[0]
        deployment = shop.deployment("web", f"{IMAGE}:v1")
        web.commit({PRODUCTION: plain, "apps/web/base/deployment.yaml": deployment}, "no entry")
        web.gitops("bump", "web", "v2")
        web.gitops("promote", "web")
        assert "images:" in web.read(PRODUCTION)
        assert web.gitops(*BACK).code == 0
        assert web.read(PRODUCTION) == plain

    def test_other_changes_since_are_kept(self, ran: Checkout) -> None:
        ran.commit({PRODUCTION: shop.overlay("web", "v3", "commonAnnotations:\n  a: b\n")}, "an annotation")
        assert ran.gitops(*BACK).code == 0
        assert ran.read(PRODUCTION) == shop.overlay("web", "v2", "commonAnnotations:\n  a: b\n")


class TestRefs:
    def test_refs_go_back_with_the_tag_if_asked(self, web: Checkout) -> None:
        texts = [
            shop.overlay("web", ref).replace("../../base", f"https://git.example.org/team/web/config?ref={ref}")
            for ref in ("a" * 40, "b" * 40)
        ]
        for text in texts:
            web.commit({PRODUCTION: text}, "both")
        result = web.gitops(*BACK, "--no-hold", "--unrendered", "--dry-run")
        assert result.code == 0
        assert f"note: web(production): git.example.org/team/web/config was at {'a' * 40} then; --refs" in result.err
        result = web.gitops(*BACK, "--no-hold", "--refs", "--unrendered")
        assert (result.code, result.err) == (0, "")
        assert web.read(PRODUCTION) == texts[0]


class TestValues:
    """Versions that are no image of a kustomization go back as well."""

    TARGETS = "bump:\n  targets:\n    jobs:\n      - {file: 'jobs/{env}.yaml', path: image.tag}\n"
    FILE = "jobs/production.yaml"
    JOBS = ("rollback", "jobs", "--env", "production")

    @pytest.fixture
    def jobs(self, web: Checkout) -> Checkout:
        """Jobs ran v1, v2 and v3 in production; between them, something else changed."""
        web.commit({"gitops.yaml": shop.SETTINGS + self.TARGETS}, "targets")
        for text in ("image: {tag: v1} # a\n", "image: {tag: v2} # a\n", "image: {tag: v2} # b\n"):
            web.commit({self.FILE: text}, text)
        web.commit({self.FILE: "image: {tag: 'v3'} # b\n"}, "v3")
        return web

    @pytest.mark.parametrize(("to", "tag"), [("-1", "v2"), ("-2", "v1"), ("v1", "v1"), ("HEAD~2", "v2")])
    def test_steps_tags_and_commits(self, jobs: Checkout, to: str, tag: str) -> None:
        result = jobs.gitops(*self.JOBS, "--to", to, "--no-hold")
        assert (result.code, result.err) == (0, "")
        assert jobs.read(self.FILE) == f"image: {{tag: '{tag}'}} # b\n"
        assert f"\nGitops-Rolled-Back: {self.FILE}:image.tag:v3\n" in str(jobs.commits()[0].message)

    def test_it_sticks_and_goes_on(self, jobs: Checkout) -> None:
        assert jobs.gitops(*self.JOBS).code == 0
        assert jobs.gitops("bump", "jobs", "v4", "--env", "production").code == 1
        assert jobs.gitops(*self.JOBS).code == 0
        assert "'v1'" in jobs.read(self.FILE)
        result = jobs.gitops(*self.JOBS)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("error: jobs(production) has no earlier version in the history\n")

    def test_a_chart(self, web: Checkout) -> None:
        folder = "apps/chart/overlays/production"
        chart = "helmCharts:\n  - {name: web, releaseName: web, valuesFile: values.yaml}\n"
        values = f"image:\n  repository: {IMAGE}\n  tag: v%d # the release\n"
        for number in (1, 2):
            web.commit({f"{folder}/kustomization.yaml": chart, f"{folder}/values.yaml": values % number}, "chart")
        result = web.gitops("rollback", "chart", "--env", "production", "--unrendered")
        assert result.code == 0, result.err
        assert web.read(f"{folder}/values.yaml") == values % 1

    def test_an_app_without_any_version(self, web: Checkout) -> None:
        files = {
            "apps/none/overlays/production/kustomization.yaml": "resources: [c.yaml]\n",
            "apps/none/overlays/production/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n",
        }
        web.commit(files, "none")
        result = web.gitops("rollback", "none", "--env", "production")
        assert (result.code, result.out) == (3, "")
        assert result.err == "error: none(production) has neither an image nor a value that a bump sets\n"


class TestItSticks:
    def test_bump_and_promote_are_refused_until_the_hold_is_lifted(self, ran: Checkout) -> None:
        ran.gitops(*BACK, "--reason", "memory leak", "--until", "2999-01-05")
        ran.gitops("bump", "web", "v9")
        before = ran.snapshot()
        message = (
            f"error[held] {HOLD}: web(production) is held until 2999-01-05 00:00 UTC"
            " by Dana Deployer <dana@example.org>: memory leak\n"
            "  hint: lift it with `gitops unhold web --env production`,"
            " or overrule it with --override REASON, which the commit records\n"
            "error: web(production): refused for 1 error; nothing was written\n"
        )
        for command in (("bump", "web", "v4", "--env", "production"), ("promote", "web")):
            result = ran.gitops(*command)
            assert (result.code, result.out, result.err) == (1, "", message)
        assert ran.snapshot() == before
        result = ran.gitops("promote", "--all")
        assert (result.code, result.out) == (0, "nothing to promote from staging to production\n")
        assert result.err == "note: held in production, and left out: web\n"

        assert ran.gitops("unhold", "web", "--env", "production").code == 0
        assert ran.gitops("promote", "web").code == 0
        assert not (ran.folder / ".gitops").exists()

    def test_an_override_is_recorded(self, ran: Checkout) -> None:
        ran.gitops(*BACK, "--reason", "memory leak", "--until", "2999-01-05")
        result = ran.gitops("bump", "web", "v4", "--env", "production", "--override", "fixed in v4")
        assert result.code == 0
        assert result.err == (
            "note: overruled: web(production) is held until 2999-01-05 00:00 UTC"
            " by Dana Deployer <dana@example.org>: memory leak\n"
        )
        assert "\nGitops-Override: fixed in v4\n" in str(ran.commits()[0].message)

    def test_only_the_bad_version_can_be_held_back(self, ran: Checkout) -> None:
        assert ran.gitops(*BACK, "--hold-bad-only").code == 0
        result = ran.gitops("bump", "web", "v3", "--env", "production")
        assert (result.code, result.out) == (1, "")
        assert "web(production): v3 is held until" in result.err
        assert ran.gitops("bump", "web", "v4", "--env", "production").code == 0

    def test_a_hold_of_others_is_respected_and_kept(self, ran: Checkout) -> None:
        ran.gitops("hold", "web", "--env", "production", "--reason", "audit", "--until", "never")
        hold = ran.read(HOLD)
        result = ran.gitops(*BACK)
        assert (result.code, result.out) == (1, "")
        assert "web(production) is held until it is lifted by Dana Deployer <dana@example.org>: audit" in result.err
        result = ran.gitops(*BACK, "--override", "outage")
        assert result.code == 0
        assert result.err.endswith("note: web(production) stays held until it is lifted: audit\n")
        assert (now_at(ran), ran.read(HOLD)) == ("v2", hold)

    @pytest.mark.parametrize("option", ["--hold-bad-only", "--until=7d", "--reason=x"])
    def test_contradictions(self, ran: Checkout, option: str) -> None:
        result = ran.gitops(*BACK, "--no-hold", option)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("error: --no-hold contradicts --hold-bad-only, --until and --reason\n")


class TestRace:
    def overtake(self, team: Team, files: dict[str, str | bytes]) -> str:
        theirs = team.theirs.commit(files, "theirs")
        hook(
            team.mine,
            "pre-push",
            f"unset $(git rev-parse --local-env-vars)\ngit -C '{team.theirs.folder}' push -q 2>&1",
        )
        return theirs

    @pytest.fixture
    def ran_on_server(self, team: Team) -> Team:
        team.theirs.commit({PRODUCTION: shop.overlay("web", "v2")}, "v2")
        team.theirs.git("push", "--quiet")
        team.mine.git("pull", "--quiet")
        return team

    def test_a_change_elsewhere_is_built_upon(self, ran_on_server: Team) -> None:
        team = ran_on_server
        self.overtake(team, {shop.overlay_path("api"): shop.overlay("api", "v7")})
        result = team.mine.gitops(*BACK, "--push")
        assert result.code == 0
        assert normal(result.err) == "origin/main moved; trying again in N s\n"
        assert (now_at(team.mine), team.server.tip("main")) == ("v1", team.mine.head)

    def test_another_version_that_came_meanwhile_is_not_rolled_back_unseen(self, ran_on_server: Team) -> None:
        team = ran_on_server
        theirs = self.overtake(team, {PRODUCTION: shop.overlay("web", "v3")})
        result = team.mine.gitops(*BACK, "--push")
        assert (result.code, result.out) == (5, "")
        assert 'web(production) was changed from "v2" to "v3" meanwhile' in result.err
        assert team.server.tip("main") == theirs
