"""Builds plain Python values from libyaml's events, by Go's rules."""

from __future__ import annotations

import base64
import binascii
import math
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import YamlLimitError
from gitops_tool.yamlload.scalars import AMBIGUOUS_FIRST, Rules, Value, resolve
from gitops_tool.yamlload.source import MAX_DEPTH, Source, events, read_source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import PurePosixPath

    from gitops_tool.errors import YamlError

MAX_ALIASED_NODES = 1_000_000
"""So many nodes may come from aliases, counted as if each were written out."""

_TAG = "tag:yaml.org,2002:"
_NO_KEY = object()
_MERGE = object()


def load_documents(data: bytes, path: PurePosixPath, *, rules: Rules = Rules.KYAML) -> list[Any]:
    """Return the documents of a YAML or JSON file as Go reads them.

    Keys are strings, whole floats are integers (as in Go's JSON), timestamps stay strings, merge keys
    are merged. An alias gives the very object of its anchor. An empty document is None.

    Args:
        data: the file's bytes, UTF-8.
        path: for the place in an error.
        rules: which of Go's two readers is meant; they differ in words like `yes` only.

    Raises:
        YamlError: not UTF-8, not YAML, a duplicate key, a value that Go cannot read (`.inf`, a null
            key), too large, too deep, or an alias bomb.
    """
    return _Builder(read_source(data, path), rules).build()


class _Frame:
    """A collection whose end is not yet seen."""

    __slots__ = ("anchor", "container", "is_mapping", "key", "merges", "nodes", "places")

    def __init__(self, container: Any, anchor: str | None, nodes: int) -> None:
        self.container = container
        self.is_mapping = isinstance(container, dict)
        self.anchor = anchor
        self.nodes = nodes
        self.key: Any = _NO_KEY
        self.merges: list[dict[str, Any]] | None = None
        self.places: dict[str, Any] = {}


class _Builder:
    """Turns one stream of events into documents, without recursion."""

    __slots__ = ("anchors", "expanded", "frame", "frames", "nodes", "rules", "source")

    def __init__(self, source: Source, rules: Rules) -> None:
        self.source = source
        self.rules = rules
        self.frames: list[_Frame] = []
        self.frame = _Frame([], None, 0)
        # What an anchor names, and how many nodes it stands for.
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.nodes = 0
        self.expanded = 0

    def build(self) -> list[Any]:
        """Return the stream's documents."""
        import yaml

        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }
        for event in events(self.source):
            handler = handlers.get(type(event))
            if handler:
                handler(event)
        documents: list[Any] = self.frame.container
        return documents

    def _start_document(self, _event: Any) -> None:
        self.anchors = {}

    def _scalar(self, event: Any) -> None:
        self.nodes += 1
        text: str = event.value
        value: Value = text
        frame = self.frame
        if event.tag is not None:
            value = self._tagged(event)
        elif event.implicit[0] and (not text or text[0] in AMBIGUOUS_FIRST):
            value = resolve(text, self.rules)
            if isinstance(value, float) and not math.isfinite(value):
                raise self._error(f'"{text}" cannot be written as JSON', event)
        elif text == "<<" and event.implicit[0] and frame.is_mapping and frame.key is _NO_KEY:
            self._start_merge(frame, event)
            return
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, 1)
        self._add(value, event)

    def _start_merge(self, frame: _Frame, event: Any) -> None:
        if frame.merges is not None:
            raise self._error('the merge key "<<" is written twice', event)
        frame.key = _MERGE

    def _start_mapping(self, event: Any) -> None:
        self._start({}, event)

    def _start_sequence(self, event: Any) -> None:
        self._start([], event)

    def _start(self, container: Any, event: Any) -> None:
        if len(self.frames) >= MAX_DEPTH:
            raise self._limit(f"nested deeper than {MAX_DEPTH} levels", event)
        if self.frame.is_mapping and self.frame.key is _NO_KEY:
            raise self._error("a mapping key is not a scalar", event)
        self.frames.append(self.frame)
        self.frame = _Frame(container, event.anchor, self.nodes)
        self.nodes += 1

    def _end(self, event: Any) -> None:
        frame = self.frame
        value = _merged(frame.container, frame.merges) if frame.merges else frame.container
        self.frame = self.frames.pop()
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (value, self.nodes - frame.nodes)
        self._add(value, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            around = any(frame.anchor == event.anchor for frame in (*self.frames, self.frame))
            reason = "stands inside the value it names" if around else "names no anchor above it"
            raise self._error(f'the alias "*{event.anchor}" {reason}', event)
        value, size = self.anchors[event.anchor]
        self.nodes += size
        self.expanded += size
        if self.expanded > MAX_ALIASED_NODES:
            raise self._limit(f"aliases expand to more than {MAX_ALIASED_NODES} values", event)
        self._add(value, event)

    def _add(self, value: Any, event: Any) -> None:
        """Put a finished value where it belongs."""
        frame = self.frame
        if not frame.is_mapping:
            frame.container.append(value)
        elif frame.key is _NO_KEY:
            key = value if isinstance(value, str) else self._key(value, event)
            if key in frame.places:
                raise self._duplicate(key, frame.places[key], event)
            frame.places[key] = event
            frame.key = key
        elif frame.key is _MERGE:
            frame.merges = self._merge_sources(value, event)
            frame.key = _NO_KEY
        else:
            frame.container[frame.key] = value
            frame.key = _NO_KEY

    def _merge_sources(self, value: Any, event: Any) -> list[dict[str, Any]]:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise self._error('the value of a merge key "<<" must be a mapping or a list of mappings', event)
        return sources

    def _key(self, value: Any, event: Any) -> str:
        """Return the string that sigs.k8s.io/yaml makes of a key."""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return repr(value)
        raise self._error("a mapping key is null" if value is None else "a mapping key is not a scalar", event)

    def _tagged(self, event: Any) -> Value:
        """Return the value of a scalar with a tag; a tag that Go does not know leaves a string."""
        tag, text = event.tag, event.value
        if tag == "!":
            return resolve(text, self.rules) if event.implicit[0] else str(text)
        name = tag.removeprefix(_TAG)
        if name == "binary":
            return self._binary(event)
        expected = _TYPES.get(name) if tag.startswith(_TAG) else None
        if expected is None:
            return str(text)
        value = resolve(text, self.rules)
        if type(value) not in expected or (isinstance(value, float) and not math.isfinite(value)):
            raise self._error(f'"{text}" is not a value of the type "!!{name}"', event)
        return value

    def _binary(self, event: Any) -> str:
        try:
            return base64.b64decode("".join(event.value.split()), validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise self._error('a value of the type "!!binary" is not base64', event) from error

    def _duplicate(self, key: str, first: Any, event: Any) -> YamlError:
        line = self.source.line(first.start_mark.index)
        return self._error(f'the key "{key}" is written twice, first on line {line}', event, "keep one of them")

    def _limit(self, message: str, event: Any) -> YamlLimitError:
        return YamlLimitError(message, location=self.source.location(event.start_mark.index))

    def _error(self, message: str, event: Any, hint: str | None = None) -> YamlError:
        return self.source.error(message, event.start_mark.index, hint)


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "null": (type(None),),
}


def _merged(explicit: dict[str, Any], merges: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a mapping with its merge keys applied: written keys win, then the earlier merge."""
    result: dict[str, Any] = {}
    for source in reversed(merges):
        result |= source
    return result | explicit
