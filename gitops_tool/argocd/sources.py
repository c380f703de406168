"""Asks for an Application: Argo CD's API with a token, or the cluster through kubectl."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from gitops_tool import process
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.web import ask, session

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_KIND = "applications.argoproj.io"
_HINTS = {
    401: "ARGOCD_AUTH_TOKEN is not a token of this Argo CD, or it has expired",
    403: "the token's account may not get this Application",
    404: "there is no Application of that name, or the token's account may not see it",
}


@record
class Api:
    """Argo CD's API.

    Args:
        server: its address, such as `https://argocd.example.org`.
        token: of an account that may get Applications.
    """

    server: str
    token: str

    @classmethod
    def from_environment(cls) -> Api | None:
        """Read `ARGOCD_SERVER` and `ARGOCD_AUTH_TOKEN`, as Argo CD's own command does; None without both.

        Raises:
            ToolError: the token would be sent in the clear.
        """
        server, token = os.environ.get("ARGOCD_SERVER", ""), os.environ.get("ARGOCD_AUTH_TOKEN", "")
        if not server or not token:
            return None
        url = (server if "://" in server else f"https://{server}").rstrip("/")
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise ToolError(f'ARGOCD_SERVER is "{process.redact(server)}": only https keeps the token secret')
        return cls(url, token)

    def application(self, name: str, namespace: str) -> Mapping[str, Any]:
        """Return an Application.

        Raises:
            ToolError: Argo CD cannot be asked, or refuses.
        """
        url = f"{self.server}/api/v1/applications/{quote(name, safe='')}"
        with session({"Authorization": f"Bearer {self.token}"}) as client:
            answer = ask(client, "GET", url, params={"appNamespace": namespace, "refresh": "normal"})
        if answer.status_code != 200:
            raise ToolError(
                f'Argo CD answers for Application "{name}" with status {answer.status_code}',
                hint=_HINTS.get(answer.status_code, "see its own log"),
            )
        return _object(answer.content, "Argo CD")


@record
class Kubectl:
    """The cluster that Argo CD runs in.

    Args:
        program: kubectl.
        context: of its configuration; the current one if None.
        timeout: seconds for one question.
    """

    program: Path
    context: str | None = None
    timeout: float = 30.0

    def application(self, name: str, namespace: str) -> Mapping[str, Any]:
        """Return an Application.

        Raises:
            ToolError: kubectl fails, in its own words.
        """
        context = (f"--context={self.context}",) if self.context else ()
        limit = f"--request-timeout={self.timeout:g}s"
        command = (str(self.program), "get", _KIND, f"--namespace={namespace}", "--output=json", limit, *context)
        done = process.run((*command, "--", name), timeout=self.timeout + 5)
        if done.returncode != 0:
            # Its log comes before, a line for each try.
            said = done.error_text.splitlines()[-1] if done.error_text else f"it ended with {done.returncode}"
            words = said.removeprefix("Error from server ").removeprefix("error: ")
            raise ToolError(f"kubectl: {words}", hint="is this the cluster that Argo CD runs in? see --context")
        return _object(done.stdout, "kubectl")


def _object(data: bytes, source: str) -> Mapping[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise ToolError(f"{source} answers with something that is not JSON") from error
    if not isinstance(found, dict):
        raise ToolError(f"{source} answers with something that is no Application")
    return found
