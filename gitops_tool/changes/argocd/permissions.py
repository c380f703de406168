"""What an AppProject has to permit for an Application to sync, and the edits that make it so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.rules.argocd.projects import (
    IN_CLUSTER_SERVER,
    Cluster,
    permits_destination,
    permits_kind,
    permits_repository,
)
from gitops_tool.schemas.scopes import is_namespaced
from gitops_tool.yamledit.items import add_item

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Written
    from gitops_tool.changes.draft import Draft
    from gitops_tool.yamledit.items import Item

Kind = tuple[str, str]
"""An API group, and a kind in it."""


@record
class Needs:
    """What one Application needs: its repository, where its objects go, and their kinds."""

    repo_url: str
    destination: Mapping[str, str]
    kinds: frozenset[Kind]


def permit(draft: Draft, project: Written, needs: Iterable[Needs]) -> Iterator[str]:
    """Add to a project what it does not permit yet; yields a line for people for each."""
    spec: dict[str, Any] = dict(project.spec)
    for need in needs:
        for key, item in _missing(spec, need):
            entries: Any = spec.get(key) or []
            spec[key] = [*entries, item]
            _add(draft, project, key, item)
            yield f'project "{project.name}" permits {_words(key, item)}'


def _add(draft: Draft, project: Written, key: str, item: Item) -> None:
    def added(data: bytes) -> bytes:
        return add_item(data, ("spec", key), item, path=project.path, document=project.document)

    draft.change(project.path, added)


def _missing(spec: Mapping[str, Any], need: Needs) -> Iterator[tuple[str, Item]]:
    """Yield the lists of a project and the entries that they lack. What is denied expressly is not argued with."""
    if not permits_repository(spec, need.repo_url):
        yield "sourceRepos", need.repo_url
    if not _reaches(spec, need.destination):
        yield "destinations", need.destination
    for group, kind in sorted(need.kinds):
        namespaced = is_namespaced(group, kind) is not False
        if not permits_kind(spec, group, kind, "", namespaced=namespaced):
            yield ("namespace" if namespaced else "cluster") + "ResourceWhitelist", {"group": group, "kind": kind}


def _reaches(spec: Mapping[str, Any], destination: Mapping[str, str]) -> bool:
    """Whether a project permits a destination for certain: by the key that names the cluster there.

    Whether a name and a URL are the same cluster is not known here, but for the one that Argo CD runs in.
    """
    cluster = Cluster.of(destination)
    entries = spec.get("destinations")
    if cluster.server != IN_CLUSTER_SERVER and isinstance(entries, list):
        key = "server" if destination.get("server") else "name"
        entries = [one for one in entries if isinstance(one, dict) and one.get(key)]
    return permits_destination({**spec, "destinations": entries}, cluster, destination.get("namespace", ""))


def _words(key: str, item: Item) -> str:
    if isinstance(item, str):
        return item
    if key == "destinations":
        return f'namespace "{item.get("namespace", "")}" of {item.get("server") or item.get("name")}'
    return f"{item['kind']} of group {item['group']}" if item["group"] else item["kind"]
