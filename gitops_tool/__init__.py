"""A toolkit for repositories of Kubernetes manifests that Argo CD syncs from."""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["YamlError", "__version__", "set_image", "set_ref"]

if TYPE_CHECKING:
    from gitops_tool.errors import YamlError
    from gitops_tool.yamledit import set_image
    from gitops_tool.yamledit.refs import set_ref


def __getattr__(name: str) -> object:
    """Import the public names on first use, so that `gitops --version` stays fast."""
    if name == "set_image":
        from gitops_tool.yamledit import set_image

        return set_image
    if name == "set_ref":
        from gitops_tool.yamledit.refs import set_ref

        return set_ref
    if name == "YamlError":
        from gitops_tool.errors import YamlError

        return YamlError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
