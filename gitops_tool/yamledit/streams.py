"""Takes documents out of files that hold several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.yamlload.source import events, read_source

if TYPE_CHECKING:
    from pathlib import PurePosixPath


def remove_document(data: bytes, document: int, *, path: PurePosixPath) -> bytes:
    """Return a file without one of its documents, every other byte as it was.

    Args:
        data: the file, UTF-8, with several documents.
        document: which one, from 0.
        path: for the place in an error.

    Raises:
        YamlError: not YAML, no such document, or the others cannot be kept as they are.
    """
    source = read_source(data, path)
    starts = [event.start_mark.index for event in events(source) if type(event).__name__ == "DocumentStartEvent"]
    if document >= len(starts) or len(starts) == 1:
        raise source.error(f"there is no document {document} beside others", 0)
    bounds = [0, *starts[1:], len(source.text)]
    text = source.text[: bounds[document]] + source.text[bounds[document + 1] :]
    _prove(data, source.encode(text), document, path)
    return source.encode(text)


def _prove(before: bytes, after: bytes, document: int, path: PurePosixPath) -> None:
    from gitops_tool.yamlload import load_documents

    kept = load_documents(before, path)
    del kept[document]
    if load_documents(after, path) != kept:
        raise read_source(before, path).error("the document cannot be taken out without changing another", 0)
