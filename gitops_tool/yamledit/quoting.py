"""Writes a string as a scalar that every reader reads back as that string."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.yamlload.scalars import Rules, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gitops_tool.yamlload.nodes import Signature

# Stricter than YAML: what may stand unquoted in block and in flow style, for every parser.
_PLAIN = lazy_pattern(
    r"[A-Za-z0-9_./](?:[A-Za-z0-9_./@+~%^=-]|:(?=[A-Za-z0-9_./@+-])|[ ](?=[A-Za-z0-9_./+]))*", re.ASCII
)
# YAML 1.2, core schema: https://yaml.org/spec/1.2.2/#1032-tag-resolution
_CORE_NUMBER = lazy_pattern(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
# Go reads 2024-1-1 as a timestamp, too; kustomize renders one that stands in a resource as RFC 3339.
_TIMESTAMP = lazy_pattern(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?")
_UNPRINTABLE = lazy_pattern("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_STRING = "tag:yaml.org,2002:str"


@record
class Written:
    """A scalar as it stands in the file. `style` is its quote, empty if plain."""

    text: str
    value: str
    style: str


def write(value: str, style: str, quote: str) -> Written:
    """Return a string as a scalar in the style asked for, if it may be written so.

    Args:
        value: the string.
        style: `'`, `"`, or empty for plain.
        quote: the quote to take where the value cannot be plain.
    """
    if not style and not may_be_plain(value):
        style = quote
    if style == "'" and _UNPRINTABLE.search(value):
        style = '"'
    if style == "'":
        return Written("'" + value.replace("'", "''") + "'", value, style)
    if style == '"':
        text = json.dumps(value, ensure_ascii=False)
        return Written(_UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text), value, style)
    return Written(value, value, "")


def may_be_plain(value: str) -> bool:
    """Tell whether every reader takes the unquoted text for this very string."""
    return bool(_PLAIN.fullmatch(value)) and reads_as_string(value)


def reads_as_string(value: str) -> bool:
    """Tell whether Go, YAML 1.1 and YAML 1.2 all take an unquoted scalar for a string."""
    by_go = all(isinstance(resolve(value, rules), str) for rules in Rules)
    # Some readers of YAML 1.2 go on taking underscores between digits.
    digits = value if value.startswith("_") else value.replace("_", "")
    if not by_go or _CORE_NUMBER.fullmatch(digits) or _TIMESTAMP.fullmatch(value):
        return False
    from yaml.nodes import ScalarNode

    return bool(_yaml_1_1().resolve(ScalarNode, value, (True, False)) == _STRING)


@cache
def _yaml_1_1() -> Any:
    """Return PyYAML's resolver, the reference for YAML 1.1 (`12:30` is 750 there, `=` a value)."""
    from yaml.resolver import Resolver

    return Resolver()


def prevailing_quote(signatures: Iterable[Signature]) -> str:
    """Return the quote that a file uses most; double quotes if it uses none."""
    styles = Counter(entry[4] for entry in signatures if entry[0] == "ScalarEvent")
    return "'" if styles["'"] > styles['"'] else '"'
