"""A YAML file as a tree of nodes that know their place in the text.

Built from events, because an event of an alias has the alias's own marks, which a composed node has not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from gitops_tool.records import field, record
from gitops_tool.yamlload.source import MAX_DEPTH, Source, events

if TYPE_CHECKING:
    from collections.abc import Iterator

Node: TypeAlias = "Scalar | Alias | Sequence | Mapping"
Pair: TypeAlias = "tuple[Node, Node]"
Signature: TypeAlias = tuple[Any, ...]
"""What an event says, without where it says it: two texts with equal signatures mean the same."""


@record
class Scalar:
    """A scalar. `start` includes its anchor and tag; `style` is the quote, `|`, `>`, or empty if plain.

    `event` is the index of the (first) event of a node in `Stream.signatures`, `last_event` of its last.
    """

    start: int
    end: int
    event: int
    value: str
    style: str
    anchor: str | None = None
    tag: str | None = None

    @property
    def last_event(self) -> int:
        """The index of the node's last event."""
        return self.event


@record
class Alias:
    """A reference to an anchor. `target` is None if the anchor is unknown or around the alias."""

    start: int
    end: int
    event: int
    anchor: str
    target: Node | None

    @property
    def last_event(self) -> int:
        """The index of the node's last event."""
        return self.event


@record
class Sequence:
    """A list. `end` is reliable in flow style only: a block's end mark is where the next thing begins."""

    start: int
    end: int
    event: int
    last_event: int
    items: tuple[Node, ...]
    flow: bool
    anchor: str | None = None
    tag: str | None = None


@record
class Mapping:
    """A mapping, pairs in the order of the text, duplicates included. For `end`, see `Sequence`."""

    start: int
    end: int
    event: int
    last_event: int
    pairs: tuple[Pair, ...]
    flow: bool
    anchor: str | None = None
    tag: str | None = None

    def find(self, key: str) -> Pair | None:
        """Return the pair of a key, the last if there are several, or the one that a merge key brings."""
        todo, seen = [self], {self.event}
        while todo:
            mapping = todo.pop()
            for pair in reversed(mapping.pairs):
                if scalar_text(pair[0]) == key and not is_merge(pair[0]):
                    return pair
            new = [merge for merge in mapping.merges() if merge.event not in seen]
            seen.update(merge.event for merge in new)
            todo.extend(reversed(new))
        return None

    def merges(self) -> tuple[Mapping, ...]:
        """Return the mappings that this one's merge keys name."""
        values = [resolved(value) for key, value in self.pairs if is_merge(key)]
        flat = [item for value in values for item in (value.items if isinstance(value, Sequence) else (value,))]
        return tuple(item for item in map(resolved, flat) if isinstance(item, Mapping))


@record
class Stream:
    """All of a file. `aliased` holds, for the event of an anchored node, its first alias."""

    source: Source
    roots: tuple[Node, ...]
    signatures: tuple[Signature, ...]
    aliased: dict[int, Alias]


@record(frozen=False)
class _Open:
    """A collection whose end is not yet seen."""

    event: Any
    index: int
    children: list[Node] = field(default_factory=list)


def scalar_text(node: Node) -> str | None:
    """Return a scalar's text, through an alias; None for what is not a scalar."""
    node = resolved(node)
    return node.value if isinstance(node, Scalar) else None


def is_merge(key: Node) -> bool:
    """Tell whether a key is the merge key `<<`."""
    return isinstance(key, Scalar) and key.value == "<<" and not key.style and key.tag is None


def resolved(node: Node) -> Node:
    """Return what an alias stands for, or the node itself."""
    return node.target if isinstance(node, Alias) and node.target else node


def parse(source: Source) -> Stream:
    """Read a file into trees.

    Raises:
        YamlError: it is not YAML, or nested too deep.
    """
    return _Parser(source).parse()


class _Parser:
    """Turns one stream of events into trees, without recursion."""

    __slots__ = ("aliased", "anchors", "open", "signatures", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.open: list[_Open] = [_Open(None, 0)]
        self.anchors: dict[str, Node] = {}
        self.aliased: dict[int, Alias] = {}
        self.signatures: list[Signature] = []

    def parse(self) -> Stream:
        for event in events(self.source):
            self._take(event, type(event).__name__)
        return Stream(self.source, tuple(self.open[0].children), tuple(self.signatures), self.aliased)

    def _take(self, event: Any, kind: str) -> None:
        index = len(self.signatures)
        self.signatures.append(signature(event))
        start, end = event.start_mark.index, event.end_mark.index
        match kind:
            case "ScalarEvent":
                self._add(Scalar(start, end, index, event.value, event.style or "", event.anchor, event.tag))
            case "MappingStartEvent" | "SequenceStartEvent":
                if len(self.open) > MAX_DEPTH:
                    raise self.source.error(f"nested deeper than {MAX_DEPTH} levels", start)
                self.open.append(_Open(event, index))
            case "MappingEndEvent" | "SequenceEndEvent":
                self._close(self.open.pop(), end, index)
            case "AliasEvent":
                self._alias(Alias(start, end, index, event.anchor, self.anchors.get(event.anchor)))
            case "DocumentStartEvent":
                self.anchors = {}

    def _close(self, opened: _Open, end: int, last: int) -> None:
        event, children = opened.event, opened.children
        start, flow, anchor, tag = event.start_mark.index, bool(event.flow_style), event.anchor, event.tag
        if type(event).__name__ == "SequenceStartEvent":
            self._add(Sequence(start, end, opened.index, last, tuple(children), flow, anchor, tag))
            return
        pairs = tuple(zip(children[::2], children[1::2], strict=True))
        self._add(Mapping(start, end, opened.index, last, pairs, flow, anchor, tag))

    def _alias(self, alias: Alias) -> None:
        if alias.target:
            self.aliased.setdefault(alias.target.event, alias)
        self._add(alias)

    def _add(self, node: Node) -> None:
        anchor = None if isinstance(node, Alias) else node.anchor
        if anchor is not None:
            self.anchors[anchor] = node
        self.open[-1].children.append(node)


def signature(event: Any) -> Signature:
    """Return what an event of PyYAML or ruamel.yaml says."""
    kind = type(event).__name__
    match kind:
        case "ScalarEvent":
            return scalar_signature(event.value, event.style or "", event.anchor, event.tag)
        case "MappingStartEvent" | "SequenceStartEvent":
            return (kind, event.anchor, event.tag, bool(event.flow_style))
        case "AliasEvent":
            return (kind, event.anchor)
        case "DocumentStartEvent":
            return (kind, event.explicit, event.version, tuple((event.tags or {}).items()))
        case "DocumentEndEvent":
            return (kind, event.explicit)
    return (kind,)


def scalar_signature(value: str, style: str, anchor: str | None = None, tag: str | None = None) -> Signature:
    """Return what an event of a scalar says."""
    return ("ScalarEvent", anchor, tag, value, style)


def descendants(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in the order of the text; aliases are not followed."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        if isinstance(node, Mapping):
            todo.extend(part for pair in reversed(node.pairs) for part in reversed(pair))
        elif isinstance(node, Sequence):
            todo.extend(reversed(node.items))
