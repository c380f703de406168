"""A small repository in the layout of docs/design.md; what the tests change of it they spell out."""

from __future__ import annotations

SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
  - name: production
    promotesFrom: staging
kubernetesVersion: "1.36"
"""

ENVIRONMENTS = ("staging", "production")


def image(app: str) -> str:
    return f"registry.example.org/team/{app}"


def deployment(app: str, *containers: str, kind: str = "Deployment") -> str:
    """Return a Deployment that no rule has anything against; each container is its image."""
    listed = "".join(
        f"        - name: {container.rpartition('/')[2].partition(':')[0].partition('@')[0]}\n"
        f"          image: {container}\n"
        "          resources: {requests: {cpu: 10m, memory: 16Mi}, limits: {memory: 16Mi}}\n"
        for container in containers or (image(app),)
    )
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {app}\nspec:\n"
        f"  selector:\n    matchLabels:\n      app: {app}\n"
        f"  template:\n    metadata:\n      labels:\n        app: {app}\n"
        f"    spec:\n      securityContext: {{runAsNonRoot: true}}\n      containers:\n{listed}"
    )


def base(app: str) -> str:
    return (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources:\n  - deployment.yaml\nlabels:\n  - pairs:\n      part-of: {app}\n"
    )


def overlay(app: str, tag: str = "v1", more: str = "") -> str:
    return (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: shop\n"
        f"resources:\n  - ../../base\nimages:\n  - name: {image(app)} # by gitops bump\n    newTag: {tag}\n{more}"
    )


def overlay_path(app: str, environment: str = "staging") -> str:
    return f"apps/{app}/overlays/{environment}/kustomization.yaml"


def files(*apps: str) -> dict[str, str | bytes]:
    """Return the files of a repository with these apps, all at `v1`."""
    found: dict[str, str | bytes] = {"gitops.yaml": SETTINGS, "README.md": "# Manifests\n"}
    for app in apps or ("web",):
        found[f"apps/{app}/base/deployment.yaml"] = deployment(app)
        found[f"apps/{app}/base/kustomization.yaml"] = base(app)
        for environment in ENVIRONMENTS:
            found[overlay_path(app, environment)] = overlay(app)
    return found
