"""Image references, read by the grammar of the distribution project.

Source: https://pkg.go.dev/github.com/distribution/reference (the grammar in its overview).
"""

from __future__ import annotations

import re

from gitops_tool.errors import ImageError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

MAX_NAME_LENGTH = 255
MAX_TAG_LENGTH = 128

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_HOST}(?:\.{_HOST})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_NAME = lazy_pattern(rf"(?:{_DOMAIN}/)?{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = lazy_pattern(r"\w[\w.-]*", re.ASCII)
_DIGEST = lazy_pattern(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}", re.ASCII)
_HEX_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


@record
class ImageRef:
    """An image's name with the tag, the digest, both or neither of them.

    `name` is empty where only a tag or digest was given, as in `gitops bump APP TAG`.
    """

    name: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """Return the reference as a manifest writes it."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        text = f"{self.name}{tag}{digest}"
        return text if self.name else text.removeprefix(":").removeprefix("@")

    @property
    def version(self) -> str:
        """The tag, the digest or `tag@digest`, whatever there is."""
        return str(ImageRef("", self.tag, self.digest))

    @property
    def last_segment(self) -> str:
        """The part of the name after its last slash."""
        return self.name.rpartition("/")[2]

    @classmethod
    def split(cls, text: str) -> ImageRef:
        """Take a reference apart without judging it, as kustomize and the kubelet do.

        A colon counts as the tag's only behind the last slash: `registry:5000/app` has no tag.
        """
        rest, at, digest = text.partition("@")
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        return cls(f"{head}{slash}{last}", tag if colon else None, digest if at else None)

    @classmethod
    def parse(cls, text: str) -> ImageRef:
        """Read a full reference; every part must be valid.

        Raises:
            ImageError: a part is not, with the reason.
        """
        ref = cls.split(text)
        check_name(ref.name)
        if ref.tag is not None:
            check_tag(ref.tag)
        if ref.digest is not None:
            check_digest(ref.digest)
        return ref

    @classmethod
    def parse_version(cls, text: str) -> ImageRef:
        """Read what a bump accepts: a tag, a digest, `tag@digest`, or a full reference with one of them.

        Raises:
            ImageError: it is none of these, with the reason.
        """
        head, at, digest = text.partition("@")
        if not at and _DIGEST.fullmatch(text):
            check_digest(text)
            return cls("", digest=text)
        if "/" in head or ":" in head:
            if not at and head.partition(":")[0] in _HEX_LENGTHS:
                check_digest(text)
            ref = cls.parse(text)
            if ref.tag is None and ref.digest is None:
                raise ImageError(f'"{text}" names an image, but neither a tag nor a digest')
            return ref
        if at:
            check_digest(digest)
        if head or not at:
            check_tag(head)
        return cls("", head or None, digest or None)


def check_name(name: str) -> None:
    """Refuse what is not a repository name.

    Raises:
        ImageError: with the reason.
    """
    if not name:
        raise ImageError("an image name is empty")
    if len(name) > MAX_NAME_LENGTH:
        raise ImageError(f'image name "{_short(name)}" is longer than {MAX_NAME_LENGTH} characters')
    if _NAME.fullmatch(name):
        return
    reason = "it must be lower case" if _NAME.fullmatch(name.lower()) else "see the distribution grammar"
    raise ImageError(f'"{_short(name)}" is not a valid image name: {reason}')


def check_tag(tag: str) -> None:
    """Refuse what is not a tag.

    Raises:
        ImageError: with the reason.
    """
    if not tag:
        raise ImageError("a tag is empty")
    if len(tag) > MAX_TAG_LENGTH:
        raise ImageError(f'tag "{_short(tag)}" is longer than {MAX_TAG_LENGTH} characters')
    if _TAG.fullmatch(tag):
        return
    if tag[0] in ".-":
        raise ImageError(f'"{tag}" is not a valid tag: it begins with "{tag[0]}"')
    bad = next(char for char in tag if not re.match(r"[\w.-]", char, re.ASCII))
    raise ImageError(
        f'"{_short(tag)}" is not a valid tag: {_name_of(bad)} is not one of letters, digits, "_", "." and "-"'
    )


def check_digest(digest: str) -> None:
    """Refuse what is not a digest.

    Raises:
        ImageError: with the reason.
    """
    algorithm, _, value = digest.partition(":")
    length = _HEX_LENGTHS.get(algorithm)
    if length is not None and (len(value) != length or not re.fullmatch(r"[0-9a-f]*", value)):
        raise ImageError(
            f'"{_short(digest)}" is not a valid digest: {algorithm} needs {length} lower-case hexadecimal digits'
            f", not {len(value)} characters"
            if len(value) != length
            else f'"{_short(digest)}" is not a valid digest: its hexadecimal digits must be lower case'
        )
    if not _DIGEST.fullmatch(digest):
        raise ImageError(f'"{_short(digest)}" is not a valid digest: it must look like "sha256:" and 64 digits')


def _short(text: str) -> str:
    """Return `text` in a length that fits a message, with control characters escaped."""
    safe = text.encode("unicode_escape", "backslashreplace").decode() if not text.isprintable() else text
    return safe if len(safe) <= 80 else f"{safe[:77]}..."


def _name_of(char: str) -> str:
    """Return a character so that an invisible one can be read, too."""
    return f'"{char}"' if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
