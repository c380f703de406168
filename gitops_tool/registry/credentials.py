"""Users and passwords for registries, from where Docker, Podman and GitLab keep them; never from an argument.

Sources: https://docs.docker.com/reference/cli/docker/login/ (config.json, credential helpers),
https://docs.gitlab.com/ci/variables/predefined_variables/ and
https://docs.gitlab.com/ci/docker/using_docker_images/ (DOCKER_AUTH_CONFIG).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gitops_tool import process
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.registry.address import DOCKER_HUB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "registry-1.docker.io")
_HELPER_TIMEOUT = 30.0
"""Seconds; a helper may ask a key chain."""

_TOKEN_USER = "<token>"  # noqa: S105 - Docker's name for a user whose password is an identity token


@record
class Login:
    """What opens a registry: user and password, or an identity token in place of both."""

    user: str
    password: str
    identity_token: str = ""


def login(host: str) -> Login | None:
    """Return the credentials for a registry; None where there are none.

    Raises:
        ToolError: a configuration file or a credential helper is at fault.
    """
    for config in _configurations():
        if found := _from_config(config, host):
            return found
    return _from_gitlab(host)


def _configurations() -> Iterator[Mapping[str, Any]]:
    """Yield the configurations that exist, GitLab's variable first."""
    if text := os.environ.get("DOCKER_AUTH_CONFIG"):
        yield _parsed(text, "DOCKER_AUTH_CONFIG")
    for path in _files():
        try:
            text = path.read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(f'"{path}" cannot be read: {getattr(error, "strerror", None) or error}') from error
        yield _parsed(text, str(path))


def _files() -> Iterator[Path]:
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.expanduser raises where there is no home
    if path := os.environ.get("REGISTRY_AUTH_FILE"):
        yield Path(path)
    yield Path(os.environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"
    if folder := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(folder) / "containers/auth.json"


def _parsed(text: str, source: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ToolError(f'"{source}" is not JSON: {error}', hint="it holds credentials for registries") from error
    if not isinstance(found, dict):
        raise ToolError(f'"{source}" does not hold a JSON object')
    return found


def _from_config(config: Mapping[str, Any], host: str) -> Login | None:
    """Look a registry up as Docker does: its own helper, the helper for all, what is written in the file."""
    own_keys = (host, f"https://{host}", f"https://{host}/v1/", f"https://{host}/v2/")
    keys = (*_HUB_KEYS, *own_keys) if host == DOCKER_HUB else own_keys
    helpers = _mapping(config, "credHelpers")
    own = next((str(helpers[key]) for key in keys if key in helpers), None)
    for helper in (own, config.get("credsStore")):
        if helper:
            for key in keys[:1] if host == DOCKER_HUB else (host, f"https://{host}"):
                if found := _ask_helper(str(helper), key):
                    return found
    auths = _mapping(config, "auths")
    return next((found for key in keys if (found := _entry(auths.get(key)))), None)


def _mapping(config: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = config.get(key)
    return value if isinstance(value, dict) else {}


def _entry(value: Any) -> Login | None:
    if not isinstance(value, dict):
        return None
    token = str(value.get("identitytoken") or "")
    try:
        text = base64.b64decode(str(value.get("auth") or ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    user, _, password = text.partition(":")
    user, password = user or str(value.get("username") or ""), password or str(value.get("password") or "")
    return Login(user, password, token) if (user and password) or token else None


def _ask_helper(name: str, server: str) -> Login | None:
    """Ask `docker-credential-NAME get`; it answers with JSON, or fails where it knows nothing."""
    if not name.replace("-", "").replace("_", "").isalnum():
        raise ToolError(f'"{name}" is not the name of a credential helper')
    program = f"docker-credential-{name}"
    done = process.run((program, "get"), timeout=_HELPER_TIMEOUT, stdin=server.encode())
    if done.returncode != 0:
        return None
    answer = _parsed(done.stdout.decode("utf-8", "replace"), program)
    user, secret = str(answer.get("Username") or ""), str(answer.get("Secret") or "")
    if user == _TOKEN_USER:
        return Login("", "", secret)
    return Login(user, secret) if secret else None


def _from_gitlab(host: str) -> Login | None:
    """Read the variables of a GitLab CI job: its own registry, and the proxy for images of other ones."""
    for server, user, password in (
        ("CI_REGISTRY", "CI_REGISTRY_USER", "CI_REGISTRY_PASSWORD"),
        ("CI_DEPENDENCY_PROXY_SERVER", "CI_DEPENDENCY_PROXY_USER", "CI_DEPENDENCY_PROXY_PASSWORD"),
    ):
        if os.environ.get(server) == host and os.environ.get(password):
            return Login(os.environ.get(user) or "gitlab-ci-token", os.environ[password])
    return None
