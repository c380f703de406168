"""Sets the version of an entry in a kustomization's `images:`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import ImageError
from gitops_tool.images import check_digest, check_tag
from gitops_tool.yamledit.entries import KUSTOMIZATION, Entry, deciding_entry, image_entries
from gitops_tool.yamledit.guard import check_no_merge, check_scalar, text_start
from gitops_tool.yamledit.pairs import NewPair, insert_after, key_quote, remove
from gitops_tool.yamledit.patch import Patch, apply, quoted_like, replace
from gitops_tool.yamledit.quoting import Written, write
from gitops_tool.yamledit.scalar import replacement
from gitops_tool.yamlload.nodes import Alias, Pair, Scalar, Stream, parse, scalar_text
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath


def set_image(
    kustomization: bytes,
    name: str,
    *,
    tag: str | None = None,
    digest: str | None = None,
    path: PurePosixPath = KUSTOMIZATION,
) -> bytes:
    """Return a kustomization with an image's version set, every other byte as it was.

    `newTag` and `digest` are one unit: a tag alone drops a digest, a digest alone drops the tag, both
    given are both set. A tag is quoted if Go's YAML, YAML 1.1 or YAML 1.2 would not read it back as the
    string it is (`1.10`, `0123`, `1e3`, `yes`, `2024-01-01`); otherwise the style of the old value stays.

    Args:
        kustomization: the file's bytes.
        name: the `name` of the entry in `images:`.
        tag: the new tag.
        digest: the new digest, as `sha256:...`.
        path: what an error calls the file.

    Raises:
        ImageError: the tag or the digest is not valid, or neither is given.
        YamlError: the file cannot be read, has no such entry, or one that cannot be changed without
            changing something else; with line and column.
    """
    check_version(tag, digest)
    stream = parse(read_source(kustomization, path))
    entry = deciding_entry(stream, name)
    check_no_merge(stream, f'the entry "{name}"', entry.mapping)
    return apply(stream, _EntryEdit(stream, entry).version(tag, digest))


def check_version(tag: str | None, digest: str | None) -> None:
    """Refuse what cannot be an image's version.

    Raises:
        ImageError: with the reason.
    """
    if tag is None and digest is None:
        raise ImageError("neither a tag nor a digest is given")
    if tag is not None:
        check_tag(tag)
    if digest is not None:
        check_digest(digest)


def house_style(stream: Stream) -> str:
    """Return the quote that the file's versions are written in; empty if they are plain."""
    for entry in image_entries(stream):
        for value in (entry.value("newTag"), entry.value("digest")):
            if isinstance(value, Scalar) and value.end > value.start:
                return value.style if value.style in ("'", '"') else ""
    return ""


class _EntryEdit:
    """The ways to change one entry, each a patch."""

    __slots__ = ("digest", "entry", "stream", "tag")

    def __init__(self, stream: Stream, entry: Entry) -> None:
        self.stream = stream
        self.entry = entry
        self.tag = entry.pair(stream, "newTag")
        self.digest = entry.pair(stream, "digest")

    def version(self, tag: str | None, digest: str | None) -> Patch:
        """Return the patch that makes the entry say a version."""
        if tag is None:
            return self._only("digest", digest or "", self.digest, self.tag)
        if digest is None:
            return self._only("newTag", tag, self.tag, self.digest)
        if self.tag and not self.digest and "@" in (self.entry.text("newTag") or ""):
            # Kustomize takes a newTag with a digest in it, and people write it so.
            return self._replace("newTag", self.tag, f"{tag}@{digest}")
        return self._both(tag, digest)

    def _both(self, tag: str, digest: str) -> Patch:
        if self.tag and self.digest:
            return self._replace("newTag", self.tag, tag) + self._replace("digest", self.digest, digest)
        if self.tag:
            return self._replace("newTag", self.tag, tag) + self._insert(self.tag, {"digest": digest})
        if self.digest:
            return self._replace("digest", self.digest, digest) + self._insert(self.digest, {"newTag": tag})
        return self._insert(self.entry.mapping.pairs[-1], {"newTag": tag, "digest": digest})

    def _only(self, key: str, value: str, own: Pair | None, other: Pair | None) -> Patch:
        """Return the patch that sets one of the two and leaves nothing of the other."""
        if own is None and other is None:
            return self._insert(self.entry.mapping.pairs[-1], {key: value})
        if own is None and other is not None:
            return self._turn_into(other, key, value)
        patch = self._replace(key, own, value) if own else Patch()
        stale = other is not None and self.entry.text("digest" if key == "newTag" else "newTag")
        return patch + self._remove(other) if other and stale else patch

    def _replace(self, key: str, pair: Pair, value: str) -> Patch:
        style = house_style(self.stream) or key_quote(self.entry.mapping)
        return replacement(self.stream, f'"{key}"', pair[1], value, style=style)

    def _turn_into(self, pair: Pair, key: str, value: str) -> Patch:
        """Return the patch that makes the one key's line the other's; what else stands on it stays."""
        old = check_scalar(self.stream, "a key", pair[0])
        start = text_start(self.stream, "a key", old)
        return replace(old, start, write(key, old.style, '"')) + self._replace(old.value, pair, value)

    def _insert(self, behind: Pair, values: dict[str, str]) -> Patch:
        mapping = self.entry.mapping
        pairs = [NewPair(key, self._styled(behind, value)) for key, value in values.items()]
        return insert_after(self.stream, mapping, mapping.pairs.index(behind), pairs)

    def _styled(self, behind: Pair, value: str) -> Written:
        sibling = behind[1].style if behind in (self.tag, self.digest) and isinstance(behind[1], Scalar) else ""
        return quoted_like(self.stream, value, sibling or house_style(self.stream) or key_quote(self.entry.mapping))

    def _remove(self, pair: Pair) -> Patch:
        mapping = self.entry.mapping
        key, value = pair
        what = f'"{scalar_text(key)}"'
        check_scalar(self.stream, what, key)
        if not isinstance(value, Alias):
            check_scalar(self.stream, what, value)
        return remove(self.stream, mapping, mapping.pairs.index(pair))
