"""The kustomization of the directory with Argo CD's objects: files are listed there, and taken off the list."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.layout import kustomization_in
from gitops_tool.rules.base import dig
from gitops_tool.tree import read, resolve
from gitops_tool.yamledit import replace_scalar
from gitops_tool.yamledit.items import add_item, remove_item
from gitops_tool.yamledit.streams import remove_document
from gitops_tool.yamlload import load_documents

if TYPE_CHECKING:
    from gitops_tool.changes.draft import Draft


def list_file(draft: Draft, path: PurePosixPath) -> None:
    """Name a file in the kustomization beside it, if there is one that does not."""
    kustomization = kustomization_in(draft.now, path.parent)
    if kustomization is not None and path.name not in _listed(draft, kustomization):
        draft.change(kustomization, lambda data: add_item(data, ("resources",), path.name, path=kustomization))


def unlist_file(draft: Draft, path: PurePosixPath) -> None:
    """Take a file off the list in the kustomization beside it."""
    kustomization = kustomization_in(draft.now, path.parent)
    if kustomization is None:
        return
    listed = _listed(draft, kustomization)
    if path.name in listed:
        pointer = ("resources", listed.index(path.name))
        draft.change(kustomization, lambda data: remove_item(data, pointer, path=kustomization))


def relist_file(draft: Draft, path: PurePosixPath, target: PurePosixPath) -> None:
    """Name a file by its new name where the kustomization beside it has the old one."""
    kustomization = kustomization_in(draft.now, path.parent)
    listed = _listed(draft, kustomization) if kustomization is not None else []
    if kustomization is not None and path.name in listed:
        pointer = ("resources", listed.index(path.name))
        draft.change(kustomization, lambda data: replace_scalar(data, pointer, target.name, path=kustomization))


def take_out(draft: Draft, path: PurePosixPath, document: int, documents: int) -> None:
    """Take one of a file's documents out, or the file away and off its list."""
    if documents > 1:
        draft.change(path, lambda data: remove_document(data, document, path=path))
        return
    unlist_file(draft, path)
    draft.put([(path, None)])


def _listed(draft: Draft, kustomization: PurePosixPath) -> list[str]:
    """Return what a kustomization lists, by the name in its folder."""
    data = read(draft.now, resolve(draft.now, kustomization))
    documents = load_documents(data, kustomization)
    resources = dig(documents[0] if documents else None, "resources")
    return [str(PurePosixPath(str(item))) for item in resources] if isinstance(resources, list) else []
