"""Adds and removes pairs of a mapping, in its own style: block lines, flow, or JSON."""

from __future__ import annotations

import re

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.yamledit.patch import Meaning, Patch, Splice
from gitops_tool.yamledit.quoting import Written, write
from gitops_tool.yamlload.nodes import Mapping, Node, Scalar, Sequence, Signature, Stream, scalar_signature

_LINE_END = lazy_pattern(r"\r?\n|\r|\Z")
_GAP = lazy_pattern(r"\s*,\s*")
_FLOW_COLON = lazy_pattern(r"[ \t]*:[ \t]*")
_NEXT_LINE = lazy_pattern(r"[ \t]*(?:#[^\r\n]*)?(?:\r?\n|\r)[ \t]*")


@record
class NewPair:
    """A pair to be written: the key as text, the value as it will stand."""

    key: str
    value: Written

    def signatures(self, quote: str) -> tuple[Signature, ...]:
        """Return the pair's events."""
        value = scalar_signature(self.value.value, self.value.style)
        return scalar_signature(self.key, write(self.key, quote, '"').style), value

    def text(self, quote: str, colon: str = ": ") -> str:
        """Return the pair as it is written on one line."""
        return write(self.key, quote, '"').text + colon + self.value.text


@record
class FlowShape:
    """How a flow mapping is laid out: what stands after `{`, between pairs, at the colon, before `}`."""

    opening: str = ""
    between: str = ", "
    colon: str = ": "
    closing: str = ""
    quote: str = ""

    @classmethod
    def of(cls, stream: Stream, mapping: Mapping) -> FlowShape:
        """Return the layout of a flow mapping that has pairs."""
        text = stream.source.text
        first_key, first_value = mapping.pairs[0]
        last_key, last_value = mapping.pairs[-1]
        between = text[mapping.pairs[-2][1].end : last_key.start] if len(mapping.pairs) > 1 else ""
        opening = _blank_or(text[mapping.start + 1 : first_key.start], "")
        colon = text[first_key.end : first_value.start]
        closing = text[last_value.end : mapping.end - 1]
        quote = key_quote(mapping)
        return cls(
            opening=opening,
            between=gap(between, opening, colon),
            colon=colon if _FLOW_COLON.fullmatch(colon) and (quote or colon.endswith(" ")) else ": ",
            closing=_blank_or(closing, opening if "\n" not in opening else ""),
            quote=quote,
        )

    def mapping(self, pairs: list[NewPair]) -> str:
        """Return a whole mapping."""
        inside = self.between.join(pair.text(self.quote, self.colon) for pair in pairs)
        return f"{{{self.opening}{inside}{self.closing}}}"


def gap(found: str, opening: str, colon: str) -> str:
    """Return what separates two members of a flow collection.

    Args:
        found: what stands between its last two; empty if there is one only.
        opening: what stands between the bracket and the first member.
        colon: what separates a key from its value; tells compact JSON.
    """
    if _GAP.fullmatch(found):
        return found
    if "\n" in opening or "\r" in opening:
        return f",{opening}"
    return "," if colon == ":" else ", "


def _blank_or(text: str, default: str) -> str:
    return text if not text.strip() else default


def key_quote(mapping: Mapping) -> str:
    """Return the quote of a mapping's keys; empty if they are plain."""
    key = mapping.pairs[0][0] if mapping.pairs else None
    return key.style if isinstance(key, Scalar) and key.style in ("'", '"') else ""


def insert_after(stream: Stream, mapping: Mapping, index: int, pairs: list[NewPair]) -> Patch:
    """Return the patch that adds pairs behind one of a mapping's own."""
    key, value = mapping.pairs[index]
    quote = key_quote(mapping)
    meaning = Meaning(value.last_event + 1, 0, tuple(entry for pair in pairs for entry in pair.signatures(quote)))
    if mapping.flow:
        shape = FlowShape.of(stream, mapping)
        text = "".join(shape.between + pair.text(quote, shape.colon) for pair in pairs)
        return Patch((Splice(value.end, value.end, text),), (meaning,))
    indent = indentation(stream, key)
    return Patch((insert_lines(stream, value, [indent + pair.text(quote) for pair in pairs]),), (meaning,))


def remove(stream: Stream, mapping: Mapping, index: int) -> Patch:
    """Return the patch that takes a pair out: in block style its lines, with the comment on them.

    Raises:
        YamlError: a comment stands in the way.
    """
    start, end = _extent_in_flow(stream, mapping, index) if mapping.flow else _extent_in_block(stream, mapping, index)
    key, value = mapping.pairs[index]
    return Patch((Splice(start, end, ""),), (Meaning(key.event, value.last_event + 1 - key.event),))


def _extent_in_flow(stream: Stream, mapping: Mapping, index: int) -> tuple[int, int]:
    """Return the text of a pair with one comma."""
    text = stream.source.text
    key, value = mapping.pairs[index]
    start, end = key.start, value.end
    if index:
        start = mapping.pairs[index - 1][1].end
        between = text[start : key.start]
    else:
        end = mapping.pairs[1][0].start if len(mapping.pairs) > 1 else value.end
        between = text[value.end : end]
    if between and not _GAP.fullmatch(between):
        raise stream.source.error("a comment stands beside the value that has to go", key.start, "move the comment")
    return start, end


def _extent_in_block(stream: Stream, mapping: Mapping, index: int) -> tuple[int, int]:
    """Return the lines of a pair, or, behind a dash, the text up to the next key."""
    text = stream.source.text
    key, value = mapping.pairs[index]
    begin, stop = line_start(text, key.start), line_end(text, leaf_end(stream, value))
    if not text[begin : key.start].strip(" "):
        after = _LINE_END.match(text, stop)
        if after and after.group():
            return begin, after.end()
        return begin - len(_newline_before(text, begin)), stop
    if index + 1 < len(mapping.pairs):
        following = mapping.pairs[index + 1][0].start
        if _NEXT_LINE.fullmatch(text, value.end, following):
            return key.start, following
    raise stream.source.error(
        "the value that has to go stands behind the dash, and the next key is not on the next line",
        key.start,
        'put "name" first in the entry',
    )


def indentation(stream: Stream, key: Node) -> str:
    """Return what stands before a further key of the mapping that a key belongs to."""
    text = stream.source.text
    begin = line_start(text, key.start)
    before = text[begin : key.start]
    return before if not before.strip(" ") else " " * len(before)


def insert_lines(stream: Stream, node: Node, lines: list[str]) -> Splice:
    """Return the splice that puts lines below the last line of a block node."""
    text = stream.source.text
    place = line_end(text, leaf_end(stream, node))
    newline = newline_at(text, place)
    return Splice(place, place, "".join(newline + line for line in lines))


def leaf_end(stream: Stream, node: Node) -> int:
    """Return where a node's own text ends; a block's end mark says where the next thing begins."""
    while isinstance(node, Mapping | Sequence) and not node.flow:
        node = node.pairs[-1][1] if isinstance(node, Mapping) else node.items[-1]
    if not isinstance(node, Scalar) or node.style not in ("|", ">"):
        return node.end
    text = stream.source.text
    header = text[node.start : line_end(text, node.start)]
    if "+" in header.partition("#")[0]:
        # Blank lines at its end belong to its value.
        return node.end - len(_newline_before(text, node.end))
    return node.start + len(text[node.start : node.end].rstrip())


def line_start(text: str, offset: int) -> int:
    """Return where the line of an offset begins."""
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def line_end(text: str, offset: int) -> int:
    """Return where the line of an offset ends, before its line break."""
    match = _LINE_END.search(text, offset)
    return match.start() if match else len(text)


def newline_at(text: str, offset: int) -> str:
    """Return the line break at an offset; at the end of the file, the one the file uses first."""
    match = _LINE_END.match(text, offset)
    if match and match.group():
        return match.group()
    first = re.search(r"\r?\n|\r", text)
    return first.group() if first else "\n"


def _newline_before(text: str, offset: int) -> str:
    match = re.search(r"(?:\r?\n|\r)\Z", text[:offset])
    return match.group() if match else ""
