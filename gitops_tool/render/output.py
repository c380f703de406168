"""What comes out of a render: objects, where they come from, and kustomize's errors at their place."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import RenderError
from gitops_tool.model import Location, Resource, ResourceId
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import LINK
from gitops_tool.yamlload import Rules, load_documents
from gitops_tool.yamlload.canonical import read_canonical

if TYPE_CHECKING:
    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

_ORIGIN = "config.kubernetes.io/origin"
BETWEEN_DOCUMENTS = b"\n---\n"
"""At the start of a line it ends a document whatever comes before: https://yaml.org/spec/1.2.2/#rule-c-forbidden."""

_ADDRESS = lazy_pattern(r" &\{0x[0-9a-f]+ <nil>\}")
"""What Go prints of a pointer: another one each time, so that no finding would be the same as before."""

_LONGEST = 2000
"""Characters of kustomize's words that are shown."""


def in_repository(text: str, folder: Path) -> str:
    """Replace a scratch folder's paths in kustomize's words by the repository's."""
    for name in {str(folder), str(folder.resolve())}:
        text = text.replace(f"{name}/", "").replace(name, ".")
    return text


def render_error(words: str, tree: Tree, found: Closure) -> RenderError:
    """Make an error of kustomize's words, without the directories that led to the place, and without secrets."""
    from gitops_tool.render.leaks import without_secrets

    # Warnings come first; of a directory that fails, the last step's cause is what matters.
    reason = re.split(r"^[Ee]rror: ", words, maxsplit=1, flags=re.MULTILINE)[-1]
    steps = re.split(r"recursed accumulation of path '([^']*)': ", reason)
    place = found.kustomizations[0]
    if len(steps) > 1:
        directory = PurePosixPath(steps[-2])
        place = next((path for path in found.kustomizations if path.parent == directory), place)
    cause = without_secrets(_ADDRESS.sub("", steps[-1].strip()), tree, found.files)
    if len(cause) > _LONGEST:  # kustomize repeats what it could not read, however much that is
        cause = f"{cause[:_LONGEST]} ..."
    return RenderError(f"kustomize: {cause}", location=Location(place))


def rendered_resources(text: bytes, overlay: PurePosixPath) -> Iterator[Resource]:
    """Yield the objects of kustomize's output."""
    for body in _bodies(text):
        yield resource(body, overlay)


def origins(text: bytes) -> list[PurePosixPath | None]:
    """Return the file that each object of kustomize's output comes from, as its annotation tells."""
    return [_origin(body) for body in _bodies(text)]


def _bodies(text: bytes) -> Iterator[dict[str, Any]]:
    *others, last = text.split(BETWEEN_DOCUMENTS)
    # The line break before the marker is the document's own: it may be the end of a text.
    for document in (*(other + b"\n" for other in others), last):
        yield from _bodies_of(document)


@lru_cache(256)  # before and after a change, most documents are the same
def _bodies_of(document: bytes) -> tuple[dict[str, Any], ...]:
    """Return what one document of kustomize's output holds."""
    canonical = read_canonical(document.decode()) if document.isascii() else None
    if canonical is not None:
        return (canonical,)
    bodies = load_documents(document, PurePosixPath("rendered"), rules=Rules.KYAML)
    return tuple(body for body in bodies if isinstance(body, dict))


def _origin(body: dict[str, Any]) -> PurePosixPath | None:
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(_ORIGIN) if isinstance(annotations, dict) else None
    for line in text.splitlines() if isinstance(text, str) else ():
        key, _, value = line.partition(": ")
        if key in {"path", "configuredIn"} and value.startswith("../repo/"):
            return PurePosixPath(os.path.normpath(value.removeprefix("../repo/")))
    return None


def directory_resources(tree: Tree, found: Closure) -> Iterator[Resource]:
    """Read a plain directory's manifests as Argo CD does: every document, lists taken apart."""
    for path in found.files:
        if found.files[path] == LINK:
            continue
        for body in load_documents(tree.blob(path), path, rules=Rules.SIGS):
            yield from (resource(item, found.overlay, path) for item in _items(body))


def _items(body: Any) -> Iterable[dict[str, Any]]:
    if not isinstance(body, dict):
        return []
    items = body.get("items")
    if str(body.get("kind", "")).endswith("List") and isinstance(items, list):
        return [item for item in items if isinstance(item, dict)]
    return [body]


def resource(body: dict[str, Any], overlay: PurePosixPath, file: PurePosixPath | None = None) -> Resource:
    """Make a `Resource` of a manifest; what is missing or of a wrong type is empty in its id."""
    metadata = body.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    texts = [body.get("apiVersion"), body.get("kind"), metadata.get("namespace"), metadata.get("name")]
    api_version, kind, namespace, name = (text if isinstance(text, str) else "" for text in texts)
    group, _, version = api_version.rpartition("/")
    return Resource(ResourceId(group, version, kind, namespace, name), body, overlay, file)
