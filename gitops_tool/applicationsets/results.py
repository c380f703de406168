"""What comes of an ApplicationSet: Applications, faults, and what could not be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from gitops_tool.records import record

Pointer: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to a value inside the ApplicationSet."""


@record
class Generated:
    """An Application as the ApplicationSet controller would write it.

    `origin` is where in the ApplicationSet its parameters come from, down to the element of a list;
    `element` is what a person calls them.
    """

    manifest: Mapping[str, Any]
    origin: Pointer
    element: str

    @property
    def name(self) -> str:
        """The Application's name."""
        return str(self.manifest["metadata"]["name"])


@record
class Fault:
    """Why Argo CD would generate nothing, or what nobody wants, and where."""

    message: str
    pointer: Pointer
    hint: str | None = None


@record
class Unchecked:
    """A part of an ApplicationSet that says nothing here, with the reason."""

    reason: str
    pointer: Pointer


@record
class Expansion:
    """The Applications that an ApplicationSet generates, as far as files can tell."""

    applications: tuple[Generated, ...]
    problems: tuple[Fault, ...]
    unchecked: tuple[Unchecked, ...]


@record
class ParameterSet:
    """What a generator gives for one Application."""

    values: dict[str, Any]
    origin: Pointer
    element: str


class FaultError(Exception):
    """Ends a part of an expansion that Argo CD would end, too."""

    def __init__(self, message: str, pointer: Pointer, hint: str | None = None) -> None:
        super().__init__(message)
        self.fault = Fault(message, pointer, hint)


class UncheckedError(Exception):
    """Ends a part of an expansion that nothing can be said of."""

    def __init__(self, reason: str, pointer: Pointer) -> None:
        super().__init__(reason)
        self.unchecked = Unchecked(reason, pointer)
