"""The entries of a kustomization's `images:`, and which of them decides an image's version."""

from __future__ import annotations

import difflib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.model import ImageOverride
from gitops_tool.records import record
from gitops_tool.yamledit.guard import check_own, only_pair
from gitops_tool.yamlload.nodes import (
    Alias,
    Mapping,
    Node,
    Pair,
    Scalar,
    Sequence,
    Stream,
    parse,
    resolved,
    scalar_text,
)
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from gitops_tool.errors import YamlError

KUSTOMIZATION = PurePosixPath("kustomization.yaml")
"""What an error calls the file where the caller did not say."""

# kustomize 5.8.1 still reads the second, deprecated one, and applies it behind the first.
_SECTIONS = ("images", "imageTags")
_NULLS = ("", "~", "null", "Null", "NULL")


@record
class Entry:
    """One entry. `node` is what stands in the list: the mapping, or an alias of it.

    `section` is the kustomization's pair that it stands in: `images` and its value.
    """

    node: Node
    mapping: Mapping
    section: Pair
    name: str

    def pair(self, stream: Stream, key: str) -> Pair | None:
        """Return the entry's own pair of a key; kustomize reads keys without regard to case.

        Raises:
            YamlError: the key is written twice.
        """
        return only_pair(stream, self.mapping, key, str.lower)

    def value(self, key: str) -> Node | None:
        """Return the value of a key, merge keys followed; None if it is missing."""
        found = _find(self.mapping, key)
        return found[1] if found else None

    def text(self, key: str) -> str | None:
        """Return what a key says, merge keys followed; None if it is missing or null."""
        value = self.value(key)
        return _text(value) if value else None


def read_images(kustomization: bytes, path: PurePosixPath = KUSTOMIZATION) -> tuple[ImageOverride, ...]:
    """Return the image overrides of a kustomization, in the order kustomize applies them.

    The location is that of the version (`newTag`, or `digest`), else of the entry. A null is None, an
    empty string stays one; kustomize ignores both.

    Raises:
        YamlError: the file is not YAML, or its `images` is not a list of mappings.
    """
    stream = parse(read_source(kustomization, path))
    return tuple(_override(stream, entry) for entry in image_entries(stream))


def _override(stream: Stream, entry: Entry) -> ImageOverride:
    version = entry.pair(stream, "newTag") or entry.pair(stream, "digest")
    return ImageOverride(
        entry.name,
        entry.text("newName"),
        entry.text("newTag"),
        entry.text("digest"),
        stream.source.location((version[1] if version else entry.node).start),
    )


def image_entries(stream: Stream) -> tuple[Entry, ...]:
    """Return the entries with a name, in the order kustomize applies them.

    Raises:
        YamlError: the kustomization has not the shape of one.
    """
    root = kustomization_root(stream)
    if root is None:
        return ()
    sections = [only_pair(stream, root, name, str.lower) for name in _SECTIONS]
    return tuple(entry for section in sections if section for entry in _entries(stream, section))


def kustomization_root(stream: Stream) -> Mapping | None:
    """Return the mapping that kustomize reads: the first document's. None if that is empty.

    Raises:
        YamlError: it is not a mapping.
    """
    root = stream.roots[0] if stream.roots else None
    if root is None or (isinstance(root, Scalar) and _text(root) is None):
        return None
    if isinstance(root, Mapping):
        return root
    raise stream.source.error("a kustomization must be a mapping", root.start)


def _entries(stream: Stream, section: Pair) -> list[Entry]:
    """Return the entries of one section."""
    what, items = f'"{scalar_text(section[0])}"', resolved(section[1])
    if isinstance(items, Scalar) and _text(items) is None:
        return []
    if not isinstance(items, Sequence):
        raise stream.source.error(f"{what} must be a list", section[1].start)
    entries = []
    for node in items.items:
        mapping = resolved(node)
        if not isinstance(mapping, Mapping):
            raise stream.source.error(f"an entry of {what} must be a mapping", node.start)
        found = _find(mapping, "name")
        name = _text(found[1]) if found else None
        if name:
            entries.append(Entry(node, mapping, section, name))
    return entries


def deciding_entry(stream: Stream, name: str) -> Entry:
    """Return the entry that decides an image's version, editable.

    Kustomize 5.8.1 applies the entries in turn, so the last one with a version wins, unless an earlier
    one renames the image: from there on, the old name matches nothing.

    Raises:
        YamlError: there is none, or it cannot be edited on its own.
    """
    entries = image_entries(stream)
    reached: list[Entry] = []
    for entry in entries:
        if entry.name == name:
            reached.append(entry)
            if (entry.text("newName") or name) != name:
                break
    if not reached:
        raise _unknown(stream, name, [entry.name for entry in entries])
    versioned = [entry for entry in reached if entry.text("newTag") or entry.text("digest")]
    chosen = (versioned or reached)[-1]
    key, items = chosen.section
    check_own(stream, "the kustomization", stream.roots[0])
    check_own(stream, f'"{scalar_text(key)}"', items)
    check_own(stream, f'the entry "{name}"', chosen.node)
    return chosen


def _unknown(stream: Stream, name: str, names: list[str]) -> YamlError:
    close = difflib.get_close_matches(name, names, n=1)
    known = ", ".join(f'"{known}"' for known in dict.fromkeys(names))
    hint = (
        f'did you mean "{close[0]}"?'
        if close
        else f"the entries are {known}"
        if known
        else f'add an entry with "name: {name}"'
    )
    root = stream.roots[0] if stream.roots else None
    pair = only_pair(stream, root, "images", str.lower) if isinstance(root, Mapping) else None
    return stream.source.error(f'"images" has no entry "{name}"', pair[0].start if pair else 0, hint)


def _find(mapping: Mapping, key: str) -> Pair | None:
    """Return the pair of a key in any case, merge keys followed."""
    exact = mapping.find(key)
    if exact:
        return exact
    return next((pair for pair in mapping.pairs if (scalar_text(pair[0]) or "").lower() == key.lower()), None)


def _text(node: Node) -> str | None:
    """Return a scalar's text; None for null, and for what is not a scalar."""
    if isinstance(node, Alias):
        node = resolved(node)
    if not isinstance(node, Scalar) or (not node.style and node.value in _NULLS):
        return None
    return node.value
