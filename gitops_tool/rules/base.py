"""What a rule is: a named generator of problems, whose docstring is its documentation."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import Location, Overlay, Resource, Severity
    from gitops_tool.render import Render
    from gitops_tool.tree import Tree

Pointer = tuple[str | int, ...]
"""The keys and indices that lead to a value inside an object."""


class Family(StrEnum):
    """What a rule knows about; the part of the documentation it stands in."""

    SCHEMA = "schema"
    API_SERVER = "api-server"
    ARGOCD = "argocd"
    REFERENCES = "references"
    IMAGES = "images"
    SECURITY = "security"
    HYGIENE = "hygiene"


class Scope(StrEnum):
    """What a rule's generator is given."""

    RESOURCE = "resource"
    """One rendered `Resource`."""
    OVERLAY = "overlay"
    """The tuple of all `Resource`s that one overlay renders."""
    SOURCES = "sources"
    """An `OverlayView`: the files that one overlay is built from."""
    REPOSITORY = "repository"
    """A `RepositoryView`. The generator yields pairs: the `OverlayView` that is to report, and the problem."""
    CHANGE = "change"
    """A `ChangeView`: what one overlay rendered before a change, and after it."""


@record
class OverlayView:
    """One overlay with its render (objects, the files it is built from, kustomize's warnings)."""

    tree: Tree
    settings: Settings
    overlay: Overlay
    render: Render


class Revisions(Protocol):
    """What the repository knows of its branches, tags and commits; see `gitops_tool.git.revisions`."""

    answers: dict[str, str]
    """What was asked so far, and what the answer was."""

    def agrees(self, answers: Mapping[str, str]) -> bool:
        """Whether the answers would be the same now."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether what is not found does not exist."""
        ...

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of the remotes."""
        ...

    def known(self, name: str) -> bool:
        """Whether there is a branch, tag or commit of that name."""
        ...

    def tree(self, name: str) -> Tree | None:
        """Return the files at a branch, tag or commit; None if it is not there."""
        ...

    def similar(self) -> tuple[str, ...]:
        """Return the names that there are."""
        ...


@record
class RepositoryView:
    """Everything that is validated at once.

    `complete` tells whether that is the whole repository; `revisions` is None where its history is not known.
    """

    tree: Tree
    settings: Settings
    overlays: tuple[OverlayView, ...]
    complete: bool
    revisions: Revisions | None = None


@record
class ChangeView:
    """One overlay before and after a change, in the repository as it is afterwards."""

    before: OverlayView
    after: OverlayView
    repository: RepositoryView


@record
class Problem:
    """What a rule found, before it is traced to its source line.

    Give `resource` and `pointer` for a value in a rendered object, or `location` where the
    source is known at once. `severity` only where it differs from the rule's own.
    """

    message: str
    resource: Resource | None = None
    pointer: Pointer = ()
    hint: str | None = None
    severity: Severity | None = None
    location: Location | None = None


@record
class Rule:
    """One rule: a stable id, a family, a default severity and the generator that checks."""

    id: str
    family: Family
    severity: Severity
    scope: Scope
    check: Callable[..., Iterator[Any]]
    """Yields `Problem`s, or pairs by the scope `REPOSITORY`."""

    @property
    def documentation(self) -> str:
        """The generator's docstring: why, bad and good example, source."""
        return inspect.getdoc(self.check) or ""


def rule(
    rule_id: str, *, family: Family, severity: Severity, scope: Scope = Scope.RESOURCE
) -> Callable[[Callable[..., Iterator[Any]]], Rule]:
    """Make a `Rule` of a generator function."""

    def decorate(check: Callable[..., Iterator[Any]]) -> Rule:
        return Rule(rule_id, family, severity, scope, check)

    return decorate


def dig(body: Any, *keys: str | int) -> Any:
    """Return the value at a path of keys and indices, None where there is none."""
    for key in keys:
        if isinstance(key, str) and isinstance(body, dict):
            body = body.get(key)
        elif isinstance(key, int) and isinstance(body, list) and key < len(body):
            body = body[key]
        else:
            return None
    return body
