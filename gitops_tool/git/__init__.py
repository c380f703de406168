"""The repository: reads by `git cat-file`, writes by git's plumbing, pushes that are validated or not at all."""

from gitops_tool.git.command import author
from gitops_tool.git.remote import PushResult, PushStatus
from gitops_tool.git.repo import GitRepo

__all__ = ["GitRepo", "PushResult", "PushStatus", "author"]
