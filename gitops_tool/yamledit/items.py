"""Adds items to lists and takes them out, and sets values of mappings, in the style of what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping as Values
from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.yamledit.guard import check_own, only_pair
from gitops_tool.yamledit.pairs import (
    FlowShape,
    NewPair,
    gap,
    indentation,
    insert_after,
    insert_lines,
    key_quote,
    leaf_end,
    line_end,
    line_start,
)
from gitops_tool.yamledit.patch import Meaning, Patch, Splice, apply, quoted_like
from gitops_tool.yamledit.quoting import write
from gitops_tool.yamledit.scalar import Pointer, dotted, node_at, replacement, root_of
from gitops_tool.yamlload.nodes import (
    Mapping,
    Node,
    Scalar,
    Sequence,
    Signature,
    Stream,
    descendants,
    parse,
    scalar_signature,
)
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath

Item: TypeAlias = "str | Values[str, str]"
"""What a list gets: a text, or a mapping of texts."""

_NULLS = ("", "~", "null", "Null", "NULL")
_LINE_BREAK = re.compile(r"\r?\n|\r")
_BETWEEN = re.compile(r"\s*,\s*")


def add_item(data: bytes, pointer: Pointer, item: Item, *, path: PurePosixPath, document: int = 0) -> bytes:
    """Return a file with an item more at the end of a list, every other byte as it was.

    The item is written like those that are there. A list that is missing or null is made, if what it belongs
    to is there.

    Args:
        data: the file, UTF-8.
        pointer: keys and indices from the document's root to the list.
        item: what is added.
        path: for the place in an error.
        document: which document, from 0.

    Raises:
        YamlError: not YAML, no such place, or one where the edit would change something else, too.
    """
    stream = parse(read_source(data, path))
    parent = node_at(stream, root_of(stream, document), pointer[:-1])
    check_own(stream, f'"{dotted(pointer[:-1])}"', parent)
    if not isinstance(parent, Mapping):
        raise stream.source.error(f'"{dotted(pointer[:-1])}" is not a mapping', parent.start)
    pair = only_pair(stream, parent, str(pointer[-1]))
    if pair is None:
        return apply(stream, _new_list(stream, parent, str(pointer[-1]), item))
    check_own(stream, f'"{dotted(pointer)}"', pair[1])
    if isinstance(pair[1], Sequence) and pair[1].items:
        return apply(stream, _appended(stream, pair[1], item))
    empty = isinstance(pair[1], Sequence) or (isinstance(pair[1], Scalar) and pair[1].value in _NULLS)
    if not empty:
        raise stream.source.error(f'"{dotted(pointer)}" is not a list', pair[1].start)
    return apply(stream, _filled(stream, parent, pair, item))


def remove_item(data: bytes, pointer: Pointer, *, path: PurePosixPath, document: int = 0) -> bytes:
    """Return a file without one item of a list, with the comment on its lines; every other byte as it was.

    The last item leaves an empty list, `[]`.

    Args:
        data: the file, UTF-8.
        pointer: keys and indices from the document's root to the item.
        path: for the place in an error.
        document: which document, from 0.

    Raises:
        YamlError: not YAML, no such place, or one where the edit would change something else, too.
    """
    stream = parse(read_source(data, path))
    items, index = node_at(stream, root_of(stream, document), pointer[:-1]), pointer[-1]
    check_own(stream, f'"{dotted(pointer[:-1])}"', items)
    if not isinstance(items, Sequence) or not isinstance(index, int) or index >= len(items.items):
        raise stream.source.error(f'there is no "{dotted(pointer)}"', items.start)
    for node in descendants(items.items[index]):
        check_own(stream, f'"{dotted(pointer)}"', node)
    return apply(stream, _without(stream, items, index))


def set_value(data: bytes, pointer: Pointer, value: str, *, path: PurePosixPath, document: int = 0) -> bytes:
    """Return a file with a text set in a mapping: in the place of the old one, or behind the other pairs.

    Raises:
        YamlError: not YAML, no such mapping, or one where the edit would change something else, too.
    """
    stream = parse(read_source(data, path))
    parent = node_at(stream, root_of(stream, document), pointer[:-1])
    check_own(stream, f'"{dotted(pointer[:-1])}"', parent)
    if not isinstance(parent, Mapping) or not parent.pairs:
        raise stream.source.error(f'"{dotted(pointer[:-1])}" is not a mapping with values', parent.start)
    key = str(pointer[-1])
    pair = only_pair(stream, parent, key)
    if pair is not None:
        return apply(stream, replacement(stream, f'"{dotted(pointer)}"', pair[1], value))
    written = NewPair(key, quoted_like(stream, value, ""))
    return apply(stream, insert_after(stream, parent, len(parent.pairs) - 1, [written]))


def remove_value(data: bytes, pointer: Pointer, *, path: PurePosixPath, document: int = 0) -> bytes:
    """Return a file without one pair of a mapping that has others.

    Raises:
        YamlError: not YAML, no such pair, or one where the edit would change something else, too.
    """
    from gitops_tool.yamledit.pairs import remove

    stream = parse(read_source(data, path))
    parent = node_at(stream, root_of(stream, document), pointer[:-1])
    check_own(stream, f'"{dotted(pointer[:-1])}"', parent)
    pair = only_pair(stream, parent, str(pointer[-1])) if isinstance(parent, Mapping) else None
    if not isinstance(parent, Mapping) or pair is None or len(parent.pairs) < 2:
        raise stream.source.error(f'there is no "{dotted(pointer)}" that could be removed', parent.start)
    return apply(stream, remove(stream, parent, parent.pairs.index(pair)))


def _pairs(stream: Stream, values: Values[str, str], quote: str) -> list[NewPair]:
    return [NewPair(key, quoted_like(stream, value, quote)) for key, value in values.items()]


def _signatures(stream: Stream, item: Item, quote: str, *, flow: bool) -> tuple[Signature, ...]:
    """Return the events of an item."""
    if isinstance(item, str):
        written = quoted_like(stream, item, quote)
        return (scalar_signature(written.value, written.style),)
    inside = [entry for pair in _pairs(stream, item, quote) for entry in pair.signatures(quote)]
    return (("MappingStartEvent", None, None, flow), *inside, ("MappingEndEvent",))


def _lines(stream: Stream, item: Item, first: str, quote: str) -> list[str]:
    """Return an item as the lines of a block list; `first` is what stands before it, dash included."""
    if isinstance(item, str):
        return [first + quoted_like(stream, item, quote).text]
    pairs = _pairs(stream, item, quote)
    return [(" " * len(first) if number else first) + pair.text(quote) for number, pair in enumerate(pairs)]


def _appended(stream: Stream, items: Sequence, item: Item) -> Patch:
    last = items.items[-1]
    quote = _quote_of(last, item)
    if items.flow:
        return _appended_in_flow(stream, items, item, quote)
    text = stream.source.text
    dash = _dash(stream, last)
    before = text[line_start(text, dash) : last.start] if dash is not None else ""
    if dash is None or before.strip(" -"):
        raise stream.source.error("the list's last item does not stand on a line of its own", last.start)
    if isinstance(last, Mapping) and last.flow and last.pairs and not isinstance(item, str):
        shape = FlowShape.of(stream, last)
        pairs = _pairs(stream, item, shape.quote)
        meaning = Meaning(items.last_event, 0, _signatures(stream, item, shape.quote, flow=True))
        return Patch((insert_lines(stream, last, [before + shape.mapping(pairs)]),), (meaning,))
    meaning = Meaning(items.last_event, 0, _signatures(stream, item, quote, flow=False))
    return Patch((insert_lines(stream, last, _lines(stream, item, before, quote)),), (meaning,))


def _quote_of(last: Node, item: Item) -> str:
    """Return the quote in which the list's other items are written, as far as they are alike."""
    if isinstance(item, str):
        return last.style if isinstance(last, Scalar) and last.style in ("'", '"') else ""
    return key_quote(last) if isinstance(last, Mapping) else ""


def _dash(stream: Stream, item: Node) -> int | None:
    text = stream.source.text
    begin = line_start(text, item.start)
    dash = text.rfind("-", begin, item.start)
    return dash if dash >= 0 else None


def _appended_in_flow(stream: Stream, items: Sequence, item: Item, quote: str) -> Patch:
    text, last = stream.source.text, items.items[-1]
    shape = FlowShape.of(stream, last) if isinstance(last, Mapping) and last.flow and last.pairs else FlowShape()
    opening = text[items.start + 1 : items.items[0].start]
    between = text[items.items[-2].end : last.start] if len(items.items) > 1 else ""
    separator = gap(between, opening if not opening.strip() else "", shape.colon)
    meaning = Meaning(items.last_event, 0, _signatures(stream, item, quote, flow=True))
    return Patch((Splice(last.end, last.end, separator + _in_flow(stream, item, shape, quote)),), (meaning,))


def _in_flow(stream: Stream, item: Item, shape: FlowShape, quote: str) -> str:
    if isinstance(item, str):
        return quoted_like(stream, item, quote).text
    return FlowShape(shape.opening, shape.between, shape.colon, shape.closing, quote).mapping(
        _pairs(stream, item, quote)
    )


def _list_indent(stream: Stream, parent: Mapping) -> str:
    """Return how far a list is indented below its key: as the first one that is found, else two columns."""
    text = stream.source.text
    roots = (*descendants(parent), *(node for root in stream.roots for node in descendants(root)))
    for node in roots:
        for key, value in node.pairs if isinstance(node, Mapping) else ():
            if isinstance(value, Sequence) and value.items and not value.flow:
                step = (value.start - line_start(text, value.start)) - len(indentation(stream, key))
                return " " * max(step, 0)
    return "  "


def _list_signatures(entry: tuple[Signature, ...], *, flow: bool) -> tuple[Signature, ...]:
    return (("SequenceStartEvent", None, None, flow), *entry, ("SequenceEndEvent",))


def _filled(stream: Stream, parent: Mapping, pair: tuple[Node, Node], item: Item) -> Patch:
    """Return the patch that makes a list with one item of a null or an empty list."""
    key, value = pair
    quote = key_quote(parent)
    count = value.last_event - value.event + 1
    entry = _list_signatures(_signatures(stream, item, quote, flow=parent.flow), flow=parent.flow)
    meaning = Meaning(value.event, count, entry)
    if parent.flow:
        space = " " if value.start == value.end and stream.source.text[value.start - 1] == ":" else ""
        return Patch(
            (Splice(value.start, value.end, f"{space}[{_in_flow(stream, item, FlowShape(), quote)}]"),), (meaning,)
        )
    colon = stream.source.text.index(":", key.end) + 1
    first = f"{indentation(stream, key)}{_list_indent(stream, parent)}- "
    emptied = (Splice(colon, value.end, ""),) if value.end > value.start else ()
    return Patch((*emptied, insert_lines(stream, value, _lines(stream, item, first, quote))), (meaning,))


def _new_list(stream: Stream, parent: Mapping, key: str, item: Item) -> Patch:
    """Return the patch that gives a mapping a further key with a list of one item."""
    if not parent.pairs:
        raise stream.source.error(f'there is no place for "{key}": the mapping is empty', parent.start)
    quote = key_quote(parent)
    written = write(key, quote, '"')
    entry = _list_signatures(_signatures(stream, item, quote, flow=parent.flow), flow=parent.flow)
    meaning = Meaning(parent.last_event, 0, (scalar_signature(key, written.style), *entry))
    if parent.flow:
        shape, place = FlowShape.of(stream, parent), parent.pairs[-1][1].end
        text = f"{shape.between}{written.text}{shape.colon}[{_in_flow(stream, item, FlowShape(), quote)}]"
        return Patch((Splice(place, place, text),), (meaning,))
    indent = indentation(stream, parent.pairs[-1][0])
    first = f"{indent}{_list_indent(stream, parent)}- "
    lines = [f"{indent}{written.text}:", *_lines(stream, item, first, quote)]
    return Patch((insert_lines(stream, parent, lines),), (meaning,))


def _without(stream: Stream, items: Sequence, index: int) -> Patch:
    item = items.items[index]
    if len(items.items) == 1:
        return _emptied(stream, items)
    meaning = Meaning(item.event, item.last_event + 1 - item.event)
    start, end = _extent_in_flow(stream, items, index) if items.flow else _extent_in_block(stream, item)
    return Patch((Splice(start, end, ""),), (meaning,))


def _emptied(stream: Stream, items: Sequence) -> Patch:
    """Return the patch that takes the only item out."""
    count = items.last_event - items.event + 1
    meaning = Meaning(items.event, count, (("SequenceStartEvent", None, None, True), ("SequenceEndEvent",)))
    if items.flow:
        return Patch((Splice(items.start, items.end, "[]"),), (meaning,))
    text = stream.source.text
    start, end = _extent_in_block(stream, items.items[0])
    colon = text.rfind(":", 0, start)
    if colon < 0 or _LINE_BREAK.sub("", text[colon + 1 : start]).strip():
        raise stream.source.error("a comment stands between the key and its only item", start, "move the comment")
    newline = _LINE_BREAK.search(text, colon, end)
    return Patch((Splice(colon + 1, end, f" []{newline.group() if newline else ''}"),), (meaning,))


def _extent_in_flow(stream: Stream, items: Sequence, index: int) -> tuple[int, int]:
    """Return the text of an item with one comma."""
    start, end = items.items[index].start, items.items[index].end
    if index:
        start = items.items[index - 1].end
    else:
        end = items.items[1].start
    between = stream.source.text[start : items.items[index].start] + stream.source.text[items.items[index].end : end]
    if not _BETWEEN.fullmatch(between):
        raise stream.source.error("a comment stands beside the item that has to go", items.items[index].start)
    return start, end


def _extent_in_block(stream: Stream, item: Node) -> tuple[int, int]:
    """Return the lines of an item."""
    text = stream.source.text
    dash = _dash(stream, item)
    begin = line_start(text, item.start)
    if dash is None or text[begin:dash].strip(" ") or text[dash + 1 : item.start].strip(" "):
        raise stream.source.error("the item that has to go does not stand on lines of its own", item.start)
    stop = line_end(text, leaf_end(stream, item))
    after = _LINE_BREAK.match(text, stop)
    if after:
        return begin, after.end()
    before = re.search(r"(?:\r?\n|\r)\Z", text[:begin])
    return begin - (len(before.group()) if before else 0), stop
