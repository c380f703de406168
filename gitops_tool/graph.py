"""The files that a kustomization is built from: bases, components, patches, generators, and what these name in turn.

Every text in a kustomization that is the path of a file in the tree counts as a reference. That is more than
kustomize reads, never less, and knows no list of fields that a later kustomize could outgrow. Directories are
followed from the fields that take them: what was missed there would make kustomize fail, not render something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import LayoutError, TreeError
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES, kustomization_in
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import field, record
from gitops_tool.tree import DIRECTORY, FILES, LINK, is_file, links_on, mode_at, normalize, read, resolve
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.tree import Tree

_MAX_PATH = 4096
_REMEMBERED = 64
"""Closures that are kept: a change asks for the same one to find its value and to render."""

_PLUGIN_FIELDS = ("generators", "transformers", "validators")
_DIRECTORY_FIELDS = ("resources", "components", "bases", *_PLUGIN_FIELDS)
"""The fields that can name a directory; in any other, a directory of the same name is a coincidence."""

_FILE_FIELDS = ("crds", "configurations", "patchesStrategicMerge")
_PATH_KEYS = frozenset({"path", "paths", "files", "envs", "env", "targetFilePath", "argsFromFile"})
"""Where a generator's or transformer's own file names files."""

# What kustomize clones and what it downloads: https://github.com/kubernetes-sigs/kustomize, release 5.8.1,
# api/internal/git/repospec.go (NewRepoSpecFromURL) and api/internal/loader/fileloader.go (IsRemoteFile).
_DOWNLOADED = lazy_pattern(r"https?:", re.IGNORECASE)
_CLONED = lazy_pattern(
    r"(?:git::)?(?:file://.+|(?:(?:ssh|https?)://[^/]*/|[a-z][a-z0-9-]*@[^/:]*[/:]|github\.com[/:])[^?]*(?:/|\.git).*)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)


@record
class Remote:
    """A reference that kustomize would fetch over the network."""

    url: str
    location: Location


@record
class Closure:
    """What one overlay is built from.

    `files` maps every file and link to its git file mode; `kustomizations` are the kustomization
    files among them, the overlay's own first.
    """

    overlay: PurePosixPath
    kustomizations: tuple[PurePosixPath, ...]
    files: dict[PurePosixPath, int]
    remotes: tuple[Remote, ...]

    def reads(self, path: PurePosixPath) -> bool:
        """Whether the overlay is built from a file."""
        return path in self.files


@record(frozen=False)
class _Search:
    """What was found so far. `plugins` are directories of generators or transformers, with who names them."""

    tree: Tree
    files: dict[PurePosixPath, int] = field(default_factory=dict)
    kustomizations: list[PurePosixPath] = field(default_factory=list)
    remotes: list[Remote] = field(default_factory=list)
    seen: set[PurePosixPath] = field(default_factory=set)
    plugins: list[tuple[PurePosixPath, PurePosixPath]] = field(default_factory=list)


@lru_cache(_REMEMBERED)
def closure(tree: Tree, directory: PurePosixPath) -> Closure:
    """Return what the kustomization in a directory is built from; a plain directory's manifests otherwise.

    Raises:
        LayoutError: there is nothing to build.
        TreeError: a reference or a link leads out of the repository.
        YamlError: a kustomization is not YAML.
    """
    search = _Search(tree)
    if kustomization_in(tree, resolve(tree, directory)) is None:
        for path in directory_manifests(tree, directory):
            _add_file(search, path)
    else:
        _visit_all(search, directory)
        for user, plugins in search.plugins:
            _follow_plugin_directory(search, user, plugins)
    if not search.files:
        raise LayoutError(f'"{directory}" has neither a kustomization nor manifests')
    return Closure(directory, tuple(search.kustomizations), search.files, tuple(search.remotes))


def directory_manifests(tree: Tree, directory: PurePosixPath) -> list[PurePosixPath]:
    """Return the manifests that Argo CD takes from a plain directory: its own YAML and JSON files, no sub-folders."""
    modes = tree.modes(resolve(tree, directory))
    return [
        directory / name
        for name, mode in sorted(modes.items())
        if name.endswith(MANIFEST_SUFFIXES) and name not in KUSTOMIZATION_NAMES and mode != DIRECTORY
    ]


def _visit_all(search: _Search, directory: PurePosixPath) -> None:
    pending = [directory]
    while pending:
        pending.extend(_visit(search, pending.pop()))


def _visit(search: _Search, directory: PurePosixPath) -> list[PurePosixPath]:
    """Take in one kustomization directory and return the directories that it names."""
    real = resolve(search.tree, directory)
    _add_links(search, directory)
    if real in search.seen:
        return []
    search.seen.add(real)
    path = kustomization_in(search.tree, real)
    if path is None:
        return []
    _add_file(search, path)
    search.kustomizations.append(path)
    data = read(search.tree, path)
    found: list[PurePosixPath] = []
    for index, document in enumerate(kustomization_documents(data, path)):
        if isinstance(document, dict):
            _judge_references(search, document, index, path, data)
            _follow_files(search, real, document)
            for name in _DIRECTORY_FIELDS:
                found.extend(_directories(search, real, document.get(name)))
            for name in _PLUGIN_FIELDS:
                _follow_plugins(search, path, document.get(name))
    return found


@lru_cache(maxsize=1024)
def kustomization_documents(data: bytes, path: PurePosixPath) -> list[Any]:
    """Return the documents of a kustomization, parsed once, whoever asks and however many overlays use it.

    Nobody may change them.

    Raises:
        YamlError: it is not YAML.
    """
    return load_documents(data, path)


def _directories(search: _Search, directory: PurePosixPath, value: Any) -> Iterator[PurePosixPath]:
    for text in _texts(value):
        path = _existing(search.tree, directory, text)
        if path is not None and mode_at(search.tree, resolve(search.tree, path)) == DIRECTORY:
            yield path


def _follow_files(search: _Search, directory: PurePosixPath, value: Any) -> None:
    """Take in every file that a text in a value names, as `path` or as `key=path`."""
    for text in _texts(value):
        for candidate in (text, text.partition("=")[2]) if "=" in text else (text,):
            path = _existing(search.tree, directory, candidate)
            if path is not None:
                _add_file(search, path)


def _follow_plugins(search: _Search, kustomization: PurePosixPath, value: Any) -> None:
    """Take in the files that generators and transformers name, relative to the kustomization that uses them.

    Each is written in place, in a file, or in the files of a directory with a kustomization.
    """
    directory = kustomization.parent
    for text in _list(value):
        if isinstance(text, str) and "\n" in text:
            _follow_plugin(search, directory, text.encode(), kustomization)
        elif isinstance(text, str) and (path := _existing(search.tree, directory, text)) is not None:
            if mode_at(search.tree, resolve(search.tree, path)) == DIRECTORY:
                search.plugins.append((directory, path))
            else:
                _follow_plugin(search, directory, read(search.tree, path), path)


def _follow_plugin(search: _Search, directory: PurePosixPath, data: bytes, path: PurePosixPath) -> None:
    for document in load_documents(data, path):
        _follow_files(search, directory, document)
        for text in _plugin_paths(document):
            if _DOWNLOADED.match(text):
                search.remotes.append(Remote(text, Location(path)))


def _follow_plugin_directory(search: _Search, user: PurePosixPath, directory: PurePosixPath) -> None:
    inner = _Search(search.tree)
    _visit_all(inner, directory)
    for path, mode in inner.files.items():
        if mode != LINK and path not in inner.kustomizations and path.name.endswith(MANIFEST_SUFFIXES):
            _follow_plugin(search, user, search.tree.blob(path), path)


def _plugin_paths(value: Any, key: str = "") -> Iterator[str]:
    """Yield the texts of a plugin's configuration that stand where files are named."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield from _plugin_paths(child, name)
    elif isinstance(value, list):
        for child in value:
            yield from _plugin_paths(child, key)
    elif isinstance(value, str) and key in _PATH_KEYS:
        yield _after_key(value)


def _texts(value: Any) -> Iterator[str]:
    """Yield every text inside a value that could be a path."""
    if isinstance(value, str):
        if value and "\n" not in value and "\0" not in value and len(value) <= _MAX_PATH:
            yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)


def _existing(tree: Tree, directory: PurePosixPath, text: str) -> PurePosixPath | None:
    """Return the path that a text names from a directory (no link on its way), None where nothing stands there.

    As in kustomize, `..` takes a part off the text before any link is followed.

    Raises:
        TreeError: a symbolic link on the way leads out of the repository.
    """
    first = text.partition("/")[0]
    if not text or (first not in {"", "."} and ".." not in text and first not in tree.modes(directory)):
        return None  # as most texts: they are no paths
    try:
        path = normalize(directory / text)
        mode = mode_at(tree, resolve(tree, path))
    except TreeError as error:
        if error.location is not None:
            raise
        return None
    return path if mode in {*FILES, DIRECTORY} else None


def _add_file(search: _Search, path: PurePosixPath) -> None:
    """Take in a file with the links on its way."""
    real = resolve(search.tree, path)
    mode = mode_at(search.tree, real)
    if mode in FILES:
        _add_links(search, path)
        search.files[real] = mode or 0


def _add_links(search: _Search, path: PurePosixPath) -> None:
    for link in links_on(search.tree, path):
        search.files[link] = LINK


def _judge_references(search: _Search, document: dict[str, Any], index: int, path: PurePosixPath, data: bytes) -> None:
    """Note what kustomize would fetch, and refuse what lies outside the repository.

    Raises:
        TreeError: a reference leads out; what it names is on this machine by chance, and not where Argo CD renders.
    """
    for pointer, text in _references(document):
        if "\n" in text:
            continue
        if _DOWNLOADED.match(text) or (pointer[0] in _DIRECTORY_FIELDS and _is_cloned(search.tree, path.parent, text)):
            search.remotes.append(Remote(text, locate(data, index, pointer, path)))
        elif _leads_out(path.parent, text):
            raise TreeError(f'"{text}" leads out of the repository', location=locate(data, index, pointer, path))


def _is_cloned(tree: Tree, directory: PurePosixPath, text: str) -> bool:
    """Whether kustomize takes a text for a git repository; a file of that name comes first, a directory does not."""
    if not _CLONED.fullmatch(text):
        return False
    path = _existing(tree, directory, text)
    return path is None or not is_file(tree, path)


def _leads_out(directory: PurePosixPath, text: str) -> bool:
    try:
        normalize(directory / text)
    except TreeError:
        return True
    return False


def _references(document: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where a kustomization names files, directories or URLs, and what stands there."""
    for name in (*_DIRECTORY_FIELDS, *_FILE_FIELDS):
        yield from _texts_of(document, name)
    for name in ("patches", "patchesJson6902", "replacements"):
        for index, item in enumerate(_list(document.get(name))):
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                yield (name, index, "path"), item["path"]
    for name in ("configMapGenerator", "secretGenerator"):
        for index, item in enumerate(_list(document.get(name))):
            for key in ("files", "envs", "env") if isinstance(item, dict) else ():
                yield from (((name, index, *pointer), _after_key(text)) for pointer, text in _texts_of(item, key))
    openapi = document.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield ("openapi", "path"), openapi["path"]


def _texts_of(mapping: dict[str, Any], name: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    value = mapping.get(name)
    if isinstance(value, str):
        yield (name,), value
    for index, text in enumerate(_list(value)):
        if isinstance(text, str):
            yield (name, index), text


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _after_key(text: str) -> str:
    """Return the path of `key=path`."""
    key, equals, path = text.partition("=")
    return path if equals else key
