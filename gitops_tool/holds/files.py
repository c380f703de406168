"""The files of holds and freezes: `.gitops/holds/<app>/<environment>.yaml`, `.gitops/freezes/<environment>.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ConfigError, GitopsError
from gitops_tool.holds.times import parse_moment, written
from gitops_tool.model import Location
from gitops_tool.records import record
from gitops_tool.tree import DIRECTORY, FILES, ROOT, mode_at, read, walk
from gitops_tool.wording import did_you_mean
from gitops_tool.yamledit.quoting import write
from gitops_tool.yamlload import load_documents, locate

if TYPE_CHECKING:
    from gitops_tool.model import Overlay
    from gitops_tool.tree import Tree

FOLDER = PurePosixPath(".gitops")
HOLDS = FOLDER / "holds"
FREEZES = FOLDER / "freezes"
EVERYWHERE = FOLDER / "freeze.yaml"
"""The freeze of all environments."""

_KEYS = ("reason", "author", "created", "from", "until", "versions", "action")
_ACTIONS = ("hold", "rollback", "freeze")
_HEADER = "# gitops refuses changes while this file is here, see docs/promote.md of gitops-tool.\n"


@record
class Hold:
    """What keeps changes away, and from when until when; without `until`, until it is lifted.

    `versions` are those that are refused, all changes if empty. `action` is the command that made it.
    """

    path: PurePosixPath
    reason: str
    author: str | None = None
    created: datetime | None = None
    starts: datetime | None = None
    until: datetime | None = None
    versions: tuple[str, ...] = ()
    action: str = "hold"

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired."""
        return self.until is not None and self.until <= now

    def is_active(self, now: datetime) -> bool:
        """Whether it keeps changes away now."""
        return not self.is_over(now) and (self.starts is None or self.starts <= now)

    def text(self) -> bytes:
        """Return the file's content."""
        lines = [_HEADER, f"action: {self.action}\n", f"reason: {_scalar(self.reason)}\n"]
        lines += [f"author: {_scalar(self.author)}\n"] if self.author else []
        moments = (("created", self.created), ("from", self.starts), ("until", self.until))
        lines += [f"{key}: {written(moment)}\n" for key, moment in moments if moment]
        lines += ["versions:\n", *(f"  - {_scalar(version)}\n" for version in self.versions)] if self.versions else []
        return "".join(lines).encode()


def _scalar(text: str) -> str:
    return write(text, '"', '"').text


def hold_path(overlay: Overlay) -> PurePosixPath:
    """Return where the hold of an overlay is."""
    return HOLDS / overlay.app / f"{overlay.environment}.yaml"


def freeze_path(environment: str | None) -> PurePosixPath:
    """Return where the freeze of an environment is, or of all."""
    return EVERYWHERE if environment is None else FREEZES / f"{environment}.yaml"


def has_holds(tree: Tree) -> bool:
    """Whether there can be holds or freezes at all, by a look at the root alone."""
    return FOLDER.name in tree.modes(ROOT)


def list_holds(tree: Tree) -> Iterator[tuple[PurePosixPath, Hold | GitopsError]]:
    """Yield every hold and freeze with its file, or what is wrong with it."""
    mode = mode_at(tree, FOLDER)
    if mode not in {None, DIRECTORY}:
        yield FOLDER, _no_directory(FOLDER)
    for path, mode in walk(tree, FOLDER):
        if path in {HOLDS, FREEZES} or (path.parent == HOLDS and mode not in FILES):
            yield path, _no_directory(path)
        elif path.suffix == ".yaml" and (path == EVERYWHERE or path.parent == FREEZES or path.parent.parent == HOLDS):
            try:
                found = read_hold(tree, path)
            except GitopsError as error:
                yield path, error
            else:
                if found is not None:
                    yield path, found


def _no_directory(path: PurePosixPath) -> ConfigError:
    hint = "the files of holds and freezes are kept there"
    return ConfigError(f'"{path}" is not a directory', location=Location(path), hint=hint)


def read_hold(tree: Tree, path: PurePosixPath) -> Hold | None:
    """Read a hold or freeze; None if there is no such file.

    Raises:
        GitopsError: it is not valid, with line and column.
    """
    for folder in [*reversed(path.parents[:-1])]:
        if mode_at(tree, folder) not in {None, DIRECTORY}:
            raise _no_directory(folder)
    if mode_at(tree, path) is None:
        return None
    data = read(tree, path)
    documents = load_documents(data, path)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ConfigError(f'"{path}" must hold one mapping', hint="`gitops hold` writes such files")
    return _Reader(documents[0], path, data).hold()


@record
class _Reader:
    """Reads the values of one file."""

    values: Mapping[str, Any]
    path: PurePosixPath
    data: bytes

    def hold(self) -> Hold:
        for key in self.values:
            if key not in _KEYS:
                raise self._error(f'unknown key "{key}"', key, did_you_mean(str(key), _KEYS))
        reason, action = self._text("reason"), self._text("action") or "hold"
        if not reason:
            raise self._error('there is no "reason"', "reason")
        if action not in _ACTIONS:
            raise self._error(f'"action" is "{action}"', "action", f"one of: {', '.join(_ACTIONS)}")
        return Hold(
            self.path,
            reason,
            self._text("author"),
            self._moment("created"),
            self._moment("from"),
            self._moment("until"),
            self._versions(),
            action,
        )

    def _error(self, message: str, key: str, hint: str | None = None) -> ConfigError:
        return ConfigError(message, location=locate(self.data, 0, (key,), self.path), hint=hint)

    def _text(self, key: str) -> str | None:
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise self._error(f'"{key}" must be a text, in quotes', key)
        return value

    def _moment(self, key: str) -> datetime | None:
        text = self._text(key)
        if text is None:
            return None
        try:
            return parse_moment(text)
        except (ValueError, OverflowError):
            message = f'"{key}" is "{text}", which is not a time'
            raise self._error(message, key, "such as 2026-01-05T09:00:00Z") from None

    def _versions(self) -> tuple[str, ...]:
        values = self.values.get("versions")
        if values is None:
            return ()
        if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
            raise self._error('"versions" must be a list of texts, in quotes', "versions")
        return tuple(values)
