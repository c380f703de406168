"""Writes YAML as sigs.k8s.io/yaml does: its order of keys, its quotes, no folded lines.

Source: go.yaml.in/yaml/v2, encode.go and sorter.go. PyYAML's emitter is a port of the same libyaml.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cmp_to_key
from typing import Any

from gitops_tool.patterns import lazy_pattern
from gitops_tool.yamlload.scalars import Rules, resolve

_TEXT = "tag:yaml.org,2002:str"
_TIMESTAMP = lazy_pattern(r"\d{4}-\d\d?-\d\d?([Tt ].*)?", re.ASCII)
_SIXTIES = lazy_pattern(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


def yaml_text(value: Any) -> str:
    """Return a value, whose numbers are whole where they look whole, as YAML without a final newline."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Never quotes on its own account: what to quote is Go's decision."""

        yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own

        def ignore_aliases(self, data: Any) -> bool:
            """Write out what occurs twice."""
            return True

    def node(value: Any) -> Any:
        if isinstance(value, Mapping):
            pairs = [(node(key), node(value[key])) for key in sorted(value, key=cmp_to_key(_compare))]
            return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)
        if isinstance(value, list):
            return yaml.SequenceNode("tag:yaml.org,2002:seq", [node(item) for item in value], flow_style=not value)
        text, style = _scalar(value)
        return yaml.ScalarNode(_TEXT, text, style=style)

    text = yaml.serialize(node(value), Dumper=Dumper, allow_unicode=True, width=math.inf)
    return str(text).removesuffix("...\n").removesuffix("\n")


def _scalar(value: Any) -> tuple[str, str | None]:
    """Return a scalar's text, and its style where it may not be plain."""
    if not isinstance(value, str):
        words = {None: "null", True: "true", False: "false"}
        return words[value] if value is None or isinstance(value, bool) else str(value), None
    if "\n" in value:
        return value, "|"
    means_itself = isinstance(resolve(value, Rules.SIGS), str)
    return value, None if means_itself and not _TIMESTAMP.fullmatch(value) and not _SIXTIES.fullmatch(value) else '"'


def _compare(one: str, other: str) -> int:
    """Compare keys: letters after all else, numbers by their value."""
    digits = False
    for at, (first, second) in enumerate(zip(one, other, strict=False)):
        if first == second:
            digits = first.isdecimal()
            continue
        letters = first.isalpha(), second.isalpha()
        if all(letters):
            return -1 if first < second else 1
        if any(letters):
            return -1 if letters[0] is digits else 1
        numbers = [_number(text, at) for text in (one, other)]
        return -1 if (*numbers[0], first) < (*numbers[1], second) else 1
    return len(one) - len(other)


def _number(text: str, at: int) -> tuple[int, int]:
    """Return the number that begins at a place, and how long it is; noughts count behind other digits."""
    digits = re.compile(r"\d*").match(text, at)
    before = re.search(r"[1-9]\d*\Z", text[:at])
    found = digits.group() if digits else ""
    return int(f"{'1' if before else ''}{found}" or 0), len(found)
