"""Makes the Application of an overlay, and the values that its template sees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import LayoutError
from gitops_tool.rules.argocd.projects import IN_CLUSTER_SERVER
from gitops_tool.templating import built_in, templates_in

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Defaults
    from gitops_tool.config import Settings
    from gitops_tool.model import Environment, Overlay
    from gitops_tool.templating import Templates
    from gitops_tool.tree import Tree

APPLICATION = PurePosixPath("application.yaml")


def app_templates(tree: Tree, settings: Settings) -> Templates:
    """Return the repository's own templates for an app, if gitops.yaml names them, else the tool's."""
    return templates_in(tree, settings.templates) if settings.templates is not None else built_in("app")


def namespace_of(environment: Environment, settings: Settings) -> str:
    """Return the namespace of an environment.

    Raises:
        LayoutError: the settings do not name one.
    """
    if environment.namespace is None:
        where = f"set environments[].namespace in {settings.path or 'gitops.yaml'}"
        raise LayoutError(f'nothing tells the namespace of environment "{environment.name}"', hint=where)
    return environment.namespace


def destination(environment: Environment, settings: Settings) -> dict[str, str]:
    """Return where an environment's objects go, as an Application writes it."""
    cluster = environment.cluster or IN_CLUSTER_SERVER
    key = "server" if "://" in cluster else "name"
    return {key: cluster, "namespace": namespace_of(environment, settings)}


def environment_values(environment: Environment, settings: Settings) -> Mapping[str, Any]:
    """Return what templates see of an environment."""
    where = destination(environment, settings)
    return {
        "name": environment.name,
        "namespace": where["namespace"],
        "server": where.get("server"),
        "cluster": environment.cluster or IN_CLUSTER_SERVER,
    }


def application_values(
    overlay: Overlay, environment: Environment, settings: Settings, found: Defaults
) -> dict[str, Any]:
    """Return what the template of an Application sees."""
    return {
        "name": overlay.app,
        "environment": environment_values(environment, settings),
        "path": str(overlay.path),
        "argocd": argocd_values(found),
        "wave": None,
    }


def argocd_values(found: Defaults) -> dict[str, str]:
    """Return what templates see of Argo CD."""
    return {
        "namespace": found.namespace,
        "project": found.project,
        "repo_url": found.repo_url,
        "target_revision": found.target_revision,
    }


def application_path(found: Defaults, overlay: Overlay) -> PurePosixPath:
    """Return the file of an overlay's Application."""
    return found.path / f"{overlay.app}-{overlay.environment}.yaml"
