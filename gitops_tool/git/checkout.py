"""Moves the checked-out branch to a new commit: branch, index and files together, or none of them.

Git itself does the move (`git checkout` of the changed files with `git update-ref`, or `git merge --ff-only`), in
processes that outlive this one. For the case that git is killed, too, a note in the git directory says what was
under way, and the next writer mends it.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gitops_tool import process
from gitops_tool.errors import GitError
from gitops_tool.git.command import LOCAL_TIMEOUT, own_words
from gitops_tool.records import record

if TYPE_CHECKING:
    from typing import IO

    from gitops_tool.git.command import Git
    from gitops_tool.process import Completed

_NOTE = "gitops-move.json"
_MOVING = {"GIT_REFLOG_ACTION": "gitops", "GIT_OPTIONAL_LOCKS": "1"}
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")
"""Files that tell of a commit the user has yet to conclude: whether the branch may move then, `git merge` decides."""

_HINT = "commit, stash or undo your changes to these files; or use --push with another --branch"
_HINT_UNDER_WAY = "conclude what is under way or abort it, `git status` says how; or use --push with another --branch"


@record
class CleanEdits:
    """The files that differ between two commits, found clean; `marks` change when the files or the index do."""

    old: str
    new: str
    paths: tuple[str, ...]
    marks: tuple[tuple[int, ...], ...]


@record
class Checkout:
    """A working tree: its root, its own git directory, and the one it shares with other worktrees."""

    git: Git
    root: Path
    git_dir: Path
    common_dir: Path

    def fast_forward(self, ref: str, old: str, new: str, lock: int, earlier: CleanEdits | None = None) -> None:
        """Move the checked-out branch `ref` from `old` to its descendant `new`.

        Args:
            ref: the full name of the branch.
            old: the commit it is at.
            new: the commit to move to.
            lock: the descriptor of the held lock, which git inherits.
            earlier: what `clean_edits` found out a while ago.

        Raises:
            GitError: a touched file has uncommitted changes, or the branch moved; nothing happened.
        """
        edits = earlier if earlier and self._still_holds(earlier, old, new) else self.clean_edits(old, new)
        if edits is None:
            self._refuse_deleted(old, new)
        note = self.git_dir / _NOTE
        _write_note(note, {"ref": ref, "old": old, "new": new, "time": time.time()})
        done = self._move_alone(ref, old, new, edits.paths, lock) if edits else self._merge(new, lock)
        # Reached only when git ended by itself; after an interruption the note stays for `mend`.
        note.unlink(missing_ok=True)
        if done.returncode != 0:
            words = own_words(done).partition("\nPlease")[0]
            hint = _HINT if "overwritten" in words else _HINT_UNDER_WAY if self._is_under_way() else None
            raise GitError(f"the checkout cannot follow: {words}", hint=hint)

    def _merge(self, new: str, lock: int) -> Completed:
        """Have git move branch, index and files, after a look at every file."""
        return self.git.run(
            *("-c", "core.hooksPath=/dev/null", "merge", "--ff-only", "--quiet", "--no-stat"),
            *("--no-verify-signatures", "--no-overwrite-ignore", new),
            detached=True,
            inherit=(lock,),
            env=_MOVING,
            accept=range(256),
        )

    def clean_edits(self, old: str, new: str) -> CleanEdits | None:
        """Return the changed files if all are in both commits, and in index and working tree as in the first.

        None also while a merge is under way, for `git merge` to refuse.
        """
        if self._is_under_way():
            return None
        raw = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new).stdout.split(b"\0")
        paths = tuple(os.fsdecode(name) for name in raw[1::2])
        edited = all(status.endswith(b" M") for status in raw[0:-1:2])
        marks = self._marks(paths)  # before the look, so that what changes during it counts as changed
        if not paths or not edited or not all(marks):
            return None
        if self.git.run("diff-index", "-z", "--name-only", old, "--", *paths).stdout:
            return None
        return CleanEdits(old, new, paths, marks)

    def _is_under_way(self) -> bool:
        return any((self.git_dir / name).exists() for name in _UNDER_WAY)

    def _still_holds(self, edits: CleanEdits, old: str, new: str) -> bool:
        """Whether nobody touched the index or one of the files since they were found clean."""
        same = (edits.old, edits.new) == (old, new) and edits.marks == self._marks(edits.paths)
        return same and not self._is_under_way()

    def _marks(self, paths: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
        """Return what the system says of the index and of each file; nothing of one that is not there."""
        return tuple(_mark(path) for path in (self.git_dir / "index", *(self.root / path for path in paths)))

    def _move_alone(self, ref: str, old: str, new: str, paths: tuple[str, ...], lock: int) -> Completed:
        """Move branch, index and some clean files without a look at all the others; returns what git answered.

        Of 55,000 files, `git merge` looks at each, for a quarter of a second.
        """
        mover = self.git.start("update-ref", "-m", "gitops", "--stdin", detached=True, inherit=(lock,))
        with mover:
            try:
                # The branch moves when the pipe closes: after the checkout's end, even if this process is killed.
                pipe = _input(mover)
                with self._start_checkout(new, paths, (lock, pipe.fileno())) as checkout:
                    pipe.write(f"update {ref} {new} {old}\n".encode())
                    pipe.flush()
                    done = process.finish(checkout, ("git",), timeout=LOCAL_TIMEOUT)
                if done.returncode != 0:
                    process.stop(mover)
                    self._put_back(paths, old)
                    return done
                done = process.finish(mover, ("git",), timeout=LOCAL_TIMEOUT)
            except BaseException:
                process.stop(mover)
                raise
        if done.returncode != 0:
            self._settle(old, old, new)
        return done

    def _put_back(self, paths: tuple[str, ...], revision: str) -> None:
        """Undo a checkout that failed half-way, byte over byte and without new files: a full disk may be why."""
        for path in paths:
            content = self.git.run("cat-file", "--filters", f"{revision}:{path}").stdout
            if (self.root / path).read_bytes() != content:
                with (self.root / path).open("r+b") as file:
                    file.write(content)
                    file.truncate()
        # Where the index could not be written, it is as it was.
        self.git.run("reset", "--quiet", revision, "--", *paths, env=_MOVING, accept=range(256))

    def _start_checkout(self, revision: str, paths: tuple[str, ...], inherit: tuple[int, ...]) -> process.Child:
        arguments = ("-c", "core.hooksPath=/dev/null", "checkout", "--quiet", revision, "--", *paths)
        return self.git.start(*arguments, detached=True, inherit=inherit, env=_MOVING)

    def _refuse_deleted(self, old: str, new: str) -> None:
        """Stop if a file that the move touches was deleted: git would bring it back without a word.

        Raises:
            GitError: with the names.
        """
        missing = [path for path in self._changed(old, new) if not os.path.lexists(self.root / path)]
        if not missing:
            return
        # The others are new, or left out by a sparse checkout.
        listing = self.git.run("diff-files", "-z", "--name-only", "--diff-filter=D").stdout.split(b"\0")
        if deleted := {os.fsdecode(name) for name in listing}.intersection(missing):
            names = ", ".join(f'"{name}"' for name in sorted(deleted))
            raise GitError(f"the checkout cannot follow: {names} was deleted, but not committed", hint=_HINT)

    def _changed(self, old: str, new: str) -> list[str]:
        """Return the paths of the files that differ between two commits."""
        changed = self.git.run("diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new).stdout
        return [os.fsdecode(name) for name in changed.split(b"\0") if name]

    def mend(self) -> bool:
        """Finish or undo a move that was cut off; the caller holds the lock. Returns whether there was one.

        Raises:
            GitError: a file that the move touched was edited since; it is named and left alone.
        """
        note = self.git_dir / _NOTE
        try:
            move = json.loads(note.read_bytes())
            ref, old, new, since = str(move["ref"]), str(move["old"]), str(move["new"]), float(move["time"])
        except FileNotFoundError:
            return False
        except (ValueError, KeyError, TypeError):
            note.unlink(missing_ok=True)  # cut off while it was written: the move had not begun
            return False
        self._remove_stale_locks(ref, since)
        # The branch says where the move ended: files and index follow it, back or forth.
        branch = self.git.text("rev-parse", "--verify", "--quiet", "--end-of-options", ref, accept=(0, 1))
        edited = self._settle(branch, old, new) if branch in {old, new} else []
        note.unlink(missing_ok=True)
        if edited and branch == old:  # behind a finished move, they are the user's own work
            names = ", ".join(f'"{name}"' for name in edited)
            raise GitError(f"an update was cut off and {names} changed since", hint="see `git status`, then run again")
        return True

    def _remove_stale_locks(self, ref: str, since: float) -> None:
        """Remove lock files of the killed git: we hold the lock it inherited, so it is gone."""
        names = ["index.lock", "HEAD.lock", "ORIG_HEAD.lock", f"{ref}.lock"]
        for path in [self.git_dir / name for name in names] + [self.common_dir / f"{ref}.lock"]:
            if path.exists() and path.stat().st_mtime >= since - 1:
                path.unlink(missing_ok=True)

    def _settle(self, target: str, old: str, new: str) -> list[str]:
        """Put the files and index entries that differ between two commits to what they are in one of them.

        They were clean when the move began, or git would have refused it. One that holds
        neither commit's content was edited since and stays; returns these.
        """
        edited = []
        for path in map(PurePosixPath, self._changed(old, new)):
            if not self._restorable(path, old, new):
                edited.append(str(path))
            elif self._exists(target, path):
                self._restore(path, target)
            else:
                (self.root / path).unlink(missing_ok=True)
                self.git.run("rm", "--quiet", "--cached", "--ignore-unmatch", "--", str(path))
        return edited

    def _restore(self, path: PurePosixPath, revision: str) -> None:
        """Put one file and its index entry back to a commit's.

        Raises:
            GitError: the index cannot be written.
        """
        try:
            self.git.run("checkout", "--quiet", revision, "--", str(path))
        except GitError:
            # On a full disk there is no room for a new index, and the old one stands. The file's own blocks suffice.
            content = self.git.run("cat-file", "--filters", f"{revision}:{path}").stdout
            flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
            with suppress(OSError), os.fdopen(os.open(self.root / path, flags, 0o666), "wb") as file:
                file.write(content)
                file.truncate()
            raise

    def _exists(self, revision: str, path: PurePosixPath) -> bool:
        return bool(self.git.run("ls-tree", "-z", revision, "--", str(path)).stdout)

    def _restorable(self, path: PurePosixPath, old: str, new: str) -> bool:
        """Whether a file is missing, holds one of the two contents, or the beginning of the new one."""
        try:
            found = (self.root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False  # a directory in its place, or not readable
        contents = [
            self.git.run("cat-file", "--filters", f"{revision}:{path}").stdout
            for revision in (old, new)
            if self._exists(revision, path)
        ]
        return found in contents or contents[-1].startswith(found)


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.lstat()
    except OSError:
        return ()
    return found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _input(child: process.Child) -> IO[bytes]:
    if child.stdin is None:
        raise GitError("git has no input")
    return child.stdin


def _write_note(path: Path, move: dict[str, object]) -> None:
    """Write the note whole or not at all."""
    scratch = path.with_suffix(".tmp")
    try:
        with scratch.open("w", encoding="utf-8") as file:
            json.dump(move, file)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise GitError(f'cannot write "{path}": {error.strerror}', hint="is the repository read-only?") from error
