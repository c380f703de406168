"""Renders overlays with the real kustomize, from any tree, cached by content.

The files an overlay is built from are laid out in a scratch folder beside a wrapper kustomization that asks
kustomize for the origin of every object; the repository itself is never touched.
"""

from __future__ import annotations

from gitops_tool.render.output import resource
from gitops_tool.render.renderer import Render, Renderer

__all__ = ["Render", "Renderer", "resource"]
