"""Reads YAML as Go does: the same scalars, the same refusals, and the place of every value.

`load_documents` gives plain Python values, `locate` the line and column of one of them.
Both work on libyaml's events (go-yaml is a port of libyaml, so both see the same tokens);
nothing recurses, so no input can exhaust the interpreter's stack.
"""

from __future__ import annotations

from gitops_tool.yamlload.documents import MAX_ALIASED_NODES, load_documents
from gitops_tool.yamlload.places import locate
from gitops_tool.yamlload.scalars import Rules
from gitops_tool.yamlload.source import MAX_BYTES, MAX_DEPTH

__all__ = ["MAX_ALIASED_NODES", "MAX_BYTES", "MAX_DEPTH", "Rules", "load_documents", "locate"]
