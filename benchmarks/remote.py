"""Compares `gitops bump --repo URL --push` on a large repository with a long history to a small one; see README.md.

Both are served over HTTP by git's own backend, which counts the bytes of its answers and of what is pushed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import repositories
from contenders import GITOPS

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.e2e.gitserver import TOKEN, GitServer

SIZES = (10, 5000)
KINDS = ("empty cache", "another app", "same app again")
TARGET = 1.5
"""How many times the bytes and the time with 10 apps a bump may take with 5,000."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one bump took: seconds, and the bytes of both directions."""

    wall: float
    bytes: int


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, default=20_000, metavar="N", help="length of the history")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="bumps in each repository")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitops-bench-") as name:
        folder = Path(name)
        env = _environment(folder)
        for apps in SIZES:
            print(f"making a repository of {apps} apps and {options.commits} commits", file=sys.stderr)
            _make(folder / f"{apps}.git", apps, options.commits, env)
        with GitServer(folder).running() as server:
            costs = _measured(server, folder, env, options.rounds)
    return _print(costs)


def _environment(folder: Path) -> dict[str, str]:
    private = ("CI_", "GIT_", "GITOPS_", "PYTHON", "XDG_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    identity = "[user]\n\tname = Benchmark\n\temail = benchmark@example.com\n"
    (folder / ".gitconfig").write_text(identity, encoding="utf-8")
    return env | {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C", "GITOPS_TOKEN": TOKEN}


def _make(remote: Path, apps: int, commits: int, env: dict[str, str]) -> None:
    """Make a repository whose history is that many bumps long, as a server has it."""
    repositories.make_remote(remote, apps, env)
    with subprocess.Popen(["git", "-C", remote, "fast-import", "--quiet"], stdin=subprocess.PIPE, env=env) as child:
        assert child.stdin
        for number in range(commits):
            path, data = _bumped(repositories.app_name(number % apps), number)
            header = f"commit refs/heads/main\ncommitter B <b@example.com> {1_700_000_001 + number} +0000\ndata 1\nb\n"
            parent = "from refs/heads/main^0\n" if number == 0 else ""
            child.stdin.write(f"{header}{parent}M 100644 inline {path}\ndata {len(data)}\n{data}\n".encode())
    if child.returncode != 0:
        raise SystemExit(f"error: git fast-import failed with status {child.returncode}")
    repositories.git(remote, env, "repack", "-a", "-d", "--quiet")
    repositories.git(remote, env, "config", "uploadpack.allowFilter", "true")
    repositories.git(remote, env, "config", "http.receivepack", "true")


def _bumped(app: str, number: int) -> tuple[str, str]:
    source = repositories.TEMPLATE / "apps/payment-service/overlays/staging/kustomization.yaml"
    text = source.read_text("utf-8").replace("payment-service", app)
    lines = [f"{line.partition(':')[0]}: r{number}" if "newTag:" in line else line for line in text.splitlines()]
    return f"apps/{app}/overlays/staging/kustomization.yaml", "\n".join(lines) + "\n"


def _measured(server: GitServer, folder: Path, env: dict[str, str], rounds: int) -> dict[tuple[int, str], list[Cost]]:
    """Bump in turn: with an empty cache, then in the clone that was made; each round other apps."""
    found: dict[tuple[int, str], list[Cost]] = {(apps, kind): [] for apps in SIZES for kind in KINDS}
    for number in range(rounds + 1):
        for apps in SIZES:
            cache = folder / f"cache-{apps}"
            shutil.rmtree(cache / "repositories", ignore_errors=True)
            for kind, index in zip(KINDS, (2 * number, 2 * number + 1, 2 * number + 1), strict=True):
                cost = _bump(server, apps, index % apps, env | {"GITOPS_CACHE_DIR": str(cache)})
                if number:  # the first round warms up
                    found[apps, kind].append(cost)
    return found


def _bump(server: GitServer, apps: int, index: int, env: dict[str, str]) -> Cost:
    server.sent = server.received = 0
    command = [GITOPS, "bump", repositories.app_name(index), f"{time.time_ns():x}", "--push"]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "--repo", server.url(f"{apps}.git")], env=env, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"error: gitops bump: exit status {done.returncode}\n{done.stderr}")
    return Cost(wall, server.sent + server.received)


def _print(costs: dict[tuple[int, str], list[Cost]]) -> int:
    print(f"{'apps':>6}  {'bump':14}  {'seconds':>8}  {'kB':>8}")
    for (apps, kind), values in costs.items():
        seconds, size = median(cost.wall for cost in values), median(cost.bytes for cost in values) / 1000
        print(f"{apps:>6}  {kind:14}  {seconds:8.2f}  {size:8.1f}")
    small, large = SIZES
    failed = False
    for kind in KINDS:
        pairs = list(zip(costs[large, kind], costs[small, kind], strict=True))
        for name, ratio in (
            ("seconds", median(a.wall / b.wall for a, b in pairs)),
            ("bytes", median(a.bytes / b.bytes for a, b in pairs)),
        ):
            judged = kind == KINDS[-1]
            verdict = f"at most {TARGET}  {'PASS' if ratio <= TARGET else 'FAIL'}" if judged else "-"
            failed |= judged and ratio > TARGET
            print(f"{kind}, {name}, {large} / {small} apps: {ratio:.2f}  {verdict}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
