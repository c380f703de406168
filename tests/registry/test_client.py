"""The registry client against a real registry, and the ways it is opened."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.errors import ToolError
from gitops_tool.images import ImageRef
from gitops_tool.registry import Registries
from gitops_tool.registry.address import Address
from gitops_tool.registry.credentials import Login, login

from .conftest import PASSWORD, USER, Registry, free_port

AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("bitnami/nginx", "docker.io/bitnami/nginx"),
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/a/b", "docker.io/a/b"),
        ("registry.kakaopay.com/payment-service", "registry.kakaopay.com/payment-service"),
        ("localhost/a", "localhost/a"),
        ("registry:5000/a/b/c", "registry:5000/a/b/c"),
        ("quay.io/org/app", "quay.io/org/app"),
    ],
)
def test_a_name_leads_where_docker_would_look(name: str, address: str) -> None:
    assert str(Address.of(name)) == address


def test_plain_http_is_for_this_machine_and_hosts_that_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Address.of("r.example.org/a").servers == ("https://r.example.org",)
    assert Address.of("127.0.0.1.example.org/a").servers == ("https://127.0.0.1.example.org",)
    assert Address.of("127.0.0.1:5000/a").servers == ("http://127.0.0.1:5000", "https://127.0.0.1:5000")
    monkeypatch.setenv("GITOPS_INSECURE_REGISTRIES", "x:1, r.example.org")
    assert Address.of("r.example.org/a").servers[0] == "http://r.example.org"


def ask(question: str, *about: object) -> Any:
    """Ask a registry one question."""
    with Registries() as client:
        return getattr(client, question)(*about)


class TestPublic:
    def test_a_tag_that_is_there(self, registry: Registry) -> None:
        digest = registry.put("team/web", "v1")
        found = ask("manifest", ImageRef(f"{registry.host}/team/web", "v1"))
        assert found is not None
        assert (found.digest, found.is_index) == (digest, False)

    def test_a_digest_that_is_there(self, registry: Registry) -> None:
        digest = registry.put("team/web", "v1")
        found = ask("manifest", ImageRef(f"{registry.host}/team/web", None, digest))
        assert found is not None
        assert found.digest == digest

    def test_an_image_for_several_platforms(self, registry: Registry) -> None:
        digest = registry.put_index("team/multi", "v1")
        image = ImageRef(f"{registry.host}/team/multi", "v1")
        found = ask("manifest", image)
        assert found is not None
        assert (found.digest, found.is_index) == (digest, True)
        assert ask("created", image) == "2026-01-01T00:00:00Z"

    @pytest.mark.parametrize("image", ["team/web:v9", "team/nothing:v1", f"team/web@sha256:{'0' * 64}"])
    def test_what_is_absent(self, registry: Registry, image: str) -> None:
        registry.put("team/web", "v1")
        assert ask("manifest", ImageRef.parse(f"{registry.host}/{image}")) is None

    def test_tags_come_page_by_page(self, registry: Registry) -> None:
        for number in range(5):
            registry.put("team/many", f"v{number}")
        assert sorted(ask("tags", f"{registry.host}/team/many")) == [f"v{number}" for number in range(5)]
        assert ask("tags", f"{registry.host}/team/none") == []

    def test_a_registry_that_is_down(self) -> None:
        host = f"127.0.0.1:{free_port()}"
        with pytest.raises(
            ToolError, match=f'"https://{host}/v2/a/manifests/v1" cannot be reached: connection refused'
        ):
            ask("manifest", ImageRef(f"{host}/a", "v1"))


class TestPrivate:
    @pytest.fixture
    def image(self, private: Registry) -> ImageRef:
        private.put("team/web", "v1")
        return ImageRef(f"{private.host}/team/web", "v1")

    def found(self, image: ImageRef) -> bool:
        return ask("manifest", image) is not None

    def test_nobody_gets_in_without_a_login(self, image: ImageRef, private: Registry) -> None:
        with pytest.raises(ToolError, match="denies access") as caught:
            self.found(image)
        assert caught.value.hint == f"log in: docker login {private.host}; in GitLab CI, see DOCKER_AUTH_CONFIG"

    @pytest.mark.parametrize("key", ["{host}", "https://{host}", "https://{host}/v1/"])
    def test_a_login_of_docker(self, image: ImageRef, private: Registry, tmp_path: Path, key: str) -> None:
        write_config(tmp_path, {"auths": {key.format(host=private.host): {"auth": AUTH}}})
        assert self.found(image)

    def test_a_wrong_password(self, image: ImageRef, private: Registry, tmp_path: Path) -> None:
        wrong = base64.b64encode(b"ci:wr0ng").decode()
        write_config(tmp_path, {"auths": {private.host: {"auth": wrong}}})
        with pytest.raises(ToolError, match="denies access") as caught:
            self.found(image)
        assert "wr0ng" not in str(caught.value)

    def test_gitlabs_variables(self, image: ImageRef, private: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CI_REGISTRY", private.host)
        monkeypatch.setenv("CI_REGISTRY_USER", USER)
        monkeypatch.setenv("CI_REGISTRY_PASSWORD", PASSWORD)
        assert self.found(image)

    def test_gitlabs_variable_with_a_whole_configuration(
        self, image: ImageRef, private: Registry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {private.host: {"auth": AUTH}}}))
        assert self.found(image)

    @pytest.mark.parametrize("how", ["credHelpers", "credsStore"])
    def test_a_credential_helper(
        self, image: ImageRef, private: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        helper(tmp_path, json.dumps({"Username": USER, "Secret": PASSWORD}))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
        write_config(tmp_path, {how: {private.host: "vault"} if how == "credHelpers" else "vault"})
        assert self.found(image)
        assert (tmp_path / "asked").read_text() == private.host


def write_config(home: Path, config: dict[str, object]) -> None:
    (home / ".docker").mkdir()
    (home / ".docker/config.json").write_text(json.dumps(config))


def helper(folder: Path, answer: str) -> None:
    """Put a credential helper on the PATH-to-be, which notes what it is asked for."""
    (folder / "bin").mkdir()
    program = folder / "bin/docker-credential-vault"
    (folder / "answer").write_text(answer)
    program.write_text(f'#!/bin/sh\ncat > "{folder}/asked"\ncat "{folder}/answer"\n')
    program.chmod(stat.S_IRWXU)


class TestLogins:
    def test_docker_hub_is_known_by_its_old_name(self, tmp_path: Path) -> None:
        write_config(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}})
        assert login("docker.io") == Login(USER, PASSWORD)
        assert login("example.org") is None

    def test_an_identity_token(self, tmp_path: Path) -> None:
        write_config(tmp_path, {"auths": {"r.example.org": {"identitytoken": "id-t0ken"}}})
        assert login("r.example.org") == Login("", "", "id-t0ken")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "is not JSON"),
            ("[]", "does not hold a JSON object"),
            ('{"credsStore": "../../evil"}', "is not the name of a credential helper"),
            ('{"credsStore": "not-there"}', "docker-credential-not-there"),
        ],
    )
    def test_a_configuration_that_is_at_fault(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(text)
        with pytest.raises(ToolError, match=message):
            login("r.example.org")

    @pytest.mark.parametrize("entry", [None, 1, {}, {"auth": "%%"}, {"auth": "eA=="}, {"auth": []}])
    def test_entries_without_a_login(self, tmp_path: Path, entry: object) -> None:
        write_config(tmp_path, {"auths": {"r.example.org": entry}})
        assert login("r.example.org") is None


Answer = tuple[int, dict[str, str], str]


@contextmanager
def serving(answer: Callable[[str, dict[str, str]], Answer]) -> Iterator[str]:
    """Run a server that answers as no real registry here does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self.path, {key.lower(): value for key, value in self.headers.items()})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body.encode())

        do_HEAD = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Keep pytest's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class TestTokens:
    """A registry that sends its clients to a token server, as GitLab's and Docker Hub do."""

    def test_the_token_is_fetched_with_the_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[tuple[str, str]] = []

        def answer(path: str, headers: dict[str, str]) -> Answer:
            given = headers.get("authorization", "")
            seen.append((path, given))
            if path.startswith("/token"):
                return 200, {}, '{"token": "t0ken"}'
            if path == "/v2/" or given == "Bearer t0ken":
                return 200, {"Docker-Content-Digest": f"sha256:{'1' * 64}"}, ""
            challenge = f'Bearer realm="http://{headers["host"]}/token",service="r",scope="repository:a/b:pull"'
            return 401, {"WWW-Authenticate": challenge}, ""

        with serving(answer) as host:
            monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {host: {"auth": AUTH}}}))
            found = ask("manifest", ImageRef(f"{host}/a/b", "v1"))
        assert found is not None
        assert ("/token?service=r&scope=repository%3Aa%2Fb%3Apull", f"Basic {AUTH}") in seen

    def test_a_login_goes_to_no_other_server_in_the_clear(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def answer(path: str, headers: dict[str, str]) -> Answer:
            challenge = 'Bearer realm="ftp://evil.example.org/token",service="r"'
            return (200, {}, "") if path == "/v2/" else (401, {"WWW-Authenticate": challenge}, "")

        with serving(answer) as host:
            monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {host: {"auth": AUTH}}}))
            with pytest.raises(ToolError, match="only https is safe"):
                ask("manifest", ImageRef(f"{host}/a", "v1"))

    @pytest.mark.parametrize(
        ("status", "headers", "message"),
        [
            (500, {}, "answers with status 500"),
            (403, {}, "denies access"),
            (401, {"WWW-Authenticate": "Negotiate"}, 'an unknown way to log in: "Negotiate"'),
            (503, {"Retry-After": "3600"}, "answers with status 503"),
        ],
    )
    def test_refusals(self, status: int, headers: dict[str, str], message: str) -> None:
        with (
            serving(lambda path, _: (200, {}, "") if path == "/v2/" else (status, headers, "")) as host,
            pytest.raises(ToolError, match=message),
        ):
            ask("manifest", ImageRef(f"{host}/a", "v1"))

    def test_a_busy_registry_is_asked_again_when_it_says(self) -> None:
        asked: list[str] = []

        def answer(path: str, _: dict[str, str]) -> Answer:
            asked.append(path)
            busy = path != "/v2/" and len(asked) < 3
            return (429, {"Retry-After": "0"}, "") if busy else (200, {"Docker-Content-Digest": "sha256:1"}, "")

        with serving(answer) as host:
            assert ask("manifest", ImageRef(f"{host}/a", "v1")) is not None
        assert len(asked) == 3

    def test_the_next_page_of_tags_is_on_the_same_server(self) -> None:
        def answer(path: str, _: dict[str, str]) -> Answer:
            return 200, {"Link": '<https://evil.example.org/v2/a/tags/list>; rel="next"'}, '{"tags": ["v1"]}'

        with serving(answer) as host, pytest.raises(ToolError, match="another server"):
            ask("tags", f"{host}/a")
