"""Finds the line and column of a value."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.yamlload.nodes import Mapping, Node, Scalar, Sequence, Stream, parse, resolved
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.model import Location

Pointer: TypeAlias = tuple[str | int, ...]


def locate(data: bytes, document: int, pointer: Pointer, path: PurePosixPath) -> Location:
    """Return where a value is written, or where its longest existing prefix is.

    A scalar or flow collection is found at its first character; a block collection and an empty value at
    their key, the line a reader looks at. Aliases and merge keys are followed where the pointer goes on.

    Args:
        data: the file's bytes.
        document: which document, from 0; one past the end gives the file's last.
        pointer: keys and indices from the document's root.
        path: the file, for the location.

    Raises:
        YamlError: the file is not YAML.
    """
    stream = _parsed(data, path)
    if not stream.roots:
        return stream.source.location(0)
    root = stream.roots[min(document, len(stream.roots) - 1)]
    return stream.source.location(_offset(root, pointer))


@lru_cache(maxsize=16)
def _parsed(data: bytes, path: PurePosixPath) -> Stream:
    """Parse once for the many findings of one file."""
    return parse(read_source(data, path))


def _offset(root: Node, pointer: Pointer) -> int:
    """Return the offset of the longest existing prefix of a pointer."""
    node, offset = root, root.start
    for step in pointer:
        found = _child(resolved(node), step)
        if found is None:
            break
        key, node = found
        offset = key.start if key and _shown_at_key(node) else node.start
    return offset


def _child(node: Node, step: str | int) -> tuple[Node | None, Node] | None:
    """Return the key (if there is one) and the value one step below a node."""
    if isinstance(node, Sequence):
        inside = isinstance(step, int) and 0 <= step < len(node.items)
        return (None, node.items[int(step)]) if inside else None
    return node.find(str(step)) if isinstance(node, Mapping) else None


def _shown_at_key(node: Node) -> bool:
    """Tell whether a value is better shown at its key."""
    if isinstance(node, Sequence | Mapping):
        return not node.flow
    return isinstance(node, Scalar) and node.start == node.end
