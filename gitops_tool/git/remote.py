"""Remotes: which URLs are safe, where credentials come from, what a push's answer means."""

from __future__ import annotations

import os
import re
import signal
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from gitops_tool.credentials import token_from_environment
from gitops_tool.errors import GitError, UsageError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.process import redact
from gitops_tool.records import record
from gitops_tool.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SCHEMES = {"https://", "ssh://", "file://"}
_WEB = lazy_pattern(r"(https?://)(?:([^/]*)@)?([^/@]*)(.*)", re.DOTALL)
"""Scheme, user and password, host and port, the rest."""

_LOOPBACK = lazy_pattern(r"localhost|127(?:\.\d{1,3}){3}|\[::1\]")
_HOST = lazy_pattern(r"(?:[a-z]+://)?(?:[^/@]*@)?(?P<host>[^/:]*)")
_CONTROL = lazy_pattern(r"[\x00-\x1f\x7f]")
_REF_NAME = lazy_pattern(
    r"(?!.*(?:\.\.|@\{|//|/\.|\.lock(?:/|$)))"
    r"[^\x00-\x20\x7f~^:?*\[\\/.-][^\x00-\x20\x7f~^:?*\[\\]*(?<![/.])"
)

_RACE = lazy_pattern(
    r"non-fast-forward"
    r"|fetch first"
    r"|cannot lock ref"
    r"|failed to (?:lock|update ref)"
    r"|incorrect old value provided"  # GitLab's Gitaly
    r"|reference already exists"
    r"|stale info"
)
"""The answers to a push that others made first; any other refusal is final."""

_REQUEST_URL = lazy_pattern(r"^remote:\s+(https?://\S+/(?:merge_requests|pulls?)/\d+)\s*$", re.MULTILINE)

_BROKEN = lazy_pattern(r"permission denied|read-only file system|no space left|quota exceeded", re.IGNORECASE)
"""Why a server cannot lock a ref although nobody else does."""


class PushStatus(StrEnum):
    """What became of a push."""

    ACCEPTED = "accepted"
    LOST_RACE = "lost race"
    REJECTED = "rejected"


@record
class PushResult:
    """The answer to a push; `reason` is the server's own words, `url` the merge request that it tells of."""

    status: PushStatus
    reason: str = ""
    url: str | None = None


def read_push(returncode: int, stdout: str, stderr: str) -> PushResult:
    """Read the answer of `git push --porcelain`.

    A line is `<flag> <from>:<to> <summary> (<reason>)`, with tabs between; the flag `!` marks a refusal.
    """
    if returncode == 0:
        found = _REQUEST_URL.search(stderr)
        return PushResult(PushStatus.ACCEPTED, url=found[1] if found else None)
    if returncode == -signal.SIGPIPE:  # the server hung up while git was still writing: nobody knows what became of it
        return PushResult(PushStatus.LOST_RACE, "the server closed the connection")
    refusals = [line.split("\t", 2)[-1] for line in stdout.splitlines() if line.startswith("!")]
    # Git pads the server's lines with spaces, to cover a line of progress.
    words = [line.rstrip() for line in redact(stderr).splitlines() if line.strip() and not _is_noise(line)]
    reason = "\n".join([*refusals, *words])
    # A hook's own text is in stderr as `remote: ...` and may hold any words: only git's own lines count.
    git_lines = [*refusals, *(line for line in words if line.startswith("remote: error: cannot lock ref"))]
    final = not refusals or "hook declined" in refusals[0] or any(_BROKEN.search(line) for line in git_lines)
    race = not final and any(_RACE.search(line) for line in git_lines)
    return PushResult(PushStatus.LOST_RACE if race else PushStatus.REJECTED, reason or f"exit status {returncode}")


def _is_noise(line: str) -> bool:
    return line.startswith(("hint:", "To ", "error: failed to push some refs"))


def check_branch(name: str) -> None:
    """Refuse what git would not take as a branch name, options and refspecs among it.

    Raises:
        UsageError: with the name.
    """
    if not _REF_NAME.fullmatch(name):
        raise UsageError(f"{quoted(name)} is not a valid branch name", hint="see `git help check-ref-format`")


def check_url(url: str) -> None:
    """Refuse URLs that could run programs or send credentials in the clear.

    Plain http stays on this machine, unless `GITOPS_ALLOW_HTTP=1` says that the way to the server is safe.

    Raises:
        GitError: the scheme is none of https, ssh and file, and it is neither `git@host:path` nor a local path.
    """
    if _CONTROL.search(url):
        raise GitError(f"remote URL {redact(url)!r} holds control characters")
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*)(?:://|::)", url)
    if scheme and scheme[0] == "http://":
        _check_plain_http(url)
    elif scheme and scheme[0] not in _SCHEMES:
        raise GitError(
            f'remote URL "{redact(url)}": scheme "{scheme[1]}" is refused', hint="use https, ssh, git@host:path or file"
        )
    if not url:
        raise GitError("the remote's URL is empty")
    host = _HOST.match(url)
    if url.startswith("-") or (host and host["host"].startswith("-")):
        raise GitError(f'remote URL "{redact(url)}" would be read as an option')


def _check_plain_http(url: str) -> None:
    web = _WEB.fullmatch(url)
    host = re.sub(r":\d+$", "", web[3]) if web else ""
    if not _LOOPBACK.fullmatch(host) and os.environ.get("GITOPS_ALLOW_HTTP") != "1":
        raise GitError(
            f'remote URL "{redact(url)}": scheme "http" is refused',
            hint="it sends credentials in the clear: use https, or set GITOPS_ALLOW_HTTP=1 where the network is safe",
        )


@record
class Credentials:
    """A user and a token, from the environment or from a URL that CI wrote."""

    user: str
    token: str

    @classmethod
    def from_environment(cls) -> Credentials | None:
        """Read `GITOPS_TOKEN` or the file `GITOPS_TOKEN_FILE` (user `GITOPS_USER`, default `gitops`); None without.

        Without it, git's own ways apply: what CI wrote into the remote's URL, credential helpers, ssh keys.
        """
        token = token_from_environment()
        return cls(os.environ.get("GITOPS_USER") or "gitops", token) if token else None

    @classmethod
    def from_url(cls, url: str) -> Credentials | None:
        """Read what `https://user:token@host/...` holds, as GitLab CI writes it; None without a token."""
        web = _WEB.fullmatch(url)
        user, _, token = (web[2] or "").partition(":") if web else ("", "", "")
        return cls(unquote(user), unquote(token)) if token else None

    @classmethod
    def from_job(cls, url: str) -> Credentials | None:
        """Read the token of the GitLab CI job that this runs in, for URLs of its own server.

        The target project has to permit the pushes: https://docs.gitlab.com/ci/jobs/ci_job_token/.
        """
        web, token = _WEB.fullmatch(url), os.environ.get("CI_JOB_TOKEN", "")
        server = _WEB.fullmatch(os.environ.get("CI_SERVER_URL", ""))
        own = web and server and (web[1], web[3]) == (server[1], server[3])
        return cls("gitlab-ci-token", token) if own and token else None

    def environment(self, urls: Iterable[str]) -> dict[str, str]:
        """Return the variables that make git use them for a remote's URLs: never in an argument or a log.

        Git hands a URL with a token to its helper program as an argument, which every user of the machine
        can read, so the URL is rewritten to one without.
        """
        helper = '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" "$GITOPS_USER" "$GITOPS_TOKEN"; }; f'
        settings: list[tuple[str, str]] = []
        for url in urls:
            plain = without_user(url)
            if web := _WEB.fullmatch(plain):
                # For this host alone: a redirect to another one gets no token.
                key = f"credential.{web[1]}{web[3]}.helper"
                settings += [(key, ""), (key, helper)]
            if plain != url:
                settings.append((f"url.{plain}.insteadOf", url))
        first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
        variables = {"GIT_CONFIG_COUNT": str(first + len(settings))}
        for number, (key, value) in enumerate(settings, first):
            variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return variables | {"GITOPS_USER": self.user, "GITOPS_TOKEN": self.token}


def without_user(url: str) -> str:
    """Return a web URL without the user and password in it, so that the given credentials apply."""
    web = _WEB.fullmatch(url)
    return f"{web[1]}{web[3]}{web[4]}" if web else url


def credentials(urls: Sequence[str]) -> dict[str, str]:
    """Return the variables with the credentials for a remote's URLs; none where git has ways of its own."""
    found = Credentials.from_environment() or Credentials.from_url(urls[0]) or Credentials.from_job(urls[0])
    return found.environment(urls) if found else {}
