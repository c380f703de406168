"""A cache of bytes by key in the user's cache folder: safe under concurrent runs, bounded in size, never trusted."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import tempfile
from pathlib import Path

MAX_BYTES = 512 * 1024 * 1024
"""How large the cache may grow before its oldest entries go."""

_SWEEP_ONE_IN = 500
"""How seldom a write looks for entries to remove."""


class ContentCache:
    """Values by key, one file each; a damaged or missing file is a miss, a full disk no error.

    Args:
        folder: where the files lie; made on the first write.
        limit: how many bytes it may hold before its oldest entries go.
    """

    def __init__(self, folder: Path, limit: int = MAX_BYTES) -> None:
        self.folder = folder
        self.limit = limit

    def get(self, key: str) -> bytes | None:
        """Return what was put under a key, None if that is not there any more."""
        path = self._path(key)
        try:
            stored = path.read_bytes()
        except OSError:
            return None
        with contextlib.suppress(OSError):  # a cache baked into an image can be read-only
            os.utime(path)
        checksum, value = stored[:32], stored[32:]
        return value if hashlib.sha256(value).digest() == checksum else None

    def put(self, key: str, value: bytes) -> None:
        """Store a value, whole or not at all."""
        path = self._path(key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(value).digest() + value)
                Path(name).replace(path)
            except OSError:
                Path(name).unlink(missing_ok=True)
            if random.randrange(_SWEEP_ONE_IN) == 0:  # noqa: S311 - when to tidy up is no secret
                self.sweep()

    def sweep(self, limit: int | None = None) -> None:
        """Remove the entries longest unused until at most `limit` bytes are left, or as many as the cache may hold."""
        most = self.limit if limit is None else limit
        entries = []
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                entries.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries):
            if total <= most:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode()).hexdigest()
        return self.folder / name[:2] / name[2:]
