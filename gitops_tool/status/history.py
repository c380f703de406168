"""Every version that an overlay had on a branch, newest first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool.git.log import FileChange, Logged, branch_log, renamed_from, shallow_commits
from gitops_tool.layout import KUSTOMIZATION_NAMES, MANIFEST_SUFFIXES
from gitops_tool.model import Revision
from gitops_tool.records import record
from gitops_tool.status.authors import with_authors
from gitops_tool.status.changes import VersionChange, how
from gitops_tool.status.past import Images, Track

if TYPE_CHECKING:
    from gitops_tool.git import GitRepo
    from gitops_tool.git.log import Commit
    from gitops_tool.git.past import PastTree
    from gitops_tool.model import Overlay
    from gitops_tool.status.past import PastImage

_BATCH = 1000
"""Commits whose files are read at once."""

_MOST_PATHS = 100
"""Above so many paths, git is not asked for these alone: comparing each commit with each path takes longer."""


@record(cached=True)
class History:
    """What ran in some overlays, newest first.

    `cut` are the commits where a shallow clone ends: what is older is not known. `stopped` tells that nothing
    older was asked for.
    """

    changes: tuple[VersionChange, ...]
    cut: frozenset[str] = frozenset()
    stopped: bool = False

    @cached_property
    def _by_place(self) -> Mapping[tuple[str, str], tuple[VersionChange, ...]]:
        found: dict[tuple[str, str], list[VersionChange]] = {}
        for one in self.changes:
            found.setdefault((one.overlay.app, one.overlay.environment), []).append(one)
        return {place: tuple(changes) for place, changes in found.items()}

    def of(self, overlay: Overlay) -> tuple[VersionChange, ...]:
        """Return the changes of one overlay, newest first."""
        return self._by_place.get((overlay.app, overlay.environment), ())

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing that was asked for."""
        return not self.cut or (self.stopped and not any(self.is_cut(one) for one in self.changes))

    def is_cut(self, change: VersionChange) -> bool:
        """Whether a version may have been there before the oldest commit that is known."""
        return change.landed.sha in self.cut


def overlay_history(repo: GitRepo, start: Revision, overlays: Sequence[Overlay]) -> Iterator[VersionChange]:
    """Yield the version changes of overlays, newest first, across renames and merges.

    What ran is what the branch pointed to: of a merged branch only its end counts. The first change of an
    image is the version it has at `start`. Take as many as you need: the history is read as you go.

    Args:
        repo: the repository.
        start: the tip of the branch.
        overlays: with their paths at `start`.

    Raises:
        GitError: git cannot read the history.
    """
    walk = _Walk(repo, start, overlays)
    for change in walk.changes():
        yield from with_authors(repo, (change,), walk.merged)


def read_history(
    repo: GitRepo, start: Revision, overlays: Sequence[Overlay], enough: Callable[[VersionChange], bool] | None = None
) -> History:
    """Return the version changes of overlays, each with the commit that somebody wrote, found behind merges, too.

    Args:
        repo: the repository.
        start: the tip of the branch.
        overlays: with their paths at `start`.
        enough: asked about each change; whether the older ones are not wanted any more.

    Raises:
        GitError: git cannot read the history.
    """
    found: list[VersionChange] = []
    walk = _Walk(repo, start, overlays)
    stopped = False
    for change in walk.changes():
        found.append(change)
        stopped = enough is not None and enough(change)
        if stopped:
            break
    return History(tuple(with_authors(repo, found, walk.merged)), walk.shallow, stopped)


class _Current:
    """A track with what is known of the commits walked so far.

    `images` is None while no commit was met after which the overlay's files can be read; `unread` is the
    newest of the commits after which they cannot.
    """

    def __init__(self, track: Track, images: Images | None) -> None:
        self.track = track
        self.images = images
        self.unread: Logged | None = None
        self.touches = 0
        self._names: dict[str, str] = {}
        self._until: dict[str, int] = {}

    def name(self, new: PastImage | None, old: PastImage | None) -> str | None:
        """Return what an image is called where the walk began, and remember it for what it was called before."""
        if new is None:
            return old.entry if old else None
        name = self._names.pop(new.entry, new.entry)
        if old is not None:
            self._names[old.entry] = name
        return name

    def changed(
        self, name: str, place: Overlay, new: PastImage | None, old: PastImage | None, landed: Commit
    ) -> VersionChange:
        """Return the change between two versions of an image, one of which may be missing."""
        known = new or old
        version = new.version if new else None
        until, self._until[name] = self._until.get(name), landed.time
        return VersionChange(
            place,
            name,
            known.image if known else name,
            version,
            old.version if old else None,
            landed,
            landed,
            how(landed.message, place, version, appeared=old is None),
            self.touches - 1,
            until,
        )


class _Walk:
    """One walk from a tip to the root."""

    def __init__(self, repo: GitRepo, start: Revision, overlays: Sequence[Overlay]) -> None:
        self.repo = repo
        self.tree = repo.past(start)
        self.start = start
        self.shallow = shallow_commits(repo)
        tracks = [Track(overlay, overlay.path) for overlay in overlays]
        self.current = [_Current(track, track.images(self.tree)) for track in tracks]
        self.merged: dict[str, list[FileChange]] = {}
        """What the merges changed that brought other versions."""
        self.readers: dict[PurePosixPath, list[_Current]] = {}
        self.is_stale = False
        """Whether an overlay is built from other directories than `readers` says."""
        self._index()

    def _index(self) -> None:
        """Note which overlays a directory matters to."""
        self.readers, self.is_stale = {}, False
        for one in self.current:
            for directory in one.track.directories:
                self.readers.setdefault(directory, []).append(one)

    def changes(self) -> Iterator[VersionChange]:
        """Walk; start again from where a directory that was not watched begins to matter."""
        restart: Commit | None = None
        first = True
        while first or (restart is not None and restart.parents):
            if restart is not None:
                self.start = Revision(restart.parents[0])
                self.tree = self.repo.past(self.start)
                for one in self.current:
                    one.track.images(self.tree)
            first, restart = False, None
            self._index()
            paths = _outermost(self.readers) if len(self.readers) <= _MOST_PATHS else []
            for logged in self._batches(branch_log(self.repo, self.start, paths)):
                yield from self._step(logged)
                if self.is_stale:
                    self._index()
                    if paths and self._has_left(paths):
                        restart = logged.commit
                        break

    def _batches(self, log: Iterator[Logged]) -> Iterator[Logged]:
        """Read commits in batches, and at once the files that will be looked at."""
        while batch := list(islice(log, _BATCH)):
            changes = [change for logged in batch for change in logged.changes]
            relevant = [change for change in changes if change.path.parent in self.readers and _matters(change)]
            self.tree.preload(oid for one in relevant for oid in (one.oid, one.old_oid) if int(oid, 16))
            yield from batch

    def _has_left(self, paths: Sequence[PurePosixPath]) -> bool:
        """Whether an overlay is built from a directory that git was not asked for."""
        return any(not any(directory.is_relative_to(path) for path in paths) for directory in self.readers)

    def _step(self, logged: Logged) -> Iterator[VersionChange]:
        """Go back one commit and yield what it changed."""
        reached: dict[int, tuple[_Current, list[FileChange]]] = {}
        for change in logged.changes:
            for one in self.readers.get(change.path.parent, ()):
                reached.setdefault(id(one), (one, []))[1].append(change)
        own = [one.track.kustomization(self.tree) if _appears(changes) else None for one, changes in reached.values()]
        self.tree.undo(logged.changes)
        for (one, changes), path in zip(reached.values(), own, strict=True):
            one.touches += 1
            if len(logged.commit.parents) > 1:
                self.merged.setdefault(logged.commit.sha, []).extend(changes)
            directories = one.track.directories
            yield from self._before(one, logged, changes, path)
            self.is_stale = self.is_stale or one.track.directories is not directories

    def _before(
        self, one: _Current, logged: Logged, changes: Sequence[FileChange], own: PurePosixPath | None
    ) -> Iterator[VersionChange]:
        """Compare an overlay before a commit with what it was after it."""
        track = one.track
        place = track.at
        if own is not None and not track.exists(self.tree) and (moved := self._moved(one, logged, own)):
            track.move(moved)
            before = track.images(self._parent(logged))
        else:
            before = track.earlier(self.tree, changes)
        if before is None:
            one.unread = one.unread or logged
            return
        landed = (one.unread or logged).commit
        one.unread = None
        for new, old in _pairs(one.images, before) if one.images is not None else ():
            name = one.name(new, old)
            if name is not None and (new is None or old is None or _differ(new, old)):
                yield one.changed(name, place, new, old, landed)
        one.images = before

    def _moved(self, one: _Current, logged: Logged, own: PurePosixPath) -> PurePosixPath | None:
        """Return the directory that a commit moved an overlay from, if it did and that had one of its images."""
        if not logged.commit.parents or logged.commit.sha in self.shallow:
            return None
        old = renamed_from(self.repo, logged.commit, own)
        if old is None or old.name not in KUSTOMIZATION_NAMES:
            return None
        images = Track(one.track.overlay, old.parent).images(self._parent(logged))
        before = {_last(image) for image in (images or {}).values()}
        return None if before.isdisjoint(_last(image) for image in (one.images or {}).values()) else old.parent

    def _parent(self, logged: Logged) -> PastTree:
        """Return the files before a commit, those beside the watched directories, too."""
        return self.repo.past(Revision(logged.commit.parents[0]))


def _matters(change: FileChange) -> bool:
    """Whether a file can hold an image's version."""
    return change.path.name in KUSTOMIZATION_NAMES or change.path.name.endswith(MANIFEST_SUFFIXES)


def _appears(changes: Sequence[FileChange]) -> bool:
    """Whether a kustomization is among the files that a commit made."""
    return any(not change.old_mode and change.path.name in KUSTOMIZATION_NAMES for change in changes)


def _outermost(paths: Collection[PurePosixPath]) -> list[PurePosixPath]:
    """Return the directories that no other one holds, for git; none if that is the root."""
    found = sorted(path for path in paths if not any(parent in paths for parent in path.parents))
    return [] if found and found[0] == PurePosixPath() else found


def _pairs(after: Images, before: Images) -> list[tuple[PastImage | None, PastImage | None]]:
    """Pair images after and before a commit: by entry, by name, by the name's last part, else the only ones."""
    left = dict(before)
    pairs: list[tuple[PastImage | None, PastImage | None]] = []
    rest = list(after.values())
    for same in (_entry, _image, _last):
        unpaired = []
        for new in rest:
            old = next((old for old in left.values() if same(old) == same(new)), None)
            if old is None:
                unpaired.append(new)
            else:
                pairs.append((new, left.pop(old.entry)))
        rest = unpaired
    if len(rest) == len(left) == 1:
        return [*pairs, (rest[0], next(iter(left.values())))]
    return [*pairs, *((new, None) for new in rest), *((None, old) for old in left.values())]


def _differ(one: PastImage, other: PastImage) -> bool:
    return (one.image, one.version) != (other.image, other.version)


def _entry(image: PastImage) -> str:
    return image.entry


def _image(image: PastImage) -> str:
    return image.image


def _last(image: PastImage) -> str:
    return image.image.rpartition("/")[2]
