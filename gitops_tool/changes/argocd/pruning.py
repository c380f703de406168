"""What Argo CD does with the objects that a change takes out of the repository.

Source: Argo CD 3.6, controller/sync.go (prune), controller/appcontroller.go (finalizeApplicationDeletion,
shouldBeDeleted) and https://argo-cd.readthedocs.io/en/stable/user-guide/app_deletion/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from gitops_tool.changes.argocd.objects import Written, app_objects
from gitops_tool.records import record
from gitops_tool.rules.argocd.hooks import words
from gitops_tool.rules.argocd.objects import written_sources
from gitops_tool.rules.base import dig
from gitops_tool.rules.changes.pruning import LOSSES
from gitops_tool.tree import is_directory

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.config import Settings
    from gitops_tool.model import Overlay, ResourceDiff, ResourceId
    from gitops_tool.tree import Tree

_FINALIZER = "resources-finalizer.argocd.argoproj.io"
_OPTIONS = "argocd.argoproj.io/sync-options"
_HOOK = "argocd.argoproj.io/hook"
_HELM = "helm.sh/resource-policy"
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


class Fate(StrEnum):
    """What becomes of an object that is no longer in the repository."""

    PRUNED = "pruned"
    """Argo CD deletes it."""
    CONFIRM = "confirm"
    """Argo CD deletes it when a person has confirmed."""
    KEPT = "kept"
    """It stays in the cluster."""


@record
class Removed:
    """An object that a change takes out, and what becomes of it: why, and what goes with it, if anything does.

    `application` is empty where none syncs it.
    """

    id: ResourceId
    overlay: Overlay
    application: str
    fate: Fate
    reason: str
    loss: str | None = None


def removals(
    before: Tree, after: Tree, settings: Settings, effects: Sequence[tuple[Overlay, Sequence[ResourceDiff]]]
) -> tuple[Removed, ...]:
    """Return what becomes of every object that is rendered before a change and not after it.

    Args:
        before: the repository before the change.
        after: the repository with it.
        settings: those before.
        effects: the overlays, each with what differs in its render.
    """
    if not any(diff.after is None for _, diffs in effects for diff in diffs):
        return ()
    sides = _Sides(before, after, settings, sorted({overlay.app for overlay, _ in effects}))
    return tuple(found for overlay, diffs in effects for found in sides.removed(overlay, diffs))


@record
class _Verdict:
    """What becomes of the objects of one Application: why, and the sync options and kinds that are spared."""

    application: str
    fate: Fate
    reason: str
    keep: str = ""
    options: tuple[str, ...] = ()

    def of(self, overlay: Overlay, diff: ResourceDiff) -> Removed:
        fate, reason = self._judged(diff)
        loss = LOSSES.get((diff.id.group, diff.id.kind)) if fate is not Fate.KEPT else None
        if diff.id.kind == "Application" and not _cascades(diff.before or {}):
            loss = None
        return Removed(diff.id, overlay, self.application, fate, reason, loss)

    def _judged(self, diff: ResourceDiff) -> tuple[Fate, str]:
        if self.fate is Fate.KEPT:
            return self.fate, self.reason
        annotations = dig(diff.before, "metadata", "annotations")
        own = annotations if isinstance(annotations, dict) else {}
        options = {*words(str(own.get(_OPTIONS) or "")), *self.options}
        in_sync, definition = self.keep == "Prune", diff.id.kind == "CustomResourceDefinition"
        judgements = (
            (in_sync and _HOOK in own, Fate.KEPT, "a hook, which a sync does not prune"),
            (f"{self.keep}=false" in options, Fate.KEPT, f"{self.keep}=false"),
            (own.get(_HELM) == "keep", Fate.KEPT, f"{_HELM}: keep"),
            (not in_sync and definition, Fate.KEPT, "definitions are never deleted with an Application"),
            (f"{self.keep}=confirm" in options, Fate.CONFIRM, f"{self.keep}=confirm"),
        )
        return next(((fate, why) for holds, fate, why in judgements if holds), (self.fate, self.reason))


class _Sides:
    """Argo CD's objects before and after a change."""

    def __init__(self, before: Tree, after: Tree, settings: Settings, apps: Sequence[str]) -> None:
        self.after_tree = after
        self.before = app_objects(before, settings, *apps)
        self.after = app_objects(after, settings, *apps)

    def removed(self, overlay: Overlay, diffs: Sequence[ResourceDiff]) -> Iterator[Removed]:
        gone = [diff for diff in diffs if diff.after is None]
        if not gone:
            return
        syncing = [item for item in self.before if syncs(item, overlay.path)]
        verdicts = [self._verdict(item, overlay) for item in syncing]
        if not verdicts:
            verdicts = [_Verdict("", Fate.KEPT, "no Application syncs it")]
        # Of several Applications, the one that deletes decides.
        verdict = next((found for found in verdicts if found.fate is not Fate.KEPT), verdicts[0])
        yield from (verdict.of(overlay, diff) for diff in gone)

    def _verdict(self, item: Written, overlay: Overlay) -> _Verdict:
        if item.kind == "ApplicationSet":
            return self._verdict_of_set(item, overlay)
        stays = next((other for other in self.after if (other.kind, other.name) == (item.kind, item.name)), None)
        if stays is None:
            return self._deleted(item)
        if not syncs(stays, overlay.path):
            return _synced(stays.name, stays.spec)
        if not is_directory(self.after_tree, overlay.path):
            return _Verdict(item.name, Fate.KEPT, f'Application "{item.name}" stays, and fails without its directory')
        return _synced(item.name, stays.spec)

    def _verdict_of_set(self, item: Written, overlay: Overlay) -> _Verdict:
        name = f"{overlay.app}-{overlay.environment}"
        if is_directory(self.after_tree, overlay.path):
            return _synced(name, item.application_spec)
        policy = dig(item.spec, "syncPolicy", "applicationsSync")
        if policy in {"create-only", "create-update"}:
            return _Verdict(name, Fate.KEPT, f'ApplicationSet "{item.name}" deletes no Applications ({policy})')
        if dig(item.spec, "syncPolicy", "preserveResourcesOnDeletion") is True:
            return _Verdict(name, Fate.KEPT, f'ApplicationSet "{item.name}" preserves resources')
        return _Verdict(name, Fate.PRUNED, f'ApplicationSet "{item.name}" deletes the Application', "Delete")

    def _deleted(self, item: Written) -> _Verdict:
        """Return what becomes of the objects of an Application that is taken out."""
        roots = [other for other in self.before if syncs(other, item.path.parent) and other is not item]
        if not roots:
            return _Verdict(item.name, Fate.KEPT, f'nothing here deletes Application "{item.name}" from the cluster')
        if not any(_prunes(root.spec) for root in roots):
            return _Verdict(item.name, Fate.KEPT, f'Application "{roots[0].name}" does not prune "{item.name}"')
        own = words(str(dig(item.body, "metadata", "annotations", _OPTIONS) or ""))
        if "Prune=false" in own:
            return _Verdict(item.name, Fate.KEPT, f'Application "{item.name}" has Prune=false')
        if not _cascades(item.body):
            return _Verdict(item.name, Fate.KEPT, f'Application "{item.name}" has no finalizer and leaves it behind')
        return _Verdict(item.name, Fate.PRUNED, f'Application "{item.name}" is deleted with its objects', "Delete")


def _synced(name: str, spec: Mapping[str, Any]) -> _Verdict:
    """Return what becomes of an object that vanishes from an Application that stays."""
    options = dig(spec, "syncPolicy", "syncOptions")
    texts = tuple(str(option) for option in options) if isinstance(options, list) else ()
    if _prunes(spec):
        return _Verdict(name, Fate.PRUNED, f'Application "{name}" prunes', "Prune", texts)
    return _Verdict(name, Fate.KEPT, f'Application "{name}" does not prune by itself')


def _cascades(body: Mapping[str, Any]) -> bool:
    """Whether an Application takes its objects along when it is deleted."""
    finalizers = dig(body, "metadata", "finalizers")
    return isinstance(finalizers, list) and any(str(name).startswith(_FINALIZER) for name in finalizers)


def _prunes(spec: Mapping[str, Any]) -> bool:
    return dig(spec, "syncPolicy", "automated", "prune") is True


def syncs(item: Written, path: PurePosixPath) -> bool:
    """Whether an Application, or one that a set generates, may sync a directory."""
    if item.kind == "Application":
        return path in item.paths
    if item.kind != "ApplicationSet":
        return False
    texts = (str(body.get("path") or "") for body, _ in written_sources(item.application_spec))
    return any(text and _stands_for(text, str(path)) for text in texts)


def _stands_for(template: str, text: str) -> bool:
    """Whether a text is what a template can become; each `{{...}}` stands for any text."""
    return re.fullmatch(".+".join(re.escape(part) for part in _TEMPLATE.split(template)), text) is not None
