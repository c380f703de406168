"""Finds a scalar by a path that people write, or by a comment beside it.

A path is `spec.source.helm.parameters[name=image.tag].value`: keys, `[0]`, `[key=value]`, and quotes around keys
with dots in them. A file of several documents is a list of them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from gitops_tool.errors import UsageError, YamlError
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.wording import did_you_mean, quoted
from gitops_tool.yamlload.nodes import Mapping, Node, Scalar, Sequence, Stream, parse, resolved, scalar_text
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

_KEY = lazy_pattern(r"(?s)\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>(?:[^']|'')*)'|(?P<plain>[^.\[\]\"'=]+)")
_ITEM = lazy_pattern(
    r"\[\s*(?:(?P<index>\d+)|(?P<key>[^\[\]=\"']+?)\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\[\]]*?))\s*\]"
)
PARTS = ("tag", "digest", "image")
"""What a scalar can hold of an image: its version, its digest alone, or its name with the version."""

_MARKER = lazy_pattern(
    r"(?:^|[ \t])#[ \t]*gitops:[ \t]*(?P<part>image|tag|digest)[ \t]+"
    r"(?P<app>\S+)(?:[ \t]+(?P<environment>\S+))?[ \t]*$",
    re.MULTILINE,
)


@record
class Select:
    """The item of a list whose key, keys below it joined by dots, has a value."""

    key: str
    value: str

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.key}={self.value}"


Step: TypeAlias = str | int | Select


@record
class Place:
    """A scalar of a file. `value` is its text, empty where it is null."""

    document: int
    pointer: tuple[str | int, ...]
    value: str
    location: Location


@record
class Marked:
    """A scalar with a marker beside it: its path, and what it holds of an image's version."""

    part: str
    environment: str | None
    path: str


def parse_path(text: str) -> tuple[Step, ...]:
    """Read a path.

    Raises:
        UsageError: it is none, with the place in it.
    """
    steps: list[Step] = []
    offset = 0
    while offset < len(text):
        item = _ITEM.match(text, offset)
        dotted = bool(steps) and item is None and text[offset] == "."
        found = item or _KEY.match(text, offset + dotted)
        if found is None or (item is None and steps and not dotted):
            raise UsageError(
                f"{quoted(text)} is not a YAML path: character {offset + dotted + 1} is not expected",
                hint='write "spec.containers[name=web].image", keys with dots in quotes',
            )
        steps.append(_item(found) if item else _key(found))
        offset = found.end()
    if not steps or text.endswith("."):
        raise UsageError(f"{quoted(text)} is not a YAML path: a key is missing at its end")
    return tuple(steps)


def written_path(pointer: tuple[str | int, ...]) -> str:
    """Return the path of keys and indices as people write it."""
    text = ""
    for step in pointer:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        plain = _KEY.fullmatch(step)
        bare = plain and plain["plain"] and step == step.strip()
        key = step if bare else '"' + re.sub(r'(["\\])', r"\\\1", step) + '"'
        text += f".{key}" if text else key
    return text


def _key(found: re.Match[str]) -> str:
    if found["double"] is not None:
        return re.sub(r"(?s)\\(.)", r"\1", found["double"])
    return found["single"].replace("''", "'") if found["single"] is not None else found["plain"].strip()


def _item(found: re.Match[str]) -> int | Select:
    if found["index"] is not None:
        return int(found["index"])
    value = found["value"]
    return Select(
        found["key"], value[1:-1] if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0] else value
    )


def find_value(data: bytes, text: str, path: PurePosixPath) -> Place:
    """Return the scalar that a path names.

    Args:
        data: the file's bytes.
        text: the path; see the module.
        path: what an error calls the file.

    Raises:
        UsageError: the text is no path.
        YamlError: there is no such scalar, or several; with line and column.
    """
    steps = parse_path(text)
    stream = parse(read_source(data, path))
    if not stream.roots:
        raise YamlError("the file is empty", location=Location(path))
    if len(stream.roots) == 1:
        return _place(stream, 0, *_walked(stream, stream.roots[0], steps))
    if isinstance(steps[0], str):
        return _in_one_document(stream, steps, text)
    number = _chosen(stream, stream.roots, steps[0], "the file")
    return _place(stream, number, *_walked(stream, stream.roots[number], steps[1:]))


def _in_one_document(stream: Stream, steps: tuple[Step, ...], text: str) -> Place:
    """Return the scalar in the only document that has the path."""
    found: list[Place] = []
    for number, root in enumerate(stream.roots):
        try:
            found.append(_place(stream, number, *_walked(stream, root, steps)))
        except YamlError:
            continue
    if len(found) != 1:
        what = f"{len(found)} of them have" if found else "none of them has"
        raise YamlError(
            f'the file holds {len(stream.roots)} documents, and {what} "{text}"',
            location=found[1].location if found else Location(stream.source.path),
            hint="name the document first, as in [kind=Deployment].spec or [0].spec",
        )
    return found[0]


def _walked(stream: Stream, node: Node, steps: tuple[Step, ...]) -> tuple[tuple[str | int, ...], Node]:
    pointer: list[str | int] = []
    for step in steps:
        what = f'"{".".join(map(str, pointer))}"' if pointer else "the document"
        here = resolved(node)
        if isinstance(step, str):
            node = _value_of(stream, here, step, what)
            pointer.append(step)
        else:
            if not isinstance(here, Sequence):
                raise stream.source.error(f"{what} is not a list", node.start)
            number = _chosen(stream, here.items, step, what)
            node = here.items[number]
            pointer.append(number)
    return tuple(pointer), node


def _value_of(stream: Stream, node: Node, key: str, what: str) -> Node:
    if not isinstance(node, Mapping):
        raise stream.source.error(f'{what} is not a mapping, it has no "{key}"', node.start)
    pair = node.find(key)
    if pair is None:
        keys = [scalar_text(name) or "" for name, _ in node.pairs]
        hint = did_you_mean(key, keys) or (f"it has: {', '.join(keys[:10])}" if keys else None)
        raise stream.source.error(f'{what} has no "{key}"', node.start, hint)
    return pair[1]


def _chosen(stream: Stream, items: tuple[Node, ...], step: Step, what: str) -> int:
    """Return the index of the item that a step names."""
    if isinstance(step, Select):
        found = [number for number, item in enumerate(items) if _selected(item, step)]
        if len(found) == 1:
            return found[0]
        start = items[found[1]].start if found else (items[0].start if items else 0)
        raise stream.source.error(f'{what} has {"several items" if found else "no item"} with "{step}"', start)
    if isinstance(step, int) and step < len(items):
        return step
    raise stream.source.error(
        f'{what} has {len(items)} items, none with index "{step}"', items[0].start if items else 0
    )


def _selected(item: Node, step: Select) -> bool:
    node: Node = resolved(item)
    whole = node.find(step.key) if isinstance(node, Mapping) else None
    if whole:
        return scalar_text(whole[1]) == step.value
    for key in step.key.split("."):
        pair = node.find(key) if isinstance(node, Mapping) else None
        if pair is None:
            return False
        node = resolved(pair[1])
    return scalar_text(node) == step.value


def _place(stream: Stream, document: int, pointer: tuple[str | int, ...], node: Node) -> Place:
    scalar = resolved(node)
    if not isinstance(scalar, Scalar):
        kind = "mapping" if isinstance(scalar, Mapping) else "list"
        raise stream.source.error(f'"{".".join(map(str, pointer))}" is a {kind}, not a scalar', node.start)
    null = not scalar.style and scalar.value in ("", "~", "null", "Null", "NULL")
    return Place(document, pointer, "" if null else scalar.value, stream.source.location(node.start))


def value_at(data: bytes, document: int, pointer: tuple[str | int, ...], path: PurePosixPath) -> Place | None:
    """Return the scalar that a pointer names; None if there is none.

    Raises:
        YamlError: the file is not YAML.
    """
    stream = parse(read_source(data, path))
    node = resolved(stream.roots[document])
    for step in pointer:
        pair = node.find(str(step)) if isinstance(node, Mapping) else None
        if pair:
            node = resolved(pair[1])
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            node = resolved(node.items[step])
        else:
            return None
    return _place(stream, document, pointer, node) if isinstance(node, Scalar) else None


def find_marked(data: bytes, app: str, path: PurePosixPath) -> tuple[Marked, ...]:
    """Return the scalars of an app that carry a comment `# gitops: tag APP [ENVIRONMENT]` on their line.

    Instead of `tag` it may be `image` (with its name) or `digest`.

    Raises:
        YamlError: the file is not YAML, or a marker stands beside no value.
    """
    stream = parse(read_source(data, path))
    markers = [found for found in _MARKER.finditer(stream.source.text) if found["app"] == app]
    scalars = list(_scalars(stream)) if markers else []
    marked = []
    for found in markers:
        line = max(stream.source.text.rfind(end, 0, found.start()) for end in "\n\r") + 1
        inside = any(node.start <= found.start() < node.end for _, _, node in scalars)
        on_line = [one for one in scalars if line <= one[2].start and one[2].end <= found.start() + 1]
        if not on_line and not inside:
            raise stream.source.error(f'the marker "{found[0].strip()}" stands beside no value', found.start())
        if not inside:
            document, pointer, _ = on_line[-1]
            whole = pointer if len(stream.roots) == 1 else (document, *pointer)
            marked.append(Marked(found["part"], found["environment"], written_path(whole)))
    return tuple(marked)


def _scalars(stream: Stream) -> Iterator[tuple[int, tuple[str | int, ...], Scalar]]:
    """Yield every scalar value with its document and pointer, in the order of the text; keys are none."""
    for number, root in enumerate(stream.roots):
        todo: list[tuple[tuple[str | int, ...], Node]] = [((), root)]
        while todo:
            pointer, node = todo.pop()
            if isinstance(node, Scalar):
                yield number, pointer, node
            elif isinstance(node, Mapping):
                pairs = ((scalar_text(key) or "", value) for key, value in reversed(node.pairs))
                todo.extend(((*pointer, key), value) for key, value in pairs)
            elif isinstance(node, Sequence):
                todo.extend(((*pointer, index), node.items[index]) for index in reversed(range(len(node.items))))
