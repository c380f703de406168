"""`gitops promote`: exactly what the source runs, in the order of promotion, and nothing that nobody saw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import shop
from .conftest import Team
from .test_refusals import LABEL
from .world import PACKAGE_ROOT, Checkout, Inside, hook, normal

STAGING, PRODUCTION = (shop.overlay_path("web", environment) for environment in shop.ENVIRONMENTS)
IMAGE = shop.image("web")
DIGEST = "sha256:" + "0123456789abcdef" * 4
SIDECAR = f"  - name: {shop.image('proxy')}\n    newTag: p2\n"


@pytest.fixture
def web(web: Checkout) -> Checkout:
    return Inside.of(web)


def changed(checkout: Checkout) -> str:
    """Return the files that the last commit changed."""
    return checkout.git("diff", "--name-only", "HEAD~1", "HEAD")


class TestWhatIsCopied:
    def test_the_tag_and_the_message(self, web: Checkout) -> None:
        first = web.commit({STAGING: shop.overlay("web", "v2")}, "v2")
        before = web.read(PRODUCTION)
        result = web.gitops("promote", "web")
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            f"web(production): {IMAGE} v1 -> v2\n\n{PRODUCTION}\n  -    newTag: v1\n  +    newTag: v2\n\n"
            "rendered: Deployment/shop/web changed\nvalidated: 1 object, no findings\n\n"
            f"committed {web.short}\n"
        )
        assert web.read(PRODUCTION) == before.replace("newTag: v1", "newTag: v2")
        assert changed(web) == PRODUCTION
        assert str(web.commits()[0].message) == (
            f"web(production): promote {IMAGE} to v2\n\n"
            "Gitops-Action: promote\n"
            "Gitops-Promoted-From: staging\n"
            f"Gitops-Source-Commit: {first}\n"
            "Gitops-App: web\n"
            "Gitops-Environment: production\n"
            f"Gitops-Image: {IMAGE}:v1 -> {IMAGE}:v2\n"
        )

    @pytest.mark.parametrize("version", [DIGEST, f"v2@{DIGEST}", "1.10"])
    def test_digests_and_tags_that_need_quotes(self, web: Checkout, version: str) -> None:
        web.gitops("bump", "web", version)
        assert web.gitops("promote", "web").code == 0
        assert web.read(PRODUCTION) == web.read(STAGING)

    def test_several_apps_in_one_commit(self, team: Team) -> None:
        team.mine.gitops("bump", "web=v2", "api=v3")
        result = team.mine.gitops("promote", "web", "api", "--to", "production")
        assert result.code == 0
        assert str(team.mine.commits()[0].message).startswith(
            "promote web, api (production)\n\n"
            f"- web(production): {IMAGE} to v2\n- api(production): {shop.image('api')} to v3\n\n"
        )
        assert changed(team.mine).splitlines() == [shop.overlay_path("api", "production"), PRODUCTION]

    def test_all_promotes_what_differs_and_says_what_does_not(self, team: Team) -> None:
        team.mine.gitops("bump", "web", "v2")
        result = team.mine.gitops("promote", "--all")
        assert (result.code, result.err) == (0, "")
        assert result.out.startswith(
            f"api(production): {shop.image('api')} is already at v1\nweb(production): {IMAGE} v1 -> v2\n"
        )

    def test_of_very_many_that_are_equal_only_the_number_is_told(self, tmp_path: Path, env: dict[str, str]) -> None:
        apps = [f"app{number:02}" for number in range(22)]
        files = shop.files(*apps) | {shop.overlay_path("app07"): shop.overlay("app07", "v2")}
        result = Inside.of(Checkout.create(tmp_path / "r", env, files)).gitops("promote", "--all", "--dry-run")
        assert result.code == 0
        assert result.out.startswith(
            f"app07(production): {shop.image('app07')} v1 -> v2\n21 others are already as they should be\n\n"
        )

    def test_what_is_equal_needs_no_commit(self, web: Checkout) -> None:
        head = web.head
        result = web.gitops("promote", "web")
        assert (result.code, result.out, result.err) == (0, f"web(production): {IMAGE} is already at v1\n", "")
        assert web.head == head

    def test_a_target_that_takes_its_image_from_the_base_gets_an_entry(self, web: Checkout) -> None:
        bare = shop.overlay("web").partition("images:")[0]
        web.commit(
            {
                PRODUCTION: bare,
                STAGING: shop.overlay("web", "v2"),
                "apps/web/base/deployment.yaml": shop.deployment("web", f"{IMAGE}:v0"),
            },
            "no entry",
        )
        assert web.gitops("promote", "web").code == 0
        assert web.read(PRODUCTION).endswith(f"images:\n  - name: {IMAGE}\n    newTag: v2\n")

    def test_one_of_several_images(self, web: Checkout) -> None:
        both = shop.deployment("web", IMAGE, shop.image("proxy"))
        files = {STAGING: shop.overlay("web", "v2", SIDECAR), PRODUCTION: shop.overlay("web", "v1", SIDECAR)}
        web.commit({**files, "apps/web/base/deployment.yaml": both}, "a sidecar")
        web.commit({STAGING: shop.overlay("web", "v2", SIDECAR.replace("p2", "p3"))}, "p3")
        result = web.gitops("promote", "web", "--image", "proxy")
        assert result.code == 0
        assert web.read(PRODUCTION) == shop.overlay("web", "v1", SIDECAR.replace("p2", "p3"))
        assert web.gitops("promote", "web").code == 0
        assert web.read(PRODUCTION) == web.read(STAGING)

    def test_a_dry_run_shows_the_rendered_diff_and_writes_nothing(self, web: Checkout) -> None:
        web.gitops("bump", "web", "v2")
        before = web.snapshot()
        result = web.gitops("promote", "web", "--dry-run")
        assert result.code == 0
        assert "rendered diff of web(production):\n  changed: Deployment/shop/web\n" in result.out
        image = "spec.template.spec.containers[name=web].image"
        assert f"    - {image}: {IMAGE}:v1\n    + {image}: {IMAGE}:v2\n" in result.out
        assert web.snapshot() == before

    def test_json(self, web: Checkout) -> None:
        web.gitops("bump", "web", "v2")
        document: dict[str, Any] = json.loads(web.gitops("promote", "web", "--output", "json").out)
        schema = json.loads((PACKAGE_ROOT / "schemas/output/change.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
        [change] = document["changes"]
        assert (change["environment"], change["old"], change["new"]) == ("production", "v1", "v2")


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "error", "hint"),
        [
            ((), "name apps, or give --all", "see `gitops promote --help`"),
            (("--all", "web"), "--all and names of apps contradict each other", "see `gitops promote --help`"),
            (("wep",), 'no app "wep" in this repository', 'did you mean "web"?'),
            (
                ("web", "--to", "prodution"),
                'nothing is promoted to "prodution" in the promotion order',
                'did you mean "production"?',
            ),
            (
                ("web", "--from", "production"),
                'nothing is promoted from "production" in the promotion order',
                "say where to with --to",
            ),
            (
                ("web", "--from", "staging", "--to", "staging"),
                '"staging" is both the source and the target',
                None,
            ),
            (
                ("web", "--from", "production", "--to", "staging"),
                "nothing is promoted to staging in the promotion order",
                "--override REASON promotes all the same, and the commit records it",
            ),
            (
                ("web", "--image", "proxy"),
                'web(staging) has no image "proxy"',
                f"its images: {IMAGE}",
            ),
            (
                ("web", "--override", " "),
                "--override needs a reason in words",
                "such as a ticket's number, or who decided",
            ),
        ],
    )
    def test_what_cannot_be_meant(
        self, web: Checkout, arguments: tuple[str, ...], error: str, hint: str | None
    ) -> None:
        web.gitops("bump", "web", "v2")
        before = web.snapshot()
        result = web.gitops("promote", *arguments)
        expected = f"error: {error}\n" + (f"hint: {hint}\n" if hint else "")
        assert (result.out, result.err) == ("", expected)
        assert result.code == (3 if "wep" in error else 2)
        assert web.snapshot() == before

    def test_an_app_that_is_not_at_the_source(self, team: Team) -> None:
        team.mine.git("rm", "--quiet", "-r", "apps/api/overlays/staging")
        team.mine.commit({}, "only in production")
        result = team.mine.gitops("promote", "api")
        assert (result.code, result.out) == (2, "")
        assert result.err == 'error: app "api" has no environment "staging"\nhint: it has: production\n'
        result = team.mine.gitops("promote", "--all")
        assert (result.code, result.err) == (0, "note: nothing to promote from staging to production: api\n")

    def test_an_image_without_a_tag_at_the_source(self, web: Checkout) -> None:
        web.commit({STAGING: shop.overlay("web").replace("    newTag: v1\n", "")}, "no tag")
        result = web.gitops("promote", "web")
        assert (result.code, result.out) == (3, "")
        assert result.err == (
            f'error: {STAGING}:7:5: web(staging): image "{IMAGE}" has neither a tag nor a digest\n'
            "hint: give it one there first, or choose with --image\n"
        )

    def test_skipping_an_environment_needs_a_reason_that_the_commit_records(self, web: Checkout) -> None:
        dev = shop.overlay_path("web", "dev")
        settings = shop.SETTINGS.replace(
            "environments:\n  - name: staging\n",
            ("environments:\n  - name: dev\n  - name: staging\n    promotesFrom: dev\n"),
        )
        web.commit({"gitops.yaml": settings, dev: shop.overlay("web", "v9")}, "dev")
        result = web.gitops("promote", "web", "--from", "dev", "--to", "production")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            "error: production is promoted from staging, not from dev\n"
            "hint: --override REASON promotes all the same, and the commit records it\n"
        )
        result = web.gitops("promote", "web")
        assert (result.code, result.err) == (
            2,
            "error: there are several environments to promote to\n"
            "hint: choose with --to: staging (from dev), production (from staging)\n",
        )
        result = web.gitops("promote", "web", "--from", "dev", "--to", "production", "--override", "hotfix\nOPS-1")
        assert result.code == 0
        assert result.err == "note: overruled: production is promoted from staging, not from dev\n"
        assert "\nGitops-Override: hotfix OPS-1\n" in str(web.commits()[0].message)

    def test_what_the_target_does_not_take_is_refused(self, web: Checkout) -> None:
        """Only production makes a label of the tag, and a label must not end in a dash."""
        web.commit({STAGING: shop.overlay("web", "v2-"), PRODUCTION: shop.overlay("web", "v1", LABEL)}, "x")
        before = web.snapshot()
        result = web.gitops("promote", "web")
        assert (result.code, result.out) == (1, "")
        assert "error[invalid-label]" in result.err
        assert result.err.endswith("error: web(production): refused for 1 error; nothing was written\n")
        assert web.snapshot() == before


class TestFiles:
    SETTINGS = shop.SETTINGS + "promote:\n  files: [version.yaml, settings/**]\n"
    PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n"

    @pytest.fixture
    def files(self, web: Checkout) -> Checkout:
        """Both environments patch the replicas by a file; staging has settings that production lacks."""
        patch = "patches:\n  - path: version.yaml\n"
        version = self.PATCH + "spec:\n  replicas: {}\n"
        web.commit(
            {
                "gitops.yaml": self.SETTINGS,
                STAGING: shop.overlay("web", "v1", patch),
                PRODUCTION: shop.overlay("web", "v1", patch),
                "apps/web/overlays/staging/version.yaml": version.format(3),
                "apps/web/overlays/production/version.yaml": version.format(2),
                "apps/web/overlays/staging/settings/a/new.txt": "new\n",
                "apps/web/overlays/production/settings/old.txt": "old\n",
                "apps/web/overlays/production/own.txt": "own\n",
            },
            "files",
        )
        return web

    def test_files_are_copied_added_and_removed_as_they_are(self, files: Checkout) -> None:
        result = files.gitops("promote", "web")
        assert (result.code, result.err) == (0, "")
        assert "rendered: Deployment/shop/web changed\n" in result.out
        staging, production = (files.folder / f"apps/web/overlays/{env}" for env in shop.ENVIRONMENTS)
        for name in ("version.yaml", "settings/a/new.txt"):
            assert (production / name).read_bytes() == (staging / name).read_bytes()
        assert not (production / "settings/old.txt").exists()
        assert (production / "own.txt").read_text() == "own\n"
        files.assert_sound()
        assert "promote settings/a/new.txt to that of staging" in str(files.commits()[0].summary)
        assert "Gitops-File: settings/old.txt 3367afdbbf91 -> removed\n" in str(files.commits()[0].message)
        again = files.gitops("promote", "web")
        assert (again.code, again.err) == (0, "")
        assert again.out.count("is already at") == 3

    def test_with_an_image_named_no_file_is_copied(self, files: Checkout) -> None:
        files.gitops("bump", "web", "v2")
        assert files.gitops("promote", "web", "--image", "web").code == 0
        assert changed(files) == PRODUCTION

    def test_an_image_that_a_file_sets(self, web: Checkout) -> None:
        plain = shop.overlay("web").partition("images:")[0] + "patches:\n  - path: version.yaml\n"
        containers = "spec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: {}:{}\n"
        web.commit(
            {
                "gitops.yaml": self.SETTINGS,
                "apps/web/base/deployment.yaml": shop.deployment("web", f"{IMAGE}:v0"),
                STAGING: plain,
                PRODUCTION: plain,
                "apps/web/overlays/staging/version.yaml": self.PATCH + containers.format(IMAGE, "v2"),
                "apps/web/overlays/production/version.yaml": self.PATCH + containers.format(IMAGE, "v1"),
            },
            "by a patch",
        )
        result = web.gitops("promote", "web")
        assert (result.code, result.err) == (0, "")
        assert changed(web) == "apps/web/overlays/production/version.yaml"


class TestRefs:
    NEW, OLD = "b" * 40, "a" * 40
    PROMOTED = ("promote", "web", "--refs", "--unrendered")

    @pytest.fixture
    def remote(self, web: Checkout) -> Checkout:
        """Both environments take their base from another repository, each at a commit of it."""
        base = "https://git.example.org/team/web/config?ref={}"
        files = {
            path: shop.overlay("web", ref).replace("../../base", base.format(ref))
            for path, ref in ((STAGING, self.NEW), (PRODUCTION, self.OLD))
        }
        web.commit(files, "remote bases")
        return web

    def test_ref_and_tag_are_copied(self, remote: Checkout) -> None:
        result = remote.gitops(*self.PROMOTED)
        assert (result.code, result.err) == (0, "")
        assert remote.read(PRODUCTION) == remote.read(STAGING)
        message = str(remote.commits()[0].message)
        assert f"\nGitops-Ref: git.example.org/team/web/config {self.OLD} -> {self.NEW}\n" in message
        assert "\nGitops-Unrendered: web(production): " in message
        again = remote.gitops(*self.PROMOTED)
        assert (again.code, again.out.count("is already at")) == (0, 2)

    def test_unasked_it_stays_and_is_told(self, remote: Checkout) -> None:
        result = remote.gitops("promote", "web", "--unrendered")
        assert result.code == 0
        assert result.err == (
            f"note: web(production): git.example.org/team/web/config is at {self.NEW} in staging;"
            " --refs promotes it, too\n"
        )
        assert remote.read(PRODUCTION) == shop.overlay("web", self.NEW).replace(
            "../../base", f"https://git.example.org/team/web/config?ref={self.OLD}"
        )

    def test_what_cannot_be_rendered_needs_a_word(self, remote: Checkout) -> None:
        before = remote.snapshot()
        result = remote.gitops("promote", "web", "--refs")
        assert (result.code, result.out) == (3, "")
        assert "web(production) cannot be rendered" in result.err
        assert remote.snapshot() == before

    def test_a_hold_keeps_refs_away_too(self, remote: Checkout) -> None:
        remote.commit({".gitops/freeze.yaml": "reason: audit\n"}, "freeze")
        result = remote.gitops("bump", "web", "c", "--set-refs-only", "--unrendered", "--env", "production")
        assert (result.code, result.out) == (1, "")
        assert "error[held] .gitops/freeze.yaml: production is frozen until it is lifted: audit\n" in result.err


class TestValues:
    def test_values_that_the_settings_name(self, web: Checkout) -> None:
        targets = (
            "bump:\n  targets:\n    jobs:\n      - {file: 'jobs/{env}.yaml', path: image.tag}\n"
            "      - {file: 'jobs/{env}.yaml', path: full}\n"
        )
        jobs = "image: {tag: '%s', digest: ''} # of jobs\nfull: registry.example.org/%s/jobs:%s\n"
        files = {
            "gitops.yaml": shop.SETTINGS + targets,
            "jobs/staging.yaml": jobs % ("1.10", "stage", "v2"),
            "jobs/production.yaml": jobs % ("1.9", "live", "v1"),
        }
        web.commit(files, "jobs")
        result = web.gitops("promote", "jobs")
        assert (result.code, result.err) == (0, "")
        assert web.read("jobs/production.yaml") == jobs % ("1.10", "live", "v2")
        assert "\nGitops-Value: jobs/production.yaml:image.tag 1.9 -> 1.10\n" in str(web.commits()[0].message)
        assert web.gitops("hold", "jobs", "--env", "production", "--reason", "audit").code == 0
        assert web.gitops("bump", "jobs", "1.11", "--env", "production").code == 1
        assert web.gitops("validate").out.endswith("\nno findings\n")

    def test_values_of_a_chart(self, web: Checkout) -> None:
        chart = "helmCharts:\n  - {name: web, releaseName: web, valuesFile: values.yaml}\n"
        values = f"image:\n  repository: {IMAGE}\n  tag: v%d # the release\n"
        folders = {env: f"apps/chart/overlays/{env}" for env in shop.ENVIRONMENTS}
        files = {f"{folder}/kustomization.yaml": chart for folder in folders.values()}
        files |= {f"{folder}/values.yaml": values % n for n, folder in zip((2, 1), folders.values(), strict=True)}
        web.commit(files, "a chart")
        result = web.gitops("promote", "chart", "--unrendered")
        assert result.code == 0, result.err
        assert web.read(f"{folders['production']}/values.yaml") == values % 2


class TestRace:
    """Just before the push, a hook in the clone lets somebody else push first."""

    def overtake(self, team: Team, files: dict[str, str | bytes], message: str = "theirs") -> str:
        theirs = team.theirs.commit(files, message)
        hook(
            team.mine,
            "pre-push",
            f"unset $(git rev-parse --local-env-vars)\ngit -C '{team.theirs.folder}' push -q 2>&1",
        )
        return theirs

    @pytest.fixture
    def staged(self, team: Team) -> Team:
        """Staging is at v2 everywhere."""
        assert team.theirs.gitops("bump", "web", "v2", "--push").code == 0
        team.mine.git("pull", "--quiet")
        return team

    def test_a_change_elsewhere_is_built_upon(self, staged: Team) -> None:
        self.overtake(staged, {"README.md": "theirs\n"})
        result = staged.mine.gitops("promote", "web", "--push")
        assert result.code == 0
        assert staged.mine.read(PRODUCTION) == shop.overlay("web", "v2")
        assert staged.server.tip("main") == staged.mine.head

    def test_a_newer_version_at_the_source_is_not_promoted_unseen(self, staged: Team) -> None:
        theirs = self.overtake(staged, {STAGING: shop.overlay("web", "v3")}, "bump to v3")
        result = staged.mine.gitops("promote", "web", "--push")
        assert (result.code, result.out) == (5, "")
        assert normal(result.err).replace(theirs[:9], "COMMIT") == (
            "origin/main moved; trying again in N s\n"
            f'error: {PRODUCTION}:8:13: web(staging) was changed from "v2" to "v3" meanwhile, by COMMIT "bump to v3"'
            " (Dana Deployer)\n"
            "hint: look at it and run it again; --last-wins takes what staging has by then\n"
        )
        assert staged.server.tip("main") == theirs

    def test_last_wins_takes_what_the_source_has_by_then(self, staged: Team) -> None:
        self.overtake(staged, {STAGING: shop.overlay("web", "v3")})
        assert staged.mine.gitops("promote", "web", "--push", "--last-wins").code == 0
        assert staged.mine.read(PRODUCTION) == shop.overlay("web", "v3")

    def test_a_source_that_went_back_to_what_the_target_has(self, staged: Team) -> None:
        theirs = self.overtake(staged, {STAGING: shop.overlay("web", "v1")})
        result = staged.mine.gitops("promote", "web", "--push")
        assert (result.code, result.out) == (5, "")
        assert staged.server.tip("main") == theirs

    def test_an_app_that_all_did_not_see(self, staged: Team) -> None:
        theirs = self.overtake(staged, {shop.overlay_path("api"): shop.overlay("api", "v9")})
        result = staged.mine.gitops("promote", "--all", "--push")
        assert (result.code, result.out) == (5, "")
        assert 'api(staging) was changed from "v1" to "v9" meanwhile' in result.err
        assert staged.server.tip("main") == theirs

    def test_a_hold_that_came_meanwhile(self, staged: Team) -> None:
        theirs = self.overtake(staged, {".gitops/holds/web/production.yaml": "reason: wait\n"})
        result = staged.mine.gitops("promote", "web", "--push")
        assert (result.code, result.out) == (1, "")
        assert "web(production) is held until it is lifted: wait" in result.err
        assert staged.server.tip("main") == theirs


def test_without_settings_the_order_is_that_of_the_usual_names(tmp_path: Path, env: dict[str, str]) -> None:
    files = {name: text for name, text in shop.files("web").items() if name != "gitops.yaml"}
    checkout = Checkout.create(tmp_path / "r", env, files | {STAGING: shop.overlay("web", "v2")})
    result = checkout.gitops("promote", "web")
    assert result.code == 0
    assert checkout.read(PRODUCTION) == shop.overlay("web", "v2")
