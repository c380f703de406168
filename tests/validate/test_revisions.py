"""`gitops validate` knows the branches and tags of the clone it runs in, now and not when it ran last."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from .shop import CONFIG, SETTINGS, gitops, kustomization

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web
  namespace: argocd
spec:
  project: default
  source:
    repoURL: https://git.example.org/shop.git
    path: apps/web/overlays/staging
    targetRevision: v1
  destination:
    server: https://kubernetes.default.svc
    namespace: web
"""
ARGOCD = "argocd:\n  path: argocd\n  repoURL: https://git.example.org/shop.git\n  projects: [default]\n"
ONLY = ("--select", "revision-missing,application-path")


def git(folder: Path, *args: str) -> None:
    subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True)


def test_a_tag_that_goes_is_missed_at_once(repository: Callable[..., object], tmp_path: Path) -> None:
    origin: Path = repository(  # type: ignore[attr-defined]
        {
            "gitops.yaml": SETTINGS + ARGOCD,
            "argocd/web.yaml": APPLICATION,
            "argocd/api.yaml": APPLICATION.replace("  name: web\n", "  name: api\n").replace("v1", "main"),
            "apps/web/overlays/staging/kustomization.yaml": kustomization("configmap.yaml"),
            "apps/web/overlays/staging/configmap.yaml": CONFIG,
        }
    ).path
    git(origin, "tag", "v1")
    folder = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", origin.as_uri(), str(folder))
    for _ in range(2):
        done = gitops(folder, "validate", *ONLY)
        assert (done.code, done.err) == (0, ""), done.out
    git(folder, "tag", "--delete", "v1")
    for _ in range(2):
        done = gitops(folder, "validate", *ONLY)
        assert done.code == 1
        assert 'argocd/web.yaml:11:21: there is no branch, tag or commit "v1" in this repository' in done.out
    git(folder, "fetch", "--quiet", "--tags")
    assert gitops(folder, "validate", *ONLY).code == 0
