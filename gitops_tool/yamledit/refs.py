"""Sets the git ref of remote bases: the `?ref=` of a kustomization's `resources:` and `components:`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError
from gitops_tool.records import record
from gitops_tool.remotes import RemoteUrl, check_ref, parse_remote, written_ref
from gitops_tool.yamledit.entries import KUSTOMIZATION, kustomization_root
from gitops_tool.yamledit.guard import check_own, check_scalar, only_pair, text_start
from gitops_tool.yamledit.patch import Meaning, Patch, Splice, apply
from gitops_tool.yamlload.nodes import Node, Pair, Scalar, Sequence, Stream, parse, resolved, scalar_signature
from gitops_tool.yamlload.source import read_source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import PurePosixPath

    from gitops_tool.model import Location

_FIELDS = ("resources", "components", "bases")
"""Where kustomize takes remote bases; the last is deprecated, and still read."""


@record
class RemoteBase:
    """A remote base of a kustomization and the place of its URL."""

    url: RemoteUrl
    location: Location


def read_remotes(kustomization: bytes, path: PurePosixPath = KUSTOMIZATION) -> tuple[RemoteBase, ...]:
    """Return the remote bases of a kustomization, in the order of the file's lists.

    Raises:
        YamlError: the file is not YAML, or not a kustomization.
    """
    stream = parse(read_source(kustomization, path))
    return tuple(RemoteBase(url, stream.source.location(node.start)) for url, node, _ in _remotes(stream))


def set_ref(
    kustomization: bytes,
    url_pattern: str | None,
    *,
    ref: str,
    old: str | None = None,
    path: PurePosixPath = KUSTOMIZATION,
) -> bytes:
    """Return a kustomization with the git ref of remote bases set, every other byte as it was.

    Only the value of `ref=` (or of `version=`, where that decides) changes: quotes, other parameters, comments
    and order stay.

    Args:
        kustomization: the file's bytes.
        url_pattern: which remote bases: `host/owner/repository`, a leading part of the URL up to a slash, or a
            pattern with `*`; None for the only one.
        ref: the branch, tag or commit.
        old: only those that have this ref now.
        path: what an error calls the file.

    Raises:
        UsageError: the ref is none that git allows.
        YamlError: no remote base is meant, several could be, one has no ref, or one cannot be changed without
            changing something else; with line and column.
    """
    check_ref(ref)
    stream = parse(read_source(kustomization, path))
    patch = Patch()
    for url, node, section in _chosen(stream, url_pattern, old):
        if url.ref != ref:
            patch += _replacement(stream, url, node, section, ref)
    return apply(stream, patch)


def replace_refs(
    kustomization: bytes, urls: Collection[str], *, ref: str, path: PurePosixPath = KUSTOMIZATION
) -> bytes:
    """Return a kustomization with the git ref of these remote bases set; see `set_ref`.

    Args:
        kustomization: the file's bytes.
        urls: the texts of the bases, as they are written.
        ref: the branch, tag or commit.
        path: what an error calls the file.

    Raises:
        UsageError, YamlError: as `set_ref`.
    """
    check_ref(ref)
    stream = parse(read_source(kustomization, path))
    patch = Patch()
    for url, node, section in _remotes(stream):
        if url.text in urls and url.ref != ref:
            patch += _replacement(stream, url, node, section, ref)
    return apply(stream, patch)


def _chosen(stream: Stream, pattern: str | None, old: str | None) -> list[tuple[RemoteUrl, Node, Pair]]:
    """Return the remote bases that are meant.

    Raises:
        YamlError: there are none, or it is not said which.
    """
    found = list(_remotes(stream))
    if not found:
        raise YamlError("the kustomization has no remote base", location=stream.source.location(0))
    known = "the remote bases are " + ", ".join(dict.fromkeys(url.name for url, _, _ in found))
    meant = found if pattern is None else [one for one in found if one[0].matches(pattern)]
    if not meant:
        raise stream.source.error(f'no remote base matches "{pattern}"', found[0][1].start, known)
    with_ref = [one for one in meant if one[0].span is not None]
    if not with_ref:
        url, node, _ = meant[0]
        raise stream.source.error(f'the remote base "{url.name}" has no ref to set', node.start, 'write "?ref=" first')
    if old is not None and not (with_ref := [one for one in with_ref if one[0].ref == old]):
        raise stream.source.error(f'no remote base has the ref "{old}"', meant[0][1].start, known)
    if pattern is None and len({url.repository for url, _, _ in with_ref}) > 1:
        raise stream.source.error("the kustomization has several remote bases", with_ref[1][1].start, known)
    return with_ref


def _remotes(stream: Stream) -> Iterator[tuple[RemoteUrl, Node, Pair]]:
    """Yield each remote base with its node and the pair of the list that it stands in."""
    root = kustomization_root(stream)
    for name in _FIELDS if root else ():
        section = only_pair(stream, root, name, str.lower) if root else None
        items = resolved(section[1]) if section else None
        for node in items.items if section and isinstance(items, Sequence) else ():
            scalar = resolved(node)
            url = parse_remote(scalar.value) if isinstance(scalar, Scalar) else None
            if url and section:
                yield url, node, section


def _replacement(stream: Stream, url: RemoteUrl, node: Node, section: Pair, ref: str) -> Patch:
    """Return the patch that puts another ref into a URL, the rest of its bytes kept."""
    what = f'the remote base "{url.name}"'
    check_own(stream, "the kustomization", stream.roots[0])
    check_own(stream, "the list of the remote base", section[1])
    scalar = check_scalar(stream, what, node)
    start, end = url.span or (0, 0)
    new = written_ref(ref)
    begin = text_start(stream, what, scalar)
    quotes = len(scalar.style)
    raw = stream.source.text[begin + quotes : scalar.end - quotes]
    if raw != scalar.value:
        raise stream.source.error(
            f"{what} is written with escapes or on several lines", scalar.start, "write the URL out on one line"
        )
    value = url.text[:start] + new + url.text[end:]
    splice = Splice(begin + quotes + start, begin + quotes + end, new)
    return Patch(
        (splice,), (Meaning(scalar.event, 1, (scalar_signature(value, scalar.style, scalar.anchor, scalar.tag),)),)
    )
