"""Compares `gitops diff` among many apps, one of them changed, with rendering that app alone; see README.md.

Every figure is a ratio within one round: it moves little with the machine and its load.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import repositories
from contenders import GITOPS, Cost, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TARGET = 1.5
"""How many times as long as rendering the app's overlays a diff may take."""

APP = repositories.app_name(500)
_PRIVATE = ("CI_", "GIT_", "GITOPS_", "PYTHON", "XDG_")
_RENDER = (sys.executable, Path(__file__).with_name("render_app.py"), APP, "HEAD~1", "HEAD")
_WAYS: dict[str, tuple[str | Path, ...]] = {
    "two revisions": (GITOPS, "diff", "HEAD~1", "HEAD"),
    "the working tree": (GITOPS, "diff", "HEAD~1"),
}


@dataclass(frozen=True, slots=True)
class Round:
    """What each way cost in one round, and what rendering alone did."""

    alone: Cost
    ways: Mapping[str, Cost]


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    options = _options()
    if shutil.which("kustomize") is None:
        raise SystemExit('error: "kustomize" was not found\nhint: PATH="$(gitops tools path):$PATH"')
    with tempfile.TemporaryDirectory(prefix="gitops-bench-") as name:
        folder, env = Path(name), _environment(Path(name))
        _prepare(folder, options.apps, env)
        rounds = [_round(folder, env, number) for number in range(-1, options.rounds)][1:]
    return _report(options.apps, rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=int, default=1000, metavar="N", help="apps in the repository [default: 1000]")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="rounds that count [default: 7]")
    options = parser.parse_args()
    if options.apps <= 500 or options.rounds < 1:
        parser.error("there must be more than 500 apps, and a round")
    return options


def _environment(folder: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    identity = "[user]\n\tname = Benchmark\n\temail = benchmark@example.com\n"
    (folder / ".gitconfig").write_text(identity, encoding="utf-8")
    return env | {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def _prepare(folder: Path, apps: int, env: Mapping[str, str]) -> None:
    """Make a repository with a second commit that changes a file of one app's base."""
    repositories.make_remote(folder / "remote.git", apps, env)
    work = folder / "work"
    repositories.git(folder, env, "clone", "--quiet", str(folder / "remote.git"), str(work))
    deployment = work / f"apps/{APP}/base/deployment.yaml"
    text = deployment.read_text(encoding="utf-8")
    deployment.write_text(text.replace("\nspec:\n", "\nspec:\n  minReadySeconds: 5\n"), encoding="utf-8")
    repositories.git(work, env, "commit", "--quiet", "--all", "--message", "change")
    time.sleep(1.1)  # see `settle`
    repositories.settle(work, env)


def _round(folder: Path, env: Mapping[str, str], number: int) -> Round:
    """Run every way with an empty cache, in one order and then in the other."""
    commands: Sequence[tuple[str, tuple[str | Path, ...]]] = [("alone", _RENDER), *_WAYS.items()]
    costs = {}
    for name, command in commands if number % 2 else reversed(commands):
        cache = Path(tempfile.mkdtemp(dir=folder))
        costs[name] = measure(command, folder / "work", {**env, "GITOPS_CACHE_DIR": str(cache)})
        shutil.rmtree(cache)
    alone = costs.pop("alone")
    return Round(alone, costs)


def _report(apps: int, rounds: Sequence[Round]) -> int:
    missed = False
    alone = [one.alone for one in rounds]
    print(f"{apps} apps, one changed; its overlays rendered at both revisions: {_seconds(alone)}")
    for way in _WAYS:
        costs = [one.ways[way] for one in rounds]
        ratios = [cost.wall / one.alone.wall for cost, one in zip(costs, rounds, strict=True)]
        missed = missed or median(ratios) > TARGET
        verdict = "PASS" if median(ratios) <= TARGET else "FAIL"
        spread = f"{median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        print(f"gitops diff, {way}: {_seconds(costs)}, {spread} times as long; at most {TARGET:.2f}  {verdict}")
    return 1 if missed else 0


def _seconds(costs: Sequence[Cost]) -> str:
    return f"{median(cost.wall for cost in costs):.2f} s ({median(cost.cpu for cost in costs):.2f} s of CPU)"


if __name__ == "__main__":
    sys.exit(main())
