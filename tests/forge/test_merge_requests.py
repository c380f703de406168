"""`--mr`: one live merge request for the same apps and environments, by push options and by GitLab's API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import shop
from tests.e2e.gitserver import TOKEN
from tests.e2e.world import Checkout, bare, environment, hook

from .gitlab_server import Failure, GitLabServer

STAGING = shop.overlay_path("web")
MERGE_REQUESTS = "projects/platform/manifests/merge_requests"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path / "home")


@pytest.fixture
def server(tmp_path: Path, env: dict[str, str]) -> Checkout:
    """The repository of a forge, as git sees it."""
    first = Checkout.create(tmp_path / "first", env, shop.files("web", "api"))
    (tmp_path / "served/platform").mkdir(parents=True)
    made = bare(tmp_path / "served/platform/manifests.git", first)
    made.git("config", "http.receivepack", "true")
    return made


@pytest.fixture
def gitlab(server: Checkout, tmp_path: Path) -> Iterator[GitLabServer]:
    with GitLabServer(tmp_path / "served").running() as running:
        assert isinstance(running, GitLabServer)
        yield running


@pytest.fixture
def mine(server: Checkout, gitlab: GitLabServer, tmp_path: Path) -> Checkout:
    """A clone whose remote is the forge, with a token for it."""
    clone = server.clone(tmp_path / "mine")
    clone.git("remote", "set-url", "origin", gitlab.remote)
    clone.env["GITOPS_TOKEN"] = TOKEN
    return clone


class TestPushOptions:
    """A real git server that advertises push options and logs them; there is no API."""

    @pytest.fixture
    def plain(self, server: Checkout, tmp_path: Path) -> Checkout:
        server.git("config", "receive.advertisePushOptions", "true")
        url = "https://gitlab.example.org/platform/manifests/-/merge_requests/12"
        hook(
            server,
            "post-receive",
            "i=0; while [ $i -lt ${GIT_PUSH_OPTION_COUNT:-0} ]; do"
            ' eval "echo \\"\\$GIT_PUSH_OPTION_$i\\"" >> options; i=$((i+1)); done'
            f'; echo; echo "View merge request for the branch:"; echo "  {url}"; echo',
        )
        return server.clone(tmp_path / "plain")

    def test_the_server_is_asked_for_a_merge_request(self, plain: Checkout, server: Checkout) -> None:
        before = plain.snapshot()
        result = plain.gitops("bump", "web", "v2", "--mr", "--label", "bump", "--label", "web", "--auto-merge")
        assert result.code == 0, result.err
        tip = server.tip("gitops/web-staging")
        assert result.out.endswith(
            f"\n\npushed {tip[:12]} to origin/gitops/web-staging for merge request"
            " https://gitlab.example.org/platform/manifests/-/merge_requests/12\n"
        )
        assert (server.folder / "options").read_text().splitlines() == [
            "merge_request.create",
            "merge_request.target=main",
            f"merge_request.title=web(staging): bump {shop.image('web')} to v2",
            "merge_request.description=web(staging): v1 to v2; rendered and validated: Deployment/shop/web differs",
            "merge_request.remove_source_branch",
            "merge_request.label=bump",
            "merge_request.label=web",
            "merge_request.auto_merge",
            "merge_request.merge_when_pipeline_succeeds",
        ]
        assert server.git("show", f"gitops/web-staging:{STAGING}").endswith("newTag: v2")
        assert server.git("show", f"main:{STAGING}").endswith("newTag: v1")
        after = plain.snapshot()
        assert (before["files"], before["index"]) == (after["files"], after["index"])

    def test_the_branch_is_replaced_by_the_next_bump(self, plain: Checkout, server: Checkout) -> None:
        plain.gitops("bump", "web", "v2", "--mr")
        assert plain.gitops("bump", "web", "v3", "--mr").code == 0
        assert server.git("show", f"gitops/web-staging:{STAGING}").endswith("newTag: v3")
        assert server.git("rev-list", "--count", "main..gitops/web-staging") == "1"

    def test_the_same_bump_again_leaves_the_branch(self, plain: Checkout, server: Checkout) -> None:
        plain.gitops("bump", "web", "v2", "--mr")
        tip = server.tip("gitops/web-staging")
        again = plain.gitops("bump", "web", "v2", "--mr")
        assert (again.code, "pushed" in again.out) == (0, False)
        assert f"origin/gitops/web-staging is at {tip[:7]}" in again.out
        assert server.tip("gitops/web-staging") == tip

    def test_somebody_elses_commit_is_not_lost(self, plain: Checkout, server: Checkout) -> None:
        plain.gitops("bump", "web", "v2", "--mr")
        plain.git("fetch", "--quiet")
        plain.git("switch", "--quiet", "--detach", "origin/gitops/web-staging")
        theirs = plain.commit({"README.md": "mine\n"}, "Dana's own")
        plain.git("push", "--quiet", "origin", "HEAD:gitops/web-staging")
        plain.git("switch", "--quiet", "main")
        result = plain.gitops("bump", "web", "v3", "--mr")
        assert (result.code, result.out) == (3, "")
        assert f'holds a commit that is not of this tool: {theirs[:12]} "Dana\'s own"' in result.err
        assert server.tip("gitops/web-staging") == theirs

    def test_several_apps_share_one_branch(self, plain: Checkout, server: Checkout) -> None:
        assert plain.gitops("bump", "web=v2", "api=v2", "--mr").code == 0
        [name] = [ref for ref in server.git("for-each-ref", "--format=%(refname:short)").split() if "gitops" in ref]
        assert re.fullmatch(r"gitops/staging-2-apps-[0-9a-f]{8}", name)

    def test_a_server_without_them_and_without_a_token(self, server: Checkout, tmp_path: Path) -> None:
        clone = server.clone(tmp_path / "clone")
        result = clone.gitops("bump", "web", "v2", "--mr")
        assert (result.code, result.out) == (3, "")
        assert "opens no merge requests by push, and there is no token to ask for one\n" in result.err
        assert "hint: set GITOPS_TOKEN" in result.err
        assert "gitops" not in server.git("for-each-ref")

    def test_without_a_checkout(self, plain: Checkout, server: Checkout, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        job = Checkout(tmp_path / "empty", plain.env)
        result = job.gitops("bump", "web", "v2", "--mr", "--repo", str(server.folder))
        assert result.code == 0, result.err
        assert server.git("show", f"gitops/web-staging:{STAGING}").endswith("newTag: v2")


class TestGitLab:
    def test_a_merge_request_is_opened(self, mine: Checkout, gitlab: GitLabServer) -> None:
        options = ("--label", "bump", "--reviewer", "dana", "--reviewer", "@kim", "--auto-merge")
        result = mine.gitops("bump", "web", "v2", "--mr", *options)
        assert (result.code, result.err) == (0, "")
        [request] = gitlab.open()
        assert result.out.endswith(f" to origin/gitops/web-staging for merge request {request['web_url']}\n")
        assert (request["source_branch"], request["target_branch"]) == ("gitops/web-staging", "main")
        assert request["title"] == f"web(staging): bump {shop.image('web')} to v2"
        assert request["labels"] == "bump"
        assert request["reviewer_ids"] == [11, 12]
        assert request["remove_source_branch"] is True
        assert request["auto_merge_sha"] == mine.tip("refs/remotes/origin/gitops/web-staging")
        assert "**Validation: no findings**" in request["description"]
        assert "| `web staging` | `registry.example.org/team/web` | `v1` | `v2` |" in request["description"]
        assert request["description"].endswith("<!-- gitops: web/staging -->\n")

    def test_the_next_bump_brings_it_up_to_date(self, mine: Checkout, gitlab: GitLabServer) -> None:
        mine.gitops("bump", "web", "v2", "--mr")
        assert mine.gitops("bump", "web", "v3", "--mr").code == 0
        [request] = gitlab.open()
        assert request["title"].endswith(" to v3")
        assert "`v3`" in request["description"]
        assert len(gitlab.merge_requests) == 1

    def test_what_is_superseded_is_closed(self, mine: Checkout, gitlab: GitLabServer) -> None:
        mine.gitops("bump", "web", "v2", "--mr")
        mine.gitops("bump", "api", "v2", "--mr", "--env", "production")
        result = mine.gitops("bump", "web=v3", "api=v3", "--mr")
        first, other, both = gitlab.merge_requests.values()
        assert (first["state"], other["state"], both["state"]) == ("closed", "opened", "opened")
        assert gitlab.notes[1][0]["body"] == f"Superseded by {both['web_url']}."
        assert f"note: closed {first['web_url']}, which this one supersedes\n" in result.err

    def test_what_has_been_done_is_closed(self, mine: Checkout, gitlab: GitLabServer) -> None:
        mine.gitops("bump", "web", "v2", "--mr")
        mine.gitops("bump", "web", "v2", "--push")
        result = mine.gitops("bump", "web", "v2", "--mr")
        assert result.code == 0
        assert gitlab.open() == []
        assert "there is nothing left to change" in result.err

    def test_merge_requests_of_people_are_left_alone(self, mine: Checkout, gitlab: GitLabServer) -> None:
        theirs = {"iid": 1, "state": "opened", "source_branch": "dana/web", "target_branch": "main"}
        gitlab.merge_requests[1] = theirs | {"web_url": "x", "description": None}
        assert mine.gitops("bump", "web", "v2", "--mr").code == 0
        assert gitlab.merge_requests[1]["state"] == "opened"

    def test_a_reviewer_that_is_not_there(self, mine: Checkout, gitlab: GitLabServer) -> None:
        result = mine.gitops("bump", "web", "v2", "--mr", "--reviewer", "nobody")
        assert (result.code, result.out) == (3, "")
        assert 'error: GitLab has no user "nobody"\n' in result.err

    def test_a_token_for_pushes_alone(self, mine: Checkout, server: Checkout, gitlab: GitLabServer) -> None:
        gitlab.failures.append(Failure("GET", MERGE_REQUESTS, 403))
        server.git("config", "receive.advertisePushOptions", "true")
        result = mine.gitops("bump", "web", "v2", "--mr")
        assert result.code == 0, result.err
        assert "without a token for the API, the description is short" in result.err
        assert gitlab.merge_requests == {}

    @pytest.mark.parametrize(
        ("failure", "words", "hint"),
        [
            (Failure("GET", MERGE_REQUESTS, 404), "with status 404: 404 from the test", "may not see the project"),
            (Failure("POST", MERGE_REQUESTS, 403), "with status 403", 'the scope "api" can'),
            (Failure("POST", MERGE_REQUESTS, 409), "with status 409", "run the same command again"),
            (Failure("POST", MERGE_REQUESTS, 500), "with status 500", "run it again later"),
            (Failure("GET", MERGE_REQUESTS, 429, {"Retry-After": "0"}), "with status 429", "fewer requests"),
            (Failure("PUT", f"{MERGE_REQUESTS}/1/merge", 409), "auto-merge is not set: ", "changed meanwhile"),
        ],
    )
    def test_refusals(self, mine: Checkout, gitlab: GitLabServer, failure: Failure, words: str, hint: str) -> None:
        gitlab.failures.append(failure)
        result = mine.gitops("bump", "web", "v2", "--mr", "--auto-merge")
        assert (result.code, result.out) == (3, "")
        assert words in result.err
        assert hint in result.err
        assert TOKEN not in result.err

    @pytest.mark.parametrize("status", [429, 503])
    def test_a_busy_server_is_asked_again(self, mine: Checkout, gitlab: GitLabServer, status: int) -> None:
        gitlab.failures.append(Failure("POST", MERGE_REQUESTS, status, {"Retry-After": "0"}, times=2))
        assert mine.gitops("bump", "web", "v2", "--mr").code == 0
        assert len(gitlab.open()) == 1

    def test_auto_merge_waits_for_gitlabs_own_checks(self, mine: Checkout, gitlab: GitLabServer) -> None:
        gitlab.failures.append(Failure("PUT", f"{MERGE_REQUESTS}/1/merge", 405, times=2))
        assert mine.gitops("bump", "web", "v2", "--mr", "--auto-merge").code == 0
        assert "auto_merge_sha" in gitlab.open()[0]

    def test_a_wrong_token(self, mine: Checkout, gitlab: GitLabServer, server: Checkout) -> None:
        mine.git("remote", "set-url", "origin", str(server.folder))
        mine.git("config", "remote.origin.pushurl", gitlab.remote)
        result = mine.gitops("bump", "web", "v2", "--mr", env={"GITOPS_TOKEN": "glpat-wr0ngwr0ngwr0ng"})
        assert (result.code, result.out) == (3, "")
        assert "glpat" not in result.err


class TestDemand:
    """An environment that is changed by merge requests alone."""

    @pytest.fixture
    def strict(self, mine: Checkout) -> Checkout:
        settings = mine.read("gitops.yaml").replace(
            "promotesFrom: staging", "promotesFrom: staging\n    mergeRequest: true"
        )
        mine.commit({"gitops.yaml": settings}, "strict")
        mine.git("push", "--quiet", mine.git("remote", "get-url", "origin").replace("://", f"://ci:{TOKEN}@"), "main")
        return mine

    def test_a_push_is_refused(self, strict: Checkout, server: Checkout) -> None:
        tip = server.tip("main")
        result = strict.gitops("bump", "web", "v2", "--env", "production", "--push")
        assert (result.code, result.out) == (2, "")
        assert 'error: environment "production" is changed by merge requests alone\n' in result.err
        assert server.tip("main") == tip
        assert strict.gitops("bump", "web", "v2", "--push").code == 0

    def test_a_merge_request_is_not(self, strict: Checkout, gitlab: GitLabServer) -> None:
        assert strict.gitops("bump", "web", "v2", "--env", "production", "--mr").code == 0
        assert [one["source_branch"] for one in gitlab.open()] == ["gitops/web-production"]


class TestEveryChange:
    """All of them go the same road."""

    def test_a_promotion(self, mine: Checkout, gitlab: GitLabServer) -> None:
        assert mine.gitops("bump", "web", "v2", "--push").code == 0
        result = mine.gitops("promote", "web", "--mr")
        assert (result.code, result.err) == (0, "")
        [request] = gitlab.open()
        assert request["source_branch"] == "gitops/web-production"
        assert request["title"] == f"web(production): promote {shop.image('web')} to v2"

    def test_a_rollback_with_its_hold(self, mine: Checkout, gitlab: GitLabServer, server: Checkout) -> None:
        assert mine.gitops("bump", "web", "v2", "--push").code == 0
        result = mine.gitops("rollback", "web", "--env", "staging", "--mr")
        assert (result.code, result.err) == (0, "")
        changed = server.git("diff", "--name-only", "main", "gitops/web-staging").splitlines()
        assert changed == [".gitops/holds/web/staging.yaml", STAGING]

    def test_a_hold_of_which_nothing_is_rendered(self, mine: Checkout, gitlab: GitLabServer) -> None:
        for reason in ("audit", "a longer audit"):
            result = mine.gitops("hold", "web", "--env", "staging", "--reason", reason, "--mr")
            assert (result.code, result.err) == (0, "")
        [request] = gitlab.open()
        assert request["source_branch"] == "gitops/holds-web-staging"
        assert mine.gitops("bump", "web", "v2", "--mr").code == 0
        assert len(gitlab.open()) == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--mr", "--push"), "--mr and --push contradict each other"),
        (("--mr", "--no-commit"), "--mr and --no-commit contradict each other"),
        (("--label", "x"), "go with --mr"),
        (("--auto-merge", "--push"), "go with --mr"),
    ],
)
def test_options_that_contradict_each_other(mine: Checkout, options: tuple[str, ...], words: str) -> None:
    result = mine.gitops("bump", "web", "v2", *options)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
