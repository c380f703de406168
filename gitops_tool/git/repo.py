"""The repository as the rest of the program sees it: revisions, trees, commits, branches."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitops_tool.errors import GitError
from gitops_tool.git.checkout import Checkout, CleanEdits
from gitops_tool.git.command import Git
from gitops_tool.git.exchange import Remote
from gitops_tool.git.lock import exclusive
from gitops_tool.git.objects import GitTree, ObjectReader, write_tree
from gitops_tool.model import Revision
from gitops_tool.wording import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import PurePosixPath

    from gitops_tool.git.partial import ReadAhead
    from gitops_tool.git.past import PastTree
    from gitops_tool.tree import PatchedTree


_HISTORY_TIMEOUT = 600.0
"""Seconds for the whole history of a repository, without its files."""


class GitRepo:
    """One repository, with or without a working tree.

    Args:
        git: runs git in the repository.
        root: the working tree's root; None for a bare repository.
        git_dir: the git directory of this working tree.
        common_dir: the git directory that all working trees share.
        ahead: brings what a partial clone lacks.
    """

    def __init__(
        self, git: Git, root: Path | None, git_dir: Path, common_dir: Path, ahead: ReadAhead | None = None
    ) -> None:
        self.git = git
        self.ahead = ahead
        self.root = root
        self.git_dir = git_dir
        self.common_dir = common_dir
        self._reader = ObjectReader(git)
        self._remotes: dict[str, Remote] = {}
        self._clean: CleanEdits | None = None

    @classmethod
    def open(cls, folder: Path) -> GitRepo:
        """Find the repository that a folder belongs to.

        Raises:
            GitError: there is none, or git refuses it.
        """
        if not folder.is_dir():
            raise GitError(f'"{folder}" is not a folder')
        git = Git(folder)
        questions = ("--is-bare-repository", "--is-inside-git-dir", "--absolute-git-dir", "--git-common-dir")
        try:
            answer = git.text("rev-parse", *questions, "--show-cdup")
        except GitError as error:
            if "not a git repository (or any " not in error.message:
                raise
            hint = "run it in one, or name its folder with -C; `gitops init` sets a new one up"
            raise GitError("this is not a git repository", hint=hint) from None
        bare, inside, git_dir, common, *up = answer.split("\n")
        common_dir = (folder / common).resolve()
        if bare == "true":
            return cls(Git(Path(git_dir)), None, Path(git_dir), common_dir)
        if inside == "true":
            raise GitError(f'"{folder}" is inside a git directory', hint="run it in the working tree")
        root = (folder / (up[0] if up else "")).resolve()
        return cls(Git(root), root, Path(git_dir), common_dir)

    @classmethod
    def create(cls, folder: Path) -> GitRepo:
        """Make a repository of a folder that is in none.

        Raises:
            GitError: git cannot, in its own words.
        """
        Git(folder).run("init", "--quiet")
        return cls.open(folder)

    @property
    def settings(self) -> Mapping[str, str]:
        """Git's configuration as it applies here, keys in git's normal form, the last value of each.

        A key without a value means true.
        """
        return self._at_first[0]

    @cached_property
    def _at_first(self) -> tuple[Mapping[str, str], str | None]:
        """The configuration, and the branch that is checked out when it is read: two questions at a time."""
        with (
            self.git.begin("config", "--list", "-z") as asked_settings,
            self.git.begin("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)) as asked_branch,
        ):
            listing = os.fsdecode(asked_settings.result().stdout)
            ref = os.fsdecode(asked_branch.result().stdout).rstrip("\n")
        pairs = (item.partition("\n") for item in listing.split("\0") if item)
        settings = {key: value if newline else "true" for key, newline, value in pairs}
        return settings, ref.removeprefix("refs/heads/") or None

    def resolve(self, name: str) -> Revision:
        """Return the commit that a name stands for.

        Raises:
            GitError: there is no such commit.
        """
        found = self.find(name)
        if found is None:
            raise GitError(f'no commit "{name}" in this repository', hint="fetch it first, or check the spelling")
        return found

    def has(self, name: str) -> bool:
        """Whether a name stands for a commit."""
        return self.find(name) is not None

    def find(self, name: str) -> Revision | None:
        """Return the commit that a name stands for, None where there is none."""
        found = self._reader.get(f"{name}^{{commit}}")
        return Revision(found[0]) if found else None

    def tree(self, revision: Revision) -> GitTree:
        """Return the files of a commit."""
        found = self._reader.get(f"{revision.sha}^{{tree}}")
        if found is None:
            raise GitError(f'commit "{revision.sha}" is missing', hint="the repository is damaged: run `git fsck`")
        return GitTree(self.git, self._reader, found[0], self.ahead, (self, revision))

    def complete_history(self) -> None:
        """Bring the older commits that a clone in the cache lacks; others are left as their users made them.

        Raises:
            GitError: the server cannot be reached or refuses; in its own words.
        """
        if self.ahead is None or not (self.common_dir / "shallow").exists():
            return
        names = self.git.text("for-each-ref", "--format=%(refname:lstrip=3)", "refs/remotes/origin/").split()
        wanted = [f"+refs/heads/{name}:refs/remotes/origin/{name}" for name in names]
        self.git.run(
            *("fetch", "--quiet", "--unshallow", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"),
            *("--no-recurse-submodules", "--end-of-options", "origin", *wanted),
            timeout=_HISTORY_TIMEOUT,
        )

    def past(self, start: Revision) -> PastTree:
        """Return the files of a commit, from where a walk through the history takes them back."""
        from gitops_tool.git.past import PastTree

        return PastTree(self.git, self._reader, self.tree(start), self.ahead)

    @property
    def branch(self) -> str | None:
        """The checked-out branch; None when HEAD is detached."""
        ref = self.git.text("symbolic-ref", "--quiet", "HEAD", accept=(0, 1))
        return ref.removeprefix("refs/heads/") or None

    def head(self) -> Revision:
        """Return the commit that is checked out.

        Raises:
            GitError: the branch has no commit yet.
        """
        found = self.find("HEAD")
        if found is None:
            raise GitError("the current branch has no commit yet", hint="make a first commit with git")
        return found

    def lock(self, deadline: float) -> AbstractContextManager[int]:
        """Hold this repository's lock against other writers of this tool; see `lock.exclusive`."""
        return exclusive(self.common_dir / "gitops.lock", deadline)

    @property
    def oid_length(self) -> int:
        """Digits of an object id here."""
        return 64 if self.settings.get("extensions.objectformat") == "sha256" else 40

    def has_commit(self) -> bool:
        """Whether the checked-out branch has a commit yet."""
        return self.has("HEAD")

    def begin(self, branch: str, first: Revision, files: Sequence[PurePosixPath], lock: int) -> None:
        """Make a first commit the tip of the checked-out branch, and put its files into the index.

        Raises:
            GitError: the branch has a commit meanwhile; nothing happened.
        """
        ref, none = f"refs/heads/{branch}", "0" * self.oid_length
        self.git.run("update-ref", "-m", "gitops", ref, first.sha, none, detached=True, inherit=(lock,))
        self.git.run("add", "--force", "--", *map(str, files), detached=True, inherit=(lock,))

    def commit(self, parent: Revision | None, tree: PatchedTree, message: str, *, sign: bool = False) -> Revision:
        """Make a commit of objects alone; no branch, index or file changes. Without a parent, it is a first one.

        Author, committer and signing key come from git's configuration; `commit.gpgSign` signs, too.

        Raises:
            GitError: no identity is configured, or git cannot write or sign.
        """
        written = write_tree(self.git, tree)
        wanted = sign or self.settings.get("commit.gpgsign", "").lower() in {"true", "yes", "on", "1"}
        options = ["-S"] * wanted + (["-p", parent.sha] if parent else [])
        try:
            sha = self.git.text("commit-tree", *options, "-F", "-", written, stdin=message.encode())
        except GitError as error:
            if "auto-detection is disabled" in error.message or "tell me who you are" in error.message:
                raise GitError(
                    "git knows no author for the commit",
                    hint="set one: git config user.name NAME && git config user.email ADDRESS",
                ) from error
            raise
        return Revision(sha)

    def fast_forward(self, branch: str, old: Revision, new: Revision, lock: int) -> None:
        """Move a local branch to a descendant; if it is checked out, index and files follow.

        Raises:
            GitError: a touched file has uncommitted changes, or the branch moved; nothing happened.
        """
        self._move(branch, old, new, lock, checked_out=self.branch == branch)

    def _move(self, branch: str, old: Revision, new: Revision, lock: int, *, checked_out: bool) -> None:
        ref = f"refs/heads/{branch}"
        if checked_out and (checkout := self._checkout):
            checkout.fast_forward(ref, old.sha, new.sha, lock, self._clean)
        else:
            self.git.run("update-ref", "-m", "gitops", ref, new.sha, old.sha, detached=True, inherit=(lock,))

    def mend(self) -> bool:
        """Finish or undo what a killed run left half-done; see `Checkout.mend`."""
        checkout = self._checkout
        return checkout.mend() if checkout else False

    @property
    def _checkout(self) -> Checkout | None:
        return Checkout(self.git, self.root, self.git_dir, self.common_dir) if self.root else None

    def is_ancestor(self, old: Revision, new: Revision) -> bool:
        """Whether `new` contains `old`."""
        return self.git.run("merge-base", "--is-ancestor", old.sha, new.sha, accept=(0, 1)).returncode == 0

    def remote(self, name: str) -> Remote:
        """Return a configured remote, ready for fetch and push.

        Raises:
            GitError: there is no such remote, or its URL is refused.
        """
        if name not in self._remotes:
            urls = [self.settings.get(f"remote.{name}.{key}") for key in ("pushurl", "url")]
            known_urls = [url for url in urls if url is not None]
            if not known_urls:
                keys = (key for key in self.settings if key.startswith("remote.") and key.endswith(".url"))
                known = sorted({key.removeprefix("remote.").removesuffix(".url") for key in keys})
                hint = f"known remotes: {', '.join(known)}" if known else "add one: git remote add origin URL"
                raise GitError(f"no remote {quoted(name)}", hint=hint)
            self._remotes[name] = Remote(self, name, known_urls)
        return self._remotes[name]

    def push_branch(self, remote: str) -> str:
        """Return the branch that pushes go to when none is named.

        That is what the checked-out branch tracks, else its own name; on a detached HEAD, as CI checks out,
        GitLab's `CI_COMMIT_BRANCH`, else the remote's default branch.

        Raises:
            GitError: none of these tells.
        """
        branch = self._at_first[1]
        if branch is not None:
            tracked = self.settings.get(f"branch.{branch}.merge", "").removeprefix("refs/heads/")
            return tracked if tracked and self.settings.get(f"branch.{branch}.remote") == remote else branch
        default = self.git.text("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", accept=(0, 1))
        name = os.environ.get("CI_COMMIT_BRANCH") or default.removeprefix(f"refs/remotes/{remote}/")
        if not name:
            raise GitError("HEAD is detached and no branch is named", hint="say which one with --branch")
        return name

    def follow(self, branch: str, revision: Revision, lock: int) -> str | None:
        """Fast-forward the local branch of that name to what was pushed; return why not, if so."""
        local = self.find(f"refs/heads/{branch}")
        if local is None or local == revision:
            return None
        if local != self.find(f"{revision.sha}^") and not self.is_ancestor(local, revision):
            return f'local branch "{branch}" has commits of its own and was left where it is'
        checked_out = self.branch == branch
        if not checked_out and f"branch refs/heads/{branch}" in self._worktrees():
            return f'local branch "{branch}" is checked out in another working tree and was left where it is'
        try:
            self._move(branch, local, revision, lock, checked_out=checked_out)
        except GitError as error:
            return f'local branch "{branch}" was left where it is: {error.message}'
        return None

    def prepare_to_follow(self, branch: str, base: Revision, revision: Revision) -> None:
        """Find out what `follow` will have to know, for a commit on top of `base`; while it is pushed, for example."""
        checkout = self._checkout
        with suppress(GitError):  # then `follow` has to look itself, and says what is wrong
            if checkout and self._at_first[1] == branch and self.find(f"refs/heads/{branch}") == base:
                self._clean = checkout.clean_edits(base.sha, revision.sha)

    def _worktrees(self) -> list[str]:
        return self.git.text("worktree", "list", "--porcelain").split("\n")

    def last_commit(self, path: PurePosixPath, old: Revision | None, new: Revision) -> str:
        """Describe the newest commit between two that touched a file; see `history.last_commit`."""
        from gitops_tool.git.history import last_commit

        return last_commit(self.git_dir, path, old, new)

    def message(self, revision: Revision) -> str:
        """Return a commit's message."""
        return self.git.text("show", "--no-patch", "--format=%B", "--end-of-options", revision.sha)

    def parents(self, revision: Revision) -> list[str]:
        """Return the ids of a commit's parents."""
        return self.git.text("show", "--no-patch", "--format=%P", "--end-of-options", revision.sha).split()

    def close(self) -> None:
        """End the helper processes."""
        self._reader.close()
