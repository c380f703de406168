"""Regular expressions that are compiled when they are first used.

There are a hundred, of which one command uses few; to compile one takes up to a millisecond.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, AnyStr, cast

if TYPE_CHECKING:
    from typing import Any


class _Lazy:
    """Stands for a compiled expression; each of its methods is looked up there once."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found


def lazy_pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what behaves as `re.compile(text, flags)` does; pass it to no function of `re`."""
    return cast("re.Pattern[AnyStr]", _Lazy(text, flags))
