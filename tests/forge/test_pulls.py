"""Pull requests of Gitea and GitHub Enterprise behind the same interface, against a server that remembers."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from gitops_tool.errors import ForgeError
from gitops_tool.forge import ForgeKind, Project, Wanted
from gitops_tool.forge.connect import connect

TOKEN = "t0ken"
WANTED = Wanted(
    source="gitops/web-staging",
    target="main",
    title="web(staging): bump web to v2",
    description="what changes",
    summary="v1 to v2",
    keys=("web/staging",),
    labels=("bump",),
    reviewers=("@dana",),
)


class Server(ThreadingHTTPServer):
    """One repository, `team/manifests`, under the paths of both APIs."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.seen: list[tuple[str, str, Any]] = []
        self.fail: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Server

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        values = json.loads(self.rfile.read(length)) if length else None
        path = re.sub(r"^/api/(v1|v3|graphql)", "", self.path.partition("?")[0])
        self.server.seen.append((self.command, path, values))
        if self.headers.get("Authorization") != f"token {TOKEN}":
            self._send(401, {"message": "Bad credentials"})
        elif self.server.fail:
            self._send(self.server.fail, {"message": "from the test"})
        else:
            self._send(*self._result(path.removeprefix("/repos/team/manifests/"), values))

    do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 - the names that the server looks for

    def _result(self, path: str, values: Any) -> tuple[int, Any]:
        server = self.server
        match self.command, re.sub(r"\d+", "N", path):
            case "GET", "/user":
                answer: Any = {"login": "bot"}
            case "GET", "pulls":
                answer = [one for one in server.pulls.values() if one["state"] == "open"]
            case "POST", "pulls":
                answer = self._opened(values)
            case "GET" | "PATCH", "pulls/N":
                answer = server.pulls[int(path.split("/")[1])]
                answer.update(values or {})
            case "GET", "issues/N/comments":
                answer = server.comments
            case "POST", "issues/N/comments":
                server.comments.append({"id": 7, "user": {"login": "bot"}, "html_url": "u", **values})
                answer = server.comments[-1]
            case "PATCH", "issues/comments/N":
                answer = server.comments[-1]
                answer.update(values)
            case _:
                answer = {}
        return 200, answer

    def _opened(self, values: Any) -> dict[str, Any]:
        number = len(self.server.pulls) + 1
        ends = {"head": {"ref": values["head"]}, "base": {"ref": values["base"]}}
        url = f"{self.server.url}/team/manifests/pulls/{number}"
        pull = {"number": number, "node_id": f"node{number}", "state": "open", "html_url": url, **values, **ends}
        self.server.pulls[number] = pull
        return pull

    def _send(self, code: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep pytest's output clean."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(params=[ForgeKind.GITEA, ForgeKind.GITHUB])
def forge(request: pytest.FixtureRequest, server: Server) -> Any:
    return connect(Project(request.param, server.url, "team/manifests"), TOKEN)


def test_a_request_is_opened_found_changed_and_closed(forge: Any, server: Server) -> None:
    made = forge.create(WANTED)
    assert (made.number, made.source, made.keys) == (1, "gitops/web-staging", {"web/staging"})
    assert ("POST", "/repos/team/manifests/issues/1/labels", {"labels": ["bump"]}) in server.seen
    reviewers = "/repos/team/manifests/pulls/1/requested_reviewers"
    assert ("POST", reviewers, {"reviewers": ["dana"]}) in server.seen
    assert [one.number for one in forge.open_requests("main")] == [1]
    assert forge.open_requests("release") == []
    assert forge.update(made, WANTED).url == made.url
    forge.merge_when_ready(made, "0" * 40)
    forge.close(made, "Superseded.")
    assert server.pulls[1]["state"] == "closed"
    assert [path for method, path, _ in server.seen if method == "DELETE"]
    assert server.comments[-1]["body"] == "Superseded."


def test_a_comment_is_kept_up_to_date(forge: Any, server: Server) -> None:
    forge.comment(1, "review", "first")
    forge.comment(1, "review", "second")
    [comment] = server.comments
    assert comment["body"] == "<!-- gitops: review -->\nsecond"
    before = len(server.seen)
    forge.comment(1, "review", "second")
    assert [method for method, _, _ in server.seen[before:]] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (403, "needs to write contents"),
        (404, "may not see"),
        (409, "changed meanwhile"),
        (429, "fewer"),
        (500, "later"),
    ],
)
def test_refusals(forge: Any, server: Server, status: int, hint: str) -> None:
    server.fail = status
    with pytest.raises(ForgeError, match=f"with status {status}: from the test") as caught:
        forge.create(WANTED)
    assert hint in str(caught.value.hint)
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("remote", "kind", "url", "path"),
    [
        ("https://gitlab.example.org/a/b/c.git", "gitlab", "https://gitlab.example.org", "a/b/c"),
        ("git@gitlab.example.org:a/b.git", "gitlab", "https://gitlab.example.org", "a/b"),
        ("ssh://git@gitlab.example.org:2222/a/b.git", "gitlab", "https://gitlab.example.org", "a/b"),
        ("https://user@gitlab.example.org:8443/a/b", "gitlab", "https://gitlab.example.org:8443", "a/b"),
        ("http://127.0.0.1:8080/a/b.git", "gitlab", "http://127.0.0.1:8080", "a/b"),
        ("git@github.com:a/b.git", "github", "https://github.com", "a/b"),
        ("https://codeberg.org/a/b", "gitea", "https://codeberg.org", "a/b"),
    ],
)
def test_the_project_of_a_remote(remote: str, kind: str, url: str, path: str) -> None:
    assert Project.of(remote) == Project(ForgeKind(kind), url, path)


def test_a_forge_below_a_path() -> None:
    found = Project.of("https://example.org/gitlab/a/b.git", url="https://example.org/gitlab/")
    assert (found.url, found.path) == ("https://example.org/gitlab", "a/b")
    with pytest.raises(ForgeError, match="is not below"):
        Project.of("https://example.org/a/b.git", url="https://example.org/gitlab")


@pytest.mark.parametrize("remote", ["/srv/git/a.git", "file:///srv/git/a.git", "https://example.org/a.git", "a"])
def test_what_belongs_to_no_forge(remote: str) -> None:
    with pytest.raises(ForgeError):
        Project.of(remote)
