"""Compares `gitops bump APP TAG --push` with the shell script that it replaces; see README.md.

Every figure to be judged is a ratio within one run, or CPU time: both move little with the machine and its load.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import repositories
from contenders import GITOPS, Contender, Cost, gitops, least, measure, script

TARGETS = {10: 1.5, 5000: 1.0}
"""Apps in the repository -> how many times as long as the script a bump may take."""

GROWTH = 2.0
"""How many times as long as in the smallest of `TARGETS` a bump may take in the largest."""

CPU_TARGETS = {"--version": 0.10, "--help": 0.15}
"""Option -> CPU seconds that `gitops` may take to answer it."""

KINDS = {
    "v1": ("ConfigMap", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "monitoring.coreos.com/v1": ("ServiceMonitor",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
}
"""What an app renders to."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of all rounds."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return the median and the extremes."""
        return cls(median(values), min(values), max(values))

    def __str__(self) -> str:
        """Return `1.23 (1.20-1.31)`."""
        return f"{self.median:.2f} ({self.min:.2f}-{self.max:.2f})"


@dataclass(frozen=True, slots=True)
class Result:
    """A figure with its target, None where there is none to meet."""

    name: str
    figure: Spread
    target: float | None

    @property
    def verdict(self) -> str:
        """PASS, FAIL, or nothing without a target."""
        if self.target is None:
            return ""
        return "PASS" if self.figure.median <= self.target else "FAIL"


@dataclass(slots=True)
class Series:
    """The contenders in a repository of one size, and what each round took."""

    apps: int
    files: int
    contenders: tuple[Contender, ...]
    costs: dict[str, list[Cost]]

    def wall(self, name: str) -> list[float]:
        """Return the seconds of each round."""
        return [cost.wall for cost in self.costs[name]]

    def ratios(self, name: str, other: str) -> list[float]:
        """Return how many times as long as another contender's each of one's rounds took."""
        return [ours / theirs for ours, theirs in zip(self.wall(name), self.wall(other), strict=True)]


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    options = _options()
    _require("git", "sh", "kustomize", "kubeconform", str(GITOPS))
    with tempfile.TemporaryDirectory(prefix="gitops-bench-") as name:
        env = _environment(Path(name))
        _say("making the repositories")
        all_series = _prepare(Path(name), options.apps, env)
        for number in range(-1, options.rounds):
            _say(f"round {number + 1} of {options.rounds}" if number >= 0 else "warming up")
            _round(all_series, number)
        results = [*_results(all_series), *_cpu_results(env, Path(name), options.rounds)]
    print(_json(all_series, results) if options.output == "json" else _text(all_series, results))
    return 1 if any(result.verdict == "FAIL" for result in results) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apps", type=_sizes, default=_sizes("10,500,5000"), metavar="N,N", help="repository sizes")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="bumps by each, in each [default: 7]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if options.rounds < 1 or min(options.apps) < options.rounds + 1:
        parser.error("each round bumps another app: there must be more apps than rounds")
    return options


def _sizes(text: str) -> list[int]:
    return sorted({int(word) for word in text.split(",")})


def _require(*programs: str) -> None:
    for program in programs:
        if shutil.which(program) is None:
            raise SystemExit(f'error: "{program}" was not found\nhint: run `make bench`, which sets up everything')


def _environment(folder: Path) -> dict[str, str]:
    """Return what both contenders see: no settings of this user, the same identity, a cache that starts empty."""
    private = ("CI_", "GIT_", "GITOPS_", "PYTHON", "XDG_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    identity = "[user]\n\tname = Benchmark\n\temail = benchmark@example.com\n"
    (folder / ".gitconfig").write_text(identity, encoding="utf-8")
    return env | {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def _prepare(folder: Path, sizes: list[int], env: dict[str, str]) -> list[Series]:
    found = []
    for apps in sizes:
        remote = folder / f"{apps}.git"
        count = repositories.make_remote(remote, apps, env)
        schemas = _schemas(folder)
        contenders = (
            script(folder / f"{apps}-script", env, schemas),
            least(folder / f"{apps}-least", env, schemas),
            gitops(folder / f"{apps}-gitops", env),
        )
        for contender in contenders:
            repositories.clone(remote, contender.folder, env)
        found.append(Series(apps, count, contenders, {contender.name: [] for contender in contenders}))
    time.sleep(1.1)  # see `settle`
    for series in found:
        for contender in series.contenders:
            repositories.settle(contender.folder, env)
    return found


def _schemas(folder: Path) -> str:
    """Lay out the schemas that `gitops bump` gives to kubeconform for the script to use, too; return their location."""
    from gitops_tool.schemas.catalogue import FILE_TEMPLATE, Catalogue

    kinds = [(version, kind) for version, names in KINDS.items() for kind in names]
    return f"{Catalogue('1.36', cache=folder).folder(kinds)}/{FILE_TEMPLATE}"


def _round(all_series: list[Series], number: int) -> None:
    """Bump another app in every repository, by each contender; round -1 is not counted."""
    app, tag = repositories.app_name(number + 1), f"{0xABCDE00 + number:07x}"
    for series in all_series:
        # One way, then the other: none always finds what the same one left in the machine's caches.
        for contender in series.contenders if number % 2 else reversed(series.contenders):
            cost = contender.bump(app, tag)
            if number >= 0:
                series.costs[contender.name].append(cost)


def _results(all_series: list[Series]) -> list[Result]:
    found = []
    for series in all_series:
        ratio = Spread.of(series.ratios("gitops", "script"))
        found.append(Result(f"{series.apps} apps, gitops / script", ratio, TARGETS.get(series.apps)))
        found += [
            Result(f"{series.apps} apps, {one} / {other}", Spread.of(series.ratios(one, other)), None)
            for one, other in (("gitops", "least"), ("least", "script"))
        ]
    first, last = all_series[0], all_series[-1]
    if first is not last:
        judged = (first.apps, last.apps) == (min(TARGETS), max(TARGETS))
        for name in ("script", "gitops"):
            growth = [large / small for large, small in zip(last.wall(name), first.wall(name), strict=True)]
            target = GROWTH if judged and name == "gitops" else None
            found.append(Result(f"{name}, {last.apps} / {first.apps} apps", Spread.of(growth), target))
    return found


def _cpu_results(env: dict[str, str], folder: Path, rounds: int) -> list[Result]:
    """Measure what answering an option costs; at least ten times, for that is quick."""
    found = []
    for option, target in CPU_TARGETS.items():
        costs = [measure([GITOPS, option], folder, env).cpu for _ in range(max(10, rounds))]
        found.append(Result(f"gitops {option}, CPU seconds", Spread.of(costs), target))
    return found


def _text(all_series: list[Series], results: list[Result]) -> str:
    titles = [f"{name + ', seconds':22}" for name in all_series[0].costs]
    lines = [f"{'apps':>6} {'files':>7}  {'  '.join(titles)}  gitops' CPU seconds"]
    for series in all_series:
        walls = [f"{Spread.of(series.wall(name))!s:22}" for name in series.costs]
        cpu = Spread.of([cost.cpu for cost in series.costs["gitops"]])
        lines.append(f"{series.apps:>6} {series.files:>7}  {'  '.join(walls)}  {cpu}")
    lines += ["", f"{'':32}  {'median (min-max)':20}  target"]
    for result in results:
        target = "-" if result.target is None else f"at most {result.target:.2f}  {result.verdict}"
        lines.append(f"{result.name:32}  {result.figure!s:20}  {target}")
    return "\n".join(lines)


def _json(all_series: list[Series], results: list[Result]) -> str:
    series = [{"apps": s.apps, "files": s.files, "costs": _plain(s.costs)} for s in all_series]
    judged = [{**asdict(result), "verdict": result.verdict or None} for result in results]
    return json.dumps({"version": 1, "series": series, "results": judged}, indent=2)


def _plain(costs: dict[str, list[Cost]]) -> dict[str, list[dict[str, float]]]:
    return {name: [asdict(cost) for cost in rounds] for name, rounds in costs.items()}


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
