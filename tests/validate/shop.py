"""A small repository with known defects, each of another kind; and how to run the command in it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
  - name: production
    promotesFrom: staging
kubernetesVersion: "1.36"
"""

# The selector does not match (line 9), the port name is a number in quotes (line 20), a field is misspelt (line 7).
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  revisionHistory: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels:
        app: website
    spec:
      containers:
        - name: web
          image: registry.example.org/shop/web:v1
          ports:
            - containerPort: 8080
              name: "8080"
"""
TOOL = """\
apiVersion: example.org/v1
kind: Widget
metadata:
  name: tool
spec:
  size: 3
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  mode: fast
"""


def kustomization(*resources: str, more: str = "") -> str:
    listed = "".join(f"  - {resource}\n" for resource in resources)
    return f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{listed}{more}"


def files() -> dict[str, str | bytes]:
    """Return an app with three errors in its base, one that cannot be rendered, and one with nothing to blame."""
    return {
        "gitops.yaml": SETTINGS,
        "apps/web/base/deployment.yaml": WEB,
        "apps/web/base/kustomization.yaml": kustomization("deployment.yaml"),
        "apps/web/overlays/staging/kustomization.yaml": kustomization("../../base", more="namespace: staging\n"),
        "apps/web/overlays/production/kustomization.yaml": kustomization("../../base", more="namespace: production\n"),
        "apps/api/overlays/staging/kustomization.yaml": kustomization("missing.yaml"),
        "apps/api/overlays/qa/kustomization.yaml": kustomization("configmap.yaml"),
        "apps/api/overlays/qa/configmap.yaml": CONFIG,
        "apps/tool/overlays/staging/kustomization.yaml": kustomization("widget.yaml", "configmap.yaml"),
        "apps/tool/overlays/staging/widget.yaml": TOOL,
        "apps/tool/overlays/staging/configmap.yaml": CONFIG,
    }


RULES = "selector-mismatch,invalid-port-name,schema,schema-missing,render"
"""The rules that these defects break; what other rules think of the repository is none of these tests' business."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended, and every byte it printed."""

    code: int
    out: str
    err: str


def gitops(folder: Path, *args: str, env: Mapping[str, str] | None = None, limit: float = 120) -> Ran:
    """Run `gitops` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "gitops_tool", *args],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=limit,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def write(folder: Path, contents: Mapping[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder
