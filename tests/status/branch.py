"""A branch whose commits are a day apart, and the manifests of a small shop."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitops_tool.config import load_settings
from gitops_tool.git import GitRepo
from gitops_tool.layout import find_app
from gitops_tool.status.history import History, read_history

START = 1_700_000_000
DAY = 86_400
SETTINGS = """\
version: 1
layout: apps/{app}/overlays/{env}
environments:
  - name: staging
  - name: production
    promotesFrom: staging
"""
BASE = "resources:\n  - deployment.yaml\n"


def image(app: str) -> str:
    return f"registry.example.org/team/{app}"


def deployment(app: str, tag: str = "", container: str = "main") -> str:
    reference = f"{image(app)}:{tag}" if tag else image(app)
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {app}}}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {app}}}}}\n"
        f"  template:\n    metadata: {{labels: {{app: {app}}}}}\n"
        f"    spec:\n      containers:\n        - name: {container}\n          image: {reference}\n"
    )


def overlay(app: str, tag: str, *, base: str = "../../base", more: str = "") -> str:
    return f"resources:\n  - {base}\nimages:\n  - name: {image(app)}\n    newTag: {tag}\n{more}"


def path(app: str, environment: str = "staging") -> str:
    return f"apps/{app}/overlays/{environment}/kustomization.yaml"


def shop(*apps: str) -> dict[str, str]:
    """Return a repository of apps, all at `v1`."""
    files = {"gitops.yaml": SETTINGS}
    for app in apps or ("web",):
        files[f"apps/{app}/base/kustomization.yaml"] = BASE
        files[f"apps/{app}/base/deployment.yaml"] = deployment(app)
        for environment in ("staging", "production"):
            files[path(app, environment)] = overlay(app, "v1")
    return files


def trailers(app: str, environment: str, old: str, new: str, action: str | None = None) -> str:
    lines = [f"Gitops-App: {app}", f"Gitops-Environment: {environment}"]
    lines += [f"Gitops-Image: {image(app)}:{old} -> {image(app)}:{new}"]
    return "\n".join(lines + ([f"Gitops-Action: {action}"] if action else []))


def bump(app: str, environment: str, old: str, new: str, action: str | None = None) -> str:
    """Return the message of a change by the tool."""
    subject = f"{app}({environment}): {action or 'bump'} {image(app)} to {new}"
    return f"{subject}\n\n{trailers(app, environment, old, new, action)}\n"


@dataclass
class Branch:
    """A repository; every commit is made a day after the one before."""

    folder: Path
    day: int = field(default=0)

    def git(self, *args: str, author: str = "Dana Deployer") -> str:
        date = f"{START + self.day * DAY} +0000"
        env = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_NAME": author}
        command = ["git", "-C", str(self.folder), *args]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, (args, done.stderr)
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files; those that are None are removed."""
        for name, content in files.items():
            target = self.folder / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(
        self, files: Mapping[str, str | bytes | None], message: str = "a change", *, author: str = "Dana Deployer"
    ) -> str:
        """Commit files, and return the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.day += 1
        self.git("commit", "--quiet", "--allow-empty", "--message", message, author=author)
        return self.git("rev-parse", "HEAD")

    def bump(self, app: str, environment: str, old: str, new: str, action: str | None = None) -> str:
        """Commit a change of an overlay as the tool makes it."""
        return self.commit({path(app, environment): overlay(app, new)}, bump(app, environment, old, new, action))

    def merge(self, name: str, author: str = "Merge Bot") -> str:
        """Merge a branch by a merge commit."""
        self.day += 1
        self.git("merge", "--quiet", "--no-ff", "--message", f"Merge branch '{name}' into 'main'", name, author=author)
        return self.git("rev-parse", "HEAD")

    def history(self, app: str = "web", environments: Sequence[str] = ("staging",)) -> History:
        """Read the history of an app's overlays in the checked-out commit."""
        repo = GitRepo.open(self.folder)
        try:
            tree = repo.tree(repo.head())
            overlays = find_app(tree, load_settings(tree), app).overlays
            return read_history(repo, repo.head(), [o for o in overlays if o.environment in environments])
        finally:
            repo.close()

    def gitops(
        self, *args: str, now: int | None = None, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the command, by default a day after the last commit."""
        env = os.environ | {"SOURCE_DATE_EPOCH": str(now or START + (self.day + 1) * DAY)}
        command = [sys.executable, "-m", "gitops_tool", *args]
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


def ran(history: History) -> list[tuple[str, str, str]]:
    """Return version, origin and the subject of who wrote it, newest first."""
    return [
        (one.version.version if one.version else "gone", one.how.value, one.commit.subject) for one in history.changes
    ]
