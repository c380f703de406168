"""Opens the forge that a remote belongs to, with the token that is there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from gitops_tool.credentials import token_from_environment, token_from_helper
from gitops_tool.errors import ForgeError
from gitops_tool.forge.project import ForgeKind

if TYPE_CHECKING:
    from gitops_tool.forge.base import Forge
    from gitops_tool.forge.project import Project

_VARIABLES = {
    ForgeKind.GITLAB: ("GITLAB_TOKEN", "GITLAB_PRIVATE_TOKEN"),
    ForgeKind.GITHUB: ("GITHUB_TOKEN", "GH_TOKEN"),
    ForgeKind.GITEA: ("GITEA_TOKEN", "FORGEJO_TOKEN"),
}
"""Where people keep a forge's token, after our own variables."""


def token_for(project: Project) -> str:
    """Return the token for a forge's API; empty if there is none."""
    if token := token_from_environment():
        return token
    named = (os.environ.get(name, "") for name in _VARIABLES[project.kind])
    return next(filter(None, named), "") or token_from_helper(project.url)


def connect(project: Project, token: str) -> Forge:
    """Return a project of a forge, ready to be asked.

    Raises:
        ForgeError: the token cannot be sent, or would be sent in the clear.
    """
    if any(ord(char) < 33 or ord(char) > 126 for char in token):
        raise ForgeError("the token holds spaces or other characters that no token has")
    if project.kind is ForgeKind.GITLAB:
        from gitops_tool.forge.gitlab import GitLab

        return GitLab(project, token)
    from gitops_tool.forge.pulls import PullRequests

    return PullRequests(project, token)
