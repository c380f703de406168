"""The two kinds of path patterns of the git generator.

Directories are matched by Go's `path.Match`, files by git's pathspecs. Both become regular expressions that never
go back over what a `*` took: a hostile pattern costs no more than a plain one.
"""

from __future__ import annotations

import re
from functools import lru_cache

from gitops_tool.patterns import lazy_pattern

_NEVER = lazy_pattern(r"(?!)")
_ITEM = lazy_pattern(r"\\(?P<escaped>.)|(?P<star>\*+)|(?P<one>\?)|(?P<open>\[)|(?P<plain>.)", re.DOTALL)
_CLASS = lazy_pattern(r"\[(?P<not>[!^]?)(?P<members>\]?(?:\\.|\[:[a-z]+:\]|[^\]\\])*)\]", re.DOTALL)
_MEMBER = lazy_pattern(r"\[:(?P<name>[a-z]+):\]|(?P<low>\\.|[^\\])(?:-(?P<high>\\.|[^\\]))?", re.DOTALL)
_NAMED = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r" \t",
    "digit": "0-9",
    "lower": "a-z",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


class _InvalidError(Exception):
    """A pattern that Go or git refuses."""


@lru_cache(maxsize=512)
def path_match(pattern: str) -> re.Pattern[str]:
    """Return what Go's `path.Match` matches: `*` and `?` stop at slashes, an invalid pattern matches nothing."""
    try:
        return re.compile(_expression(pattern, "[^/]", go=True), re.DOTALL)
    except (_InvalidError, re.error):
        return _NEVER


@lru_cache(maxsize=512)
def pathspec(pattern: str) -> re.Pattern[str]:
    """Return what a git pathspec matches: itself, what lies below it, and by wildcards, which do not stop at slashes.

    Source: git, dir.c (match_pathspec_item) and wildmatch.c.
    """
    literal = re.escape(pattern.removesuffix("/"))
    exact = "" if pattern.endswith("/") else "|\\Z"
    below = f"{literal}(?:/.*{exact})" if pattern else ".*"
    try:
        return re.compile(f"(?:{below}|{_expression(pattern, '.', go=False)})", re.DOTALL)
    except (_InvalidError, re.error):
        return re.compile(below, re.DOTALL)


def _expression(pattern: str, any_char: str, *, go: bool) -> str:
    """Translate wildcards; the text between two stars is taken where it comes first, for good."""
    chunks: list[list[str]] = [[]]
    position = 0
    while position < len(pattern):
        item = _ITEM.match(pattern, position)
        if item is None:
            raise _InvalidError
        position = item.end()
        if item["star"]:
            chunks.append([])
        elif item["open"]:
            content, position = _class(pattern, item.start(), go=go)
            chunks[-1].append(content)
        elif item["one"]:
            chunks[-1].append(any_char)
        else:
            chunks[-1].append(re.escape(item["escaped"] or item["plain"]))
    first, *others = ("".join(chunk) for chunk in chunks)
    if not others:
        return first
    *inner, last = others
    return first + "".join(f"(?>{any_char}*?{chunk})" for chunk in inner if chunk) + f"{any_char}*{last}"


def _class(pattern: str, start: int, *, go: bool) -> tuple[str, int]:
    """Return a class of characters, and where it ends. A `!` negates for git only."""
    found = _CLASS.match(pattern, start)
    if found is None:
        raise _InvalidError
    members, negated = found["members"], found["not"] == "^" or (found["not"] == "!" and not go)
    members = f"!{members}" if found["not"] == "!" and go else members
    if not members or (go and members[0] in "]-"):
        raise _InvalidError
    content = "".join(_member(member, go=go) for member in _MEMBER.finditer(members))
    if not content:  # of ranges that end before they begin
        return "." if negated else "(?!)", found.end()
    return f"[{'^' if negated else ''}{content}]", found.end()


def _member(member: re.Match[str], *, go: bool) -> str:
    if member["name"]:
        if go or member["name"] not in _NAMED:
            raise _InvalidError
        return _NAMED[member["name"]]
    low, high = (part[-1:] for part in (member["low"], member["high"] or ""))
    if high and low > high:
        return ""
    return f"{re.escape(low)}-{re.escape(high)}" if high else re.escape(low)
