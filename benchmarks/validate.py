"""Compares `gitops validate` with `find | xargs kustomize build | kubeconform`; see README.md.

Every figure to be judged is a ratio within one run, or memory: both move little with the machine and its load.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median

import repositories
from contenders import GITOPS, Cost, measure

PIPELINE = (
    "find apps -path '*/overlays/*/kustomization.yaml' -printf '%h\\0'"
    " | xargs -0 -P2 -I DIR sh -c 'echo ---; kustomize build DIR'"
    ' | kubeconform -strict -summary -schema-location "$1" || test $? = 1'
)
"""What people have in CI. The separators go wrong when two builds print at once, which costs it nothing."""

MEGABYTE = 1024
MOST_MEMORY = 500
"""Megabytes that `gitops validate` may take."""

TARGETS = {"cold": 1.0, "unchanged": 1 / 50, "one app changed": 1 / 50}
"""How much of the pipeline's time `gitops validate` may take."""

KINDS = {
    "v1": ("ConfigMap", "Service", "ServiceAccount"),
    "apps/v1": ("Deployment",),
    "autoscaling/v2": ("HorizontalPodAutoscaler",),
    "monitoring.coreos.com/v1": ("ServiceMonitor",),
    "networking.k8s.io/v1": ("NetworkPolicy",),
    "policy/v1": ("PodDisruptionBudget",),
}
"""What an app renders to."""


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    options = _options()
    for program in ("git", "kustomize", "kubeconform", str(GITOPS)):
        if shutil.which(program) is None:
            raise SystemExit(
                f'error: "{program}" was not found\nhint: run `make bench-validate`, which sets up everything'
            )
    with tempfile.TemporaryDirectory(prefix="gitops-bench-") as name:
        folder = Path(name)
        env = _environment(folder)
        checkout = _checkout(folder, options.apps, env)
        schemas = _schemas(folder)
        costs: dict[str, list[Cost]] = {}
        for number in range(options.rounds):
            _say(f"round {number + 1} of {options.rounds}")
            _round(checkout, folder, env, schemas, costs, number)
        rules = _rules(checkout, env)
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MEGABYTE
    return _report(options, costs, rules, memory)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--apps", type=int, default=1000, metavar="N", help="apps, with two overlays each [default: 1000]"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each is measured [default: 3]")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    options = parser.parse_args()
    if not 1 <= options.rounds <= options.apps:
        parser.error("each round changes another app: there must be as many apps as rounds")
    return options


def _environment(folder: Path) -> dict[str, str]:
    private = ("CI_", "GIT_", "GITOPS_", "PYTHON", "XDG_")
    env = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    return env | {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def _checkout(folder: Path, apps: int, env: Mapping[str, str]) -> Path:
    """Make a repository without findings, and a clone that git knows to be clean."""
    _say("making the repository")
    repositories.make_remote(folder / "source.git", apps, env, repositories.valid_files)
    repositories.clone(folder / "source.git", folder / "clone", env)
    time.sleep(1.1)
    repositories.settle(folder / "clone", env)
    return folder / "clone"


def _schemas(folder: Path) -> str:
    """Lay out the schemas that `gitops validate` gives to kubeconform; return their location."""
    from gitops_tool.schemas.catalogue import FILE_TEMPLATE, Catalogue

    kinds = [(version, kind) for version, names in KINDS.items() for kind in names]
    return f"{Catalogue('1.36', cache=folder).folder(kinds)}/{FILE_TEMPLATE}"


def _round(
    checkout: Path, folder: Path, env: Mapping[str, str], schemas: str, costs: dict[str, list[Cost]], number: int
) -> None:
    """Measure the pipeline, and then a cold run, an unchanged one and one with a changed app."""
    cache = folder / f"cache-{number}"
    validate = [GITOPS, "validate", "--cache-dir", cache]
    path = checkout / "apps" / repositories.app_name(number) / "overlays/staging/kustomization.yaml"
    _measured("pipeline", ["sh", "-c", PIPELINE, "sh", schemas], checkout, env, costs)
    _measured("cold", validate, checkout, env, costs)
    _measured("unchanged", validate, checkout, env, costs)
    path.write_bytes(path.read_bytes().replace(b"v1.2.3", b"v9.9.%d" % number))
    _measured("one app changed", validate, checkout, env, costs)
    shutil.rmtree(cache)


def _measured(
    name: str, command: list[str | Path], folder: Path, env: Mapping[str, str], costs: dict[str, list[Cost]]
) -> None:
    cost = measure(command, folder, env)
    costs.setdefault(name, []).append(cost)
    _say(f"  {name}: {cost.wall:.2f} s")


def _rules(checkout: Path, env: Mapping[str, str]) -> float:
    """Return the seconds that all rules take for 1,000 objects, rendering and schemas apart."""
    code = (
        "import time\n"
        "from pathlib import Path\n"
        "from gitops_tool import engines\n"
        "from gitops_tool.config import load_settings\n"
        "from gitops_tool.rules.base import OverlayView\n"
        "from gitops_tool.schemas import SchemaEngine\n"
        "from gitops_tool.tree import DirTree\n"
        "from gitops_tool.validate.selection import select\n"
        "tree = DirTree(Path())\n"
        "settings = load_settings(tree)\n"
        "tools = engines.pick(settings, SchemaEngine.AUTO)\n"
        "overlays = select(tree, settings, ()).overlays[:200]\n"
        "renders = tools.renderer.render_all([(tree, overlay.path) for overlay in overlays])\n"
        "views = [OverlayView(tree, settings, *pair) for pair in zip(overlays, renders)]\n"
        "validator = tools.validator\n"
        "validator.rule_problems(views[0])\n"
        "start = time.process_time()\n"
        "for view in views: validator.rule_problems(view)\n"
        "validator.repository_problems(tree, views, complete=False)\n"
        "print((time.process_time() - start) * 1000 / sum(len(view.render.resources) for view in views))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)


def _report(options: argparse.Namespace, costs: Mapping[str, list[Cost]], rules: float, memory: float) -> int:
    """Print the figures, and return 1 if a target is missed."""
    pairs = {name: list(zip(costs[name], costs["pipeline"], strict=True)) for name in TARGETS}
    judged = {name: median(ours.wall / theirs.wall for ours, theirs in found) for name, found in pairs.items()}
    passed = {name: judged[name] <= TARGETS[name] for name in TARGETS} | {"memory": memory <= MOST_MEMORY}
    if options.output == "json":
        plain = {name: [asdict(cost) for cost in found] for name, found in costs.items()}
        figures = {"costs": plain, "ratios": judged, "memory": memory, "rules": rules, "passed": passed}
        print(json.dumps({"version": 1, "apps": options.apps, **figures}, indent=2))
        return 0 if all(passed.values()) else 1
    print(f"{options.apps} apps, {2 * options.apps} overlays; medians of {options.rounds} rounds")
    print(f"  {'':16} {'seconds':>8} {'CPU':>8}")
    for name, found in costs.items():
        line = f"  {name:16} {median(cost.wall for cost in found):8.2f} {median(cost.cpu for cost in found):8.2f}"
        if name in judged:
            wanted = f"at least {1 / TARGETS[name]:.0f}"
            line += f"  {1 / judged[name]:6.1f} times as fast, {wanted}  {_verdict(passed[name])}"
        print(line)
    print(f"  memory of the largest process  {memory:6.0f} MB, at most {MOST_MEMORY}  {_verdict(passed['memory'])}")
    print(f"  rules alone, 1,000 objects     {rules:6.2f} CPU seconds")
    return 0 if all(passed.values()) else 1


def _verdict(passed: bool) -> str:
    return "PASS" if passed else "FAIL"


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
