"""What `gitops.yaml` says, as values with defaults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.model import Environment
from gitops_tool.records import field, record

if TYPE_CHECKING:
    from gitops_tool.holds import Window
    from gitops_tool.policy import Policy

SETTINGS_PATH = PurePosixPath("gitops.yaml")
LAYOUTS = (
    "apps/{app}/overlays/{env}",
    "apps/{app}/envs/{env}",
    "apps/{app}/{env}",
    "{app}/overlays/{env}",
    "{app}/envs/{env}",
    "overlays/{env}/{app}",
    "envs/{env}/{app}",
    "environments/{env}/{app}",
    "components/{app}/{env}",
    "apps/{app}",
)
"""Where to look when no `gitops.yaml` says so, the design's own layout first."""

PROMOTION_ORDER = (
    *("dev", "development", "test", "testing", "qa", "uat"),
    *("stage", "staging", "preprod", "prod", "production"),
)
"""How people name their environments, in the order of promotion; for repositories without settings."""

GENERATE = ("applications", "applicationset")
SEVERITIES = ("error", "warning", "info", "off")


@record
class Kustomize:
    """How kustomize is to render. `version` is the one Argo CD uses; another one found is warned about."""

    version: str | None = None
    allow_remote: bool = False
    load_restrictor: str = "rootOnly"


@record
class Cluster:
    """A cluster that Argo CD knows, by name and API server, with the labels and annotations of its Secret."""

    name: str
    server: str
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@record
class Argocd:
    """Where Argo CD's objects lie, and what exists only in the cluster.

    `project`, `repo_url` and `target_revision` are what new Applications get; `generate` tells whether an
    environment of an app has an `applications` of its own, or all come from one `applicationset`. `clusters` is
    None where nobody has listed them.
    """

    path: PurePosixPath | None = None
    namespace: str = "argocd"
    repo_url: str | None = None
    target_revision: str | None = None
    project: str | None = None
    generate: str = "applications"
    projects: tuple[str, ...] = ()
    clusters: tuple[Cluster, ...] | None = None


@record
class ValuePath:
    """A value that a bump of an app sets: a file, with `{env}` and `{app}`, and a YAML path in it.

    `sets` is what it holds of an image: `tag`, `digest` or `image`; None if its key and its value tell.
    """

    file: str
    path: str
    sets: str | None = None


@record
class PreviewSettings:
    """How `gitops preview` makes environments; the patterns have `{app}` and, but for the template, `{name}`.

    `environment` is the one whose cluster they go to; the first if None.
    """

    template: str = "apps/{app}/overlays/preview"
    path: str = "apps/{app}/previews/{name}"
    namespace: str = "{app}-{name}"
    environment: str | None = None
    ttl: str = "7d"


@record
class UpdateRule:
    """A rule for `gitops update`: images by a glob, and the policy for them; `environments` empty for the first."""

    image: str
    policy: Policy
    environments: tuple[str, ...] = ()


@record
class Settings:
    """What `gitops.yaml` says, with defaults; environments in promotion order."""

    path: PurePosixPath | None = None
    layout: tuple[str, ...] = LAYOUTS
    environments: tuple[Environment, ...] = ()
    kubernetes_version: str | None = None
    kustomize: Kustomize = Kustomize()
    argocd: Argocd = Argocd()
    schemas: tuple[PurePosixPath, ...] = ()
    external: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    environment_rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    message: str | None = None
    templates: PurePosixPath | None = None
    mask_keys: tuple[str, ...] = ()
    targets: Mapping[str, tuple[ValuePath, ...]] = field(default_factory=dict)
    markers: bool = False
    freezes: tuple[Window, ...] = ()
    promoted_files: tuple[str, ...] = ()
    updates: tuple[UpdateRule, ...] = ()
    preview: PreviewSettings = PreviewSettings()

    def environment(self, name: str) -> Environment | None:
        """Return an environment by its name."""
        return next((known for known in self.environments if known.name == name), None)
