"""Finds the folder for what can be made again: tools, their versions, renders."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from gitops_tool.errors import UsageError
from gitops_tool.records import record

_NAME = "gitops-tool"


@record
class CacheFolder:
    """Where the cache is, and where it should have been.

    `wanted` is the folder that the environment asks for, None without a home; tools baked
    into a read-only image are still found there. `note` says why `path` is another one.
    """

    path: Path
    wanted: Path | None
    note: str | None = None


def cache_dir() -> Path:
    """Return a folder of this user's own that can be written to, made if need be."""
    return cache_folder().path


def cache_folder() -> CacheFolder:
    """Find the cache as `$GITOPS_CACHE_DIR`, the user's cache folder, or a temporary one.

    A job without a home, or with a read-only one, is no reason to fail: everything in the
    cache can be made again.
    """
    wanted = _wanted()
    if wanted is not None and _usable(wanted):
        return CacheFolder(wanted, wanted)
    why = "there is no home folder" if wanted is None else f'"{wanted}" cannot be written'
    path = _temporary()
    return CacheFolder(path, wanted, f'the cache is in "{path}": {why}; GITOPS_CACHE_DIR names another folder')


def given_cache(folder: Path) -> Path:
    """Return a folder that somebody names for the cache, made if need be.

    Raises:
        UsageError: it cannot be written.
    """
    if not _usable(folder):
        raise UsageError(f'the cache "{folder}" cannot be written', hint="name another folder with --cache-dir")
    return folder


def _wanted() -> Path | None:
    """Read the folder from the environment, by the XDG specification or as macOS has it."""
    if chosen := os.environ.get("GITOPS_CACHE_DIR"):
        return Path(chosen).absolute()
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if xdg.is_absolute():  # the specification has relative ones ignored
        return xdg / _NAME
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path.expanduser raises where there is no home
    if not home.is_absolute() or not os.environ.get("HOME", "/"):
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / _NAME


def _usable(folder: Path) -> bool:
    """Make the folder, readable to its owner only, and say whether files can be put there."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary() -> Path:
    """Return a temporary folder: the same for each of the user's runs, if nobody else laid it out."""
    import tempfile

    folder = Path(tempfile.gettempdir(), f"{_NAME}-{os.getuid()}")
    if _usable(folder):
        status = folder.lstat()
        private = stat.S_ISDIR(status.st_mode) and not stat.S_IMODE(status.st_mode) & 0o077
        if private and status.st_uid == os.getuid():
            return folder
    # Programs are run from here: a folder that someone else may write to is not used.
    return _private()


def _private() -> Path:
    """Make a folder for this process alone, removed at its end."""
    import atexit
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
