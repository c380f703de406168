"""Where a pod's security settings come from."""

from __future__ import annotations

from pathlib import Path

import pytest
from rendered import said

from gitops_tool.rules.security import RULES

ROOT, PRIVILEGED, HOST = RULES


def pod(spec: str, container: str = "") -> str:
    return (
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{{spec} "
        f"containers: [{{name: web, image: 'web:1', {container}}}]}}}}\n"
    )


@pytest.mark.parametrize(
    ("spec", "container"),
    [
        ("securityContext: {runAsNonRoot: true},", ""),
        ("securityContext: {runAsUser: 1001},", ""),
        ("", "securityContext: {runAsNonRoot: true}"),
        ("securityContext: {runAsNonRoot: false},", "securityContext: {runAsNonRoot: true}"),
        ("os: {name: windows},", ""),
    ],
)
def test_does_not_run_as_root(spec: str, container: str, tmp_path: Path) -> None:
    assert said(tmp_path, pod(spec, container), ROOT) == []


@pytest.mark.parametrize(
    ("spec", "container"),
    [
        ("", ""),
        ("securityContext: {runAsNonRoot: true},", "securityContext: {runAsNonRoot: false}"),
        ("securityContext: {runAsUser: 1001},", "securityContext: {runAsUser: 0}"),
        ("securityContext: {fsGroup: 1001},", ""),
    ],
)
def test_may_run_as_root(spec: str, container: str, tmp_path: Path) -> None:
    assert said(tmp_path, pod(spec, container), ROOT) == ['info: container "web" may run as root']


def test_one_finding_names_all_containers(tmp_path: Path) -> None:
    init = "initContainers: [{name: prepare, image: 'web:1'}],"
    assert said(tmp_path, pod(init), ROOT) == ['info: containers "web", "prepare" may run as root']


def test_host_access_is_told_field_by_field(tmp_path: Path) -> None:
    text = pod(
        "hostPID: true, hostIPC: false, volumes: [{name: a, hostPath: {path: /var/run}}, {name: b, emptyDir: {}}],"
    )
    assert said(tmp_path, text, HOST) == [
        'info: "hostPID" shares what belongs to the node',
        'info: a volume is the node\'s own "/var/run"',
    ]


def test_only_advice_is_given_on_a_short_valid_deployment(tmp_path: Path) -> None:
    text = (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, "
        "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: 'web:1'}]}}}}\n"
    )
    found = [message for rule in RULES for message in said(tmp_path, text, rule)]
    assert found == ['info: container "web" may run as root']
