"""Learns a binary's version: by running it once, then from the cache until the file changes.

`kustomize version` takes 20 ms, more than everything else a bump does to find its tools.
"""

from __future__ import annotations

import json
import mmap
import os
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from gitops_tool import process
from gitops_tool.errors import ToolError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from pathlib import Path

    from gitops_tool.toolchain.table import Tool

UNKNOWN = "unknown"
"""The version of a binary that cannot tell, such as one built from a checkout."""

_FILE = "versions.json"
_TIMEOUT = 20.0
_VERSION = lazy_pattern(r"\bv?(\d+\.\d+\.\d+(?:-[0-9A-Za-z][0-9A-Za-z.-]*)?)")
_Entries: TypeAlias = dict[str, Any]


@record
class Versions:
    """A binary's own version and that of the kustomize inside it (kubectl's)."""

    own: str
    kustomize: str | None = None


def at_least(version: str, minimum: str) -> bool:
    """Compare the three numbers of two versions; `unknown` is below every other."""
    return _numbers(version) >= _numbers(minimum)


def versions_of(tool: Tool, path: Path, *, cache: Path) -> Versions:
    """Return a binary's versions, from the cache if the file is the one that was asked before.

    Args:
        tool: what the binary should be.
        path: where it is.
        cache: the folder that remembers.

    Raises:
        ToolError: the binary does not run, or fails.
    """
    stamp = _stamp(path)
    remembered = _recall(cache, path, stamp)
    if remembered is not None:
        return remembered
    versions = _ask(tool, path)
    if stamp is not None and not _is_shim(tool, path):
        _remember(cache, path, stamp, versions)
    return versions


def _numbers(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    return tuple(int(number) for number in found[1].split("-")[0].split(".")) if found else ()


def _ask(tool: Tool, path: Path) -> Versions:
    """Run the binary; where it does not know its version, read its build information."""
    completed = process.run([str(path), *tool.version_args], timeout=_TIMEOUT)
    if completed.returncode != 0:
        said = completed.error_text.partition("\n")[0] or f"exit status {completed.returncode}"
        raise ToolError(f'"{path} {" ".join(tool.version_args)}" failed: {said}')
    text = completed.stdout.decode("utf-8", "replace")
    if tool.version_args[-1] == "--output=json":
        return _from_json(text)
    found = _VERSION.search(text)
    return Versions(found[1] if found else _from_build_info(path, tool.module))


def _from_json(text: str) -> Versions:
    """Read `kubectl version --client --output=json`."""
    try:
        told = json.loads(text)
        own = _VERSION.match(told["clientVersion"]["gitVersion"])
        inner = _VERSION.match(told.get("kustomizeVersion", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Versions(UNKNOWN)
    return Versions(own[1] if own else UNKNOWN, inner[1] if inner else None)


def _from_build_info(path: Path, module: str) -> str:
    """Find the line `mod <module> <version>` that Go's linker leaves in a binary.

    `kubeconform -v` says "development" when `go install` built it: its version is set by the
    release's linker flags only.
    """
    line = re.compile(rb"\nmod\t" + re.escape(module.encode()) + rb"\tv(\d+\.\d+\.\d+[0-9A-Za-z.-]*)")
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found = line.search(content)
            return found[1].decode() if found else UNKNOWN
    except (OSError, ValueError):  # ValueError: an empty file cannot be mapped
        return UNKNOWN


def _is_shim(tool: Tool, path: Path) -> bool:
    """Say whether the file only picks another binary, as those of asdf, mise and snap do.

    What they pick depends on the folder and the settings, so the answer is not remembered.
    """
    real = path.resolve()
    with real.open("rb") as file:
        return file.read(2) == b"#!" or not real.name.startswith(tool.name)


def _stamp(path: Path) -> list[int] | None:
    """What changes when a file is replaced."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def _recall(cache: Path, path: Path, stamp: list[int] | None) -> Versions | None:
    entry = _load(cache).get(str(path))
    match entry:
        case {"stamp": known, "own": str(own), "kustomize": str() | None as kustomize} if known == stamp:
            return Versions(own, kustomize)
    return None


def _load(cache: Path) -> _Entries:
    """Read what is remembered; a file that is missing or damaged remembers nothing."""
    try:
        entries = json.loads((cache / _FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _remember(cache: Path, path: Path, stamp: list[int], versions: Versions) -> None:
    """Add an entry in one step; of two writers at once one may be forgotten, and asks again."""
    entries = {name: entry for name, entry in _load(cache).items() if os.path.exists(name)}  # noqa: PTH110 - no paths made
    entries[str(path)] = {"stamp": stamp, "own": versions.own, "kustomize": versions.kustomize}
    draft = cache / f".{_FILE}.{os.getpid()}"
    try:
        draft.write_text(json.dumps(entries, indent=1), encoding="utf-8")
        draft.replace(cache / _FILE)
    except OSError:
        draft.unlink(missing_ok=True)  # a full disk costs 20 ms the next time, no more
