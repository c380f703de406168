"""Adds an entry to a kustomization's `images:`, in the style of that file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gitops_tool.images import check_name
from gitops_tool.patterns import lazy_pattern
from gitops_tool.yamledit.entries import KUSTOMIZATION, image_entries, kustomization_root
from gitops_tool.yamledit.guard import check_own, only_pair
from gitops_tool.yamledit.pairs import (
    FlowShape,
    NewPair,
    gap,
    indentation,
    insert_lines,
    key_quote,
    leaf_end,
    line_end,
    line_start,
    newline_at,
)
from gitops_tool.yamledit.patch import Meaning, Patch, Splice, apply, quoted_like
from gitops_tool.yamledit.quoting import write
from gitops_tool.yamledit.version import check_version, house_style
from gitops_tool.yamlload.nodes import Mapping, Node, Pair, Scalar, Sequence, Signature, Stream, parse, scalar_signature
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

_COMMENT_LINE = lazy_pattern(r"(?:\r?\n|\r)[ \t]*#[^\r\n]*")
_END = ("SequenceEndEvent",)
_MAPPING_END = ("MappingEndEvent",)


def add_image(
    kustomization: bytes,
    name: str,
    *,
    new_name: str | None = None,
    tag: str | None = None,
    digest: str | None = None,
    path: PurePosixPath = KUSTOMIZATION,
) -> bytes:
    """Return a kustomization with a further entry in `images:`, every other byte as it was.

    The entry is written like those that are there; without any, like the file's other lists.

    Args:
        kustomization: the file's bytes.
        name: the entry's `name`.
        new_name: the entry's `newName`, if it has one.
        tag: the entry's `newTag`, if it has one.
        digest: the entry's `digest`, if it has one.
        path: what an error calls the file.

    Raises:
        ImageError: a name, the tag or the digest is not valid, or neither tag nor digest is given.
        YamlError: the file cannot be read, has an entry of that name, or cannot take one safely.
    """
    check_version(tag, digest)
    check_name(name)
    if new_name is not None:
        check_name(new_name)
    stream = parse(read_source(kustomization, path))
    existing = next((entry for entry in image_entries(stream) if entry.name == name), None)
    if existing:
        raise stream.source.error(f'"images" has an entry "{name}" already', existing.node.start, "set its version")
    root = kustomization_root(stream)
    if root is None:
        raise stream.source.error("the kustomization is empty", 0, "write its resources first")
    check_own(stream, "the kustomization", root)
    values = {"name": name, "newName": new_name, "newTag": tag, "digest": digest}
    return apply(stream, _addition(stream, root, {key: value for key, value in values.items() if value is not None}))


def _addition(stream: Stream, root: Mapping, values: dict[str, str]) -> Patch:
    """Return the patch that adds the entry where the file has a place for it."""
    section = only_pair(stream, root, "images", str.lower)
    if section is None:
        return _new_section(stream, root, values)
    check_own(stream, '"images"', section[1])
    if not isinstance(section[1], Sequence) or not section[1].items:
        return _fill_section(stream, root, section, values)
    return _append_flow(stream, section[1], values) if section[1].flow else _append_block(stream, section[1], values)


def _pairs(stream: Stream, values: dict[str, str], quote: str) -> list[NewPair]:
    """Return the entry's pairs; versions are quoted as the file's other versions are."""
    house = house_style(stream)
    styles = {"newTag": house, "digest": house}
    return [NewPair(key, quoted_like(stream, value, quote or styles.get(key, ""))) for key, value in values.items()]


def _entry_signatures(pairs: list[NewPair], quote: str, *, flow: bool) -> tuple[Signature, ...]:
    inside = tuple(entry for pair in pairs for entry in pair.signatures(quote))
    return (("MappingStartEvent", None, None, flow), *inside, _MAPPING_END)


def _list_signatures(entry: tuple[Signature, ...], *, flow: bool) -> tuple[Signature, ...]:
    return (("SequenceStartEvent", None, None, flow), *entry, _END)


def _append_block(stream: Stream, images: Sequence, values: dict[str, str]) -> Patch:
    """Return the patch that adds an entry below the last of a block list."""
    text, last = stream.source.text, images.items[-1]
    dash = text.rfind("-", line_start(text, images.start), images.start + 1)
    begin = line_start(text, dash)
    indent = " " * (dash - begin)
    if isinstance(last, Mapping) and last.flow and last.pairs:
        shape = FlowShape.of(stream, last)
        pairs, quote, flow = _pairs(stream, values, shape.quote), shape.quote, True
        lines = [f"{indent}- {shape.mapping(pairs)}"]
    else:
        quote, flow = key_quote(last) if isinstance(last, Mapping) else "", False
        pairs = _pairs(stream, values, quote)
        lines = _block_lines(pairs, indent, _behind_dash(stream, last), quote)
    meaning = Meaning(images.last_event, 0, _entry_signatures(pairs, quote, flow=flow))
    return Patch((insert_lines(stream, last, lines),), (meaning,))


def _behind_dash(stream: Stream, item: Node) -> str:
    """Return the blanks between the dash of an item and its first key."""
    text = stream.source.text
    before = text[line_start(text, item.start) : item.start]
    blanks = before[len(before.rstrip(" ")) :]
    return blanks if before.endswith(f"-{blanks}") and blanks else " "


def _block_lines(pairs: list[NewPair], indent: str, blanks: str, quote: str) -> list[str]:
    """Return an entry as the lines of a block list."""
    first = f"{indent}-{blanks}"
    return [(" " * len(first) if index else first) + pair.text(quote) for index, pair in enumerate(pairs)]


def _append_flow(stream: Stream, images: Sequence, values: dict[str, str]) -> Patch:
    """Return the patch that adds an entry behind the last of a flow list."""
    text, last = stream.source.text, images.items[-1]
    shape = FlowShape.of(stream, last) if isinstance(last, Mapping) and last.flow and last.pairs else FlowShape()
    pairs = _pairs(stream, values, shape.quote)
    opening = text[images.start + 1 : images.items[0].start]
    between = text[images.items[-2].end : last.start] if len(images.items) > 1 else ""
    separator = gap(between, opening if not opening.strip() else "", shape.colon)
    meaning = Meaning(images.last_event, 0, _entry_signatures(pairs, shape.quote, flow=True))
    return Patch((Splice(last.end, last.end, separator + shape.mapping(pairs)),), (meaning,))


def _fill_section(stream: Stream, root: Mapping, section: Pair, values: dict[str, str]) -> Patch:
    """Return the patch that makes a list with one entry of an `images:` that is empty."""
    key, value = section
    if not isinstance(value, Scalar | Sequence):
        raise stream.source.error('"images" must be a list', value.start)
    count = value.last_event - value.event + 1
    quote = key_quote(root)
    pairs = _pairs(stream, values, quote)
    meaning = Meaning(
        value.event, count, _list_signatures(_entry_signatures(pairs, quote, flow=root.flow), flow=root.flow)
    )
    if root.flow:
        entry = f"[{FlowShape(quote=quote).mapping(pairs)}]"
        space = " " if value.start == value.end and stream.source.text[value.start - 1] == ":" else ""
        return Patch((Splice(value.start, value.end, space + entry),), (meaning,))
    colon = stream.source.text.index(":", key.end) + 1
    indent = indentation(stream, key) + _list_indent(stream, root)
    lines = insert_lines(stream, value, _block_lines(pairs, indent, " ", quote))
    emptied = (Splice(colon, value.end, ""),) if value.end > value.start else ()
    return Patch((*emptied, lines), (meaning,))


def _new_section(stream: Stream, root: Mapping, values: dict[str, str]) -> Patch:
    """Return the patch that adds `images:` at the end of the kustomization."""
    if root.flow and not root.pairs:
        raise stream.source.error("the kustomization is empty", root.start, "write its resources first")
    quote = key_quote(root)
    pairs = _pairs(stream, values, quote)
    entry = _entry_signatures(pairs, quote, flow=root.flow)
    key = write("images", quote, '"')
    meaning = Meaning(
        root.last_event, 0, (scalar_signature("images", key.style), *_list_signatures(entry, flow=root.flow))
    )
    if root.flow:
        return Patch((_flow_section(stream, root, key.text, pairs),), (meaning,))
    text = stream.source.text
    indent = indentation(stream, root.pairs[-1][0])
    lines = [f"{indent}{key.text}:", *_block_lines(pairs, indent + _list_indent(stream, root), " ", quote)]
    place = line_end(text, leaf_end(stream, root))
    while comment := _COMMENT_LINE.match(text, place):
        # A comment right below the last value belongs to it.
        place = comment.end()
    newline = newline_at(text, place)
    return Patch((Splice(place, place, "".join(newline + line for line in lines)),), (meaning,))


def _flow_section(stream: Stream, root: Mapping, key: str, pairs: list[NewPair]) -> Splice:
    """Return the splice that adds `images` to a kustomization in flow style, such as JSON."""
    shape = FlowShape.of(stream, root)
    place = root.pairs[-1][1].end
    step = shape.opening.rpartition("\n")[2] if "\n" in shape.opening else ""
    if not step:
        flow = FlowShape(between=shape.between, colon=shape.colon, quote=shape.quote)
        return Splice(place, place, f"{shape.between}{key}{shape.colon}[{flow.mapping(pairs)}]")
    deeper = [shape.opening + step * level for level in range(3)]
    entry = FlowShape(deeper[2], f",{deeper[2]}", shape.colon, deeper[1], shape.quote).mapping(pairs)
    return Splice(place, place, f",{deeper[0]}{key}{shape.colon}[{deeper[1]}{entry}{deeper[0]}]")


def _list_indent(stream: Stream, root: Mapping) -> str:
    """Return how far the file's lists are indented below their keys, as most of them are."""
    found: Counter[int] = Counter()
    for key, value in root.pairs:
        if isinstance(value, Sequence) and value.items and not value.flow:
            text = stream.source.text
            found[value.start - line_start(text, value.start) - (key.start - line_start(text, key.start))] += 1
    return " " * max(found.most_common(1)[0][0], 0) if found else ""
