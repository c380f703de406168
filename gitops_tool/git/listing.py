"""A name for the content of every file: git's own object id where the index vouches for a file, none of them read.

Two listings of one repository that give a path the same name stand for the same bytes at that path, in whatever clone.
"""

from __future__ import annotations

import os
import re
import stat
import time
from typing import TYPE_CHECKING

from gitops_tool.tree import object_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gitops_tool.git.repo import GitRepo

_SUBMODULE = "160000"
_CONVERTS = re.compile(rb"text|crlf|eol|filter|ident|working-tree-encoding")
"""Attributes by which files differ from git's objects of them: https://git-scm.com/docs/gitattributes."""

_MANY = 1000
"""How many files beside those that the index vouches for are read."""

_LARGE = 16 * 1024 * 1024
"""Bytes from which on such a file is not read."""

_SETTLED = 2_000_000_000
"""Nanoseconds after which a file's times tell whether it was written again."""


def list_commit(repo: GitRepo, tree: str) -> dict[str, str] | None:
    """Return a name for each file of a tree object; None if there are submodules, whose files it does not hold.

    Raises:
        GitError: git cannot read it.
    """
    done = repo.git.run("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree)
    found: dict[str, str] = {}
    for line in os.fsdecode(done.stdout).split("\0"):
        if line:
            head, _, path = line.partition("\t")
            mode, _, oid = head.split(" ")
            found[path] = f"{mode} {oid}"
    return None if any(name.startswith(_SUBMODULE) for name in found.values()) else found


def list_files(repo: GitRepo, root: Path) -> dict[str, str] | None:
    """Return a name for each file of the working tree as it is now, ignored ones included.

    None where git's index cannot tell: there are submodules or other repositories inside.

    Raises:
        GitError: git cannot read the index.
    """
    done = repo.git.run("ls-files", "-z", "-s", "-t", "-v", "-m", "-d", "-o")
    found: dict[str, str] = {}
    asked: set[str] = set()
    for line in os.fsdecode(done.stdout).split("\0"):
        tag, path = line[:1], line[2:]
        if tag == "?":
            asked.add(path)
        elif tag:
            head, _, path = path.partition("\t")
            mode, oid, _ = head.split(" ")
            found[path] = f"{mode} {oid}"
            if tag != "H":  # changed, gone, in conflict, or not to be looked at by git
                asked.add(path)
    nested = any(path.endswith("/") for path in asked)
    if nested or any(name.startswith(_SUBMODULE) for name in found.values()):
        return None
    if _is_converted(repo, root, found):
        asked |= found.keys()
    for path in asked:
        found.pop(path, None)
    found.update(_looked_at(root, asked))
    return found


def _is_converted(repo: GitRepo, root: Path, found: dict[str, str]) -> bool:
    """Whether git may write other bytes into files than its objects hold."""
    settings = repo.settings
    if settings.get("core.autocrlf", "false").lower() not in {"false", "no", "off", "0"} or "core.eol" in settings:
        return True
    files = [root / path for path in found if path.endswith(".gitattributes")]
    files += [repo.common_dir / "info/attributes", _global_attributes(settings.get("core.attributesfile"))]
    for file in files:
        try:
            if _CONVERTS.search(file.read_bytes()):
                return True
        except OSError:
            continue
    return False


def _global_attributes(configured: str | None) -> Path:
    from pathlib import Path

    home = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.path.expanduser(configured or f"{home}/git/attributes"))  # noqa: PTH111 - without a home, as it is


def _looked_at(root: Path, paths: set[str]) -> Iterator[tuple[str, str]]:
    """Yield a name for what stands at each path: by its content; of many or large files by their settled times."""
    now = time.time_ns()
    for path in paths:
        file = root / path
        try:
            status = file.lstat()
            mode = _git_mode(status.st_mode)
            if not stat.S_ISREG(status.st_mode) and not stat.S_ISLNK(status.st_mode):
                continue  # a pipe, a device: no tree has it either
            if (len(paths) > _MANY or status.st_size > _LARGE) and now - max(
                status.st_ctime_ns, status.st_mtime_ns
            ) > _SETTLED:
                times = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
                yield path, f"{mode} {' '.join(map(str, times))}"
                continue
            data = os.fsencode(file.readlink()) if file.is_symlink() else file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            yield path, f"0 {error.errno}"
            continue
        yield path, f"{mode} {object_id('blob', data)}"


def _git_mode(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "120000"
    return "100755" if mode & stat.S_IXUSR else "100644"
