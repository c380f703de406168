"""How people name environments, and in what order they promote through them."""

from __future__ import annotations

from collections.abc import Iterable

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

STAGES = (
    ("dev", "development", "develop", "sandbox"),
    ("test", "testing", "tst", "int", "integration"),
    ("qa",),
    ("uat", "acc", "acceptance"),
    ("stage", "staging", "stg"),
    ("preprod", "preproduction", "pre-prod"),
    ("prod", "production", "prd", "live"),
)
"""Names of environments, the first stage first: those of `PROMOTION_ORDER`, with the usual short forms."""

_RANKS = {name: rank for rank, names in enumerate(STAGES) for name in names}
_HOLDERS = frozenset({"overlays", "overlay", "envs", "env", "environments", "environment", "stages"})
_TOKENS = lazy_pattern(r"[a-z]+")


@record
class Ordered:
    """An environment with the one it promotes from, where the names tell it."""

    name: str
    promotes_from: str | None


def stage(name: str) -> int | None:
    """Return the stage that a name speaks of, as in `prod`, `prod-eu` or `stage2`; None if it speaks of none."""
    lower = name.lower()
    if lower in _RANKS:
        return _RANKS[lower]
    tokens = _TOKENS.findall(lower)
    if {"non", "no", "not", "nonprod"} & {*tokens}:
        return None
    if "pre" in tokens and {"prod", "production"} & {*tokens}:
        return _RANKS["preprod"]
    found = [_RANKS[token] for token in tokens if token in _RANKS]
    return found[0] if len(found) == 1 else None


def is_environment(parts: tuple[str, ...], index: int) -> bool:
    """Whether a part of a path names an environment: by its name, or as it stands in a directory for them."""
    return stage(parts[index]) is not None or (index > 0 and parts[index - 1] in _HOLDERS)


def is_holder(part: str) -> bool:
    """Whether a directory is one for environments, such as `overlays`."""
    return part in _HOLDERS


def promotion_order(names: Iterable[str]) -> list[Ordered] | None:
    """Return environments in the order of promotion; None if a name says nothing about it."""
    stages: dict[int, list[str]] = {}
    for name in names:
        rank = stage(name)
        if rank is None:
            return None
        stages.setdefault(rank, []).append(name)
    ordered: list[Ordered] = []
    before: list[str] = []
    for rank in sorted(stages):
        source = before[0] if len(before) == 1 else None
        ordered += [Ordered(name, source) for name in sorted(stages[rank])]
        before = stages[rank]
    return ordered
