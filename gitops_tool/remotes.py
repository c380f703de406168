"""The URLs of remote bases, read as kustomize reads them.

Source: https://github.com/kubernetes-sigs/kustomize, release 5.8.1, api/internal/git/repospec.go.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from urllib.parse import quote, unquote_plus

from gitops_tool.errors import UsageError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.wording import quoted

_REMOTE = lazy_pattern(
    r"(?:git::)?(?:(?:file|ssh|https?)://.+|[a-z0-9][a-z0-9._-]*@[^/:]+[/:].+|(?:www\.)?github\.com[/:].+)",
    re.IGNORECASE | re.ASCII | re.DOTALL,
)
_SCHEME = lazy_pattern(r"(?:git::)?(?:(?P<scheme>[a-z]+)://)?(?:[^/@]*@)?", re.IGNORECASE)
_GIT_SUFFIX = lazy_pattern(r"\.git(?=/|$)")
_BAD_ESCAPE = lazy_pattern(r"%(?![0-9a-fA-F]{2})")
# https://git-scm.com/docs/git-check-ref-format
_BAD_REF = lazy_pattern(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)|^[-/.]|[/.]$|[\ud800-\udfff]")
_GLOB = lazy_pattern(r"[*?\[]")


@record
class RemoteUrl:
    """A remote base: `address` stands before the query, `ref` is what kustomize checks out, None for the default.

    `span` is where the text of the ref stands in `text`; None where the query has none.
    """

    text: str
    address: str
    ref: str | None
    span: tuple[int, int] | None

    @property
    def name(self) -> str:
        """The address as `host/owner/repository/folder`: without scheme, user, `.git` and doubled slashes."""
        return "/".join(part for part in (self.repository, self._folder) if part)

    @property
    def repository(self) -> str:
        """The repository as `host/owner/name`."""
        return self._split()[0]

    @property
    def _folder(self) -> str:
        return self._split()[1]

    def _split(self) -> tuple[str, str]:
        found = _SCHEME.match(self.address)
        rest = self.address[found.end() :] if found else self.address
        local = bool(found and (found["scheme"] or "").lower() == "file")
        if not local:
            host, _, path = re.sub(r"^([^/:]*):(?!\d+/)", r"\1/", rest).partition("/")
            rest = f"{host.lower()}/{path.lstrip('/')}"
        if suffix := _GIT_SUFFIX.search(rest):
            return rest[: suffix.start()], rest[suffix.end() :].strip("/")
        if "//" in rest:
            repository, _, folder = rest.partition("//")
            return repository.rstrip("/"), folder.strip("/")
        if local:
            return rest.rstrip("/"), ""
        parts = rest.strip("/").split("/")
        return "/".join(parts[:3]), "/".join(parts[3:])

    def matches(self, pattern: str) -> bool:
        """Whether a pattern means this base.

        It names the address as it is written, or `host/owner/repository/folder`, or a leading part of that up to a
        slash; `*` stands for any text. A URL's query says nothing.
        """
        wanted = pattern.partition("?ref=")[0].rstrip("/")
        parts = self.name.split("/")
        names = {self.address, self.name, *("/".join(parts[: length + 1]) for length in range(len(parts)))}
        if any(fnmatchcase(name, wanted) for name in names):
            return True
        if _GLOB.search(wanted) or not _REMOTE.fullmatch(wanted):
            return False
        return RemoteUrl(wanted, wanted, None, None).name in names


def parse_remote(text: str) -> RemoteUrl | None:
    """Read an entry of `resources:` as kustomize does; None for what is a path in the repository."""
    if not _REMOTE.fullmatch(text) or "\n" in text:
        return None
    address, mark, query = text.partition("?")
    found: dict[str, tuple[str, tuple[int, int]]] = {}
    if mark and not _is_ignored(query):
        place = len(address) + 1
        for part in query.split("&"):
            key, equals, value = part.partition("=")
            start = place + len(key) + len(equals)
            found.setdefault(unquote_plus(key), (unquote_plus(value), (start, start + len(value))))
            place += len(part) + 1
    # `ref` takes precedence over `version`, unless it is empty.
    deciding = next((found[key] for key in ("ref", "version") if key in found and found[key][0]), None)
    if deciding is None and "ref" in found and text[: found["ref"][1][0]].endswith("="):
        return RemoteUrl(text, address, None, found["ref"][1])
    return RemoteUrl(text, address, deciding[0], deciding[1]) if deciding else RemoteUrl(text, address, None, None)


def _is_ignored(query: str) -> bool:
    """Whether Go's url.ParseQuery refuses a query; kustomize then goes on as if there were none."""
    return ";" in query or bool(_BAD_ESCAPE.search(query))


def check_ref(ref: str) -> None:
    """Refuse what cannot be a branch, tag or commit in git.

    Raises:
        UsageError: with the reason.
    """
    if not ref or ref == "@" or _BAD_REF.search(ref):
        raise UsageError(f"{quoted(ref)} is not a valid git ref", hint="a ref is a branch, a tag or a commit's id")


def written_ref(ref: str) -> str:
    """Return a ref as it stands in a URL's query."""
    return quote(ref, safe="/-._~")
