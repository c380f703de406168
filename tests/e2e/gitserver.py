"""A server of git repositories over HTTP, with a password, on the loopback address."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

TOKEN = "glpat-S3cretS3cretS3cret42"  # made up, of GitLab's form


class GitServer(ThreadingHTTPServer):
    """Serves a folder of bare repositories with git's own backend, to those who know the token."""

    daemon_threads = True

    def __init__(self, folder: Path, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Backend)
        self.folder = folder
        self.users: list[str] = []
        self.requests = 0
        self.sent = self.received = 0
        """Bytes of the bodies of all answers, and of what was sent here."""
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def url(self, name: str) -> str:
        """Return the address of a repository."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}/{name}"

    @contextmanager
    def running(self) -> Iterator[GitServer]:
        """Serve in the background until the end of the block."""
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()


class _Backend(BaseHTTPRequestHandler):
    server: GitServer
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self._body()
        self.server.received += len(body)
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        user, _, password = b64decode(value).decode().partition(":") if scheme == "Basic" else ("", "", "")
        if password != TOKEN:
            self._send(401, [("WWW-Authenticate", 'Basic realm="git"')], b"HTTP Basic: Access denied.")
            return
        self.server.users.append(user)
        path, _, query = self.path.partition("?")
        env = {
            "GIT_PROJECT_ROOT": str(self.server.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH": os.environ["PATH"],
            "PATH_INFO": unquote(path),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_USER": user,
            "REMOTE_ADDR": "127.0.0.1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n")]
        status = next((int(value.split()[0]) for name, value in headers if name == "Status"), 200)
        self._send(status, [(name, value) for name, value in headers if name != "Status"], content)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _send(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.server.requests += 1
        self.server.sent += len(content)

    def log_message(self, *_: object) -> None:
        """Keep pytest's output clean."""
