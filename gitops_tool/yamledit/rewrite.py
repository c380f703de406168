"""Replaces many scalars of a file at once, chosen by their place and value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError
from gitops_tool.yamledit.patch import Patch, apply
from gitops_tool.yamledit.scalar import Pointer, dotted, replacement
from gitops_tool.yamlload.nodes import Mapping, Node, Scalar, Sequence, parse, scalar_text
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

Choose = Callable[[Pointer, str], "str | None"]
"""Gets the place of a text in its document, and the text; returns the new one, or None to leave it."""


def rewrite(data: bytes, choose: Choose, *, path: PurePosixPath) -> bytes:
    """Return a file with some of its texts replaced, every other byte as it was.

    A text that cannot be changed on its own (it has an anchor that is used, a tag, or is a block) stays.

    Args:
        data: the file, UTF-8.
        choose: tells what each text becomes.
        path: for the place in an error.

    Raises:
        YamlError: not YAML, or the edit would change something else, too.
    """
    stream = parse(read_source(data, path))
    patch = Patch()
    for root in stream.roots:
        for pointer, node in _scalars(root, ()):
            new = choose(pointer, node.value)
            if new is not None and new != node.value:
                try:
                    patch += replacement(stream, f'"{dotted(pointer)}"', node, new)
                except YamlError:
                    continue  # it stays, and is told of as something that still has the old name
    return apply(stream, patch)


def _scalars(node: Node, pointer: Pointer) -> Iterator[tuple[Pointer, Scalar]]:
    """Yield the values below a node, each with its place; keys and aliases are none."""
    if isinstance(node, Scalar):
        yield pointer, node
    elif isinstance(node, Mapping):
        for key, value in node.pairs:
            yield from _scalars(value, (*pointer, scalar_text(key) or ""))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from _scalars(item, (*pointer, index))
