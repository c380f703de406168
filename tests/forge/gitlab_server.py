"""Git over HTTP and the part of GitLab's API that is used; every body is checked against GitLab's own shapes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import jsonschema

from tests.e2e.gitserver import TOKEN, GitServer, _Backend

BODIES = json.loads((Path(__file__).parent / "published/gitlab.json").read_text())["bodies"]
PROJECT = "platform/manifests"


@dataclass
class Failure:
    """An answer that comes instead of the real one, `times` times."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1_000


class GitLabServer(GitServer):
    """One project, `platform/manifests`, whose repository lies in a folder of that name."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.RequestHandlerClass = _Api
        self.requests_made: list[tuple[str, str, Any]] = []
        self.merge_requests: dict[int, dict[str, Any]] = {}
        self.notes: dict[int, list[dict[str, Any]]] = {}
        self.failures: list[Failure] = []
        self.user = {"id": 7, "username": "gitops-bot"}
        self.people = {"dana": 11, "kim": 12}

    @property
    def remote(self) -> str:
        """The address of the project's repository."""
        return self.url(f"{PROJECT}.git")

    def open(self) -> list[dict[str, Any]]:
        """Return the merge requests that are open."""
        return [one for one in self.merge_requests.values() if one["state"] == "opened"]


class _Api(_Backend):
    server: GitLabServer

    def _answer(self) -> None:
        if not self.path.startswith("/api/v4/"):
            super()._answer()
            return
        body = self._body()
        parts = urlsplit(self.path)
        path = unquote(parts.path).removeprefix("/api/v4/")
        values = json.loads(body) if body else {}
        self.server.requests_made.append((self.command, path, values))
        status, headers, answer = self._result(path, parse_qs(parts.query), values)
        data = json.dumps(answer).encode() if answer is not None else b""
        self._send(status, [*headers.items(), ("Content-Type", "application/json")], data)

    def do_PUT(self) -> None:  # noqa: N802 - the name that the server looks for
        self._answer()

    def do_DELETE(self) -> None:  # noqa: N802
        self._answer()

    def _result(self, path: str, query: dict[str, list[str]], values: Any) -> tuple[int, dict[str, str], Any]:
        if self.headers.get("PRIVATE-TOKEN") != TOKEN:
            return 401, {}, {"message": "401 Unauthorized"}
        for failure in self.server.failures:
            if failure.times and failure.method == self.command and re.fullmatch(failure.path, path):
                failure.times -= 1
                return failure.status, failure.headers, {"message": f"{failure.status} from the test"}
        if path == "user":
            return 200, {}, self.server.user
        if path == "users":
            name = query["username"][0]
            known = self.server.people.get(name)
            return 200, {}, [{"id": known, "username": name}] if known else []
        prefix = f"projects/{PROJECT}/"
        if not path.startswith(prefix):
            return 404, {}, {"message": "404 Project Not Found"}
        return self._in_project(path.removeprefix(prefix), query, values)

    def _in_project(self, path: str, query: dict[str, list[str]], values: Any) -> tuple[int, dict[str, str], Any]:
        shape = re.sub(r"(?<=merge_requests/)\d+", ":iid", re.sub(r"(?<=notes/)\d+", ":id", path))
        if schema := BODIES.get(f"{self.command} {shape}"):
            jsonschema.Draft202012Validator(schema).validate(values)
        match self.command, shape.split("/"):
            case "GET", ["merge_requests"]:
                target = query["target_branch"][0]
                return 200, {}, [one for one in self.server.open() if one["target_branch"] == target]
            case "POST", ["merge_requests"]:
                return self._create(values)
            case "DELETE", ["repository", "branches", *_]:
                return 204, {}, None
        number = int(path.split("/")[1])
        if number not in self.server.merge_requests:
            return 404, {}, {"message": "404 Not found"}
        answer = self._about(number, shape.split("/")[2:], path, values)
        return (201 if self.command == "POST" else 200), {}, answer

    def _about(self, number: int, shape: list[str], path: str, values: Any) -> Any:
        """Answer about one merge request."""
        found, notes = self.server.merge_requests[number], self.server.notes[number]
        match self.command, shape:
            case "PUT", []:
                return self._update(found, values)
            case "PUT", ["merge"]:
                found["auto_merge_sha"] = values["sha"]
            case "GET", ["notes"]:
                return notes
            case "POST", ["notes"]:
                made = {"id": 100 + sum(map(len, self.server.notes.values())), "body": values["body"]}
                notes.append(made | {"author": self.server.user})
                return notes[-1]
            case "PUT", ["notes", _]:
                note = next(one for one in notes if one["id"] == int(path.split("/")[3]))
                note["body"] = values["body"]
                return note
        return found

    def _create(self, values: Any) -> tuple[int, dict[str, str], Any]:
        if any(one["source_branch"] == values["source_branch"] for one in self.server.open()):
            return 409, {}, {"message": ["Another open merge request already exists for this source branch"]}
        number = len(self.server.merge_requests) + 1
        made = {
            "iid": number,
            "id": 1000 + number,
            "state": "opened",
            "web_url": f"{self.server.url(PROJECT)}/-/merge_requests/{number}",
            **values,
        }
        self.server.merge_requests[number] = made
        self.server.notes[number] = []
        return 201, {}, made

    def _update(self, found: dict[str, Any], values: Any) -> Any:
        event = values.pop("state_event", None)
        found.update(values)
        if event == "close":
            found["state"] = "closed"
        return found
