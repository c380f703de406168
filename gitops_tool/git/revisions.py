"""What a clone tells about the names of revisions: branches, tags and commits, as Argo CD reads them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gitops_tool.errors import GitError

if TYPE_CHECKING:
    from gitops_tool.git.repo import GitRepo
    from gitops_tool.tree import Tree

_SHA = re.compile(r"[0-9a-f]{7,40}|[0-9a-f]{64}")
_EVERY_BRANCH = "+refs/heads/*:refs/remotes/"
_KNOWN, _TREE, _COMPLETE, _URLS, _NAMES = "known ", "tree ", "complete", "urls", "names"


class LocalRevisions:
    """Looks names up in one clone, and remembers the answers, so that what was concluded from them can be kept.

    Args:
        repo: the clone.
    """

    def __init__(self, repo: GitRepo) -> None:
        self._repo = repo
        self.answers: dict[str, str] = {}

    def agrees(self, answers: Mapping[str, str]) -> bool:
        """Whether the answers would be the same now."""
        return all(self._answer(question) == answer for question, answer in answers.items())

    @property
    def is_complete(self) -> bool:
        """Whether what is not found here was not at the remote either, when it was fetched last."""
        return bool(self._ask(_COMPLETE))

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs of the remotes."""
        return tuple(self._ask(_URLS).split())

    def known(self, name: str) -> bool:
        """Whether a branch, a tag or a commit of that name is here."""
        return bool(self._ask(_KNOWN + name))

    def tree(self, name: str) -> Tree | None:
        """Return the files at a branch, tag or commit; None if it is not here."""
        sha = self._ask(_TREE + name)
        return self._repo.tree(self._repo.resolve(sha)) if sha else None

    def similar(self) -> tuple[str, ...]:
        """Return the names that there are, for a hint."""
        return tuple(self._ask(_NAMES).split("\n"))

    def _ask(self, question: str) -> str:
        if question not in self.answers:  # every Application asks for its branch
            self.answers[question] = self._answer(question)
        return self.answers[question]

    def _answer(self, question: str) -> str:
        """Return the answer to a question; empty for no."""
        fixed: Mapping[str, Callable[[], str]] = {
            _COMPLETE: lambda: "yes" if self._has_everything() else "",
            _URLS: lambda: " ".join(self._configured("url")),
            _NAMES: lambda: "\n".join(sorted(self._names)),
        }
        if question in fixed:
            return fixed[question]()
        if question.startswith(_TREE):
            return self._commit(question.removeprefix(_TREE))
        return "yes" if self._commit(question.removeprefix(_KNOWN)) else ""

    def _has_everything(self) -> bool:
        everything = all(value.startswith(_EVERY_BRANCH) for value in self._configured("fetch"))
        if not everything or not any(ref.startswith("refs/remotes/") for ref in self._names.values()):
            return False
        return self._repo.git.text("rev-parse", "--is-shallow-repository") == "false"

    def _configured(self, key: str) -> list[str]:
        """Return a setting of every remote."""
        wanted = re.compile(rf"remote\..*\.{key}")
        return [value for name, value in self._repo.settings.items() if wanted.fullmatch(name)]

    @cached_property
    def _names(self) -> dict[str, str]:
        """The full name of each branch and tag by its short one; a remote's branch wins, as Argo CD sees that."""
        listing = self._repo.git.text("for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/remotes")
        found: dict[str, str] = {}
        for ref in listing.split("\n"):
            kind, _, name = ref.removeprefix("refs/").partition("/")
            if kind == "remotes":
                name = name.partition("/")[2]
                found[name] = ref
            else:
                found.setdefault(name, ref)
        return found

    def _commit(self, name: str) -> str:
        """Return the commit that a name stands for; empty if it is not here."""
        ref = self._names.get(name) or (name if name.startswith("refs/") or _SHA.fullmatch(name) else None)
        if ref is None:
            return ""
        try:
            return self._repo.resolve(ref).sha
        except GitError:
            return ""
