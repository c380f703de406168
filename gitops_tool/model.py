"""The nouns of the project: frozen values without I/O.

Paths are `PurePosixPath` from the repository's root.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from gitops_tool.records import record


@record(order=True)
class Location:
    """A place in a file. Lines and columns count from 1; 0 stands for "the file as a whole"."""

    path: PurePosixPath
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return `path:line:column`, without the parts that are 0."""
        parts = [str(self.path), *(str(number) for number in (self.line, self.column) if number)]
        return ":".join(parts)


class Severity(StrEnum):
    """How bad a finding is; errors refuse a change."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    def is_at_least(self, other: Severity) -> bool:
        """Whether this is as bad as another severity, or worse."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


@record(order=True)
class ResourceId:
    """What identifies an object in a cluster. `group` is empty for the core group."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """Return `Deployment/kakaopay/payment-service`, without an empty namespace."""
        return "/".join(part for part in (self.kind, self.namespace, self.name) if part)

    @property
    def api_version(self) -> str:
        """The `apiVersion` as a manifest writes it."""
        return f"{self.group}/{self.version}" if self.group else self.version


@record
class Resource:
    """One rendered object.

    `file` is the manifest of a plain directory that it was read from, None for one that kustomize rendered: which file
    declares that is known to its `Render`.
    """

    id: ResourceId
    body: Mapping[str, Any]
    overlay: PurePosixPath
    file: PurePosixPath | None = None


@record
class Finding:
    """What a rule or a schema has to say about one place.

    `location` is the source line that set the value; `rendered` says that only the
    rendered object is known.
    """

    rule: str
    severity: Severity
    message: str
    location: Location
    resource: ResourceId | None = None
    hint: str | None = None
    rendered: bool = False


@record
class Edit:
    """One file's bytes before and after; None stands for "no such file"."""

    path: PurePosixPath
    before: bytes | None
    after: bytes | None


@record
class Revision:
    """A commit, by its full object id."""

    sha: str

    def __str__(self) -> str:
        """Return the id in the length people read."""
        return self.sha[:12]


@record
class Environment:
    """A stage that apps run in. `promotes_from` names the stage before it.

    `cluster` is the API server's URL or the cluster's name in Argo CD; `merge_request` says that
    it is changed by merge requests alone.
    """

    name: str
    namespace: str | None = None
    cluster: str | None = None
    promotes_from: str | None = None
    kubernetes_version: str | None = None
    merge_request: bool = False


@record
class ImageOverride:
    """An entry of a kustomization's `images:`, as written."""

    name: str
    new_name: str | None
    new_tag: str | None
    digest: str | None
    location: Location


@record
class Overlay:
    """The directory that an app's environment is rendered from."""

    app: str
    environment: str
    path: PurePosixPath

    def __str__(self) -> str:
        """Return `payment-service(staging)`; what has no environment by its name alone."""
        return f"{self.app}({self.environment})" if self.environment else self.app


@record
class App:
    """A deployable unit: a directory and one overlay for each environment, in promotion order."""

    name: str
    path: PurePosixPath
    overlays: tuple[Overlay, ...]


@record
class ApplicationSource:
    """One source of an Argo CD Application. `images` are its `kustomize.images`, each with its place."""

    repo_url: str
    path: PurePosixPath | None
    target_revision: str | None
    images: tuple[tuple[str, Location], ...]
    body: Mapping[str, Any]
    location: Location


@record
class Application:
    """Argo CD's Application object, as far as it is written in the repository."""

    name: str
    namespace: str
    project: str
    sources: tuple[ApplicationSource, ...]
    body: Mapping[str, Any]
    location: Location


@record
class ResourceDiff:
    """One object before and after; None stands for "not rendered"."""

    id: ResourceId
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"
