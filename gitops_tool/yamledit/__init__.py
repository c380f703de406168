"""Changes values in YAML files by replacing their bytes, and proves that nothing else moved.

A user's file is never loaded and dumped. An edit finds the place of the value in the text, puts the
new text there, reads the result again and compares: every event must be the one before, except
those of the value. What cannot be proven is refused with a `YamlError`; a wrong file never comes back.
"""

from __future__ import annotations

from gitops_tool.yamledit.add import add_image
from gitops_tool.yamledit.containers import container_images, set_container_image
from gitops_tool.yamledit.entries import KUSTOMIZATION, read_images
from gitops_tool.yamledit.scalar import replace_scalar
from gitops_tool.yamledit.version import set_image

__all__ = [
    "KUSTOMIZATION",
    "add_image",
    "container_images",
    "read_images",
    "replace_scalar",
    "set_container_image",
    "set_image",
]
