"""A YAML file's text: its encoding, the places in it, and libyaml's events over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gitops_tool.errors import YamlError, YamlLimitError
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are refused, in bytes."""
MAX_DEPTH = 1000
"""Deeper nesting is refused, in collections. Kubernetes' own limit for JSON is the same."""

_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_LINE_BREAK = lazy_pattern(r"\r\n|\n|\r")
_HINTS = {
    "tab character": "indent with spaces; YAML allows no tabs there",
    "cannot start any token": "quote the value, or indent with spaces instead of tabs",
    "mapping values are not allowed": 'quote a value that contains ": ", and check the indentation',
    "could not find expected ':'": 'every line of a mapping needs "key: value" at the same indentation',
    "did not find expected key": "check the indentation, and that every quote is closed",
    "control characters": "remove the character; YAML allows only printable text",
}


@record
class Source:
    """A file's text without its byte order mark. Offsets count characters of `text`."""

    path: PurePosixPath
    text: str
    bom: bool = False

    def location(self, offset: int) -> Location:
        """Return the line and column of an offset, as an editor shows them."""
        line, start = 1, 0
        for match in _LINE_BREAK.finditer(self.text, 0, offset):
            line, start = line + 1, match.end()
        return Location(self.path, line, offset - start + 1)

    def line(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return self.location(offset).line

    def error(self, message: str, offset: int, hint: str | None = None) -> YamlError:
        """Return the error that blames an offset."""
        return YamlError(message, location=self.location(offset), hint=hint)

    def encode(self, text: str) -> bytes:
        """Return a new text in the file's own encoding."""
        return (_BOM if self.bom else b"") + text.encode()


def read_source(data: bytes, path: PurePosixPath) -> Source:
    """Decode a file.

    Raises:
        YamlError: it is too large, or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise YamlLimitError(
            f"the file holds {len(data)} bytes, more than the {MAX_BYTES} that are read", location=Location(path)
        )
    for mark, encoding in _OTHER_ENCODINGS:
        if data.startswith(mark):
            raise _not_utf8(path, f"the file is {encoding}; only UTF-8 is read")
    if data[:2].count(0) == 1:
        raise _not_utf8(path, "the file is UTF-16 without a byte order mark; only UTF-8 is read")
    bom = data.startswith(_BOM)
    try:
        return Source(path, data.decode("utf-8-sig" if bom else "utf-8"), bom)
    except UnicodeDecodeError as error:
        good = data[len(_BOM) * bom :][: error.start].decode("utf-8", "replace")
        raise Source(path, good).error(
            f"byte 0x{error.object[error.start]:02x} is not UTF-8", len(good), "save the file as UTF-8"
        ) from error


def _not_utf8(path: PurePosixPath, message: str) -> YamlError:
    return YamlError(message, location=Location(path, 1, 1), hint="save the file as UTF-8")


def events(source: Source) -> Iterator[Any]:
    """Yield libyaml's events.

    Raises:
        YamlError: the text is not YAML.
    """
    from yaml._yaml import CParser
    from yaml.error import MarkedYAMLError
    from yaml.reader import ReaderError

    try:
        parser = CParser(source.text)
        while (event := parser.get_event()) is not None:
            yield event
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _syntax_error(source, mark.index if mark else 0, error.problem, error.context) from error
    except ReaderError as error:
        # The reader counts bytes.
        offset = len(source.text.encode()[: error.position].decode("utf-8", "replace"))
        found = f"U+{error.character:04X}" if isinstance(error.character, int) else repr(error.character)
        raise _syntax_error(source, offset, f"{error.reason} ({found})", None) from error


def _syntax_error(source: Source, offset: int, problem: str | None, context: str | None) -> YamlError:
    text = ", ".join(part for part in (context, problem) if part) or "it cannot be parsed"
    hint = next((hint for known, hint in _HINTS.items() if known in text), None)
    return source.error(f"not valid YAML: {text}", min(offset, len(source.text)), hint)
