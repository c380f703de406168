"""Random overlays that have names in common, so that kustomize could take the object of one for that of another."""

from __future__ import annotations

import json
from random import Random
from typing import Any

NAMES = ("a", "b", "web", "conf", "sec", "main")
NAMESPACES = ("one", "two", "default")
HASHED = {"kustomize.config.k8s.io/needs-hash": "true"}
RBAC = "rbac.authorization.k8s.io"
Body = dict[str, Any]


def overlays(seed: int) -> tuple[list[str], dict[str, str]]:
    """Return the directories of some overlays, and all their files."""
    random = Random(seed)
    files: dict[str, str] = {}
    names = [f"d{number}" for number in range(random.randint(2, 4))]
    for name in names:
        _kustomization(random, files, name, depth=0)
    return names, files


def _kustomization(random: Random, files: dict[str, str], folder: str, *, depth: int) -> None:
    objects = {(item["kind"], item["metadata"]["name"]): item for item in (_object(random) for _ in range(2))}
    resources = []
    for number, item in enumerate(objects.values()):
        files[f"{folder}/{number}.yaml"] = json.dumps(item)
        resources.append(f"{number}.yaml")
    body: Body = {"resources": resources}
    if depth < 2 and random.random() < 0.4:
        _kustomization(random, files, f"{folder}/base", depth=depth + 1)
        resources.append("base")
    fields = {
        "configMapGenerator": [{"name": random.choice(NAMES), "literals": [f"a={random.choice('xyz')}"]}],
        "secretGenerator": [{"name": random.choice(NAMES), "literals": ["a=b"]}],
        "namespace": random.choice(NAMESPACES),
        "labels": [{"pairs": {"l": "x"}, "includeSelectors": random.random() < 0.5}],
        "namePrefix": "p-",
        "patches": [random.choice(_patches(random))],
    }
    chances = {"configMapGenerator": 0.4, "secretGenerator": 0.3, "namespace": 0.6, "namePrefix": 0.04, "patches": 0.1}
    body |= {name: value for name, value in fields.items() if random.random() < chances.get(name, 0.2)}
    files[f"{folder}/kustomization.yaml"] = json.dumps(body)


def _patches(random: Random) -> list[Body]:
    def operation(kind: str, pointer: str, value: object) -> Body:
        return {"target": {"kind": kind}, "patch": json.dumps([{"op": "add", "path": pointer, "value": value}])}

    name = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": random.choice(NAMES)}}
    return [
        operation("Deployment", "/metadata/labels", {"z": "z"}),
        operation("Service", "/metadata/name", random.choice(NAMES)),
        operation("ServiceAccount", "/metadata/namespace", "two"),
        operation("ConfigMap", "/metadata/annotations", HASHED),
        {"target": {"kind": "Service"}, "options": {"allowNameChange": True}, "patch": json.dumps(name)},
    ]


def _object(random: Random) -> Body:
    """Return an object of any kind that names others, or that others name."""

    def name() -> str:
        return random.choice(NAMES)

    def subject() -> Body:
        place = {"namespace": random.choice(NAMESPACES)} if random.random() < 0.6 else {}
        return {"kind": "ServiceAccount", "name": name(), **place}

    def binding(kind: str) -> Body:
        role = {"apiGroup": RBAC, "kind": random.choice(("Role", "ClusterRole")), "name": name()}
        return {"apiVersion": f"{RBAC}/v1", "kind": kind, "roleRef": role, "subjects": [subject()]}

    variable = {"name": "X", "valueFrom": {"configMapKeyRef": {"name": name(), "key": "k"}}}
    pod = {
        "containers": [{"name": "c", "image": "i:1", "envFrom": [{"secretRef": {"name": name()}}], "env": [variable]}],
        "serviceAccountName": name(),
        "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": name()}}],
    }
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name()}
    rule = {"resources": ["configmaps"], "resourceNames": [name()], "verbs": ["get"], "apiGroups": [""]}
    bound = [
        binding("RoleBinding"),
        binding("ClusterRoleBinding"),
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "rules": [rule]},
    ]
    item: Body = random.choice(
        bound
        if random.random() < 0.2
        else [
            {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": pod}}},
            {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}},
            {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": {"scaleTargetRef": target}},
            {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"tls": [{"secretName": name()}]}},
            {"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"x": "y"}}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "imagePullSecrets": [{"name": name()}]},
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}},
            {"apiVersion": "v1", "kind": "Secret", "stringData": {"k": "v"}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"volumeName": name()}},
            {"apiVersion": "example.org/v1", "kind": "Widget", "spec": {"secretRef": {"name": name()}}},
        ]
    )
    metadata: Body = {"name": name()}
    if item["kind"] != "ClusterRoleBinding" and random.random() < 0.5:
        metadata["namespace"] = random.choice(NAMESPACES)
    if random.random() < 0.06:
        metadata["annotations"] = dict(HASHED)
    return {**item, "metadata": metadata}
