"""`gitops comment`: one comment under a merge request, brought up to date by every run."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from gitops_tool.errors import ForgeError
from gitops_tool.forge.gitlab import GitLab
from gitops_tool.forge.project import ForgeKind, Project
from tests.e2e import shop
from tests.e2e.gitserver import TOKEN
from tests.e2e.world import PACKAGE_ROOT, Checkout, bare, environment

from .gitlab_server import Failure, GitLabServer

STAGING = shop.overlay_path("web")


@pytest.fixture
def gitlab(tmp_path: Path) -> Iterator[GitLabServer]:
    with GitLabServer(tmp_path / "served").running() as running:
        assert isinstance(running, GitLabServer)
        running.merge_requests[5] = {
            "iid": 5,
            "state": "opened",
            "web_url": f"{running.url('platform/manifests')}/-/merge_requests/5",
            "source_branch": "bump",
            "target_branch": "main",
            "description": "",
        }
        running.notes[5] = [{"id": 1, "body": "<!-- gitops: review -->\nnot mine", "author": {"id": 99}}]
        yield running


@pytest.fixture
def branch(tmp_path: Path, gitlab: GitLabServer) -> Checkout:
    """A clone on a branch that bumps an app by hand."""
    env = environment(tmp_path / "home") | {"GITOPS_TOKEN": TOKEN}
    first = Checkout.create(tmp_path / "first", env, shop.files("web"))
    (tmp_path / "served/platform").mkdir(parents=True)
    server = bare(tmp_path / "served/platform/manifests.git", first)
    clone = server.clone(tmp_path / "clone")
    clone.git("remote", "set-url", "origin", gitlab.remote)
    clone.git("switch", "--quiet", "--create", "bump")
    clone.commit({STAGING: clone.read(STAGING).replace("newTag: v1", "newTag: v2")}, "v2")
    return clone


def test_it_is_posted_and_then_updated(branch: Checkout, gitlab: GitLabServer) -> None:
    first = branch.gitops("comment", "--mr", "5")
    assert first.code == 0, first.err
    _, mine = gitlab.notes[5]
    assert first.out == f"{gitlab.merge_requests[5]['web_url']}#note_{mine['id']}\n"
    assert mine["body"].startswith("<!-- gitops: review -->\n**Validation: no findings**\n")
    assert "| `web staging` | `registry.example.org/team/web` | `v1` | `v2` |" in mine["body"]

    branch.commit({STAGING: branch.read(STAGING).replace("newTag: v2", "newTag: v3")}, "v3")
    again = branch.gitops("comment", "--mr", "5")
    assert (again.code, again.out) == (0, first.out)
    assert len(gitlab.notes[5]) == 2
    assert "`v3`" in gitlab.notes[5][1]["body"]
    assert gitlab.notes[5][0]["body"].endswith("not mine")


@pytest.mark.parametrize("silence", ["hangs up", "says nothing"])
def test_a_server_without_an_answer(monkeypatch: pytest.MonkeyPatch, silence: str) -> None:
    """One try each: nobody knows what the server did with a request that it got."""
    for module in ("gitops_tool.forge.gitlab", "gitops_tool.web"):
        monkeypatch.setattr(f"{module}.TIMEOUT", 0.2)
    calls: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    calls.append(listener.accept()[0])
                    if silence == "hangs up":
                        calls[-1].recv(65_536)
                        calls[-1].close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        forge = GitLab(Project(ForgeKind.GITLAB, url, "platform/manifests"), TOKEN)
        with pytest.raises(ForgeError) as caught:
            forge.comment(5, "review", "text")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    for call in calls:
        call.close()
    cause = {"hangs up": "without response", "says nothing": "no answer within 0.2 seconds"}[silence]
    assert cause in caught.value.message
    assert "cannot be reached" in caught.value.message
    assert caught.value.hint == "is the network there, and the address right?"
    assert len(calls) == 1


def test_nothing_new_is_not_said_again(branch: Checkout, gitlab: GitLabServer) -> None:
    branch.gitops("comment", "--mr", "5")
    writes = [made for made in gitlab.requests_made if made[0] != "GET"]
    branch.gitops("comment", "--mr", "5")
    assert [made for made in gitlab.requests_made if made[0] != "GET"] == writes


def test_the_json_follows_its_schema(branch: Checkout, gitlab: GitLabServer) -> None:
    schema = json.loads((PACKAGE_ROOT / "schemas/output/comment.schema.json").read_text())
    looked, posted = (
        json.loads(branch.gitops("comment", *options, "--output", "json").out)
        for options in (("--dry-run",), ("--mr", "5"))
    )
    for document in (looked, posted):
        jsonschema.validate(document, schema)
    assert (looked["mergeRequest"], looked["url"]) == (None, None)
    assert posted["url"].startswith(f"{gitlab.merge_requests[5]['web_url']}#note_")
    assert gitlab.notes[5][1]["body"] == f"<!-- gitops: review -->\n{posted['text']}"


def test_findings_are_told_and_decide(branch: Checkout, gitlab: GitLabServer) -> None:
    broken = shop.deployment("web").replace("  name: web\n", "  name: web\n  labels: {a: 'b c'}\n", 1)
    branch.commit({"apps/web/base/deployment.yaml": broken}, "broken")
    assert branch.gitops("comment", "--mr", "5").code == 0
    assert branch.gitops("comment", "--mr", "5", "--exit-code").code == 1
    body = gitlab.notes[5][1]["body"]
    assert "**Validation: 1 error**" in body
    assert body.count("| error | `apps/web/base/deployment.yaml:") == 1


def test_in_a_pipeline_everything_is_known(branch: Checkout, gitlab: GitLabServer) -> None:
    variables = {
        "CI_MERGE_REQUEST_IID": "5",
        "CI_MERGE_REQUEST_PROJECT_URL": gitlab.url("platform/manifests"),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": branch.tip("HEAD~1"),
        "CI_SERVER_URL": gitlab.url("").rstrip("/"),
    }
    branch.git("remote", "set-url", "origin", "https://elsewhere.example.org/x/y.git")
    assert branch.gitops("comment", env=variables).code == 0
    assert len(gitlab.notes[5]) == 2


def test_it_can_be_looked_at_first(branch: Checkout, gitlab: GitLabServer) -> None:
    result = branch.gitops("comment", "--dry-run", env={"GITOPS_TOKEN": ""})
    assert result.code == 0
    assert result.out.startswith("**Validation: no findings**\n\n### What changes in the cluster\n")
    assert gitlab.requests_made == []


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((), 2, "which merge request? --mr IID"),
        (("--mr", "5", "--name", "a -->"), 2, "--name takes letters"),
        (("--mr", "6"), 3, "with status 404"),
    ],
)
def test_what_is_missing_is_said(branch: Checkout, args: tuple[str, ...], code: int, words: str) -> None:
    result = branch.gitops("comment", *args)
    assert (result.code, result.out) == (code, "")
    assert words in result.err


def test_without_a_token(branch: Checkout) -> None:
    result = branch.gitops("comment", "--mr", "5", env={"GITOPS_TOKEN": ""})
    assert (result.code, result.out) == (3, "")
    assert "error: there is no token for" in result.err


def test_a_server_that_does_not_answer(branch: Checkout, gitlab: GitLabServer) -> None:
    gitlab.failures.append(Failure("GET", "projects/platform/manifests/merge_requests/5", 502, {"Retry-After": "0"}))
    result = branch.gitops("comment", "--mr", "5")
    assert (result.code, result.out) == (3, "")
    assert "with status 502" in result.err
