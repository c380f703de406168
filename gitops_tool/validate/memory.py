"""What earlier validations found, kept in the user's cache: each part holds until something that it looked at changes.

One entry for a repository and all that rules a validation: the program itself, its engines, the settings, the
arguments. In it, for every overlay, what was found and which files and names were looked at to find it; the names of
all files then and now (see `git.listing`) tell which parts still hold. What is damaged counts as unknown.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.contentcache import ContentCache
from gitops_tool.reads import RecordingTree
from gitops_tool.records import field, record
from gitops_tool.validate.objects import CheckedObject, StoredObjects
from gitops_tool.validate.outlines import Outlines
from gitops_tool.validate.selection import Selection, Unchecked
from gitops_tool.validate.stored import (
    finding_of,
    overlay_of,
    plain_finding,
    plain_overlay,
    plain_paths,
)
from gitops_tool.validate.validator import Part

if TYPE_CHECKING:
    from collections.abc import Callable

    from gitops_tool.engines import Engines
    from gitops_tool.model import Overlay
    from gitops_tool.reads import Reads
    from gitops_tool.tree import Tree

_FORMAT = 1
FOLDER = "results"
MAX_BYTES = 128 * 1024 * 1024
"""How large the folder may grow before the results longest unused go."""

_NO_READS = ((), (), (), False)
_NOTHING: Mapping[str, Any] = {}


@record
class Kept:
    """What is known about an overlay. `across` is what rules over the whole repository report there.

    `outline` names what those rules see of it, `definitions` its CustomResourceDefinitions; `used` are the directories
    of its kustomizations; `problems` is `across` before it was traced to the sources.
    """

    overlay: Overlay
    own: Part
    across: Part
    objects: Sequence[CheckedObject]
    outline: str
    definitions: str
    used: tuple[str, ...]
    problems: tuple[Any, ...]
    reads: Any


@record
class Past:
    """What is known from earlier.

    `overlays` are all that are known, `holding` those of which nothing that was looked at has changed since.
    `across` tells whether what rules over the whole repository looked at in its files is as it was; `unchecked` is
    None if it does not hold. `schema_reads` are the places where schemas were looked for.
    """

    overlays: Mapping[Overlay, Kept] = field(default_factory=dict)
    holding: frozenset[Overlay] = frozenset()
    across: bool = False
    unchecked: tuple[Unchecked, ...] | None = None
    reads: Mapping[str, Any] = field(default_factory=dict)


class Memory:
    """The results of earlier validations of one repository under the same conditions.

    Args:
        folder: the cache.
        key: names the repository and the conditions; see `conditions`.
        files: a name for the content of every file there is now.
    """

    def __init__(self, folder: Path, key: str, files: Mapping[str, str]) -> None:
        self._cache = ContentCache(folder / FOLDER, MAX_BYTES)
        self._key = key
        self._files = files
        self._selection_reads: Any = [[], [], [], True]
        self.outlines = Outlines(self._cache, key)

    @cached_property
    def _past(self) -> Mapping[str, Any]:
        stored = self._cache.get(self._key)
        try:
            found = json.loads(stored) if stored else _NOTHING
        except ValueError:
            return _NOTHING
        return found if isinstance(found, dict) and found.get("format") == _FORMAT else _NOTHING

    def _known(self) -> Sequence[Any]:
        """Return the overlays that were kept."""
        known: Sequence[Any] = self._past.get("overlays", ())
        return known

    @cached_property
    def _changed(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """The paths with another content; those that came, went or became another kind of thing; where these are."""
        before, now = self._past["files"], self._files
        changed = {path for path, _ in before.items() ^ now.items()}
        moved = {path for path in changed if _kind(before.get(path)) != _kind(now.get(path))}
        if moved:
            moved |= _directories(before) ^ _directories(now)
        directories = frozenset(path.rpartition("/")[0] or "." for path in moved)
        return frozenset(changed | moved), frozenset(moved), directories

    def holds(self, reads: Any) -> bool:
        """Whether all is as it was when something was looked at; see `plain_reads`."""
        changed, moved, directories = self._changed
        contents, names, listed, everything = reads
        if everything:
            return not changed
        return changed.isdisjoint(contents) and moved.isdisjoint(names) and directories.isdisjoint(listed)

    def select(self, tree: Tree, select: Callable[[Tree], Selection]) -> Selection:
        """Return the overlays that are meant: those of the last time, unless the answer could be another one now."""
        if self._past and self.holds(self._past["reads"]["selection"]):
            overlays = tuple(overlay_of(one["overlay"]) for one in self._past["overlays"])
            self._selection_reads = self._past["reads"]["selection"]
            return Selection(overlays, self._past["complete"])
        recorded = RecordingTree(tree)
        selection = select(recorded)
        self._selection_reads = plain_reads(recorded.reads)
        return selection

    def recall(self, selection: Selection) -> Past:
        """Return what is known about a selection."""
        if not self._past or not self.holds(self._past["reads"].get("schemas", _NO_READS)):
            return Past()
        wanted = {str(overlay.path): overlay for overlay in selection.overlays}
        known: dict[Overlay, Kept] = {}
        for one in self._past["overlays"]:
            overlay = wanted.get(one["overlay"][2])
            if overlay is not None and "own" in one and plain_overlay(overlay) == one["overlay"]:
                known[overlay] = _kept(overlay, one)
            elif one.get("definitions"):
                return Past()  # its custom resources are known no more
        before = [one["overlay"] for one in self._past["overlays"]], self._past["complete"]
        same = before == ([plain_overlay(overlay) for overlay in selection.overlays], selection.complete)
        reads = self._past["reads"]
        items = tuple(Unchecked(PurePosixPath(path), reason) for path, reason in self._past["unchecked"])
        return Past(
            known,
            frozenset(overlay for overlay, one in known.items() if self.holds(one.reads)),
            same and reads["repository"] is not None and self.holds(reads["repository"]),
            items if same and self.holds(reads.get("unchecked", _NO_READS)) else None,
            reads,
        )

    def store(
        self,
        selection: Selection,
        overlays: Mapping[Overlay, Kept],
        unchecked: Sequence[Unchecked],
        reads: Mapping[str, Any],
    ) -> None:
        """Keep what was found for the next validation.

        Args:
            selection: the overlays.
            overlays: what is to be kept; those that could not be rendered are looked at again.
            unchecked: what was not looked at.
            reads: what was looked at for schemas, by rules over the whole `repository` (None if that cannot be
                kept), and to find what is `unchecked`.
        """
        document = {
            "format": _FORMAT,
            "files": self._files,
            "complete": selection.complete,
            "overlays": [_plain(overlay, overlays.get(overlay)) for overlay in selection.overlays],
            "unchecked": [[str(one.path), one.reason] for one in unchecked],
            "reads": {**reads, "selection": self._selection_reads},
        }
        self._cache.put(self._key, json.dumps(document, separators=(",", ":")).encode())
        self.outlines.store(
            {one.outline for one in overlays.values()}, {one["outline"] for one in self._known() if "own" in one}
        )


def _kind(name: str | None) -> str:
    return name.partition(" ")[0] if name else ""


def _directories(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        directory = path.rpartition("/")[0]
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return found


def _kept(overlay: Overlay, plain: Any) -> Kept:
    own, own_suppressed = plain["own"]
    across, across_suppressed = plain["across"]
    return Kept(
        overlay,
        Part(tuple(map(finding_of, own)), own_suppressed),
        Part(tuple(map(finding_of, across)), across_suppressed),
        StoredObjects(plain["objects"]),
        plain["outline"],
        plain["definitions"],
        tuple(plain["used"]),
        tuple(plain["problems"]),
        plain["reads"],
    )


def _plain(overlay: Overlay, kept: Kept | None) -> Any:
    objects = StoredObjects.of(kept.objects) if kept else None
    if kept is None or objects is None:  # it could not be rendered, or cannot be kept
        return {"overlay": plain_overlay(overlay)}
    return {
        "overlay": plain_overlay(overlay),
        "own": [list(map(plain_finding, kept.own.findings)), kept.own.suppressed],
        "across": [list(map(plain_finding, kept.across.findings)), kept.across.suppressed],
        "objects": objects.text,
        "outline": kept.outline,
        "definitions": kept.definitions,
        "used": kept.used,
        "problems": kept.problems,
        "reads": kept.reads,
    }


def plain_reads(reads: Reads) -> Any:
    """Return what was looked at as plain values."""
    names = sorted(str(folder / name) for folder, asked in reads.names.items() for name in asked)
    return [plain_paths(reads.contents), names, plain_paths(reads.listed), reads.everything]


def conditions(repository: str, engines: Engines, arguments: object) -> str:
    """Name the repository and everything beside its files that decides what a validation finds.

    Args:
        repository: tells repositories of one cache apart.
        engines: what renders and checks, under which settings.
        arguments: what is to be looked at.
    """
    renderer, validator = engines.renderer, engines.validator
    binary = validator.schemas.kubeconform
    parts = [
        *(repository, str(arguments), repr(validator.settings), repr(renderer.settings)),
        *(renderer.engine.version, repr(renderer.engine.command), _stamp(Path(renderer.engine.command[0]))),
        *(str(binary), _stamp(binary) if binary else "embedded", _program()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def _program() -> str:
    """Name this program as it is installed, with the libraries beside it."""
    package = Path(__file__).resolve().parents[1]
    stamps = [sys.version, os.__file__]
    for folder, names, files in os.walk(package):
        names[:] = sorted(name for name in names if name != "__pycache__")
        stamps += [f"{name} {_stamp(Path(folder, name))}" for name in sorted(files)]
    stamps += [f"{entry} {_stamp(Path(entry))}" for entry in sys.path if entry]  # each installation changes a folder
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return "-"
    return f"{status.st_size} {status.st_mtime_ns}"
