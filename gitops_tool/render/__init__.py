"""Renders overlays with the real kustomize, from any tree, cached by content.

The files an overlay is built from are laid out in a scratch folder; the repository itself is never touched.
"""

from __future__ import annotations

from gitops_tool.render.job import Render
from gitops_tool.render.origins import Origins
from gitops_tool.render.output import resource
from gitops_tool.render.renderer import Renderer

__all__ = ["Origins", "Render", "Renderer", "resource"]
