"""How the objects of a render hang together, and how that is drawn and listed."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from gitops_tool.model import Resource, ResourceId
from gitops_tool.output.report.drawing import draw
from gitops_tool.output.report.lists import Item, tree
from gitops_tool.topology import Link, Node, Topology, topology
from gitops_tool.topology.selectors import selects

PODS = """\
metadata: {labels: {app: web, tier: front}}
spec:
  serviceAccountName: web-sa
  imagePullSecrets: [{name: pull}]
  containers:
    - name: main
      envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: token}}]
      env: [{name: A, valueFrom: {secretKeyRef: {name: password, key: a}}}, {name: B, value: hunter2}]
  initContainers: [{name: init, env: [{name: C, valueFrom: {configMapKeyRef: {name: start, key: c}}}]}]
  volumes:
    - {name: a, configMap: {name: files}}
    - {name: b, secret: {secretName: certificate}}
    - {name: c, persistentVolumeClaim: {claimName: disk}}
    - {name: d, projected: {sources: [{configMap: {name: part}}, {secret: {name: piece}}]}}
"""
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {"template": yaml.safe_load(PODS)},
}
CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("references.yaml").read_text())


def resource(body: dict[str, Any]) -> Resource:
    group, _, version = body["apiVersion"].rpartition("/")
    name = body["metadata"]["name"]
    return Resource(ResourceId(group, version, body["kind"], "shop", name), body, PurePosixPath("apps/web"))


def found(*bodies: dict[str, Any]) -> list[str]:
    links = topology([resource(body) for body in bodies]).links
    return [f"{one.source.kind}/{one.source.name} {one.why} {one.target.kind}/{one.target.name}" for one in links]


def test_what_pods_use() -> None:
    assert found(DEPLOYMENT) == [
        "Deployment/web mounts ConfigMap/files",
        "Deployment/web mounts ConfigMap/part",
        "Deployment/web takes variables from ConfigMap/settings",
        "Deployment/web takes variables from ConfigMap/start",
        "Deployment/web mounts PersistentVolumeClaim/disk",
        "Deployment/web mounts Secret/certificate",
        "Deployment/web takes variables from Secret/password",
        "Deployment/web mounts Secret/piece",
        "Deployment/web pulls images with Secret/pull",
        "Deployment/web takes variables from Secret/token",
        "Deployment/web runs as ServiceAccount/web-sa",
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["object"]["kind"])
def test_what_other_objects_refer_to(case: dict[str, Any]) -> None:
    alone = set(found(DEPLOYMENT))
    assert [link for link in found(DEPLOYMENT, case["object"]) if link not in alone] == case["links"]


def test_a_servicemonitor_selects_services_by_their_labels() -> None:
    selector = {"matchLabels": {"app": "web"}}
    monitor = {"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "m"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "labels": {"app": "web"}}, "spec": {}}
    assert found(service, monitor | {"spec": {"selector": selector}}) == ["ServiceMonitor/m selects Service/s"]
    assert found(service, monitor | {"spec": {"selector": {"matchLabels": {"app": "api"}}}}) == []


def test_no_value_is_kept_and_what_is_elsewhere_is_marked() -> None:
    result = topology([resource(DEPLOYMENT)])
    assert "hunter2" not in repr(result)
    assert [node.name for node in result.nodes if node.is_rendered] == ["web"]
    assert all(not link.target.is_rendered for link in result.links)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "x", "operator": "NotIn", "values": ["web"]}, True),
        ({"key": "x", "operator": "In", "values": ["web"]}, False),
        ({"key": "app", "operator": "Near"}, False),
    ],
)
def test_expressions(expression: dict[str, Any], matches: bool) -> None:
    assert selects({"matchExpressions": [expression]}, {"app": "web"}) is matches


A, B, C, D = (Node("Kind", name) for name in "abcd")
CIRCLE = Topology((A, B, C, D), (Link(A, B, "x"), Link(B, C, "y"), Link(C, A, "z")))


def test_references_go_to_the_right_and_nothing_overlaps() -> None:
    drawing = draw(topology([resource(DEPLOYMENT), resource(CASES[0]["object"])]))
    places = {box.node.name: (box.x, box.y) for box in drawing.boxes}
    assert places["s"][0] < places["web"][0] < places["settings"][0]
    assert len(set(places.values())) == len(drawing.boxes) == 13
    assert all(box.x + 224 < drawing.width and box.y + 46 < drawing.height for box in drawing.boxes)
    assert len(drawing.curves) == 12


def test_a_circle_is_drawn_and_listed_once() -> None:
    assert len(draw(CIRCLE).boxes) == 4

    def names(items: tuple[Item, ...]) -> list[object]:
        return [(one.name, one.note, names(one.children)) for one in items]

    assert names(tree(CIRCLE)) == [("d", "", []), ("a", "", [("b", "", [("c", "", [("a", "see above", [])])])])]


def test_nothing_at_all_is_an_empty_drawing() -> None:
    assert (draw(Topology((), ())).boxes, tree(Topology((), ()))) == ((), ())
