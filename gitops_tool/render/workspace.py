"""The scratch folder of a render: the overlay's files, and beside them the wrapper that asks for origins."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import TreeError
from gitops_tool.graph import kustomization_documents
from gitops_tool.tree import EXECUTABLE, LINK, normalize, read, resolve

if TYPE_CHECKING:
    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

_YOUNG = 60.0
"""Seconds in which a scratch folder is left alone: whoever makes it has to lock it first."""

_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of this user's in it is used
_ENOUGH = 1 << 30
"""Free bytes from which on files are laid out in memory: the largest that are read, for each engine at once."""


def _around_scratch() -> Path:
    """Return where scratch folders are made: where people say, else in memory if there is room, else on the disk.

    Many small files come and go: in memory that takes a fifth of the time, and on a busy disk much less than that.
    """
    if not any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")):
        with suppress(OSError):
            room = os.statvfs(_MEMORY)
            if room.f_bavail * room.f_frsize >= _ENOUGH and os.access(_MEMORY, os.W_OK | os.X_OK):
                return _MEMORY
    return Path(tempfile.gettempdir())


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder that is gone afterwards; what killed runs left behind goes with it."""
    home = _around_scratch() / f"gitops-render-{os.getuid()}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid != os.getuid():
        home = Path(tempfile.mkdtemp(prefix="gitops-render-", dir=home.parent))  # somebody else's folder of that name
    for other in home.iterdir():
        _remove_if_left(other)
    folder = Path(tempfile.mkdtemp(dir=home))
    lock = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # where there are no locks, nobody gets one to remove what others left
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_if_left(folder: Path) -> None:
    """Remove a scratch folder if the process that made it, and held its lock, is gone."""
    with suppress(OSError):
        if time.time() - folder.stat().st_mtime < _YOUNG:
            return
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def lay_out(tree: Tree, files: Mapping[PurePosixPath, int], folder: Path) -> None:
    """Write files and links of a tree into a folder."""
    for parent in {path.parent for path in files}:
        (folder / parent).mkdir(parents=True, exist_ok=True)
    for path, mode in files.items():
        target = f"{folder}/{path}"
        if mode == LINK:
            (folder / path).symlink_to(os.fsdecode(tree.blob(path)))
            continue
        # Without pathlib, which takes longer than the system does.
        with open(target, "xb", opener=_executable if mode == EXECUTABLE else None) as file:
            file.write(tree.blob(path))


def _executable(path: str, flags: int) -> int:
    return os.open(path, flags, 0o755)


def write_wrapper(tree: Tree, found: Closure, folder: Path) -> None:
    """Write the kustomization that renders the overlay and asks for origins.

    What kustomize reads from the outermost kustomization alone is repeated from the overlay's own.
    """
    own = _own_kustomization(tree, found)
    field = "components" if own.get("kind") == "Component" else "resources"
    metadata = own.get("buildMetadata")
    options = [option for option in metadata if isinstance(option, str)] if isinstance(metadata, list) else []
    wrapper: dict[str, Any] = {
        field: [f"../repo/{found.overlay}"],
        "buildMetadata": list(dict.fromkeys([*options, "originAnnotations"])),
    }
    target = folder / "wrapper"
    target.mkdir()
    if own.get("sortOptions"):
        wrapper["sortOptions"] = own["sortOptions"]
    openapi = _openapi(tree, found, own, target)
    if openapi:
        wrapper["openapi"] = openapi
    # Names that are not UTF-8 reach kustomize as the bytes they are.
    (target / "kustomization.yaml").write_bytes(os.fsencode(json.dumps(wrapper, ensure_ascii=False)))


def _own_kustomization(tree: Tree, found: Closure) -> dict[str, Any]:
    path = found.kustomizations[0]
    documents = kustomization_documents(read(tree, path), path)
    return documents[0] if documents and isinstance(documents[0], dict) else {}


def _openapi(tree: Tree, found: Closure, own: dict[str, Any], target: Path) -> dict[str, Any] | None:
    """Return the overlay's `openapi` for the wrapper, with the file it names copied beside it.

    Where that file cannot be read, the overlay's own line makes kustomize fail, in its words.
    """
    openapi = own.get("openapi")
    if not isinstance(openapi, dict) or not isinstance(openapi.get("path"), str):
        return openapi if isinstance(openapi, dict) else None
    try:
        schema = read(tree, normalize(resolve(tree, found.overlay) / openapi["path"]))
    except TreeError:
        return None
    (target / "openapi").write_bytes(schema)
    return {**openapi, "path": "openapi"}
