"""Registries of images: whether a tag is there, what digest it stands for, which tags there are."""

from gitops_tool.registry.client import Manifest, Registries

__all__ = ["Manifest", "Registries"]
