"""A set of text splices with what they are meant to change, and the proof that they change only that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError
from gitops_tool.records import record
from gitops_tool.yamledit.quoting import Written, prevailing_quote, reads_as_string, write
from gitops_tool.yamlload.nodes import Scalar, Signature, Stream, parse, scalar_signature, signature
from gitops_tool.yamlload.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_YAML_1_2_CHARACTERS = 100_000
"""Longer files are proven by libyaml alone: ruamel.yaml needs a second for so many characters."""

_REFUSED_HINT = "the file is left as it is; edit this place by hand"


@record
class Splice:
    """Replaces the text between two offsets."""

    start: int
    end: int
    text: str


@record
class Meaning:
    """Replaces `count` events from index `event` on."""

    event: int
    count: int
    signatures: tuple[Signature, ...] = ()


@record
class Patch:
    """What is to change in the text, and what that is meant to change in its events."""

    splices: tuple[Splice, ...] = ()
    meanings: tuple[Meaning, ...] = ()

    def __add__(self, other: Patch) -> Patch:
        """Return both patches as one; they must not overlap."""
        return Patch(self.splices + other.splices, self.meanings + other.meanings)


def replace(node: Scalar, start: int, written: Written, *, space: str = "") -> Patch:
    """Return the patch that gives a scalar another value.

    Args:
        node: the scalar.
        start: where its text begins, behind its anchor and tag.
        written: the new text.
        space: what stands before the new text, where there was none.
    """
    meaning = scalar_signature(written.value, written.style, node.anchor, node.tag)
    return Patch((Splice(start, node.end, space + written.text),), (Meaning(node.event, 1, (meaning,)),))


def quoted_like(stream: Stream, value: str, style: str) -> Written:
    """Return a value in a style, or in the file's own quotes where it cannot be plain."""
    return write(value, style if style in "'\"" else "", prevailing_quote(stream.signatures))


def apply(stream: Stream, patch: Patch) -> bytes:
    """Return the file with a patch applied.

    Raises:
        YamlError: it cannot be proven that the patch changes what it means to, and nothing else.
    """
    source = stream.source
    text = _spliced(source.text, patch.splices)
    if text == source.text:
        return source.encode(text)
    after = _reread(source, text, patch)
    expected = _with_meanings(stream.signatures, patch.meanings)
    if after != expected:
        raise _refused(source, patch, "it would change more than the value")
    new = [meaning for change in patch.meanings for meaning in change.signatures]
    plain = [entry[3] for entry in new if entry[0] == "ScalarEvent" and not entry[4] and entry[2] is None]
    if not all(map(reads_as_string, plain)):
        raise _refused(source, patch, "the new value would not be read as a string")
    # A plain value in the place of another is proven by now. For anything more, a second reader has to agree.
    more = plain and any(splice.text not in plain for splice in patch.splices)
    more = more or any(change.count != len(change.signatures) for change in patch.meanings)
    if more and len(text) <= MAX_YAML_1_2_CHARACTERS:
        _prove_by_yaml_1_2(source, text, stream.signatures, patch, plain)
    return source.encode(text)


def _spliced(text: str, splices: tuple[Splice, ...]) -> str:
    """Return a text with splices applied; those at one offset follow each other as listed."""
    pieces, done = [], 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        pieces += [text[done : splice.start], splice.text]
        done = splice.end
    return "".join([*pieces, text[done:]])


def _with_meanings(signatures: Sequence[Signature], meanings: tuple[Meaning, ...]) -> tuple[Signature, ...]:
    """Return the events that the edited text must have."""
    result = list(signatures)
    for meaning in sorted(meanings, key=lambda meaning: meaning.event, reverse=True):
        result[meaning.event : meaning.event + meaning.count] = meaning.signatures
    return tuple(result)


def _reread(source: Source, text: str, patch: Patch) -> tuple[Signature, ...]:
    """Return the edited text's events by libyaml."""
    try:
        return parse(Source(source.path, text)).signatures
    except YamlError as error:
        raise _refused(source, patch, f"the result would be {error.message}") from error


def _prove_by_yaml_1_2(
    source: Source, text: str, signatures: Sequence[Signature], patch: Patch, plain: list[str]
) -> None:
    """Hold the edit against a second, independent reader.

    ruamel.yaml reads YAML 1.2 and shares no code with libyaml. Where it cannot read the file as it
    was, or already saw something else in it, it is no judge of the change.
    """
    before = _events_by_yaml_1_2(source.text)
    if before != list(signatures):
        return
    if _events_by_yaml_1_2(text) != list(_with_meanings(before, patch.meanings)):
        raise _refused(source, patch, "YAML 1.2 would read the result differently")
    from ruamel.yaml.nodes import ScalarNode
    from ruamel.yaml.resolver import VersionedResolver

    resolver = VersionedResolver()
    if any(str(resolver.resolve(ScalarNode, value, (True, False))) != "tag:yaml.org,2002:str" for value in plain):
        raise _refused(source, patch, "YAML 1.2 would not read the new value as a string")


def _events_by_yaml_1_2(text: str) -> list[Signature] | None:
    """Return a text's events by ruamel.yaml; None if it is not YAML 1.2."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return [signature(event) for event in YAML(typ="safe", pure=True).parse(text)]
    except (YAMLError, RecursionError):
        return None


def _refused(source: Source, patch: Patch, reason: str) -> YamlError:
    place = min((splice.start for splice in patch.splices), default=0)
    return source.error(f"the edit is refused: {reason}", place, _REFUSED_HINT)
