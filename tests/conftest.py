"""A machine without a past: no configuration of the developer's reaches a test, only the programs on PATH do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gitops_tool import toolchain

# Their browser is not on every machine: "make test-browser" installs it and sets the variable.
collect_ignore = [] if os.environ.get("GITOPS_TEST_BROWSER") else ["browser"]
PROGRAMS = ("kustomize", "kubeconform")
FOREIGN = ("GIT_", "GITOPS_", "CI_", "XDG_", "KUSTOMIZE_", "SSH_", "LC_")
GITCONFIG = """\
[user]
	name = Dana Deployer
	email = dana@example.org
[init]
	defaultBranch = main
[commit]
	gpgSign = false
[gc]
	auto = 0
[maintenance]
	auto = false
"""
DATE = "2024-05-06T07:08:09+0000"


def pytest_configure() -> None:
    """Put the programs of the user's own cache on PATH before tests get another home."""
    for name in PROGRAMS:
        found = toolchain.usable(name)
        if found is not None and shutil.which(name) is None:
            os.environ["PATH"] = f"{found.path.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    """A machine without the real programs fails the tests; nothing is skipped."""
    missing = [name for name in ("git", *PROGRAMS) if shutil.which(name) is None]
    if missing:
        pytest.fail(f'{", ".join(missing)} not on PATH: run "make test", which installs what is missing')


@pytest.fixture(scope="session", autouse=True)
def _hermetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the session a home, a cache and an identity for git of its own."""
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text(GITCONFIG)
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(FOREIGN) or name == "EMAIL":
                patch.delenv(name)
        patch.setenv("HOME", str(home))
        patch.setenv("GITOPS_CACHE_DIR", str(home / "cache"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.setenv("GIT_AUTHOR_DATE", DATE)
        patch.setenv("GIT_COMMITTER_DATE", DATE)
        patch.setenv("LANG", "C.UTF-8")
        yield


@dataclass(frozen=True, slots=True)
class Checkout:
    """A git repository, written to by git itself."""

    path: Path

    def git(self, *args: str, stdin: str = "") -> str:
        """Run git and return what it prints, without the final newline."""
        command = ("git", "-C", str(self.path), *args)
        done = subprocess.run(command, input=os.fsencode(stdin), capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, (args, done.stderr)
        return os.fsdecode(done.stdout).rstrip("\n")

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files; missing folders are made."""
        for name, content in files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: Mapping[str, str | bytes], message: str = "a change") -> str:
        """Commit files, with what else is in the folder, and return the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


@dataclass(frozen=True, slots=True)
class Shared:
    """A bare repository and a clone of it."""

    bare: Checkout
    clone: Checkout


@pytest.fixture
def repository(tmp_path: Path) -> Callable[..., Checkout]:
    """Make a repository of one commit; more arguments are `git init`'s."""

    def make(files: Mapping[str, str | bytes], *options: str, name: str = "repository") -> Checkout:
        checkout = Checkout(tmp_path / name)
        checkout.path.mkdir()
        checkout.git("init", "--quiet", *options)
        checkout.commit(files, "first")
        return checkout

    return make


@pytest.fixture
def remote(tmp_path: Path, repository: Callable[..., Checkout]) -> Callable[[Mapping[str, str | bytes]], Shared]:
    """Make a bare repository of one commit, and a clone with the remote `origin`."""

    def make(files: Mapping[str, str | bytes]) -> Shared:
        first = repository(files, name="first")
        bare, clone = Checkout(tmp_path / "remote.git"), Checkout(tmp_path / "clone")
        first.git("clone", "--quiet", "--bare", str(first.path), str(bare.path))
        first.git("clone", "--quiet", str(bare.path), str(clone.path))
        return Shared(bare, clone)

    return make
