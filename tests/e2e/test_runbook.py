"""`gitops runbook` as a command: its formats, and `--run` against API servers that answer, hang, or are not there."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest

from .world import PACKAGE_ROOT, Checkout

SCHEMA = json.loads((PACKAGE_ROOT / "schemas/output/runbook.schema.json").read_text())
VERBS = ["get", "list"]
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-abc", "namespace": "shop"},
    "spec": {"containers": [{"name": "web", "image": "registry.example.org/team/web:v1"}]},
    "status": {"phase": "Running"},
}
ANSWERS = {
    "/version": {"major": "1", "minor": "36", "gitVersion": "v1.36.0"},
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod", "verbs": VERBS},
            {"name": "events", "singularName": "event", "namespaced": True, "kind": "Event", "verbs": VERBS},
        ],
    },
    "/api/v1/namespaces/shop/pods": {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [POD]},
    "/api/v1/namespaces/shop/events": {"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": []},
}
MISSING = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "message": "x", "code": 404}

real_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is no tool that this project needs")


class _Api(BaseHTTPRequestHandler):
    """The few answers of an API server that kubectl needs to list pods."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        body = json.dumps(ANSWERS.get(path, MISSING)).encode()
        self.send_response(200 if path in ANSWERS else 404)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listening.server_port}"
    listening.shutdown()
    listening.server_close()


def kubeconfig(folder: Path, server: str) -> dict[str, str]:
    """Write a configuration with one context, `shop`, and return the variable that names it."""
    text = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "shop", "context": {"cluster": "c", "user": "u"}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(text))
    return {"KUBECONFIG": str(folder / "kubeconfig")}


def test_text_and_markdown(web: Checkout) -> None:
    result = web.gitops("runbook", "web", "--env", "production")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(
        "web(production)\n\nPods of deployment/web\n  kubectl get pods -n shop -l app=web -o wide\n"
        "  (should run registry.example.org/team/web:v1)\n  kubectl get pods -n shop -l app=web -o 'jsonpath={range"
    )
    markdown = web.gitops("runbook", "web", "--output", "markdown")
    assert (markdown.code, markdown.err) == (0, "")
    assert markdown.out.startswith("# Runbook of web(staging)\n\n## Pods of deployment/web\n\n```sh\nkubectl get pods")
    assert markdown.out.count("```") == 2 * markdown.out.count("\n## ")


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (("wob",), 3, 'error: no app "wob" in this repository\nhint: did you mean "web"?\n'),
        (
            ("web", "--env", "live"),
            2,
            'error: app "web" has no environment "live"\nhint: it has: staging, production\n',
        ),
    ],
)
def test_refusals(web: Checkout, args: tuple[str, ...], code: int, error: str) -> None:
    result = web.gitops("runbook", *args)
    assert (result.code, result.out, result.err) == (code, "", error)


@real_kubectl
def test_what_only_reads_is_run_with_the_real_kubectl(web: Checkout, tmp_path: Path, server: str) -> None:
    env = kubeconfig(tmp_path, server)
    result = web.gitops("runbook", "web", "--run", "--context", "shop", "--output", "json", env=env)
    assert result.code == 1  # this server knows pods and events, and nothing else
    assert result.err.splitlines()[0] == "10 commands ran, 6 failed"
    document = json.loads(result.out)
    jsonschema.validate(document, SCHEMA)
    ended = {one["command"]: one["result"] for step in document["steps"] for one in step["commands"]}
    pods = ended["kubectl --context shop get pods -n shop -l app=web -o wide"]
    assert (pods["exitCode"], pods["output"].split()[2]) == (0, "web-abc")
    image = next(answer for command, answer in ended.items() if "jsonpath" in command)
    assert image["output"] == "web-abc\tRunning\tregistry.example.org/team/web:v1\n"
    assert all(answer is None for command, answer in ended.items() if " exec " in command or " -f" in command)

    text = web.gitops("runbook", "web", "--run", "--context", "shop", env=env)
    assert text.out.startswith(
        "Pods of deployment/web\n$ kubectl --context shop get pods -n shop -l app=web -o wide\nNAME"
    )
    assert "\n(ended with 1)\n" in text.out


@real_kubectl
@pytest.mark.parametrize(("context", "reason"), [("shop", "refused"), ("other", 'context "other" does not exist')])
def test_a_cluster_that_does_not_answer_ends_it(web: Checkout, tmp_path: Path, context: str, reason: str) -> None:
    env = kubeconfig(tmp_path, "http://127.0.0.1:9")
    result = web.gitops("runbook", "web", "--run", "--context", context, env=env)
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("error: the cluster does not answer: ")
    assert reason in result.err
    assert result.err.count("\n") == 2


def stand_in(folder: Path, script: str) -> dict[str, str]:
    """Put a program called kubectl first on PATH that knows its version."""
    folder.mkdir()
    version = '{"clientVersion": {"gitVersion": "v1.37.1"}, "kustomizeVersion": "v5.8.1"}'
    path = folder / "kubectl"
    path.write_text(f"#!/bin/sh\ncase \"$*\" in *'version --client'*) echo '{version}';;\n{script}esac\n")
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_a_command_that_hangs_is_stopped(web: Checkout, tmp_path: Path) -> None:
    env = stand_in(
        tmp_path / "bin", "*'describe pods'*) sleep 30;;\n*--previous*) echo no >&2; exit 1;;\n*) echo fine;;\n"
    )
    began = time.monotonic()
    result = web.gitops("runbook", "web", "--run", "--timeout", "1", env=env)
    assert time.monotonic() - began < 15
    assert result.code == 1
    assert '\n"kubectl" did not end within 1 seconds\n' in result.out
    assert result.out.count("(ended with 1, which is usual)") == 1
    assert result.err == "10 commands ran, 1 failed\nfailed: kubectl describe pods -n shop -l app=web\n"


def test_control_characters_of_a_log_do_not_reach_the_terminal(web: Checkout, tmp_path: Path) -> None:
    env = stand_in(tmp_path / "bin", "*) printf 'a\\033[31mb https://u:hunter2@h/\\n';;\n")
    result = web.gitops("runbook", "web", "--run", env=env)
    assert result.code == 0
    assert "a\\x1b[31mb https://***@h/\n" in result.out
    assert "\x1b" not in result.out
