"""A real registry on the loopback address, and images small enough to push by hand."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

USER, PASSWORD = "ci", "s3cret pass:word"
HASHED = "$2y$05$v2M/vVeQ7c0z72wNLJHgdOdcYnq64tKiS/8gTXs2fvdAy.o4ZS6vm"
CONFIG = """\
version: 0.1
log: {{level: error}}
storage:
  filesystem: {{rootdirectory: {folder}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def program() -> str:
    """Return the registry's program; only a developer's machine may be without it."""
    found = shutil.which("docker-registry")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("docker-registry is not installed: see scripts/test_packages.sh")
        pytest.skip("docker-registry is not installed: see scripts/test_packages.sh")
    return found


@dataclass(frozen=True)
class Registry:
    """A running registry."""

    host: str
    auth: tuple[str, str] | None = None

    def put(self, repository: str, tag: str, *, created: str = "2026-01-02T03:04:05Z") -> str:
        """Push an image without layers and return its digest."""
        config = json.dumps({"created": created, "architecture": "amd64", "os": "linux", "config": {}}).encode()
        self._blob(repository, config)
        digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
        described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(config)}
        body = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
        return self._manifest(repository, tag, body, MANIFEST)

    def put_index(self, repository: str, tag: str) -> str:
        """Push an image for two platforms and return the index's digest."""
        manifests = []
        for architecture in ("amd64", "arm64"):
            digest = self.put(repository, f"{tag}-{architecture}", created=f"2026-01-0{len(manifests) + 1}T00:00:00Z")
            size = self._size(repository, digest)
            platform = {"architecture": architecture, "os": "linux"}
            manifests.append({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform})
        return self._manifest(repository, tag, {"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}, INDEX)

    def _size(self, repository: str, digest: str) -> int:
        url = self._url(repository, f"manifests/{digest}")
        return len(requests.get(url, headers={"Accept": MANIFEST}, auth=self.auth, timeout=10).content)

    def _blob(self, repository: str, data: bytes) -> None:
        started = requests.post(self._url(repository, "blobs/uploads/"), auth=self.auth, timeout=10)
        started.raise_for_status()
        where, joint = started.headers["Location"], "&" if "?" in started.headers["Location"] else "?"
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        requests.put(f"{where}{joint}digest={digest}", data=data, auth=self.auth, timeout=10).raise_for_status()

    def _manifest(self, repository: str, tag: str, body: dict[str, object], kind: str) -> str:
        data = json.dumps(body).encode()
        url, headers = self._url(repository, f"manifests/{tag}"), {"Content-Type": kind}
        answer = requests.put(url, data=data, headers=headers, auth=self.auth, timeout=10)
        answer.raise_for_status()
        return f"sha256:{hashlib.sha256(data).hexdigest()}"

    def _url(self, repository: str, path: str) -> str:
        return f"http://{self.host}/v2/{repository}/{path}"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _running(folder: Path, more: str, auth: tuple[str, str] | None = None) -> Iterator[Registry]:
    port = free_port()
    config = folder / "config.yml"
    config.write_text(CONFIG.format(folder=folder / "data", port=port) + more)
    command, quiet = [program(), "serve", str(config)], subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as child:
        try:
            _wait(port)
            yield Registry(f"127.0.0.1:{port}", auth)
        finally:
            child.terminate()


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    pytest.fail("the registry does not start")


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry for everybody."""
    yield from _running(tmp_path_factory.mktemp("registry"), "")


@pytest.fixture(scope="session")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """A registry that asks for user and password."""
    folder = tmp_path_factory.mktemp("private")
    (folder / "htpasswd").write_text(f"{USER}:{HASHED}\n")
    more = f"auth:\n  htpasswd: {{realm: test, path: {folder / 'htpasswd'}}}\n"
    yield from _running(folder, more, (USER, PASSWORD))


@pytest.fixture(autouse=True)
def _no_logins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the logins of this machine's user out of the tests."""
    for name in ("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
