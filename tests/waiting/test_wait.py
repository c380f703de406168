"""`gitops wait`: the real kubectl against a server that answers as a cluster does, and Argo CD's API."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e import shop
from tests.e2e.world import PACKAGE_ROOT, Checkout, Result, environment

from .test_state import status

TOKEN = "t0ken-of-argocd"
GROUP = {"name": "argoproj.io", "versions": [{"groupVersion": "argoproj.io/v1alpha1", "version": "v1alpha1"}]}
RESOURCE = {
    "name": "applications",
    "singularName": "application",
    "namespaced": True,
    "kind": "Application",
    "verbs": ["get"],
}
DISCOVERY: dict[str, Any] = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [GROUP]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis/argoproj.io/v1alpha1": {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": "argoproj.io/v1alpha1",
        "resources": [RESOURCE],
    },
}
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web-staging, namespace: argocd}
spec:
  project: default
  source: {repoURL: https://git.example.org/m.git, path: apps/web/overlays/staging, targetRevision: main}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
"""


class Cluster(ThreadingHTTPServer):
    """An API server with one Application, whose status comes from the test, a new one for each question."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.states: list[dict[str, Any] | int] = []
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    server: Cluster
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in DISCOVERY:
            self._send(200, DISCOVERY[path])
            return
        if "/applications/" not in path:
            self._send(404, {"message": "no such path"})
            return
        self.server.asked.append(self.path)
        if path.startswith("/api/v1/applications/") and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {"message": "no session information"})
            return
        states = self.server.states
        state = states.pop(0) if len(states) > 1 else states[0]
        name = path.rpartition("/")[2]
        if isinstance(state, int):
            reason = "NotFound" if state == 404 else "Forbidden"
            words = f'applications.argoproj.io "{name}" {"not found" if state == 404 else "is forbidden"}'
            details = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": state}
            self._send(state, details | {"message": words})
            return
        meta = {"name": name, "namespace": "argocd"}
        self._send(200, {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": meta, **state})

    def _send(self, code: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Keep pytest's output clean."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Cluster() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def web(tmp_path: Path) -> Checkout:
    files = shop.files("web") | {"argocd/web-staging.yaml": APPLICATION}
    return Checkout.create(tmp_path / "web", environment(tmp_path / "home"), files)


@pytest.fixture(params=["kubectl", "api"])
def ask(request: pytest.FixtureRequest, web: Checkout, cluster: Cluster, tmp_path: Path) -> Callable[..., Result]:
    """Run `gitops wait` with kubectl, or with Argo CD's API."""
    if request.param == "api":
        env = {"ARGOCD_SERVER": cluster.url, "ARGOCD_AUTH_TOKEN": TOKEN}
    else:
        if shutil.which("kubectl") is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)("kubectl is not installed")
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": {"server": cluster.url}}],
            "users": [{"name": "test", "user": {}}],
        }
        (tmp_path / "kubeconfig").write_text(json.dumps(config))
        env = {"KUBECONFIG": str(tmp_path / "kubeconfig")}
    fast = ("--env", "staging", "--interval", "0.1", "--timeout", "30")

    def run(*args: str) -> Result:
        return web.gitops("wait", "web", *fast, *args, env=env)

    return run


def test_synced_and_healthy(ask: Callable[..., Result], web: Checkout, cluster: Cluster) -> None:
    old = web.head
    new = web.commit({"README.md": "more\n"}, "second")
    cluster.states = [
        status(old),
        status(new, sync="OutOfSync", phase="Running"),
        status(new, health="Progressing"),
        status(new),
    ]
    result = ask()
    assert result.code == 0
    assert result.out.startswith("web-staging: synced and healthy after ")
    assert result.out.endswith(f"Synced at {new[:12]}, Healthy\n")
    assert result.err.splitlines() == [
        f"Synced at {old[:12]}, Healthy",
        f"OutOfSync at {new[:12]}, Healthy, sync running",
        f"Synced at {new[:12]}, Progressing",
        f"Synced at {new[:12]}, Healthy",
    ]
    assert all("web-staging" in path for path in cluster.asked)


def test_the_sync_failed(ask: Callable[..., Result], web: Checkout, cluster: Cluster) -> None:
    cluster.states = [status(web.head, sync="OutOfSync", phase="Failed")]
    result = ask()
    assert result.code == 1
    assert result.out.startswith("web-staging: failed after ")
    assert "one or more objects failed" in result.err


def test_it_is_not_there_in_time(ask: Callable[..., Result], web: Checkout, cluster: Cluster) -> None:
    cluster.states = [status(web.head, health="Progressing")]
    result = ask("--timeout", "0.3")
    assert result.code == 4
    assert "not there yet after " in result.out


def test_another_revision_is_there(ask: Callable[..., Result], web: Checkout, cluster: Cluster) -> None:
    first = web.head
    wanted = web.commit({"README.md": "mine\n"}, "mine")
    web.git("switch", "--quiet", "--create", "theirs", first)
    theirs = web.commit({"README.md": "theirs\n"}, "theirs")
    cluster.states = [status(theirs)]
    result = ask("--revision", wanted)
    assert result.code == 5
    assert result.out.startswith("web-staging: superseded after ")


@pytest.mark.parametrize("code", [404, 403])
def test_it_cannot_be_asked(ask: Callable[..., Result], cluster: Cluster, code: int) -> None:
    cluster.states = [code]
    result = ask()
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: ")
    assert TOKEN not in result.err


def test_a_cluster_that_is_not_there(web: Checkout, tmp_path: Path) -> None:
    """What kubectl logs for each of its tries is left out."""
    if shutil.which("kubectl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("kubectl is not installed")
    config = tmp_path / "kubeconfig"
    config.write_text(
        '{"apiVersion": "v1", "kind": "Config", "current-context": "gone", "users": [{"name": "gone", "user": {}}],'
        ' "clusters": [{"name": "gone", "cluster": {"server": "http://127.0.0.1:1"}}],'
        ' "contexts": [{"name": "gone", "context": {"cluster": "gone", "user": "gone"}}]}'
    )
    result = web.gitops("wait", "web", "--env", "staging", env={"KUBECONFIG": str(config)})
    assert (result.code, result.out) == (3, "")
    assert result.err == (
        "error: kubectl: The connection to the server 127.0.0.1:1 was refused"
        " - did you specify the right host or port?\n"
        "hint: is this the cluster that Argo CD runs in? see --context\n"
    )


def test_the_document(ask: Callable[..., Result], web: Checkout, cluster: Cluster) -> None:
    cluster.states = [status(web.head)]
    result = ask("--output", "json")
    document = json.loads(result.out)
    jsonschema.validate(document, json.loads((PACKAGE_ROOT / "schemas/output/wait.schema.json").read_text()))
    assert (document["application"], document["result"], document["revisions"]) == ("web-staging", "done", [web.head])


def test_a_short_pause_of_the_server_is_no_end(web: Checkout, cluster: Cluster) -> None:
    cluster.states = [status(web.head, health="Progressing"), 403, status(web.head)]
    env = {"ARGOCD_SERVER": cluster.url, "ARGOCD_AUTH_TOKEN": TOKEN}
    assert web.gitops("wait", "web", "--interval", "0.1", env=env).code == 0


def test_what_cannot_be_meant(web: Checkout, cluster: Cluster) -> None:
    env = {"ARGOCD_SERVER": cluster.url, "ARGOCD_AUTH_TOKEN": TOKEN}
    for args, code, words in (
        (("web", "--env", "production"), 3, 'error: no Application here syncs "apps/web/overlays/production"\n'),
        (("web", "--revision", "nothing"), 2, 'error: no commit "nothing" in this repository\n'),
        (("wbe",), 3, "wbe"),
    ):
        result = web.gitops("wait", *args, env=env)
        assert (result.code, result.out) == (code, "")
        assert words in result.err


def test_a_token_is_not_sent_in_the_clear(web: Checkout) -> None:
    result = web.gitops("wait", "web", env={"ARGOCD_SERVER": "http://argocd.example.org", "ARGOCD_AUTH_TOKEN": TOKEN})
    assert (result.code, result.out) == (3, "")
    assert "only https keeps the token secret" in result.err
