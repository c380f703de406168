"""The objects that were checked, in memory or as a text that is read only if somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from gitops_tool.model import ResourceId
from gitops_tool.records import record


@record
class CheckedObject:
    """A rendered object that was looked at."""

    id: ResourceId
    has_schema: bool = True


class StoredObjects(Sequence[CheckedObject]):
    """The objects of an overlay, each in a line of text, and read only if somebody asks for them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._objects: list[CheckedObject] | None = None

    @classmethod
    def of(cls, objects: Sequence[CheckedObject]) -> StoredObjects | None:
        """Write objects down; None if a name does not fit a line."""
        if isinstance(objects, StoredObjects):
            return objects
        lines = ["\t".join([*_names(item.id), "1"[: item.has_schema]]) for item in objects]
        fits = all(line.count("\t") == 5 and "\n" not in line for line in lines)
        return cls("\n".join(lines)) if fits else None

    @property
    def have_schemas(self) -> bool:
        """Whether there is a schema for all of them."""
        return self.text.count("\t1\n") + self.text.endswith("\t1") == len(self)

    def __len__(self) -> int:
        return self.text.count("\n") + 1 if self.text else 0

    @overload
    def __getitem__(self, index: int) -> CheckedObject: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[CheckedObject]: ...
    def __getitem__(self, index: int | slice) -> CheckedObject | Sequence[CheckedObject]:
        if self._objects is None:
            self._objects = list(self._read())
        return self._objects[index]

    def _read(self) -> Iterator[CheckedObject]:
        for line in self.text.split("\n") if self.text else ():
            *names, known = line.split("\t")
            yield CheckedObject(ResourceId(*names), has_schema=bool(known))


def _names(resource: ResourceId) -> list[str]:
    return [resource.group, resource.version, resource.kind, resource.namespace, resource.name]
