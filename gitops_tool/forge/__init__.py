"""Forges: merge requests and their comments. GitLab first; GitHub and Gitea behind the same interface."""

from gitops_tool.forge.base import Forge, MergeRequest, Wanted
from gitops_tool.forge.project import ForgeKind, Project

__all__ = ["Forge", "ForgeKind", "MergeRequest", "Project", "Wanted"]
