"""Which commands a runbook has for what is rendered."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from gitops_tool.config import Settings
from gitops_tool.model import Edit, Environment, Overlay, Resource, ResourceId
from gitops_tool.runbook import Runbook, applications_of, build
from gitops_tool.runbook.kubectl import Kubectl, selector
from gitops_tool.tree import DirTree, PatchedTree


def tree_of(files: dict[str, str]) -> PatchedTree:
    edits = [Edit(PurePosixPath(name), None, text.encode()) for name, text in files.items()]
    return PatchedTree(DirTree(Path("/nonexistent")), edits)


OVERLAY = Overlay("web", "production", PurePosixPath("apps/web/overlays/production"))
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector:
    matchLabels: {app: web}
    matchExpressions:
    - {key: tier, operator: In, values: [a, b]}
  template:
    spec:
      initContainers: [{name: migrate, image: registry.example.org/web:v1}]
      containers:
      - name: web
        image: registry.example.org/web:v1
        envFrom: [{configMapRef: {name: web-c5f}}, {secretRef: {name: web}}]
        env:
        - {name: CACHE_URL, value: 'redis://user:secret@cache.shop:6379/0'}
        - {name: KAFKA, value: 'kafka-0:9092,kafka-1:9092'}
        - {name: QUEUE_HOST, value: queue}
        - {name: QUEUE_PORT, value: '5672'}
        - {name: AT, value: '12:30'}
        - {name: API, valueFrom: {configMapKeyRef: {name: web-c5f, key: api}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web-c5f, namespace: shop}
data: {DB_HOST: payment-db, DB_PORT: '5432', api: 'https://api.example.org:8443/v1', jdbc: 'jdbc:postgresql://pg:5433/x'}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}, {name: metrics, port: 9090}]}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: shop}
stringData: {PASSWORD: hunter2, DB_URL: 'postgres://secret-db:5432'}
"""


def resources(text: str) -> list[Resource]:
    found = []
    for body in yaml.safe_load_all(text):
        group, _, version = body["apiVersion"].rpartition("/")
        metadata = body["metadata"]
        identity = ResourceId(group, version, body["kind"], metadata.get("namespace", ""), metadata["name"])
        found.append(Resource(identity, body, OVERLAY.path))
    return found


def book(text: str, environment: Environment | None = None, context: str | None = None) -> Runbook:
    return build(OVERLAY, resources(text), (), environment, context)


def commands(found: Runbook) -> list[str]:
    return [command.text for step in found.steps for command in step.commands]


def test_the_articles_commands_are_there_with_the_real_names() -> None:
    found = commands(book(WEB))
    labels = "'app=web,tier in (a,b)'"
    for wanted in (
        f"kubectl get pods -n shop -l {labels} -o wide",
        "kubectl logs -n shop deployment/web -c web --tail=200",
        f"kubectl logs -n shop -l {labels} -c migrate --previous --tail=200",
        f"kubectl logs -n shop -l {labels} --all-containers --prefix -f",
        "kubectl exec -n shop -it deployment/web -c web -- /bin/sh",
        f"kubectl top pods -n shop -l {labels} --containers",
        "kubectl get events -n shop --sort-by=.metadata.creationTimestamp",
        "kubectl exec -n shop deployment/web -c web -- nc -zv -w 5 payment-db 5432",
        "kubectl rollout history -n shop deployment/web",
        "kubectl get endpointslices -n shop -l kubernetes.io/service-name=web",
        "kubectl port-forward -n shop service/web 8080:80",
        "kubectl get configmap -n shop web-c5f -o yaml",
        "kubectl get secret -n shop web",
    ):
        assert wanted in found


def test_connections_come_from_the_environment_and_no_secret_is_read() -> None:
    tried = [text.rpartition("-w 5 ")[2] for text in commands(book(WEB)) if " nc " in text]
    assert list(dict.fromkeys(tried)) == [
        *("payment-db 5432", "api.example.org 8443", "pg 5433"),
        *("cache.shop 6379", "kafka-0 9092", "kafka-1 9092", "queue 5672"),
    ]
    assert not any("hunter2" in text or "secret-db" in text or "user:secret" in text for text in commands(book(WEB)))


def test_only_what_reads_is_run() -> None:
    found = book(WEB)
    verbs = {command.args[1] for step in found.steps for command in step.commands if command.is_run}
    assert verbs == {"get", "describe", "logs", "rollout", "top"}
    run = [command for step in found.steps for command in step.commands if command.is_run]
    assert not any("-f" in command.args or "-it" in command.args for command in run)
    assert all("--watch=false" in one.args for one in run if one.args[1:3] == ("rollout", "status"))


def test_namespace_and_context_are_filled_in() -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}\n"
    found = book(pod, Environment("production", "shop", "https://c:6443"), "prod cluster")
    assert found.cluster == "https://c:6443"
    assert commands(found)[0] == "kubectl --context 'prod cluster' get pod/p -n shop -o wide"
    assert commands(book(pod))[0] == "kubectl get pod/p -o wide"


@pytest.mark.parametrize("name", ["--all", "x; touch y", "X", "a\x1b[31m", "a/b", ""])
def test_a_name_that_no_server_takes_is_left_out(name: str) -> None:
    body: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}}
    found = book(yaml.safe_dump(body) + "---\n" + WEB)
    assert len(found.left_out) == 1
    assert found.left_out[0].isprintable()
    assert commands(found) == commands(book(WEB))


def test_every_command_is_one_line_that_a_shell_reads_back() -> None:
    for step in book(WEB).steps:
        for command in step.commands:
            assert "\n" not in command.text
            assert tuple(shlex.split(command.text)) == command.args


@pytest.mark.parametrize(
    ("labels", "written"),
    [
        ({}, None),
        ({"matchLabels": {"a": "b", "c": "d"}}, "a=b,c=d"),
        ({"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["x"]}]}, "k notin (x)"),
        ({"matchExpressions": [{"key": "k", "operator": "Exists"}, {"key": "l", "operator": "DoesNotExist"}]}, "k,!l"),
    ],
)
def test_selectors(labels: dict[str, Any], written: str | None) -> None:
    assert selector(labels) == written
    assert Kubectl(None, "n")("get", "pods")[1:] == ("get", "pods", "-n", "n")


SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  goTemplate: true
  generators: [{GENERATOR}]
  template:
    metadata: {name: 'shop-{{.path.basename}}', namespace: argocd}
    spec:
      project: default
      source: {repoURL: 'https://h/m.git', targetRevision: main, path: '{{.path.path}}'}
      destination: {name: prod, namespace: shop}
"""
DIRECTORIES = "git: {repoURL: 'https://h/m.git', revision: main, directories: [{path: apps/web/overlays/*}]}"


def test_applications_have_the_names_that_the_cluster_knows() -> None:
    files = {"argocd/set.yaml": SET.replace("GENERATOR", DIRECTORIES), f"{OVERLAY.path}/kustomization.yaml": "{}\n"}
    found = applications_of(tree_of(files), Settings(), OVERLAY)
    assert [one.name for one in found] == ["shop-production"]
    made = build(OVERLAY, resources(WEB), found, None, None)
    assert made.cluster == "prod"
    assert "argocd app get argocd/shop-production --show-operation" in commands(made)
    assert "kubectl get applications.argoproj.io -n argocd shop-production -o wide" in commands(made)


def test_where_only_the_cluster_knows_them_they_are_listed() -> None:
    files = {
        "argocd/set.yaml": SET.replace("GENERATOR", "pullRequest: {}"),
        f"{OVERLAY.path}/kustomization.yaml": "{}\n",
    }
    made = build(OVERLAY, resources(WEB), applications_of(tree_of(files), Settings(), OVERLAY), None, None)
    assert commands(made)[-1] == "kubectl get applications.argoproj.io -n argocd"
