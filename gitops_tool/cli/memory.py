"""What earlier validations found, for the commands that validate a whole repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from gitops_tool.cli.repository import Opened
    from gitops_tool.config import Settings
    from gitops_tool.engines import Engines
    from gitops_tool.tree import Tree
    from gitops_tool.validate.memory import Memory
    from gitops_tool.validate.run import Result
    from gitops_tool.validate.selection import Selection


def validated(here: Opened, settings: Settings, tools: Engines, purpose: str = "") -> Result:
    """Validate a whole repository, and look only at what changed since the last time.

    Args:
        here: the repository.
        settings: its settings.
        tools: what renders and validates; without a purpose the same as in `gitops validate`, whose results are shared.
        purpose: tells apart what is validated by other rules.
    """
    from gitops_tool.cli.validate import progress
    from gitops_tool.validate.run import result_of
    from gitops_tool.validate.selection import select
    from gitops_tool.validate.work import Work

    def looked_for(tree: Tree) -> Selection:
        return select(tree, settings, ())

    arguments: tuple[object, ...] = ((), [], str(here.folder), here.revision is None, str(None))
    memory = memory_of(here, tools, (purpose, *arguments) if purpose else arguments, None)
    selection = looked_for(here.tree) if memory is None else memory.select(here.tree, looked_for)
    with progress(len(selection.overlays)) as step:
        return result_of(Work(here.tree, selection, tools.renderer, tools.validator, step, memory))


def memory_of(here: Opened, tools: Engines, arguments: object, cache: Path | None) -> Memory | None:
    """Return what earlier runs found here; None where nothing tells quickly which files have changed.

    Args:
        here: the repository.
        tools: what renders and validates.
        arguments: what is to be looked at; results are for the same ones only.
        cache: where results are kept; None for the user's folder.
    """
    from gitops_tool.cachedir import cache_folder
    from gitops_tool.git.listing import list_commit, list_files
    from gitops_tool.tree import ROOT
    from gitops_tool.validate.memory import Memory, conditions

    repo = here.repo
    if repo is None:
        return None
    if here.revision is None and repo.root is not None:
        files = list_files(repo, repo.root)
    else:
        files = list_commit(repo, here.tree.oid(ROOT))
    if files is None:
        return None
    return Memory(cache or cache_folder().path, conditions(str(repo.common_dir), tools, arguments), files)
