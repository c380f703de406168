"""The splice underneath: one scalar's value, its style kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.errors import YamlError
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.yamledit.guard import check_own, check_scalar, only_pair, text_start
from gitops_tool.yamledit.patch import Patch, apply, quoted_like, replace
from gitops_tool.yamlload.nodes import Alias, Mapping, Node, Scalar, Sequence, Stream, is_merge, parse
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

Pointer: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value from its document's root."""

_COLON = lazy_pattern(r":[ \t]*$")
_NULLS = ("~", "null", "Null", "NULL")


def replace_scalar(data: bytes, pointer: Pointer, value: str, *, path: PurePosixPath, document: int = 0) -> bytes:
    """Return a file with one scalar's value replaced by a string, every other byte as it was.

    The style stays (plain, 'single', "double"); a plain value is quoted if it must be.

    Args:
        data: the file, UTF-8.
        pointer: keys and indices from the document's root.
        value: the new string.
        path: for the place in an error.
        document: which document, from 0.

    Raises:
        YamlError: not YAML, no such place, or one where the edit would change something else, too.
    """
    stream = parse(read_source(data, path))
    node = node_at(stream, root_of(stream, document), pointer)
    return apply(stream, replacement(stream, f'"{dotted(pointer)}"', node, value))


def root_of(stream: Stream, document: int) -> Node:
    """Return what a document holds.

    Raises:
        YamlError: there is no such document.
    """
    if document < len(stream.roots):
        return stream.roots[document]
    number = len(stream.roots)
    raise YamlError(
        f"the file has {number} documents, none with number {document}", location=Location(stream.source.path)
    )


def replacement(stream: Stream, what: str, node: Node, value: str, *, style: str = "") -> Patch:
    """Return the patch that gives a scalar another value; an empty one if it has it already.

    Args:
        stream: the file.
        what: names the scalar in an error.
        node: the scalar.
        value: the new string.
        style: the quote for a value that was null, where a quote has a meaning to people only.

    Raises:
        YamlError: the node is no scalar, or not one that can be edited on its own.
    """
    scalar = check_scalar(stream, what, node)
    start = text_start(stream, what, scalar) if scalar.end > scalar.start else scalar.start
    null = not scalar.style and scalar.value in ("", *_NULLS)
    written = quoted_like(stream, value, style if null else scalar.style)
    if scalar.value == value and (scalar.style or not written.style):
        return Patch()
    return replace(scalar, start, written, space=_space(stream, what, scalar))


def _space(stream: Stream, what: str, scalar: Scalar) -> str:
    """Return the blank that an empty value lacks before it; its mark is right behind the colon or dash."""
    if scalar.end > scalar.start:
        return ""
    before = stream.source.text[: scalar.start]
    if scalar.anchor is None and scalar.tag is None and _COLON.search(before):
        return " " if before.endswith(":") else ""
    raise stream.source.error(f"{what} is empty in a way that cannot be filled in", scalar.start)


def node_at(stream: Stream, node: Node, pointer: Pointer) -> Node:
    """Return the node that a pointer leads to from another, every step on its way editable.

    Raises:
        YamlError: there is none, or a step cannot be edited on its own.
    """
    for depth, step in enumerate(pointer):
        what = f'"{dotted(pointer[:depth])}"' if depth else "the document"
        check_own(stream, what, node)
        found = _step(stream, node, step)
        if found is None:
            raise _missing(stream, what, node, step)
        node = found
    return node


def _step(stream: Stream, node: Node, step: str | int) -> Node | None:
    if isinstance(node, Sequence) and isinstance(step, int):
        return node.items[step] if 0 <= step < len(node.items) else None
    if isinstance(node, Mapping):
        pair = only_pair(stream, node, str(step))
        return pair[1] if pair else None
    return None


def _missing(stream: Stream, what: str, node: Node, step: str | int) -> YamlError:
    if isinstance(node, Mapping) and any(is_merge(key) for key, _ in node.pairs):
        return stream.source.error(f'{what} has no "{step}" of its own, only a merge key "<<"', node.start)
    kind = {Mapping: "mapping", Sequence: "list", Scalar: "scalar", Alias: "alias"}[type(node)]
    return stream.source.error(f'{what} is a {kind} without "{step}"', node.start)


def dotted(pointer: Pointer) -> str:
    """Return a pointer as people write it."""
    return ".".join(map(str, pointer)) or "."
