"""The pull requests of GitHub and Gitea (Forgejo), whose APIs are alike.

Sources: https://docs.github.com/en/rest/pulls/pulls, https://docs.gitea.com/api/.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gitops_tool.errors import ForgeError, ToolError
from gitops_tool.forge.base import MARKER, MergeRequest, Wanted
from gitops_tool.forge.project import ForgeKind, Project
from gitops_tool.process import redact
from gitops_tool.web import ask, session

if TYPE_CHECKING:
    import requests

_HINTS = {
    401: "GITOPS_TOKEN is not a token of this forge, or it has expired",
    403: "the token may not do this: it needs to write contents and pull requests",
    404: "the token may not see the repository, or there is none of that name",
    405: "it cannot be merged automatically: see the pull request",
    409: "it changed meanwhile: run the same command again",
    429: "the forge asks for fewer requests: run it again later",
}
_AUTO_MERGE = "mutation($id: ID!) { enablePullRequestAutoMerge(input: {pullRequestId: $id}) { clientMutationId } }"


class PullRequests:
    """One repository of GitHub or Gitea; see `Forge`.

    Args:
        project: which one.
        token: that may write contents and pull requests.
    """

    def __init__(self, project: Project, token: str) -> None:
        self.project = project
        self._is_github = project.kind is ForgeKind.GITHUB
        self._api = _api(project)
        self._session = session({"Authorization": f"token {token}", "Accept": "application/json"})

    def open_requests(self, target: str) -> Sequence[MergeRequest]:
        """Return the open pull requests into a branch; see `Forge`."""
        return [_read(one) for one in self._pages("pulls?state=open") if one["base"]["ref"] == target]

    def create(self, wanted: Wanted) -> MergeRequest:
        """Open a pull request; see `Forge`."""
        values = {"head": wanted.source, "base": wanted.target, "title": wanted.title, "body": wanted.body}
        made = _read(self._json("POST", "pulls", values))
        self._decorate(made, wanted)
        return made

    def update(self, request: MergeRequest, wanted: Wanted) -> MergeRequest:
        """Make an open pull request as it should be; see `Forge`."""
        found = _read(self._json("PATCH", f"pulls/{request.number}", {"title": wanted.title, "body": wanted.body}))
        self._decorate(found, wanted)
        return found

    def _decorate(self, request: MergeRequest, wanted: Wanted) -> None:
        if wanted.labels:
            self._json("POST", f"issues/{request.number}/labels", {"labels": list(wanted.labels)})
        if wanted.reviewers:
            names = [name.removeprefix("@") for name in wanted.reviewers]
            self._json("POST", f"pulls/{request.number}/requested_reviewers", {"reviewers": names})

    def merge_when_ready(self, request: MergeRequest, sha: str) -> None:
        """Set auto-merge; see `Forge`."""
        if not self._is_github:
            values = {"Do": "merge", "merge_when_checks_succeed": True, "head_commit_id": sha}
            self._json("POST", f"pulls/{request.number}/merge", values | {"delete_branch_after_merge": True})
            return
        node = self._json("GET", f"pulls/{request.number}")["node_id"]
        url = "https://api.github.com/graphql" if self._api.startswith("https://api.github.com") else ""
        url = url or f"{self.project.url}/api/graphql"
        answer = self._send("POST", url, {"query": _AUTO_MERGE, "variables": {"id": node}}).json()
        if answer.get("errors"):
            words = redact(str(answer["errors"][0].get("message", "no reason given")))
            raise ForgeError(f"{request.url} is open, but auto-merge is not set: {words}")

    def close(self, request: MergeRequest, reason: str) -> None:
        """Close a pull request, say why, and remove its branch; see `Forge`."""
        self._json("POST", f"issues/{request.number}/comments", {"body": reason})
        self._json("PATCH", f"pulls/{request.number}", {"state": "closed"})
        folder = "git/refs/heads" if self._is_github else "branches"
        name = request.source if self._is_github else quote(request.source, safe="")
        self._send("DELETE", self._url(f"{folder}/{name}"), accept=(404, 422))

    def comment(self, number: int, name: str, text: str) -> str:
        """Put a comment under a pull request, in place of our earlier one; see `Forge`."""
        mark = f"{MARKER} {name} -->"
        body = f"{mark}\n{text}"
        me = self._send("GET", f"{self._api}/user").json().get("login")
        for note in self._pages(f"issues/{number}/comments"):
            if str(note["body"]).startswith(mark) and note["user"]["login"] == me:
                if str(note["body"]).strip() != body.strip():
                    self._json("PATCH", f"issues/comments/{note['id']}", {"body": body})
                return str(note["html_url"])
        return str(self._json("POST", f"issues/{number}/comments", {"body": body})["html_url"])

    def _url(self, path: str) -> str:
        return f"{self._api}/repos/{self.project.path}/{path}"

    def _pages(self, path: str) -> Iterator[Any]:
        url: str | None = self._url(f"{path}{'&' if '?' in path else '?'}per_page=100&limit=50")
        while url:
            answer = self._send("GET", url)
            yield from answer.json()
            url = answer.links.get("next", {}).get("url")
            if url and not url.startswith(self._api):
                raise ForgeError(f'"{self.project.url}" sends us to another server for more')

    def _json(self, method: str, path: str, values: dict[str, Any] | None = None) -> Any:
        return self._send(method, self._url(path), values).json()

    def _send(
        self, method: str, url: str, values: dict[str, Any] | None = None, accept: Sequence[int] = ()
    ) -> requests.Response:
        """Ask the forge.

        Raises:
            ForgeError: it refuses or does not answer.
        """
        try:
            answer = ask(self._session, method, url, json=values)
        except ToolError as error:
            raise ForgeError(error.message, hint=error.hint) from error
        if answer.ok or answer.status_code in accept:
            return answer
        raise ForgeError(
            f'{self.project.kind.value} answers for repository "{self.project.path}" with status {answer.status_code}:'
            f" {_words(answer)}",
            hint=_HINTS.get(answer.status_code, "run it again later" if answer.status_code >= 500 else None),
            status=answer.status_code,
        )


def _api(project: Project) -> str:
    if project.kind is ForgeKind.GITEA:
        return f"{project.url}/api/v1"
    return "https://api.github.com" if project.url == "https://github.com" else f"{project.url}/api/v3"


def _words(answer: requests.Response) -> str:
    try:
        message = answer.json().get("message")
    except (ValueError, AttributeError):
        message = None
    return redact(str(message or answer.reason or "no reason given"))


def _read(found: Any) -> MergeRequest:
    return MergeRequest(
        int(found["number"]), found["html_url"], found["head"]["ref"], found["base"]["ref"], found["body"] or ""
    )
