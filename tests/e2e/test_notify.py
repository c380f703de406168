"""The webhook: told of what leaves this machine, in its own words or a template's, and never in the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import shop
from .conftest import Team
from .world import PACKAGE_ROOT


class Hook(ThreadingHTTPServer):
    """A webhook that remembers what it was told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.told: list[tuple[str, Any]] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hooks/s3cret"


class _Take(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.headers.get("Authorization", ""), json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep pytest's output clean."""


@pytest.fixture
def webhook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_push_is_told(team: Team, webhook: Hook) -> None:
    env = {"GITOPS_WEBHOOK": webhook.url, "GITOPS_WEBHOOK_TOKEN": "t0ken"}
    result = team.mine.gitops("bump", "web", "v2", "--push", env=env)
    assert (result.code, result.err) == (0, "")
    [(authorization, event)] = webhook.told
    assert authorization == "Bearer t0ken"
    jsonschema.validate(event, json.loads((PACKAGE_ROOT / "schemas/output/event.schema.json").read_text()))
    assert event == {
        "version": 1,
        "event": "pushed",
        "subject": f"web(staging): bump {shop.image('web')} to v2",
        "apps": ["web"],
        "environments": ["staging"],
        "revision": team.server.tip("main"),
        "branch": "main",
        "mergeRequest": None,
        "changes": [
            {"app": "web", "environment": "staging", "name": shop.image("web"), "old": "v1", "new": "v2"},
        ],
    }


def test_what_stays_here_is_not(team: Team, webhook: Hook) -> None:
    env = {"GITOPS_WEBHOOK": webhook.url}
    for args in (("v2", "--dry-run"), ("v2",), ("v2", "--push"), ("v2 x",)):
        team.mine.gitops("bump", "web", *args, env=env)
    assert [event["event"] for _, event in webhook.told] == ["pushed"] * len(webhook.told)


def test_a_template_has_its_own_words(team: Team, webhook: Hook, tmp_path: Path) -> None:
    (tmp_path / "chat.j2").write_text('{"text": {{ (subject ~ " \\u2713") | tojson }}}')
    env = {"GITOPS_WEBHOOK": webhook.url, "GITOPS_WEBHOOK_TEMPLATE": str(tmp_path / "chat.j2")}
    assert team.mine.gitops("bump", "web", "v2", "--push", env=env).code == 0
    assert webhook.told[0][1] == {"text": f"web(staging): bump {shop.image('web')} to v2 \u2713"}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ nothing }}", "'nothing' is undefined"),
        ("{{ subject }}", "is not JSON"),
        ("{% for %}", "the webhook was not told"),
        (None, "cannot be read"),
    ],
)
def test_a_wrong_template_is_a_note(
    team: Team, webhook: Hook, tmp_path: Path, template: str | None, words: str
) -> None:
    if template is not None:
        (tmp_path / "chat.j2").write_text(template)
    env = {"GITOPS_WEBHOOK": webhook.url, "GITOPS_WEBHOOK_TEMPLATE": str(tmp_path / "chat.j2")}
    result = team.mine.gitops("bump", "web", "v2", "--push", env=env)
    assert result.code == 0
    assert result.err.startswith("note: the webhook was not told: ")
    assert words in result.err
    assert webhook.told == []


def test_a_webhook_that_fails_is_a_note_without_its_address(team: Team, webhook: Hook) -> None:
    webhook.status = 500
    result = team.mine.gitops("bump", "web", "v2", "--push", env={"GITOPS_WEBHOOK": webhook.url})
    assert (result.code, result.err) == (0, 'note: the webhook was not told: "127.0.0.1" answers with status 500\n')
    for address in ("http://chat.example.org/hooks/s3cret", "http://127.0.0.1:1/hooks/s3cret"):
        result = team.mine.gitops("bump", "api", "v2", "--push", "--last-wins", env={"GITOPS_WEBHOOK": address})
        assert result.code == 0
        assert "s3cret" not in result.err
