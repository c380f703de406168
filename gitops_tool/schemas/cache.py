"""Writes files into a folder that several processes share, each file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gitops_tool.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Key = TypeVar("_Key")


def write_folder(folder: Path, files: Mapping[str, _Key], content: Callable[[_Key], bytes]) -> Path:
    """Make sure that a folder has some files; return the folder.

    Args:
        folder: is made if need be.
        files: for each name, what `content` makes the file's bytes from. A file that is there is not written again.
        content: called for the missing files only.

    Raises:
        ToolError: the folder or a file cannot be written.
    """
    try:
        missing = files.keys() - {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        missing = set(files)
    except OSError as error:
        raise _unwritable(folder, error) from error
    for name in sorted(missing):
        _write(folder / name, content(files[name]))
    return folder


def _write(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there: whoever sees it sees all of it, even after a power cut."""
    import tempfile  # brings a dozen modules along, and a warm cache needs none of them

    scratch = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".new-", delete=False) as file:
            scratch = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    finally:
        if scratch is not None:
            scratch.unlink(missing_ok=True)


def _unwritable(folder: Path, error: OSError) -> ToolError:
    hint = "free some space or make the folder writable, or set GITOPS_CACHE_DIR to another"
    return ToolError(f'the cache "{folder}" cannot be used: {error.strerror}', hint=hint)
