"""Takes values of Secrets out of error messages: kustomize quotes what it cannot read.

A value is looked up in the files that the overlay is built from; where these cannot be read, every word in them counts.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import GitopsError, YamlError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import FILES, mode_at, normalize, resolve
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

MASK = "***"
_SHORT = 4
"""Characters below which a value is masked only as a whole word: it may be part of any other."""

_ABOUT_SECRETS = lazy_pattern(rb"\bSecret\b|\bsecretGenerator\b|\bstringData\b")
_WORD = lazy_pattern(r"[\w+/=.~!$%^&@#-]{3,}")
_BYTES = lazy_pattern(r"\[\d{1,3}(?: \d{1,3})+\]")
_HARMLESS = frozenset(
    {
        *("apiVersion", "kind", "Secret", "metadata", "name", "namespace", "labels", "annotations", "type", "Opaque"),
        *("data", "stringData", "immutable", "patch", "patches", "path", "target", "resources", "true", "false"),
        *(
            "secretGenerator",
            "literals",
            "files",
            "envs",
            "behavior",
            "merge",
            "replace",
            "create",
            "value",
            "kustomize",
        ),
    }
)


def without_secrets(words: str, tree: Tree, paths: Iterable[PurePosixPath]) -> str:
    """Return a message without the values of Secrets that some files hold.

    Args:
        words: the message.
        tree: the files that it is about.
        paths: those of them that may hold Secrets, or patches and generators of them.
    """
    found = {text for path in paths for text in _texts_of_file(tree, path)}
    if not found:
        return words
    words = _BYTES.sub(MASK, words)
    for text in sorted(_spellings(found), key=len, reverse=True):
        if text in words:
            words = words.replace(text, MASK) if len(text) >= _SHORT else _replaced_word(words, text)
    return words


def _replaced_word(words: str, text: str) -> str:
    return re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", MASK, words)


def _spellings(texts: Iterable[str]) -> set[str]:
    """Return every way that a value can stand in a message: as it is, by lines, escaped once or twice."""
    found: set[str] = set()
    for text in texts:
        for part in {text, text.strip(), *(line.strip() for line in text.splitlines())}:
            escaped = json.dumps(part, ensure_ascii=False)[1:-1]
            found |= {part, escaped, json.dumps(escaped, ensure_ascii=False)[1:-1]}
    return {text for text in found if text}


def _texts_of_file(tree: Tree, path: PurePosixPath) -> Iterator[str]:
    try:
        data = tree.blob(path) if mode_at(tree, path) in FILES else b""
    except GitopsError:
        return
    if not _ABOUT_SECRETS.search(data):
        return
    try:
        documents = load_documents(data, path)
    except YamlError:
        yield from _words(data.decode("utf-8", "replace"))
        return
    for document in documents:
        yield from _texts(tree, path.parent, document)


def _texts(tree: Tree, directory: PurePosixPath, value: Any) -> Iterator[str]:
    """Yield the secret values in a manifest, a patch or a kustomization."""
    if isinstance(value, list):
        for child in value:
            yield from _texts(tree, directory, child)
    if not isinstance(value, Mapping):
        return
    if value.get("kind") == "Secret":
        for field in ("data", "stringData"):
            yield from _scalars(value.get(field))
    for generator in _list(value.get("secretGenerator")):
        yield from _generated(tree, directory, generator)
    for patch in (*_list(value.get("patches")), *_list(value.get("patchesJson6902"))):
        yield from _patched(tree, directory, patch)
    for patch in _list(value.get("patchesStrategicMerge")):
        if isinstance(patch, str) and "\n" in patch:
            yield from _patch_texts(tree, directory, patch)
    yield from _texts(tree, directory, [child for child in value.values() if isinstance(child, (Mapping, list))])


def _patched(tree: Tree, directory: PurePosixPath, patch: Any) -> Iterator[str]:
    if not isinstance(patch, Mapping):
        return
    target = patch.get("target")
    of_secret = isinstance(target, Mapping) and target.get("kind") == "Secret"
    text = patch.get("patch")
    if isinstance(text, str) and (of_secret or _ABOUT_SECRETS.search(text.encode())):
        yield from _patch_texts(tree, directory, text)
    if of_secret and isinstance(patch.get("path"), str):
        yield from _patch_texts(tree, directory, _content(tree, directory, patch["path"]))


def _patch_texts(tree: Tree, directory: PurePosixPath, text: str) -> Iterator[str]:
    try:
        documents = load_documents(text.encode(), PurePosixPath("patch"))
    except YamlError:
        yield from _words(text)
        return
    for document in documents:
        if isinstance(document, list):  # operations of a JSON patch
            yield from (found for one in document if isinstance(one, Mapping) for found in _scalars(one.get("value")))
        elif isinstance(document, Mapping):
            yield from _texts(tree, directory, {**document, "kind": "Secret"})
        else:
            yield from _words(text)


def _generated(tree: Tree, directory: PurePosixPath, generator: Any) -> Iterator[str]:
    if not isinstance(generator, Mapping):
        return
    for literal in _list(generator.get("literals")):
        yield str(literal).partition("=")[2] or str(literal)
    names = [*_list(generator.get("files")), *_list(generator.get("envs")), generator.get("env")]
    for name in names:
        if isinstance(name, str):
            text = _content(tree, directory, name.partition("=")[2] or name)
            yield text
            for line in text.splitlines():
                yield line
                yield line.partition("=")[2].strip().strip("\"'")


def _content(tree: Tree, directory: PurePosixPath, name: str) -> str:
    try:
        return tree.blob(resolve(tree, normalize(directory / name))).decode("utf-8", "replace")
    except GitopsError:
        return ""


def _scalars(value: Any) -> Iterator[str]:
    """Yield every scalar in a value as text, and what it encodes."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from _scalars(child)
    elif isinstance(value, list):
        for child in value:
            yield from _scalars(child)
    elif value is not None:
        yield str(value)
        try:
            yield base64.b64decode(str(value), validate=True).decode()
        except (binascii.Error, ValueError):
            return


def _words(text: str) -> Iterator[str]:
    """Yield every word of a text that could be a value, and every value of a line as a whole."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if value.strip() and key.strip(" -\"'") not in _HARMLESS:
            yield value.strip().strip("\"'")
    yield from (word for word in _WORD.findall(text) if word.strip("-") not in _HARMLESS)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
