"""The history of a branch with what each commit changed, by one `git log`.

The values are named tuples: a long history has hundreds of thousands of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from gitops_tool import process
from gitops_tool.errors import GitError
from gitops_tool.git.command import own_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from gitops_tool.git.command import Git
    from gitops_tool.git.repo import GitRepo
    from gitops_tool.model import Revision

_FIELDS = ("%H", "%P", "%ct", "%aN", "%B")
_FORMAT = "--format=" + "%x00".join(_FIELDS) + "%x00"
_CHUNK = 1 << 17
_SETTINGS = ("-c", "log.follow=false", "-c", "log.showRoot=true")
_OPTIONS = (
    *("log", "--raw", "-z", "--no-abbrev", "--encoding=UTF-8", _FORMAT),
    *("--no-ext-diff", "--no-textconv", "--no-color", "--no-notes", "--no-decorate", "--no-show-signature"),
)
_RENAMES = ("--find-renames=50%", "-l1000")
"""How alike two files must be, and above how many a commit's are only compared for equality."""


class Commit(NamedTuple):
    """A commit as people speak of it; `time` is when it was committed, in seconds since 1970."""

    sha: str
    parents: tuple[str, ...]
    time: int
    author: str
    message: str

    @property
    def subject(self) -> str:
        """The message's first line."""
        return self.message.lstrip("\n").partition("\n")[0].strip()


class FileChange(NamedTuple):
    """One file before and after a commit; a mode of 0 stands for "no such file"."""

    path: PurePosixPath
    old_mode: int
    mode: int
    old_oid: str
    oid: str


class Logged(NamedTuple):
    """A commit, and what it changed against its first parent."""

    commit: Commit
    changes: tuple[FileChange, ...]


def branch_log(repo: GitRepo, start: Revision, paths: Sequence[PurePosixPath] = ()) -> Iterator[Logged]:
    """Yield the commits that a branch pointed to, newest first: first parents only, as only they were synced.

    A merge is compared with its first parent, so what it brought is its change.

    Args:
        repo: the repository.
        start: where to begin.
        paths: only commits that changed something at or below one of these.

    Raises:
        GitError: git cannot read the history.
    """
    walk = ("--first-parent", "--diff-merges=first-parent", "--no-renames")
    return _logged(repo.git, (*walk, "--end-of-options", start.sha, "--", *map(str, paths)))


def written_log(repo: GitRepo, start: Revision, end: str, paths: Sequence[PurePosixPath]) -> Iterator[Logged]:
    """Yield the commits that people wrote since `end`, also on branches merged since; a merge's before older ones.

    Raises:
        GitError: git cannot read the history.
    """
    walk = ("--topo-order", "--full-history", "--no-merges", "--no-renames")
    return _logged(repo.git, (*walk, "--end-of-options", start.sha, f"^{end}", "--", *map(str, paths)))


def renamed_from(repo: GitRepo, commit: Commit, path: PurePosixPath) -> PurePosixPath | None:
    """Return what a file was called in a commit's first parent; None if the commit made it."""
    if not commit.parents:
        return None
    names = (commit.parents[0], commit.sha)
    done = repo.git.run(
        "diff-tree", "-r", "-z", "--diff-filter=R", "--name-status", *_RENAMES, "--end-of-options", *names
    )
    words = [os.fsdecode(word) for word in done.stdout.split(b"\0")]
    pairs = zip(words[1::3], words[2::3], strict=False)
    return next((PurePosixPath(old) for old, new in pairs if PurePosixPath(new) == path), None)


def shallow_commits(repo: GitRepo) -> frozenset[str]:
    """Return the commits whose parents are missing because the clone is shallow."""
    try:
        return frozenset((repo.common_dir / "shallow").read_text("ascii", "replace").split())
    except OSError:
        return frozenset()


def _logged(git: Git, arguments: Sequence[str]) -> Iterator[Logged]:
    """Run `git log` and read it while it runs; whoever stops early stops git."""
    child = git.start(*_SETTINGS, *_OPTIONS, *arguments)
    if child.stdin is None or child.stdout is None:
        raise GitError("git log has no output")
    try:
        child.stdin.close()
        child.stdin = None
        yield from _read(_words(child.stdout))
        stderr = child.stderr.read() if child.stderr else b""
        done = process.Completed(child.wait(), b"", stderr)
    finally:
        process.stop(child)
    if done.returncode:
        raise GitError(f"git log: {own_words(done)}")


def _words(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the words of a stream, each ended by NUL."""
    rest = b""
    while data := stream.read(_CHUNK):
        *words, rest = (rest + data).split(b"\0")
        yield from words


def _read(words: Iterator[bytes]) -> Iterator[Logged]:
    """Read commits: the fields, an empty word, then pairs of modes with ids, and a path.

    A change begins with a colon and a commit's id does not, so that no message can be taken for either.

    Raises:
        GitError: the stream ends in the middle of a commit.
    """
    word = next(words, None)
    while word is not None:
        fields = [os.fsdecode(field) for field in (word, *islice(words, len(_FIELDS) - 1))]
        if len(fields) < len(_FIELDS):
            raise GitError("git log ended in the middle of a commit")
        sha, parents, time, author, message = fields
        changes = []
        word = next(words, None)
        while word is not None and (not word or word.lstrip(b"\n").startswith(b":")):
            if word:
                changes.append(_change(word.lstrip(b"\n"), next(words, b"")))
            word = next(words, None)
        yield Logged(Commit(sha, tuple(parents.split()), int(time), _text(author), _text(message)), tuple(changes))


def _text(text: str) -> str:
    """Return text that can be printed: a message may be in any encoding."""
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@lru_cache(4096)
def _path(name: bytes) -> PurePosixPath:
    return PurePosixPath(os.fsdecode(name))


def _change(word: bytes, name: bytes) -> FileChange:
    old_mode, mode, old_oid, oid, _ = word[1:].decode("ascii").split(" ")
    return FileChange(_path(name), int(old_mode, 8), int(mode, 8), old_oid, oid)
