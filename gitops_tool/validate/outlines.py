"""The outlines of a repository's overlays, kept together: rules over all of it need no render to be read again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from typing import TYPE_CHECKING

from gitops_tool.validate.outline import digest, outlined, read_outline, written

if TYPE_CHECKING:
    from gitops_tool.contentcache import ContentCache
    from gitops_tool.render import Render


class Outlines:
    """Outlines by the hash of their texts, each compressed, in one entry of a cache that is read when it is needed.

    Args:
        cache: where the entry is.
        key: names it, with the conditions of a validation.
    """

    def __init__(self, cache: ContentCache, key: str) -> None:
        self._cache = cache
        self._key = f"{key} outlines"
        self._added: dict[str, bytes] = {}
        self._stored: dict[str, bytes] | None = None

    def add(self, render: Render) -> tuple[str, Render]:
        """Take in the outline of a render; returns its name, and the outline."""
        shown = outlined(render)
        text = written(shown)
        name = digest(text)
        self._added[name] = zlib.compress(text, 1)
        return name, shown

    def get(self, name: str) -> Render | None:
        """Return an outline, None where it is not known any more."""
        if self._stored is None:
            self._stored = self._load()
        packed = self._added.get(name) or self._stored.get(name)
        if packed is None:
            return None
        try:
            text = zlib.decompress(packed)
        except zlib.error:
            return None
        return read_outline(text) if digest(text) == name else None

    def store(self, wanted: Collection[str], before: Collection[str]) -> None:
        """Keep the outlines of some names, unless all of them were kept before.

        Args:
            wanted: the names.
            before: the names of those that the last run kept.
        """
        there = self._stored if self._stored is not None else before
        if all(name in there for name in wanted):
            return
        if self._stored is None:
            self._stored = self._load()
        known = {**self._stored, **self._added}
        packed = {name: known[name] for name in sorted(wanted) if name in known}
        index = json.dumps([[name, len(value)] for name, value in packed.items()])
        self._cache.put(self._key, b"\n".join([index.encode(), b"".join(packed.values())]))

    def _load(self) -> dict[str, bytes]:
        """Return what is stored; each outline is held against its name when it is asked for."""
        index, _, rest = (self._cache.get(self._key) or b"[]").partition(b"\n")
        found: dict[str, bytes] = {}
        start = 0
        for name, length in json.loads(index):
            found[name] = rest[start : start + length]
            start += length
        return found
