"""Which overlays are whose, where several jobs share the work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import UsageError
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.model import Overlay


@record
class Shard:
    """One part of several, counted from 1."""

    index: int
    total: int

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str]) -> Shard:
        """Read `I/N`; `auto` takes what GitLab sets in each job of `parallel:`.

        Raises:
            UsageError: it is neither.
        """
        if text == "auto":
            text = f"{environment.get('CI_NODE_INDEX', '')}/{environment.get('CI_NODE_TOTAL', '')}"
            if text == "/":
                hint = "GitLab sets them in a job with `parallel:`; else say --shard I/N"
                raise UsageError("CI_NODE_INDEX and CI_NODE_TOTAL are not set", hint=hint)
        index, _, total = text.partition("/")
        if not (index.isascii() and index.isdigit() and total.isascii() and total.isdigit()):
            raise UsageError(f'"{text}" is not a shard such as 3/10')
        if not 1 <= int(index) <= int(total):
            raise UsageError(f'there is no shard "{text}": they count from 1/{total} to {total}/{total}')
        return cls(int(index), int(total))

    def __str__(self) -> str:
        """Return `3/10`."""
        return f"{self.index}/{self.total}"

    def of_overlays(self, overlays: Sequence[Overlay]) -> tuple[Overlay, ...]:
        """Return this shard's overlays: as many as in the others, and mostly the same ones when overlays come or go."""
        mixed = sorted(
            overlays, key=lambda overlay: hashlib.sha256(str(overlay.path).encode("utf-8", "replace")).digest()
        )
        start, end = (number * len(mixed) // self.total for number in (self.index - 1, self.index))
        chosen = set(mixed[start:end])
        return tuple(overlay for overlay in overlays if overlay in chosen)


def _scattered(overlay: Overlay) -> bytes:
    """Return an overlay's place in an order that scatters the apps, large and small."""
    return hashlib.sha256(str(overlay.path).encode("utf-8", "surrogateescape")).digest()
