"""Refuses, by name, the places where an edit would reach further than it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.patterns import lazy_pattern
from gitops_tool.yamlload.nodes import Alias, Mapping, Node, Pair, Scalar, Stream, is_merge, scalar_text

if TYPE_CHECKING:
    from collections.abc import Callable

_STRING_TAG = "tag:yaml.org,2002:str"
_PROPERTIES = lazy_pattern(r"(?:[&!]\S*[ \t]+)+")


def check_own(stream: Stream, what: str, node: Node) -> None:
    """Refuse a node that is an alias, that an alias repeats, or that carries a tag.

    Raises:
        YamlError: naming `what`, and the line of the other place.
    """
    source = stream.source
    if isinstance(node, Alias):
        line = f" on line {source.line(node.target.start)}" if node.target else ""
        raise source.error(f'{what} is an alias of the anchor "{node.anchor}"{line}', node.start, _ALIAS_HINT)
    if node.event in stream.aliased:
        line = f"line {source.line(stream.aliased[node.event].start)}"
        raise source.error(
            f'{what} carries the anchor "{node.anchor}", and its alias on {line} would change with it',
            node.start,
            _ALIAS_HINT,
        )
    if node.tag is not None and not (isinstance(node, Scalar) and node.tag == _STRING_TAG):
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        raise source.error(f'{what} carries the tag "{tag}"', node.start, "remove the tag")


_ALIAS_HINT = "write the value out in both places"


def check_scalar(stream: Stream, what: str, node: Node) -> Scalar:
    """Return a node that is a scalar on its own and on one line of its own style.

    Raises:
        YamlError: it is not, by name.
    """
    check_own(stream, what, node)
    if not isinstance(node, Scalar):
        raise stream.source.error(f"{what} is not a scalar", node.start)
    if node.style in ("|", ">"):
        raise stream.source.error(
            f'{what} is a block scalar ("{node.style}")', node.start, "write the value on the line of its key"
        )
    return node


def check_no_merge(stream: Stream, what: str, mapping: Mapping) -> None:
    """Refuse a mapping that takes values from a merge key.

    Raises:
        YamlError: naming `what`.
    """
    for key, _ in mapping.pairs:
        if is_merge(key):
            raise stream.source.error(f'{what} takes values from a merge key "<<"', key.start, "write its values out")


def only_pair(stream: Stream, mapping: Mapping, name: str, fold: Callable[[str], str] = str) -> Pair | None:
    """Return the pair of a key that may be written once only.

    Args:
        stream: the file.
        mapping: where to look; merge keys are not followed.
        name: the key.
        fold: what makes two keys equal.

    Raises:
        YamlError: the key is written twice.
    """
    found = [pair for pair in mapping.pairs if fold(scalar_text(pair[0]) or "") == fold(name)]
    if len(found) > 1:
        first, second = found[0][0], found[1][0]
        raise stream.source.error(
            f'the key "{scalar_text(second)}" is written twice, first on line {stream.source.line(first.start)}',
            second.start,
            "keep one of them",
        )
    return found[0] if found else None


def text_start(stream: Stream, what: str, node: Scalar) -> int:
    """Return where a scalar's own text begins, behind its anchor and tag.

    Raises:
        YamlError: there is more than blanks between them.
    """
    if node.anchor is None and node.tag is None:
        return node.start
    properties = _PROPERTIES.match(stream.source.text, node.start, node.end)
    if not properties:
        raise stream.source.error(f"{what} has an anchor or a tag on a line of its own", node.start)
    return properties.end()
