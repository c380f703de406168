"""What is compared: the shell script, a Python program that does the same, and `gitops bump --push`.

Each has a clone and a remote of its own.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from repositories import git

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCRIPT = Path(__file__).parent / "bump.sh"
LEAST = Path(__file__).parent / "least.py"
GITOPS = Path(sys.executable).with_name("gitops")
"""The command that belongs to the Python that runs this."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took, in seconds; `cpu` is user and system time of it and all it started."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to bump an app, and the clone that it works in; the clone's remote is beside it."""

    name: str
    command: tuple[str | Path, ...]
    options: tuple[str, ...]
    folder: Path
    env: Mapping[str, str]

    def bump(self, app: str, tag: str) -> Cost:
        """Bump an app and push, and make sure that it really happened."""
        before = self._remote("rev-parse", "main")
        cost = measure([*self.command, app, tag, *self.options], self.folder, self.env)
        self._check(app, tag, before)
        return cost

    def _check(self, app: str, tag: str, before: str) -> None:
        """Stop unless the remote has one new commit, of the app's file with the tag in it, and the clone has it too."""
        path = f"apps/{app}/overlays/staging/kustomization.yaml"
        head = git(self.folder, self.env, "rev-parse", "HEAD")
        facts = {
            "one commit more": self._remote("rev-list", "--count", f"{before}..main") == "1",
            "a change of one file": self._remote("diff", "--name-only", before, "main") == path,
            "the tag in the file": f"newTag: {tag}\n" in self._remote("show", f"main:{path}") + "\n",
            "the commit in the clone": head == self._remote("rev-parse", "main"),
            "the tag in the clone's file": tag in (self.folder / path).read_text(encoding="utf-8"),
        }
        if missing := [fact for fact, holds in facts.items() if not holds]:
            raise SystemExit(f"error: {self.name} did not bump {app} to {tag}: not found: {', '.join(missing)}")

    def _remote(self, *args: str) -> str:
        return git(self.folder.with_suffix(".git"), self.env, *args)


def script(folder: Path, env: Mapping[str, str], schemas: str) -> Contender:
    """Return the shell script as a contender."""
    return Contender("script", ("sh", SCRIPT), (), folder, {**env, "SCHEMAS": schemas})


def least(folder: Path, env: Mapping[str, str], schemas: str) -> Contender:
    """Return the least that a Python program can do as a contender."""
    return Contender("least", (sys.executable, LEAST), (), folder, {**env, "SCHEMAS": schemas})


def gitops(folder: Path, env: Mapping[str, str]) -> Contender:
    """Return this project's command as a contender."""
    return Contender("gitops", (GITOPS, "bump"), ("--push",), folder, env)


def measure(command: Sequence[str | Path], folder: Path, env: Mapping[str, str]) -> Cost:
    """Run a command; its failure ends the benchmark with its own words."""
    cpu, start = _cpu(), time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    cost = Cost(time.perf_counter() - start, _cpu() - cpu)
    if done.returncode != 0:
        words = (done.stderr.strip() or done.stdout.strip()).replace("\n", "\n  ")
        raise SystemExit(f"error: {' '.join(map(str, command))}: exit status {done.returncode}\n  {words}")
    return cost


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
