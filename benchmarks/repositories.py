"""Makes repositories of any number of apps, the same bytes and commit ids each time."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

TEMPLATE = Path(__file__).parent / "template"
"""One app, shaped like `apps/payment-service` with its two Applications, in 11 files; and a `gitops.yaml`."""

SETTINGS = "gitops.yaml"
_NAME = "payment-service"
PATCH = b"""patches:
  - target: {kind: HorizontalPodAutoscaler}
    patch: |-
      - {op: replace, path: /spec/minReplicas, value: 4}
"""
PROJECT = b"""apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata:
  name: kakaopay
  namespace: argocd
spec:
  sourceRepos: [https://git.kakaopay.com/platform/k8s-manifests.git]
  destinations:
    - {server: https://kubernetes.staging.kakaopay.com:6443, namespace: kakaopay}
    - {server: https://kubernetes.default.svc, namespace: kakaopay}
  clusterResourceWhitelist:
    - {group: "", kind: Namespace}
"""
_COMMIT = (
    "commit refs/heads/main\n"
    "committer Benchmark <benchmark@example.com> 1700000000 +0000\n"
    "data 25\nA repository of many apps\n"
)


def app_name(number: int) -> str:
    """Return the name of an app; no name is part of another."""
    return f"app-{number:05d}"


def files(apps: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file, those of one kind together, so that they pack well."""
    yield SETTINGS, (TEMPLATE / SETTINGS).read_bytes()
    for source in sorted(path for path in TEMPLATE.rglob("*.yaml") if path.name != SETTINGS):
        path, content = str(source.relative_to(TEMPLATE)), source.read_bytes()
        for number in range(apps):
            name = app_name(number)
            yield path.replace(_NAME, name), content.replace(_NAME.encode(), name.encode())


def valid_files(apps: int) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of every file of a repository without findings, whose overlays differ.

    That is `files` with an AppProject, a patch and another tag in production, and with what is not in the
    repository named in the settings.
    """
    for path, content in files(apps):
        if path == SETTINGS:
            yield path, content + b"external:\n  - Secret/kakaopay/db-secret\n"
        elif path.startswith("argocd/"):
            yield (
                path,
                content.replace(
                    b"      - ServerSideApply=true", b"      - ServerSideApply=true\n      - CreateNamespace=true"
                ),
            )
        elif "/production/" in path:
            yield path, content.replace(b"v1.2.3", b"v1.2.2") + PATCH
        else:
            yield path, content
    yield "argocd/project.yaml", PROJECT


def make_remote(
    folder: Path, apps: int, env: Mapping[str, str], content: Callable[[int], Iterator[tuple[str, bytes]]] = files
) -> int:
    """Make a packed bare repository with one commit of `apps` apps on `main`; return its number of files."""
    git(folder.parent, env, "init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    with subprocess.Popen(["git", "-C", folder, "fast-import", "--quiet"], stdin=subprocess.PIPE, env=env) as child:
        assert child.stdin
        count = _write_commit(child.stdin, content(apps))
    if child.returncode != 0:
        raise SystemExit(f"error: git fast-import failed with status {child.returncode}")
    git(folder, env, "repack", "-a", "-d", "--quiet")
    return count


def _write_commit(stream: IO[bytes], content: Iterable[tuple[str, bytes]]) -> int:
    """Write one commit in the language of `git fast-import`; return its number of files."""
    stream.write(_COMMIT.encode())
    count = 0
    for path, data in content:
        stream.write(b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data))
        count += 1
    return count


def clone(remote: Path, folder: Path, env: Mapping[str, str]) -> None:
    """Make a bare repository's own copy and a checkout of it; see `settle`."""
    bare = folder.with_suffix(".git")
    git(folder.parent, env, "clone", "--quiet", "--bare", str(remote), str(bare))
    git(folder.parent, env, "clone", "--quiet", str(bare), str(folder))


def settle(folder: Path, env: Mapping[str, str]) -> None:
    """Write the index anew, a second after the files: until then git reads each file that it wants to compare."""
    git(folder, env, "status", "--short")


def git(folder: Path, env: Mapping[str, str], *args: str) -> str:
    """Run git and return what it prints; its failure ends the benchmark with its own words."""
    done = subprocess.run(["git", "-C", folder, *args], env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"error: git {args[0]}: {done.stderr.strip()}")
    return done.stdout.strip()
