"""What an AppProject permits, computed as Argo CD does.

Source: Argo CD 3.6, pkg/apis/application/v1alpha1/app_project_types.go (IsSourcePermitted, isDestinationMatched,
IsGroupKindNamePermitted, IsAppNamespacePermitted) and util/git/git.go (NormalizeGitURL).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from gitops_tool.patterns import lazy_pattern
from gitops_tool.records import record
from gitops_tool.rules.argocd.patterns import matches_glob, matches_pattern

IN_CLUSTER = "in-cluster"
IN_CLUSTER_SERVER = "https://kubernetes.default.svc"

_SSH = lazy_pattern(r"(ssh://)?[^/:]*?@[^@]+")
_START = r"(?P<start>[a-z][a-z0-9+.-]*://(?:[^/?#]*@)?)(?P<host>[^/?#@]*)"
_URL = lazy_pattern(rf"{_START}(?P<path>[^?#]*)(?P<rest>.*)", re.DOTALL)
_HOST = lazy_pattern(r"(?:[\w.~!$&'()*+,;=<>\"-]*|\[[^\]]*\])(?::\d*)?", re.ASCII)
_PATH = lazy_pattern(r"(?:[\w.~!$&'()*+,;=:@/\[\]-]|%[0-9a-f]{2})*", re.ASCII)


@record
class Cluster:
    """Where an Application's objects go: the API server's URL and Argo CD's name for it, empty where unknown."""

    server: str = ""
    name: str = ""

    @classmethod
    def of(cls, destination: Mapping[str, Any]) -> Cluster:
        """Read a `spec.destination`. The cluster that Argo CD runs in is known by its URL and its name."""
        server, name = (_text(destination.get(key)) for key in ("server", "name"))
        server = server.rstrip("/")
        if server == IN_CLUSTER_SERVER or (name == IN_CLUSTER and not server):
            return cls(IN_CLUSTER_SERVER, IN_CLUSTER)
        return cls(server, name)

    def __str__(self) -> str:
        """Return what people call it."""
        return self.server or self.name


def same_repository(url: str, other: str) -> bool:
    """Whether Argo CD takes two URLs for the same repository."""
    return normalize_url(url) == normalize_url(other) != ""


def normalize_url(url: str) -> str:
    """Return a repository's URL as Argo CD compares it: lower case, without `.git` and `ssh://`; empty if it is none.

    Globs go the same way, through Go's `net/url`: braces are no good in a host, and escaped in a path.
    """
    url = url.strip().lower()
    if _SSH.fullmatch(url) and not url.startswith("ssh://"):
        url = f"ssh://{url.replace(':', '/', 1)}"
    parsed = _URL.fullmatch(url.removesuffix(".git"))
    if parsed is None:
        return url.removesuffix(".git")
    if not _HOST.fullmatch(parsed["host"]):
        return ""
    path = parsed["path"] if _PATH.fullmatch(parsed["path"]) else quote(unquote(parsed["path"]), safe="$&+,/:;=@")
    return f"{parsed['start']}{parsed['host']}{path}{parsed['rest']}".removeprefix("ssh://")


def permits_repository(project: Mapping[str, Any], url: str) -> bool:
    """Whether `sourceRepos` names a repository, and does not deny it."""
    normalized = normalize_url(url)
    matched = False
    for pattern in _texts(project.get("sourceRepos")):
        deny = pattern.startswith("!")
        wanted = ("!" if deny else "") + normalize_url(pattern.removeprefix("!"))
        if _matches(wanted, normalized, "/"):
            matched = True
        elif deny:
            return False
    return matched


def permits_destination(project: Mapping[str, Any], cluster: Cluster, namespace: str) -> bool:
    """Whether `destinations` names a cluster with a namespace, and does not deny it.

    A cluster that is known by its URL only may have any name in Argo CD, and the other way round: an entry
    that could match it does.
    """
    matched = False
    for item in _mappings(project.get("destinations")):
        namespaces = _text(item.get("namespace"))
        here = _matches(namespaces, namespace)
        by_name = _side(_text(item.get("name")), cluster.name, cluster.server)
        by_server = _side(_text(item.get("server")), cluster.server, cluster.name)
        if here and (by_name.allows or by_server.allows):
            matched = True
        elif (by_name.denies or by_server.denies) if here else (namespaces.startswith("!") and by_server.certain):
            return False
    return matched


@record
class _Side:
    """What one side of a destination, name or server, says about a cluster."""

    allows: bool
    denies: bool
    certain: bool


def _side(pattern: str, value: str, other: str) -> _Side:
    if value:
        matched = _matches(pattern, value)
        return _Side(matched, not matched and pattern.startswith("!"), matched)
    return _Side(bool(pattern and other), denies=False, certain=False)


def permits_kind(project: Mapping[str, Any], group: str, kind: str, name: str, *, namespaced: bool) -> bool:
    """Whether the lists of allowed and denied kinds let an object pass.

    Without a list of allowed kinds every kind that lives in a namespace is allowed, and none that does not.
    """
    if namespaced:
        allowed, denied = project.get("namespaceResourceWhitelist"), project.get("namespaceResourceBlacklist")
        return (allowed is None or _listed(allowed, group, kind)) and not _listed(denied, group, kind)
    allowed, denied = project.get("clusterResourceWhitelist"), project.get("clusterResourceBlacklist")
    return _listed(allowed, group, kind, name) and not _listed(denied, group, kind, name)


def permits_application_namespace(project: Mapping[str, Any], namespace: str) -> bool:
    """Whether `sourceNamespaces` names a namespace outside Argo CD's own: by a glob, or a `/regular expression/`."""
    return any(_names(pattern, namespace) for pattern in _texts(project.get("sourceNamespaces")))


def _names(pattern: str, namespace: str) -> bool:
    if len(pattern) > 2 and pattern.startswith("/") and pattern.endswith("/"):
        try:
            return re.search(pattern[1:-1], namespace) is not None
        except re.error:
            return True  # Go's regular expressions are not quite Python's: what cannot be told is no finding
    return matches_glob(pattern, namespace)


def _matches(pattern: str, value: str, separators: str = "") -> bool:
    if pattern.startswith("!"):
        return not matches_glob(pattern[1:], value, separators)
    return pattern == "*" or matches_glob(pattern, value, separators)


def _listed(items: Any, group: str, kind: str, name: str | None = None) -> bool:
    """Whether a list holds a kind. Only the lists of kinds without a namespace tell objects apart by name."""
    for item in _mappings(items):
        wanted = "" if name is None else _text(item.get("name"))
        if (
            matches_pattern(_text(item.get("kind")), kind)
            and matches_pattern(_text(item.get("group")), group)
            and (not wanted or matches_pattern(wanted, name or ""))
        ):
            return True
    return False


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(values: Any) -> Iterator[str]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, str))


def _mappings(values: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))
