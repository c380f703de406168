"""What runs where: every app in every environment, since when, and how far behind the stage before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gitops_tool.config import PROMOTION_ORDER
from gitops_tool.errors import GitopsError
from gitops_tool.records import record, replace
from gitops_tool.status.history import History, read_history
from gitops_tool.versions import Candidate, candidates

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.git import GitRepo
    from gitops_tool.images import ImageRef
    from gitops_tool.model import App, Location, Overlay, Revision
    from gitops_tool.status.changes import VersionChange
    from gitops_tool.tree import Tree

_Read = Sequence[Candidate] | GitopsError
_Place = tuple[str, str]
"""An app and an environment."""


@record
class Lag:
    """How far an environment is behind the one it promotes from.

    `versions` ran there after the one that this environment has, in `commits` of the branch, the first of them
    since `since` (seconds since 1970), the newest `seconds` after the common one. All are None where that
    version never ran there.
    """

    source: str
    versions: int | None = None
    commits: int | None = None
    since: int | None = None
    seconds: int | None = None


@record
class ImageStatus:
    """An image of an overlay: its version, set at `location`.

    `since` is the change that brought the version to the branch; None where it is not committed, or git knows
    nothing. `is_committed` is None outside a git repository. `lag` is None where nothing is known to be ahead.
    """

    entry: str
    image: str
    version: ImageRef
    location: Location
    since: VersionChange | None
    is_committed: bool | None
    lag: Lag | None = None


@record
class OverlayStatus:
    """An overlay's images; `problem` tells why they cannot be read."""

    overlay: Overlay
    images: tuple[ImageStatus, ...]
    problem: str | None = None


@record
class Status:
    """The matrix: apps by name, their environments in promotion order.

    `revision` is the commit that the history is read from; None where there is none.
    """

    environments: tuple[str, ...]
    overlays: tuple[OverlayStatus, ...]
    revision: Revision | None
    history: History

    def only(self, environments: Sequence[str]) -> Status:
        """Return the columns of these environments; all if there is none."""
        if not environments:
            return self
        names = tuple(name for name in self.environments if name in environments)
        return replace(
            self, environments=names, overlays=tuple(o for o in self.overlays if o.overlay.environment in names)
        )

    def by_app(self) -> dict[str, dict[str, OverlayStatus]]:
        """Return the rows of the matrix: app, then environment."""
        rows: dict[str, dict[str, OverlayStatus]] = {}
        for one in self.overlays:
            rows.setdefault(one.overlay.app, {})[one.overlay.environment] = one
        return rows


def read_status(
    tree: Tree,
    settings: Settings,
    apps: Sequence[App],
    repo: GitRepo | None,
    revision: Revision | None,
    *,
    everything: bool = False,
) -> Status:
    """Read what runs where.

    Args:
        tree: the manifests.
        settings: the repository's.
        apps: with the overlays to look at, and those they promote from.
        repo: where the history is; None outside a git repository.
        revision: the commit that the history is read from; None where there is none yet.
        everything: read the whole history, and not only what the matrix needs.

    Raises:
        GitError: git cannot read the history.
    """
    overlays = [overlay for app in apps for overlay in app.overlays]
    read = {_place(overlay): _images(tree, overlay) for overlay in overlays}
    sources = {_place(overlay): source for app in apps for overlay, source in _sources(settings, app)}
    history = History(())
    if repo is not None and revision is not None:
        pending = _Pending(read, sources)
        history = read_history(repo, revision, overlays, None if everything else pending.is_done_with)
    found = tuple(_status(overlay, read, sources, history, committed=revision is not None) for overlay in overlays)
    names = dict.fromkeys(overlay.environment for overlay in overlays)
    known = [environment.name for environment in settings.environments] + list(PROMOTION_ORDER)
    order = sorted(names, key=lambda name: known.index(name) if name in known else len(known))
    return Status(tuple(order), found, revision, history)


def _place(overlay: Overlay) -> _Place:
    return overlay.app, overlay.environment


def _images(tree: Tree, overlay: Overlay) -> _Read:
    try:
        return candidates(tree, overlay.path)
    except GitopsError as error:
        return error


def _sources(settings: Settings, app: App) -> Iterator[tuple[Overlay, Overlay]]:
    """Yield each overlay with the one it promotes from: as the settings say, else the one before by its name."""
    by_name = {overlay.environment: overlay for overlay in app.overlays}
    named = [overlay for overlay in app.overlays if overlay.environment in PROMOTION_ORDER]
    before = {after.environment: first.environment for first, after in pairwise(named)}
    for overlay in app.overlays:
        environment = settings.environment(overlay.environment)
        name = environment.promotes_from if environment else before.get(overlay.environment)
        if name is not None and name in by_name:
            yield overlay, by_name[name]


class _Pending:
    """What the history still has to tell; nothing older is read than that needs."""

    def __init__(self, read: dict[_Place, _Read], sources: dict[_Place, Overlay]) -> None:
        self.since = {(place, one.entry) for place, images in read.items() for one in _list(images)}
        self.matches: dict[tuple[_Place, str], set[ImageRef]] = {}
        for place, source in sources.items():
            for one in _list(read[place]):
                there = counterpart(one, _list(read[_place(source)]))
                if there is not None and there.version != one.version:
                    self.matches.setdefault((_place(source), there.entry), set()).add(one.version)

    def is_done_with(self, change: VersionChange) -> bool:
        """Take note of a change and tell whether nothing else is wanted."""
        key = (_place(change.overlay), change.entry)
        self.since.discard(key)
        wanted = self.matches.get(key)
        if wanted is not None and change.version is not None:
            wanted.discard(change.version)
            if not wanted:
                del self.matches[key]
        return not self.since and not self.matches


def _list(images: _Read) -> Sequence[Candidate]:
    return () if isinstance(images, GitopsError) else images


def counterpart(image: Candidate, others: Sequence[Candidate]) -> Candidate | None:
    """Return the same image in another environment: by entry, by name, by the name's last part, or the only one."""
    for same in (_entry, _name, _last):
        found = [other for other in others if same(other) == same(image)]
        if len(found) == 1:
            return found[0]
    return others[0] if len(others) == 1 else None


def _entry(image: Candidate) -> str:
    return image.entry


def _name(image: Candidate) -> str:
    return image.image


def _last(image: Candidate) -> str:
    return image.image.rpartition("/")[2]


def _status(
    overlay: Overlay, read: dict[_Place, _Read], sources: dict[_Place, Overlay], history: History, *, committed: bool
) -> OverlayStatus:
    images = read[_place(overlay)]
    if isinstance(images, GitopsError):
        return OverlayStatus(overlay, (), str(images))
    found = []
    for one in images:
        newest = next((change for change in history.of(overlay) if change.entry == one.entry), None)
        same = newest is not None and (newest.version, newest.image) == (one.version, one.image)
        lag = _lag(one, sources.get(_place(overlay)), read, history)
        found.append(
            ImageStatus(
                one.entry,
                one.image,
                one.version,
                one.location,
                newest if same else None,
                same if committed else None,
                lag,
            )
        )
    return OverlayStatus(overlay, tuple(found))


def _lag(image: Candidate, source: Overlay | None, read: dict[_Place, _Read], history: History) -> Lag | None:
    """Count what ran in the environment before since it had the version that this one has."""
    there = counterpart(image, _list(read[_place(source)])) if source is not None else None
    if source is None or there is None or there.version == image.version:
        return None
    later: list[VersionChange] = []
    for change in history.of(source):
        if change.entry != there.entry:
            continue
        if change.version == image.version:
            if not later:
                break
            seconds = later[0].landed.time - change.landed.time
            return Lag(source.environment, len(later), change.touches, later[-1].landed.time, seconds)
        later.append(change)
    return Lag(source.environment)
