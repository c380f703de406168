"""A machine of the test's own: repositories of manifests, remotes on disk, and the command to run in them."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import git

import gitops_tool
from gitops_tool.cli.app import run

PACKAGE_ROOT = Path(gitops_tool.__file__).resolve().parents[1]
COMMAND = (sys.executable, "-m", "gitops_tool")
LIMIT = 120.0
"""Seconds after which a run counts as hanging."""

_FOREIGN = ("GIT_", "GITOPS_", "CI_", "KUSTOMIZE_", "XDG_", "SSH_", "LC_", "PYTEST_", "EMAIL")
_MORTAL = "-dac_override,-dac_read_search"


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended, and every byte it printed."""

    code: int
    out: str
    err: str


def environment(home: Path) -> dict[str, str]:
    """Return the variables of a user who has a name for git, and nothing from the machine but its PATH."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    for folder in (home, home / "tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Dana Deployer\n\temail = dana@example.org\n"
        "[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
    )
    return env | {
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "GITOPS_CACHE_DIR": str(home / "cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "PYTHONPATH": str(PACKAGE_ROOT),
        "LANG": "C.UTF-8",
    }


def mortal(command: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command that file permissions hold back, even when root runs the tests."""
    if os.geteuid() != 0:
        return command
    return ("setpriv", f"--bounding-set={_MORTAL}", f"--inh-caps={_MORTAL}", *command)


def write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def contents(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return the mode and content of every file and link below a folder, and every directory's mode."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found


class Checkout:
    """A folder with a repository, and what its user can run there."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self.folder = folder
        self.env = dict(env)

    @classmethod
    def create(cls, folder: Path, env: Mapping[str, str], files: Mapping[str, str | bytes]) -> Checkout:
        """Make a repository whose first commit on `main` holds the files."""
        folder.mkdir(parents=True)
        made = cls(folder, env)
        made.git("init", "--quiet", "--initial-branch=main")
        made.commit(files, "first")
        return made

    def clone(self, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Checkout:
        """Clone this repository to another folder."""
        self.git("clone", "--quiet", *options, str(self.folder), str(folder))
        return Checkout(folder, env or self.env)

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start `gitops` without waiting for it, as the leader of its own process group."""
        return subprocess.Popen(
            [*COMMAND, *args],
            cwd=self.folder,
            env=self.env | dict(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def gitops(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        wrapper: tuple[str, ...] = (),
    ) -> Result:
        """Run `gitops` to its end."""
        done = subprocess.run(
            [*wrapper, *COMMAND, *args],
            cwd=folder or self.folder,
            env=self.env | dict(env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def git(self, *args: str) -> str:
        """Run git, which must succeed, and return what it prints."""
        done = subprocess.run(
            ["git", *args], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        assert done.returncode == 0, (args, done.stderr.decode())
        return done.stdout.decode().strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Write files of the working tree."""
        write(self.folder, files)

    def commit(self, files: Mapping[str, str | bytes], message: str) -> str:
        """Commit files and return the commit's id."""
        self.write(files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.head

    def read(self, name: str) -> str:
        """Return a file's text with its line endings as they are."""
        return (self.folder / name).read_bytes().decode()

    @property
    def head(self) -> str:
        """The id of the checked-out commit."""
        return self.tip("HEAD")

    @property
    def short(self) -> str:
        """The id of the checked-out commit as the command prints it."""
        return self.head[:12]

    def tip(self, name: str) -> str:
        """Return the id of the commit that a name stands for, as GitPython reads it."""
        with git.Repo(self.folder) as repo:
            return repo.commit(name).hexsha

    def commits(self, name: str = "HEAD") -> list[git.Commit]:
        """Return the history of a name as GitPython reads it, newest first."""
        with git.Repo(self.folder) as repo:
            return list(repo.iter_commits(name))

    def refs(self) -> str:
        """Return every reference and what it points to, HEAD included."""
        return self.git("for-each-ref") + "\nHEAD " + (self.folder / self._git_dir / "HEAD").read_text()

    @property
    def _git_dir(self) -> str:
        return ".git" if (self.folder / ".git").exists() else "."

    def snapshot(self) -> dict[str, object]:
        """Return what a refused command must leave as it was: references, index, every file outside `.git`."""
        files = {name: file for name, file in contents(self.folder).items() if not name.startswith(".git/")}
        return {"refs": self.refs(), "index": self.git("ls-files", "--stage"), "files": files}

    def assert_sound(self) -> None:
        """Check that the repository is whole, that files, index and HEAD agree, and that no lock is left."""
        assert self.git("fsck", "--no-dangling", "--strict") == ""
        assert self.git("status", "--porcelain") == ""
        assert self.git("write-tree") == self.git("rev-parse", "HEAD^{tree}")
        assert self.git("diff", "HEAD") == ""
        assert [path.name for path in (self.folder / ".git").rglob("*.lock") if path.name != "gitops.lock"] == []


class Inside(Checkout):
    """A checkout whose commands run in this process: the same result, without the start of Python.

    For the many cases of one command; what concerns processes is tested with `Checkout`.
    """

    @classmethod
    def of(cls, checkout: Checkout) -> Inside:
        """Return the same checkout."""
        return cls(checkout.folder, checkout.env)

    def gitops(
        self,
        *args: str,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        wrapper: tuple[str, ...] = (),
    ) -> Result:
        """Run `gitops` to its end."""
        assert not wrapper
        before = dict(os.environ)
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        try:
            os.environ.clear()
            os.environ.update(self.env | dict(env or {}))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = run(["-C", str(folder or self.folder), *args])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return Result(int(code), *(stream.buffer.getvalue().decode() for stream in (out, err)))


def bare(folder: Path, source: Checkout) -> Checkout:
    """Make a bare repository with the history of another one, as a server has it."""
    source.git("clone", "--quiet", "--bare", str(source.folder), str(folder))
    return Checkout(folder, source.env)


def hook(repository: Checkout, name: str, script: str) -> None:
    """Install a hook."""
    path = repository.folder / repository._git_dir / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def path_without(folder: Path, *missing: str) -> str:
    """Return a PATH on which some programs are not found, and all others are."""
    folder.mkdir()
    for directory in reversed(os.environ.get("PATH", os.defpath).split(os.pathsep)):
        for program in Path(directory).iterdir() if Path(directory).is_dir() else ():
            if program.name in missing:
                continue
            link = folder / program.name
            link.unlink(missing_ok=True)
            link.symlink_to(program)
    return str(folder)


def need(name: str) -> str:
    """Return where a program is that these tests cannot do without."""
    found = shutil.which(name)
    assert found, f"{name} is not on PATH"
    return found


def normal(text: str, *replacements: tuple[str, str]) -> str:
    """Replace what differs between runs, such as folders and waiting times."""
    for old, new in replacements:
        text = text.replace(old, new)
    return re.sub(r"\b\d+\.\d s\b", "N s", text)
