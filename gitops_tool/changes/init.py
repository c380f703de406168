"""Sets a repository of manifests up: settings, CI, hooks, the projects, the root, the namespaces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.changes.argocd.applications import APPLICATION, environment_values
from gitops_tool.changes.base import Proposal
from gitops_tool.changes.draft import Draft
from gitops_tool.changes.message import filled, with_trailers
from gitops_tool.config import SETTINGS_PATH, Settings
from gitops_tool.errors import LayoutError, UsageError
from gitops_tool.model import Location, Overlay
from gitops_tool.records import record
from gitops_tool.templating import built_in
from gitops_tool.tree import mode_at
from gitops_tool.validate.selection import ARGOCD

if TYPE_CHECKING:
    from gitops_tool.diff import ValueChange
    from gitops_tool.model import Environment, Finding
    from gitops_tool.templating import Templates
    from gitops_tool.tree import Tree

PLATFORM = "platform"
"""The app that owns the namespaces."""

_ARGOCD = PurePosixPath("argocd")
_APPS = PurePosixPath("apps")
_ONCE = {
    "gitops.yaml": "gitops.yaml",
    "README.md": "README.md",
    "gitignore": ".gitignore",
    "gitlab-ci.yml": ".gitlab-ci.yml",
    "pre-commit-config.yaml": ".pre-commit-config.yaml",
    **{f"argocd/{name}.yaml": f"argocd/{name}.yaml" for name in ("kustomization", "project", "project-root", "root")},
    **{f"platform/base/{name}.yaml": f"apps/{PLATFORM}/base/{name}.yaml" for name in ("kustomization", "namespace")},
}
"""The templates that are filled in once, and the files that they make."""

_OVERLAY = PurePosixPath("platform/overlay/kustomization.yaml")
_OPTIONAL = frozenset({"README.md", ".gitignore"})
"""What a repository that is there already may have; its own stays."""


@record
class Init:
    """Sets a repository up; see `Change`.

    Args:
        project: the AppProject.
        environments: in promotion order, each with namespace and cluster.
        repo_url: the repository, as Argo CD knows it.
        target_revision: the branch that Argo CD follows.
        argocd_namespace: where Argo CD runs.
        kubernetes_version: the clusters'.
        gitops_version: of this tool, for CI and hooks.
        kustomize_version: what Argo CD renders with.
        template: the commit message, instead of the standard one.
    """

    project: str
    environments: tuple[Environment, ...]
    repo_url: str
    target_revision: str
    argocd_namespace: str
    kubernetes_version: str | None
    gitops_version: str
    kustomize_version: str
    template: str | None = None

    def propose(self, tree: Tree, settings: Settings) -> Proposal:
        """Fill the templates in; see `Change`."""
        if mode_at(tree, SETTINGS_PATH) is not None:
            hint = "`gitops app create` adds an app to it"
            raise LayoutError("this repository is set up already", location=Location(SETTINGS_PATH), hint=hint)
        self._refuse_shared()
        draft = Draft(tree)
        kept = []
        for path, data in self._files():
            if str(path) in _OPTIONAL and mode_at(tree, path) is not None:
                kept.append(f"{path} is there and stays as it is")
            else:
                draft.create(path, data)
        names = ", ".join(environment.name for environment in self.environments)
        message = "set up the repository of manifests" if self.template is None else filled(self.template, {})
        return Proposal(
            draft.sorted_edits,
            with_trailers(message, ["Gitops-Action: init"]),
            (*self._overlays(), Overlay(ARGOCD, "", _ARGOCD)),
            summary=(f"sets up {self.project} with {names}", *kept),
        )

    def _refuse_shared(self) -> None:
        """Refuse two environments in one namespace: each would sync over the other's objects.

        Raises:
            UsageError: with the two.
        """
        taken: dict[tuple[str | None, str | None], str] = {}
        for environment in self.environments:
            place = (environment.cluster, environment.namespace)
            if place in taken:
                where = f'namespace "{environment.namespace}" of {environment.cluster}'
                raise UsageError(
                    f'environments "{taken[place]}" and "{environment.name}" would share {where}',
                    hint="give one of them its own: --namespace ENV=NAME or --cluster ENV=SERVER",
                )
            taken[place] = environment.name

    def _overlays(self) -> Iterator[Overlay]:
        for environment in self.environments:
            yield Overlay(PLATFORM, environment.name, _APPS / PLATFORM / "overlays" / environment.name)

    def _files(self) -> Iterator[tuple[PurePosixPath, bytes]]:
        repository, app = built_in("repository"), built_in("app")
        values = self._values()
        for name, target in _ONCE.items():
            yield PurePosixPath(target), _made(repository, PurePosixPath(name), values)
        for environment, overlay in zip(values["environments"], self._overlays(), strict=True):
            own = values | {"name": PLATFORM, "environment": environment, "path": str(overlay.path), "wave": "-1"}
            yield overlay.path / _OVERLAY.name, _made(repository, _OVERLAY, own)
            yield _ARGOCD / f"{PLATFORM}-{overlay.environment}.yaml", _made(app, APPLICATION, own)

    def _values(self) -> dict[str, Any]:
        settings = Settings()
        return {
            "environments": [
                {**environment_values(environment, settings), "promotes_from": environment.promotes_from}
                for environment in self.environments
            ],
            "argocd": {
                "namespace": self.argocd_namespace,
                "project": self.project,
                "repo_url": self.repo_url,
                "target_revision": self.target_revision,
            },
            "kubernetes_version": self.kubernetes_version,
            "kustomize_version": self.kustomize_version,
            "gitops_version": self.gitops_version,
        }

    def prove(
        self, proposal: Proposal, overlay: Overlay, changes: Sequence[ValueChange], tree: Tree, settings: Settings
    ) -> Iterator[Finding]:
        """Nothing to prove: there was nothing before."""
        yield from ()


def _made(templates: Templates, path: PurePosixPath, values: Mapping[str, Any]) -> bytes:
    data = templates.fill(path, values)
    if data is None:
        raise LayoutError(f'the template "{templates.folder / path}" makes nothing')
    return data
