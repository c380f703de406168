"""Phrases that messages share."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 80


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return `did you mean "..."?` for the closest known word; None when none is close."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else None


def harmless(text: str, *, keep: str = "") -> str:
    """Escape what would move a terminal's cursor or colours: files, names and servers' words may hold anything."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else ascii(char)[1:-1] for char in text)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where there is not one."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def quoted(text: str) -> str:
    """Return what a user typed in double quotes, on one line, cut to a length that fits a message."""
    safe = text if text.isprintable() else text.encode("unicode_escape", "backslashreplace").decode()
    return f'"{safe}"' if len(safe) <= _LONGEST else f'"{safe[: _LONGEST - 3]}..."'
