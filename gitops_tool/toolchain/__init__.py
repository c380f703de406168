"""Finds the external programs and tells which of them are good enough.

kustomize renders and kubeconform validates; `installation` puts pinned ones into the cache.
"""

from __future__ import annotations

from gitops_tool.toolchain.discovery import (
    FoundTool,
    RenderEngine,
    Source,
    Verdict,
    find,
    kustomize_engine,
    usable,
)
from gitops_tool.toolchain.table import KUBECONFORM, KUBECTL, KUSTOMIZE, TOOLS, Archive, Tool

__all__ = [
    "KUBECONFORM",
    "KUBECTL",
    "KUSTOMIZE",
    "TOOLS",
    "Archive",
    "FoundTool",
    "RenderEngine",
    "Source",
    "Tool",
    "Verdict",
    "find",
    "kustomize_engine",
    "usable",
]
