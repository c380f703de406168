"""Opens the forge for commands that have to do with merge requests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitops_tool.forge import Forge


def forge_for(remote_url: str) -> Forge:
    """Return the forge that a remote's URL belongs to.

    Raises:
        ForgeError: it belongs to none, or there is no token for it.
        UsageError: `GITOPS_FORGE` names an unknown one.
    """
    from gitops_tool.errors import ForgeError, UsageError
    from gitops_tool.forge.connect import connect, token_for
    from gitops_tool.forge.project import ForgeKind, Project
    from gitops_tool.wording import did_you_mean

    name = os.environ.get("GITOPS_FORGE", "").lower()
    known = [kind.value for kind in ForgeKind]
    if name and name not in known:
        hint = did_you_mean(name, known) or f"one of: {', '.join(known)}"
        raise UsageError(f'GITOPS_FORGE is "{name}", which is not a forge', hint=hint)
    project = Project.of(remote_url, ForgeKind(name) if name else None, os.environ.get("GITOPS_FORGE_URL") or None)
    token = token_for(project)
    if not token:
        raise ForgeError(
            f'there is no token for "{project.url}"',
            hint="set GITOPS_TOKEN to a token that may use the API (GitLab: scope api)",
        )
    return connect(project, token)


def forge_if_any(remote_url: str) -> Forge | None:
    """Return the forge that a remote's URL belongs to; None, with a note for people, where it cannot be asked."""
    from gitops_tool.errors import ForgeError

    try:
        return forge_for(remote_url)
    except ForgeError as error:
        click.echo(f"note: {error.message}; the merge request is opened by push options", err=True)
        return None
