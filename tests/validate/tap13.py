"""A strict reader of TAP 13: https://testanything.org/tap-version-13-specification.html."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

_POINT = re.compile(r"(not ok|ok) (\d+) - ((?:[^#\\]|\\#|\\\\)*?)(?: # (SKIP|TODO) (.+))?")


@dataclass
class Point:
    """One test."""

    ok: bool
    description: str
    skipped: str | None
    block: list[str] = field(default_factory=list)

    @property
    def details(self) -> Any:
        return yaml.safe_load("\n".join(self.block))


def read(text: str) -> list[Point]:
    """Return the tests of a report; every line must be one that the specification knows, in the right place."""
    assert text.endswith("\n")
    version, plan, *lines = text.removesuffix("\n").split("\n")
    assert version == "TAP version 13"
    match = re.fullmatch(r"1\.\.(\d+)(?: # SKIP .+)?", plan)
    assert match, plan
    points: list[Point] = []
    inside = False
    for line in lines:
        if inside:
            assert line.startswith("  "), line
            inside = line != "  ..."
            if inside:
                points[-1].block.append(line[2:])
        elif line == "  ---":
            assert points
            assert not points[-1].block
            inside = True
        else:
            found = _POINT.fullmatch(line)
            assert found, line
            assert int(found[2]) == len(points) + 1
            points.append(Point(found[1] == "ok", found[3].replace("\\#", "#"), found[5] if found[4] else None))
    assert not inside
    assert len(points) == int(match[1])
    assert len(points) > 0 or "SKIP" in plan
    return points
