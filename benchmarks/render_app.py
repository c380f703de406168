"""Renders the overlays of one app at two revisions, and nothing else: what `gitops diff` cannot do without."""

from __future__ import annotations

import sys
from pathlib import Path

from gitops_tool.cachedir import cache_folder
from gitops_tool.config import load_settings
from gitops_tool.git import GitRepo
from gitops_tool.layout import find_app
from gitops_tool.render import Renderer
from gitops_tool.toolchain import kustomize_engine


def main(app: str, *revisions: str) -> None:
    """Render, some at a time, as the command does."""
    repo = GitRepo.open(Path())
    trees = [repo.tree(repo.resolve(revision)) for revision in revisions]
    settings = load_settings(trees[-1])
    renderer = Renderer(kustomize_engine(), settings, cache_folder().path)
    overlays = find_app(trees[-1], settings, app).overlays
    renderer.render_all([(tree, overlay.path) for overlay in overlays for tree in trees])
    repo.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
