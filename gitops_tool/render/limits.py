"""Refuses what would keep kustomize busy for hours: huge files, and aliases that expand without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.errors import YamlError, YamlLimitError
from gitops_tool.layout import MANIFEST_SUFFIXES
from gitops_tool.model import Location
from gitops_tool.patterns import lazy_pattern
from gitops_tool.tree import LINK
from gitops_tool.yamlload import MAX_BYTES, load_documents

if TYPE_CHECKING:
    from gitops_tool.graph import Closure
    from gitops_tool.tree import Tree

_ALIAS = lazy_pattern(rb"[\s\[,]\*[^\s\]},]")


def refuse_hostile(tree: Tree, found: Closure) -> None:
    """Look at the files that an overlay is built from before kustomize gets them.

    Kustomize writes every alias out: 1 kB of aliases of aliases takes it minutes and gigabytes.

    Raises:
        YamlLimitError: a file is too large, or expands to too much.
    """
    for path, mode in found.files.items():
        if mode == LINK:
            continue
        data = tree.blob(path)
        if len(data) > MAX_BYTES:
            message = f"the file holds {len(data)} bytes, more than the {MAX_BYTES} that are read"
            raise YamlLimitError(message, location=Location(path))
        if path.name.endswith(MANIFEST_SUFFIXES) and b"&" in data and _ALIAS.search(data):
            try:
                load_documents(data, path)
            except YamlLimitError:
                raise
            except YamlError:  # not a manifest perhaps, and in any case for kustomize to judge
                continue
