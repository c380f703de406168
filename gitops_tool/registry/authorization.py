"""How a registry is opened: https://distribution.github.io/distribution/spec/auth/token/."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gitops_tool.errors import ToolError
from gitops_tool.registry.credentials import login
from gitops_tool.web import ask, session

if TYPE_CHECKING:
    import requests

    from gitops_tool.registry.address import Address
    from gitops_tool.registry.credentials import Login

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')


def authorize(client: requests.Session, refusal: requests.Response, address: Address) -> None:
    """Give a session what a registry asks for in its answer 401: user and password, or a token for them.

    Raises:
        ToolError: it asks for something unknown, or gives no token.
    """
    scheme, _, rest = refusal.headers.get("WWW-Authenticate", "").partition(" ")
    found = login(address.host)
    match scheme.lower():
        case "basic":
            if found is not None:
                client.auth = (found.user, found.password)
        case "bearer":
            client.headers["Authorization"] = f"Bearer {_token(dict(_PARAMETER.findall(rest)), found, address)}"
        case _:
            raise ToolError(f'registry "{address.host}" asks for an unknown way to log in: "{scheme}"')


def _token(challenge: dict[str, str], found: Login | None, address: Address) -> str:
    realm = challenge.get("realm", "")
    parts = urlsplit(realm)
    local = any(server.startswith("http://") for server in address.servers)
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise ToolError(f'registry "{address.host}" sends us to "{realm}" for a token; only https is safe')
    scope = challenge.get("scope") or f"repository:{address.repository}:pull"
    values = {"service": challenge.get("service", ""), "scope": scope}
    with session() as client:
        if found and found.identity_token:
            form = {"grant_type": "refresh_token", "client_id": "gitops-tool", "refresh_token": found.identity_token}
            answer = ask(client, "POST", realm, data=values | form)
        else:
            answer = ask(client, "GET", realm, params=values, auth=(found.user, found.password) if found else None)
    if answer.status_code != 200:
        hint = f"log in: docker login {address.host}; in GitLab CI, see DOCKER_AUTH_CONFIG"
        raise ToolError(f'registry "{address.host}" gives no token: status {answer.status_code}', hint=hint)
    try:
        body = answer.json()
        return str(body.get("token") or body["access_token"])
    except (ValueError, KeyError, AttributeError) as error:
        raise ToolError(f'registry "{address.host}" gives no token: its answer makes no sense') from error
