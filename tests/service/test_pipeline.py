"""The pipeline of an application's repository, run by gitlab-ci-local: from its tests to a commit of the manifests.

The manifests are served over HTTP by git's own backend, to those who know the password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import shop
from tests.e2e.gitserver import TOKEN, GitServer
from tests.e2e.test_race import assert_validated, bumps
from tests.e2e.world import PACKAGE_ROOT, Checkout, bare, environment

LOCAL = PACKAGE_ROOT / "build/npm/node_modules/.bin/gitlab-ci-local"
APPS = int(os.environ.get("SERVICE_PIPELINES", "2"))
"""How many pipelines run at once."""

COMPONENT = """\
stages: [deploy]
include:
  - local: bump.yml
    inputs:
      app: app0
      manifests: {url}
      rules: [{{if: $CI_COMMIT_BRANCH}}]
"""


@pytest.fixture(scope="module")
def program() -> Path:
    if not LOCAL.exists():
        if os.environ.get("CI"):
            pytest.fail("gitlab-ci-local is not installed: see scripts/test_packages.sh")
        pytest.skip("gitlab-ci-local is not installed: see scripts/test_packages.sh")
    return LOCAL


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout and of all that it needs, as an index has them."""
    folder, sources = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("sources")
    for name in ("gitops_tool", "schemas"):
        shutil.copytree(PACKAGE_ROOT / name, sources / name, symlinks=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PACKAGE_ROOT / name, sources)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--wheel-dir", str(folder)]
    subprocess.run([*command, "--no-build-isolation", "--no-deps", str(sources)], check=True)
    subprocess.run([*command, "-r", str(PACKAGE_ROOT / "requirements.txt"), "--require-hashes"], check=True)
    subprocess.run([*command, "pytest"], check=True)
    return folder


@pytest.fixture
def manifests(tmp_path: Path) -> Checkout:
    apps = [f"app{number}" for number in range(APPS)]
    first = Checkout.create(tmp_path / "first", environment(tmp_path / "home"), shop.files(*apps))
    (tmp_path / "served").mkdir()
    made = bare(tmp_path / "served/manifests.git", first)
    made.git("config", "http.receivepack", "true")
    return made


@pytest.fixture
def http(manifests: Checkout) -> Iterator[GitServer]:
    with GitServer(manifests.folder.parent).running() as server:
        yield server


def service(folder: Path, env: dict[str, str], app: str, url: str) -> Checkout:
    """Make an application's repository on its branch `develop`."""
    folder.mkdir()
    made = Checkout(folder, env)
    made.git("init", "--quiet", "--initial-branch=develop")
    options = ("--app", app, "--image", shop.image(app), "--manifests", url, "--language", "python")
    assert made.gitops("service", "init", *options).code == 0
    made.git("remote", "add", "origin", f"https://git.example.org/team/{app}.git")
    made.commit({"requirements.txt": "", "test_app.py": "def test_it():\n    assert True\n"}, app)
    return made


def start(program: Path, made: Checkout, wheels: Path, *jobs: str) -> subprocess.Popen[str]:
    """Start jobs of a pipeline with the token in the environment, where GitLab has masked variables, too."""
    tools = {str(Path(shutil.which(name) or "").parent) for name in ("kustomize", "kubeconform", "node", "git")}
    env = made.env | {
        "GITOPS_TOKEN": TOKEN,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
        "PATH": os.pathsep.join([*sorted(tools), "/usr/local/bin:/usr/bin:/bin"]),
    }
    env.pop("PYTHONPATH")
    command = [program, "--force-shell-executor", "--no-color", "--home", made.env["HOME"], *jobs]
    return subprocess.Popen(
        command,
        cwd=made.folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes() -> str:
    """Return what all processes of the machine have as their arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended
    return "\n".join(found)


def test_pipelines_from_their_tests_to_commits(
    program: Path, wheels: Path, manifests: Checkout, http: GitServer, tmp_path: Path
) -> None:
    apps = [f"app{number}" for number in range(APPS)]
    url = http.url("manifests.git")
    made = [service(tmp_path / app, environment(tmp_path / f"runner-{app}"), app, url) for app in apps]
    running = [start(program, one, wheels, "test", "bump:staging") for one in made]
    seen = ""
    while any(child.poll() is None for child in running):
        seen += processes()
    logs = [child.communicate()[0] for child in running]
    assert [child.returncode for child in running] == [0] * APPS, "\n".join(logs)
    commits = bumps(manifests)
    assert len(commits) == APPS
    assert_validated(commits, tmp_path / "check")
    for app, one in zip(apps, made, strict=True):
        assert manifests.git("show", f"main:{shop.overlay_path(app)}").rstrip().endswith(f"newTag: {one.head}")
    assert "gitops bump" in seen
    assert TOKEN not in seen
    assert TOKEN not in "\n".join(logs)
    files = [path for app in apps for path in (tmp_path / f"runner-{app}").rglob("*") if path.is_file()]
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []


def test_the_component_does_the_same(
    program: Path, wheels: Path, manifests: Checkout, http: GitServer, tmp_path: Path
) -> None:
    (tmp_path / "using").mkdir()
    using = Checkout(tmp_path / "using", environment(tmp_path / "runner"))
    using.git("init", "--quiet", "--initial-branch=main")
    using.git("remote", "add", "origin", "https://git.example.org/team/using.git")
    component = (PACKAGE_ROOT / "templates/bump.yml").read_text()
    using.commit({".gitlab-ci.yml": COMPONENT.format(url=http.url("manifests.git")), "bump.yml": component}, "first")
    child = start(program, using, wheels, "bump:staging")
    log = child.communicate()[0]
    assert child.returncode == 0, log
    assert manifests.git("show", f"main:{shop.overlay_path('app0')}").rstrip().endswith(f"newTag: {using.head}")
    assert TOKEN not in log


@pytest.mark.parametrize("name", [".gitlab-ci.yml", "init"])
def test_the_pipelines_of_manifests_pass_gitlabs_schema(program: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "repository"
    folder.mkdir()
    made = Checkout(folder, environment(tmp_path / "home"))
    made.git("init", "--quiet", "--initial-branch=main")
    if name == "init":
        assert made.gitops("init", "--repo-url", "https://git.example.org/p/m.git").code == 0
    else:
        made.commit({name: (PACKAGE_ROOT / name).read_text(), "requirements-dev.txt": ""}, "first")
    made.git("remote", "add", "origin", "https://git.example.org/p/m.git")
    done = subprocess.run(
        [program, "--list", "--no-color"], cwd=folder, env=made.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "json schema validated" in done.stderr
    assert "validate" in done.stdout
