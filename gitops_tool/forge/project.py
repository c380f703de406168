"""Which project of which forge a remote's URL belongs to."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from urllib.parse import urlsplit

from gitops_tool.errors import ForgeError
from gitops_tool.process import redact
from gitops_tool.records import record

_SCP = re.compile(r"(?:[^@/]+@)?(?P<host>[^:/]+):(?P<path>[^/].*)")


class ForgeKind(StrEnum):
    """The forges that are known."""

    GITLAB = "gitlab"
    GITHUB = "github"
    GITEA = "gitea"


@record
class Project:
    """A project: `url` is the forge's address, `path` the project's within it, as `platform/manifests`."""

    kind: ForgeKind
    url: str
    path: str

    @classmethod
    def of(cls, remote: str, kind: ForgeKind | None = None, url: str | None = None) -> Project:
        """Find the project that a remote's URL belongs to.

        Args:
            remote: what git fetches from and pushes to.
            kind: of the forge; else as the host tells, GitLab if it does not.
            url: the forge's address, where it is not simply that of the host.

        Raises:
            ForgeError: the remote is no server, or not one below `url`.
        """
        scheme, host, path = _parts(remote)
        server = url or _server_in_ci(host) or f"{'http' if scheme == 'http' else 'https'}://{host}"
        prefix = urlsplit(server).path.strip("/")
        path = path.strip("/").removesuffix(".git")
        if prefix and scheme.startswith("http"):
            if not path.startswith(f"{prefix}/"):
                raise ForgeError(f'remote "{redact(remote)}" is not below "{server}"')
            path = path.removeprefix(f"{prefix}/")
        if "/" not in path:
            raise ForgeError(f'remote "{redact(remote)}" does not name a project of a forge')
        return cls(kind or _kind_of(host), server.rstrip("/"), path)


def _parts(remote: str) -> tuple[str, str, str]:
    """Return scheme, host and path; the port counts only for web URLs, where the API has the same."""
    if "://" in remote:
        parts = urlsplit(remote)
        web = parts.scheme in {"http", "https"}
        host = parts.netloc.rpartition("@")[2] if web else parts.hostname or ""
        if host:
            return parts.scheme, host, parts.path
    elif found := _SCP.fullmatch(remote):
        return "ssh", found["host"], found["path"]
    raise ForgeError(
        f'remote "{redact(remote)}" is no server with merge requests', hint="push without --mr, or name a --repo URL"
    )


def _server_in_ci(host: str) -> str | None:
    """Return GitLab's own address in its jobs, which may have a path or another port than ssh."""
    server = os.environ.get("CI_SERVER_URL")
    return server if server and host in {urlsplit(server).hostname, urlsplit(server).netloc} else None


def _kind_of(host: str) -> ForgeKind:
    name = host.partition(":")[0]
    if name == "github.com":
        return ForgeKind.GITHUB
    return ForgeKind.GITEA if name in {"codeberg.org", "gitea.com"} else ForgeKind.GITLAB
