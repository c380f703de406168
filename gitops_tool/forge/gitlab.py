"""GitLab's merge requests, through python-gitlab."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gitlab
import gitlab.exceptions
import requests

from gitops_tool.errors import ForgeError
from gitops_tool.forge.base import MARKER, MergeRequest, Wanted
from gitops_tool.process import redact
from gitops_tool.web import TIMEOUT, patient_session

if TYPE_CHECKING:
    from gitlab.v4.objects import ProjectMergeRequest

    from gitops_tool.forge.project import Project

_SCOPE = 'a project access token with the role Developer and the scope "api" can'
_HINTS = {
    401: "GITOPS_TOKEN is not a token of this GitLab, or it has expired",
    403: f"the token may not do this: {_SCOPE}",
    404: f"the token may not see the project, or there is none of that name: {_SCOPE}",
    405: "GitLab cannot merge it now: see the merge request",
    409: "it changed meanwhile: run the same command again",
    429: "GitLab asks for fewer requests: run it again later",
}
_NOT_READY = frozenset({405, 406, 422})
_CHECKS = 10
"""Seconds that GitLab gets to find out whether a new merge request can be merged."""


class _Client(gitlab.Gitlab):
    """Leaves it to the session to wait for a busy server: python-gitlab would wait for hours if that is asked."""

    def http_request(self, *args: Any, **options: Any) -> requests.Response:
        """Send a request; see `gitlab.Gitlab`."""
        return super().http_request(*args, **{"obey_rate_limit": False, **options})


class GitLab:
    """One project of a GitLab; see `Forge`.

    Args:
        project: which one.
        token: with the scope `api`.
    """

    def __init__(self, project: Project, token: str) -> None:
        self.name = project.path
        self._client = _Client(
            project.url, private_token=token, timeout=TIMEOUT, session=patient_session(), keep_base_url=True
        )
        self._project = self._client.projects.get(project.path, lazy=True)
        self._requests = self._project.mergerequests

    def open_requests(self, target: str) -> Sequence[MergeRequest]:
        """Return the open merge requests into a branch; see `Forge`."""
        with _refusals(self.name):
            found = self._requests.list(state="opened", target_branch=target, per_page=100, iterator=True)
            return [_read(one) for one in found]

    def create(self, wanted: Wanted) -> MergeRequest:
        """Open a merge request; see `Forge`."""
        with _refusals(self.name):
            return _read(
                self._requests.create(
                    {
                        "source_branch": wanted.source,
                        "target_branch": wanted.target,
                        "title": wanted.title,
                        "description": wanted.body,
                        "labels": ",".join(wanted.labels),
                        "reviewer_ids": self._ids(wanted.reviewers),
                        "remove_source_branch": True,
                    }
                )
            )

    def update(self, request: MergeRequest, wanted: Wanted) -> MergeRequest:
        """Make an open merge request as it should be; see `Forge`."""
        values: dict[str, Any] = {"title": wanted.title, "description": wanted.body}
        if wanted.labels:
            values["add_labels"] = ",".join(wanted.labels)
        with _refusals(self.name):
            if wanted.reviewers:
                values["reviewer_ids"] = self._ids(wanted.reviewers)
            self._requests.update(request.number, values)
        return MergeRequest(request.number, request.url, request.source, request.target, wanted.body)

    def _ids(self, names: Sequence[str]) -> list[int]:
        """Return the ids of users.

        Raises:
            ForgeError: there is no user of a name.
        """
        found = []
        for name in names:
            users = self._client.users.list(username=name.removeprefix("@"), get_all=False)
            if not users:
                raise ForgeError(f'GitLab has no user "{name}"', hint="--reviewer takes a user's name, without the @")
            found.append(int(users[0].id))
        return found

    def merge_when_ready(self, request: MergeRequest, sha: str) -> None:
        """Set auto-merge; a merge request that GitLab still checks is asked again for some seconds. See `Forge`."""
        deadline = time.monotonic() + _CHECKS
        with _refusals(self.name, f"{request.url} is open, but auto-merge is not set: "):
            while True:
                try:
                    path = f"{self._requests.path}/{request.number}/merge"
                    # GitLab calls it auto_merge from 17.11 on; each release ignores the other's word.
                    both = {"auto_merge": True, "merge_when_pipeline_succeeds": True}
                    values = {**both, "should_remove_source_branch": True, "sha": sha}
                    self._client.http_put(path, post_data=values)
                except gitlab.exceptions.GitlabHttpError as error:
                    if error.response_code not in _NOT_READY or time.monotonic() >= deadline:
                        raise
                    time.sleep(1)
                else:
                    return

    def close(self, request: MergeRequest, reason: str) -> None:
        """Close a merge request, say why, and remove its branch; see `Forge`."""
        with _refusals(self.name):
            self._requests.get(request.number, lazy=True).notes.create({"body": reason})
            self._requests.update(request.number, {"state_event": "close"})
            try:
                self._project.branches.delete(request.source)
            except gitlab.exceptions.GitlabDeleteError as error:
                if error.response_code != 404:
                    raise

    def comment(self, number: int, name: str, text: str) -> str:
        """Put a comment under a merge request, in place of our earlier one; see `Forge`."""
        mark = f"{MARKER} {name} -->"
        body = f"{mark}\n{text}"
        with _refusals(self.name):
            request = self._requests.get(number)
            self._client.auth()
            me = self._client.user
            for note in request.notes.list(iterator=True, per_page=100, order_by="created_at", sort="asc"):
                if str(note.body).startswith(mark) and me is not None and note.author["id"] == me.id:
                    if str(note.body).strip() != body.strip():
                        request.notes.update(note.id, {"body": body})
                    return f"{request.web_url}#note_{note.id}"
            made = request.notes.create({"body": body})
            return f"{request.web_url}#note_{made.id}"


def _read(found: ProjectMergeRequest | Any) -> MergeRequest:
    return MergeRequest(
        int(found.iid), str(found.web_url), str(found.source_branch), str(found.target_branch), found.description or ""
    )


@contextmanager
def _refusals(project: str, before: str = "") -> Iterator[None]:
    """Turn what GitLab or the network answers into errors of our own.

    Raises:
        ForgeError: with GitLab's words and the way out.
    """
    try:
        yield
    except gitlab.exceptions.GitlabError as error:
        code = int(error.response_code or 0)
        words = redact(str(error.error_message or "")).strip() or "no reason given"
        status = f" with status {code}" if code else ""
        hint = _HINTS.get(code, "GitLab has a problem of its own: run it again later" if code >= 500 else None)
        raise ForgeError(
            f'{before}GitLab answers for project "{project}"{status}: {words}', hint=hint, status=code
        ) from error
    except requests.RequestException as error:
        from gitops_tool.web import unreachable

        reason = unreachable(str(error.request.url if error.request else "GitLab"), error)
        raise ForgeError(f"{before}{reason.message}", hint=reason.hint) from error
