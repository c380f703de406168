"""What is not needed is not imported: a tenth of a second is gone sooner than anybody notices."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .conftest import Team
from .world import LIMIT, Checkout, need

ALWAYS_TOO_HEAVY = (
    *("asyncio", "concurrent", "dataclasses", "email", "git", "gitlab", "http", "importlib.metadata", "jinja2"),
    *("jsonschema", "logging", "multiprocessing", "referencing", "requests", "ruamel", "secrets", "ssl"),
    *("unittest", "urllib.request", "urllib3", "xml"),
)
"""For a command that does what it was asked for and finds nothing wrong."""

NOT_FOR_A_BUMP = (
    *(f"gitops_tool.{room}" for room in ("adoption", "affected", "applicationsets", "forge", "holds", "registry")),
    *("gitops_tool.status", "zoneinfo"),
    *(f"gitops_tool.changes.{kind}" for kind in ("app", "argocd", "holds", "promotion", "reach", "rollback")),
    *("gitops_tool.templating", "textwrap"),
    *(f"gitops_tool.git.{module}" for module in ("history", "mirror", "partial", "past")),
    *(f"gitops_tool.output.{module}" for module in ("github", "gitlab", "json", "junit", "sarif", "tally", "tap")),
    *(f"gitops_tool.rules.{family}" for family in ("documentation", "hygiene", "references", "security")),
    *(f"gitops_tool.schemas.{module}" for module in ("crds", "embedded", "importing", "regex", "strict")),
    *(f"gitops_tool.toolchain.{module}" for module in ("download", "installation")),
    *(f"gitops_tool.validate.{module}" for module in ("baseline", "discovery", "fingerprints", "overrides", "run")),
)

NOT_FOR_HELP = (
    *("difflib", "hashlib", "json", "subprocess", "tempfile", "yaml"),
    *(f"gitops_tool.{room}" for room in ("changes", "config", "git", "model", "output", "pipeline", "process")),
    *(f"gitops_tool.{room}" for room in ("render", "rules", "schemas", "toolchain", "tree", "validate", "yamlload")),
    "gitops_tool.cli.bump",
)


_SCRIPT = """\
import sys
from gitops_tool.__main__ import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def imported(checkout: Checkout, *args: str) -> set[str]:
    """Run `gitops`, which must succeed, and return the names of the modules that it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *args],
        cwd=checkout.folder,
        env=checkout.env,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def needless(loaded: set[str], unwanted: tuple[str, ...]) -> list[str]:
    return sorted(set(unwanted) & loaded)


def test_version_loads_nothing_of_the_package(web: Checkout) -> None:
    loaded = imported(web, "--version")
    assert {name for name in loaded if name.startswith("gitops_tool.")} == {"gitops_tool.__main__"}
    assert needless(loaded, (*ALWAYS_TOO_HEAVY, *NOT_FOR_HELP, "click")) == []


def test_help_loads_no_command(web: Checkout) -> None:
    assert needless(imported(web, "--help"), (*ALWAYS_TOO_HEAVY, *NOT_FOR_HELP)) == []


@pytest.mark.parametrize("options", [(), ("--push",)])
def test_a_bump_loads_what_it_uses(team: Team, options: tuple[str, ...]) -> None:
    need("kubeconform")  # the embedded engine would be imported instead
    loaded = imported(team.mine, "bump", "web", "v2", *options)
    assert needless(loaded, (*ALWAYS_TOO_HEAVY, *NOT_FOR_A_BUMP)) == []
    # The names above have to be those of modules, and the list of what was loaded has to be one.
    assert {"gitops_tool.validate", "gitops_tool.rules.argocd", "gitops_tool.schemas.kubeconform", "yaml"} <= loaded


def test_the_names_are_those_of_modules() -> None:
    """A module that is renamed must not slip through."""
    from importlib.util import find_spec

    own = [name for name in (*NOT_FOR_A_BUMP, *NOT_FOR_HELP) if name.startswith("gitops_tool.")]
    assert [name for name in own if find_spec(name) is None] == []
