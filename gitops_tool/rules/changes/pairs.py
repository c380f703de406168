"""The objects of an overlay before and after a change, and what a sync is told to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitops_tool.rules.argocd.hooks import annotation, is_hook, words
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.options import SYNC_OPTIONS

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.argocd.objects import Application
    from gitops_tool.rules.base import ChangeView

_Key = tuple[str, str, str, str]


def changed(view: ChangeView) -> Iterator[tuple[Resource, Resource]]:
    """Yield each object that is rendered before and after, where the two differ.

    Left out is what a sync makes anew each time: hooks.
    """
    earlier = {_key(item): item for item in view.before.render.resources}
    for after in view.after.render.resources:
        before = earlier.get(_key(after))
        if before is not None and before.body != after.body and not is_hook(after) and not is_hook(before):
            yield before, after


def removed(view: ChangeView) -> Iterator[Resource]:
    """Yield each object that is rendered before, and not after; hooks are nothing that a sync keeps."""
    later = {_key(item) for item in view.after.render.resources}
    for before in view.before.render.resources:
        if _key(before) not in later and before.id.name and not is_hook(before):
            yield before


def syncing(view: ChangeView) -> tuple[Application, ...]:
    """Return the Applications that sync the overlay after the change."""
    return landscape(view.repository).syncing(view.after)


def has_option(item: Resource, applications: tuple[Application, ...], *options: str) -> bool:
    """Whether a sync option is set: for the object, or for all of its Applications."""
    if set(options) & set(words(annotation(item, SYNC_OPTIONS))):
        return True
    return bool(applications) and all(set(options) & set(application.options) for application in applications)


def _key(item: Resource) -> _Key:
    """Return what stays the same of an object, whatever version of its API it is written in."""
    return item.id.group, item.id.kind, item.id.namespace, item.id.name
