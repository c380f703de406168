"""Where an image's name leads: the registry that is asked, and the repository in it."""

from __future__ import annotations

import os
import re

from gitops_tool.records import record

DOCKER_HUB = "docker.io"
_HUB_SERVER = "registry-1.docker.io"
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")


@record
class Address:
    """A repository of a registry. `host` is the name as people write it, with the port if there is one."""

    host: str
    repository: str

    @classmethod
    def of(cls, name: str) -> Address:
        """Read an image's name as Docker does: without a host it is Docker Hub's, without a folder in `library/`."""
        first, slash, rest = name.partition("/")
        if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
            host, repository = first, rest
        else:
            host, repository = DOCKER_HUB, name
        if host in {DOCKER_HUB, "index.docker.io", _HUB_SERVER}:
            host, repository = DOCKER_HUB, repository if "/" in repository else f"library/{repository}"
        return cls(host, repository)

    @property
    def servers(self) -> tuple[str, ...]:
        """The URLs to try, in order.

        Plain http is for this machine, as in Docker, and for the hosts that `GITOPS_INSECURE_REGISTRIES` lists.
        """
        server = _HUB_SERVER if self.host == DOCKER_HUB else self.host
        listed = os.environ.get("GITOPS_INSECURE_REGISTRIES", "").split(",")
        plain = _LOOPBACK.fullmatch(server) or self.host in {host.strip() for host in listed}
        return (f"http://{server}", f"https://{server}") if plain else (f"https://{server}",)

    def __str__(self) -> str:
        """Return the image's whole name."""
        return f"{self.host}/{self.repository}"
