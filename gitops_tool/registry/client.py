"""A client of the distribution API: https://github.com/opencontainers/distribution-spec/blob/main/spec.md."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.registry.address import Address
from gitops_tool.registry.authorization import authorize
from gitops_tool.web import ask, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import requests

    from gitops_tool.images import ImageRef

INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT = ", ".join((*INDEX_TYPES, *_MANIFEST_TYPES))
_LARGEST = 4 * 1024 * 1024
"""Bytes of a manifest or configuration; the specification has registries take manifests of this size."""

_MOST_PAGES = 200


@record
class Manifest:
    """What a tag or digest stands for in a registry. An index lists one image for each platform."""

    digest: str
    media_type: str

    @property
    def is_index(self) -> bool:
        """Whether there are images for several platforms behind it."""
        return self.media_type in INDEX_TYPES


class Registries:
    """Answers questions about images, each repository over one connection; to be closed, or used in a `with`."""

    def __init__(self) -> None:
        self._sessions: dict[Address, tuple[str, requests.Session]] = {}

    def __enter__(self) -> Registries:
        """Return itself, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        for _, client in self._sessions.values():
            client.close()
        self._sessions.clear()

    def manifest(self, image: ImageRef) -> Manifest | None:
        """Return what an image's digest, else its tag, stands for; None if the registry has no such image.

        Raises:
            ToolError: the registry cannot be reached, does not let us in, or makes no sense.
        """
        address = Address.of(image.name)
        path = f"manifests/{image.digest or image.tag or 'latest'}"
        answer = self._ask(address, "HEAD", path, accept=_ACCEPT)
        if answer is None:
            return None
        digest = answer.headers.get("Docker-Content-Digest", "")
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        if not digest:  # an old registry: the digest is that of the bytes
            whole = self._ask(address, "GET", path, accept=_ACCEPT)
            if whole is None:
                return None
            digest = f"sha256:{hashlib.sha256(_body(whole)).hexdigest()}"
        if image.digest and digest != image.digest:
            raise ToolError(f'registry "{address.host}" answers with "{digest}" where "{image.digest}" was asked for')
        return Manifest(digest, media_type)

    def tags(self, name: str) -> list[str]:
        """Return all tags of an image's repository; none if there is no such repository.

        Raises:
            ToolError: the registry cannot be reached, does not let us in, or makes no sense.
        """
        return [tag for page in self._pages(Address.of(name)) for tag in page]

    def _pages(self, address: Address) -> Iterator[list[str]]:
        path = "tags/list?n=1000"
        for _ in range(_MOST_PAGES):
            answer = self._ask(address, "GET", path, accept="application/json")
            if answer is None:
                return
            tags = _json(answer, address).get("tags") or []
            yield [str(tag) for tag in tags]
            following = answer.links.get("next", {}).get("url")
            if not following:
                return
            path = _same_server(answer.url, following, address)
        raise ToolError(f'"{address}" has too many tags to read')

    def created(self, image: ImageRef) -> str:
        """Return when an image was built, as RFC 3339; empty where it does not tell. Of an index, its first image.

        Raises:
            ToolError: the registry cannot be reached, does not let us in, or makes no sense.
        """
        address = Address.of(image.name)
        reference = image.digest or image.tag or "latest"
        for _ in range(2):
            answer = self._ask(address, "GET", f"manifests/{reference}", accept=_ACCEPT)
            manifest = _json(answer, address) if answer is not None else {}
            listed = manifest.get("manifests")
            if not listed:
                break
            reference = str(listed[0].get("digest"))
        config = manifest.get("config", {}).get("digest")
        if not config:
            return ""
        answer = self._ask(address, "GET", f"blobs/{config}", accept="*/*")
        return str(_json(answer, address).get("created") or "") if answer is not None else ""

    def _ask(self, address: Address, method: str, path: str, *, accept: str) -> requests.Response | None:
        """Ask about a repository; None is its "there is no such thing".

        Raises:
            ToolError: for any other refusal.
        """
        server, client = self._connected(address)
        url = path if path.startswith(server) else f"{server}/v2/{address.repository}/{path}"
        options: dict[str, Any] = {"headers": {"Accept": accept}, "stream": method == "GET"}
        answer = ask(client, method, url, **options)
        if answer.status_code == 401:
            answer.close()
            authorize(client, answer, address)
            answer = ask(client, method, url, **options)
        if answer.status_code != 200:
            answer.close()
        if answer.status_code == 404:
            return None
        if answer.status_code in {401, 403}:
            raise ToolError(
                f'registry "{address.host}" denies access to "{address.repository}"',
                hint=f"log in: docker login {address.host}; in GitLab CI, see DOCKER_AUTH_CONFIG",
            )
        if answer.status_code != 200:
            raise ToolError(f'registry "{address.host}" answers with status {answer.status_code} {answer.reason}')
        return answer

    def _connected(self, address: Address) -> tuple[str, requests.Session]:
        """Return the server's URL and a session with it: a token is for one repository."""
        if address not in self._sessions:
            *first, last = address.servers
            client = session()
            server = next((one for one in first if _answers(client, one)), last)
            self._sessions[address] = (server, client)
        return self._sessions[address]


def _answers(client: requests.Session, server: str) -> bool:
    """Whether a registry is there; of one that speaks https, http gets a complaint."""
    try:
        return ask(client, "GET", f"{server}/v2/", tries=1).status_code in {200, 401}
    except ToolError:
        return False


def _body(answer: requests.Response) -> bytes:
    with answer:
        body = answer.raw.read(_LARGEST + 1, decode_content=True)
    if len(body) > _LARGEST:
        raise ToolError(f'"{answer.url}" is larger than {_LARGEST} bytes')
    return bytes(body)


def _json(answer: requests.Response, address: Address) -> Mapping[str, Any]:
    import json

    try:
        found = json.loads(_body(answer))
    except ValueError as error:
        raise ToolError(f'registry "{address.host}" answers with something that is not JSON') from error
    return found if isinstance(found, dict) else {}


def _same_server(url: str, following: str, address: Address) -> str:
    """Return the URL of the next page; it gets the same credentials, so it has to be on the same server."""
    target = urljoin(url, following)
    if urlsplit(target)[:2] != urlsplit(url)[:2]:
        raise ToolError(f'registry "{address.host}" sends us to another server for more tags')
    return target
