"""The blast radius: what the changes of objects do in the cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.diff.objects import is_rehashed
from gitops_tool.diff.pairing import without_hash
from gitops_tool.diff.references import read_names
from gitops_tool.diff.repository import Effect, EffectKind, ObjectChange, ObjectKind
from gitops_tool.diff.values import FieldChange, Path, path_text

if TYPE_CHECKING:
    from gitops_tool.rules.changes.fields import Refused

ARGO = "argoproj.io"
_RESTARTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Rollout", "DeploymentConfig"})
_HOLDING_DATA = frozenset(
    {
        *("Namespace", "PersistentVolumeClaim", "PersistentVolume", "CustomResourceDefinition", "StatefulSet"),
        *("Application", "ApplicationSet", "AppProject"),
    }
)
"""Kinds whose end takes data, or other objects, along."""

_OPTIONS, _FINALIZER = "argocd.argoproj.io/sync-options", "resources-finalizer.argocd.argoproj.io"
_MOST_REASONS = 4
_CONTENT = {("data",), ("binaryData",), ("stringData",)}

_GUARDED: Mapping[str, tuple[Path, ...]] = {
    "Deployment": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "Service": tuple(("spec", name) for name in ("clusterIP", "ipFamilies", "type", "loadBalancerClass")),
    "Secret": (("type",),),
    **dict.fromkeys(
        (
            *("ConfigMap", "ServiceAccount", "Namespace", "Role", "ClusterRole", "Ingress", "NetworkPolicy", "CronJob"),
            *("HorizontalPodAutoscaler", "PodDisruptionBudget", "Application", "AppProject", "ServiceMonitor"),
        ),
        (),
    ),
}
"""Kinds that are changed every day, and the fields of them that an API server may refuse to change."""

_MINOR = 36
"""The Kubernetes version that immutable fields are judged by; hardly anything differs between versions."""


def effects(changes: Iterable[ObjectChange]) -> tuple[Effect, ...]:
    """Return what changes of objects do in the cluster, the worst first."""
    listed = list(changes)
    found = [effect for change in listed for effect in _effects(change)]
    found += _in_place(listed)
    order = list(EffectKind)
    return tuple(sorted(found, key=lambda effect: (not effect.serious, order.index(effect.kind))))


def _effects(change: ObjectChange) -> Iterator[Effect]:
    if is_application(change):
        yield from _application_effects(change)
    elif change.kind is ObjectKind.REMOVED:
        yield Effect(
            EffectKind.DELETED, change.overlay, change.id, tuple(_kept(change.before)), change.id.kind in _HOLDING_DATA
        )
    if change.kind is ObjectKind.RENAMED and change.old_id is not None:
        if not is_rehashed(change.old_id, change.id):
            serious = change.id.kind in _HOLDING_DATA
            yield Effect(EffectKind.RECREATED, change.overlay, change.old_id, (f"becomes {change.id}",), serious)
    elif change.kind is ObjectKind.MOVED and change.old_overlay is not None:
        where = f"{change.old_overlay.app} {change.old_overlay.environment}".strip()
        yield Effect(EffectKind.MOVED, change.overlay, change.id, (f"comes from {where}",))
    if change.fields:
        yield from _update_effects(change)


def is_application(change: ObjectChange) -> bool:
    """Whether an object is one of Argo CD's Applications."""
    return change.id.group == ARGO and change.id.kind == "Application"


def _kept(body: Mapping[str, Any] | None) -> Iterator[str]:
    options = _annotations(body).get(_OPTIONS, "")
    for option in ("Prune=false", "Delete=false", "Prune=confirm"):
        if option in str(options).replace(" ", "").split(","):
            yield f"{option}: Argo CD leaves it there" if option != "Prune=confirm" else f"{option}: Argo CD asks first"


def _update_effects(change: ObjectChange) -> Iterator[Effect]:
    """Yield what the new state of an object that stays does."""
    renamed = change.kind is ObjectKind.RENAMED
    fixed = [] if renamed else list(_immutable(change))
    if fixed:
        forced = "Force=true" in _options(change.after)
        end = "Argo CD deletes it and makes it anew" if forced else "the API server refuses the update"
        reasons = tuple(f"{path_text(one.field)}: {one.why}; {end}" for one in fixed)
        yield Effect(EffectKind.RECREATED, change.overlay, change.id, reasons, change.id.kind in _HOLDING_DATA)
    template = [field for field in change.fields if field.path[:2] == ("spec", "template")]
    if change.id.kind in _RESTARTING and template and not renamed:
        yield Effect(EffectKind.RESTARTED, change.overlay, change.id, _reasons(template))
    for field in change.fields:
        if field.path == ("spec", "replicas") and change.id.kind in _RESTARTING:
            yield Effect(EffectKind.SCALED, change.overlay, change.id, (f"{field.before} -> {field.after} replicas",))


def _immutable(change: ObjectChange) -> Iterator[Refused]:
    if not _may_be_refused(change):
        return
    from gitops_tool.rules.changes.differences import changes_of
    from gitops_tool.rules.changes.fields import SELECTORS, Refused, refused

    kind, before, after = (change.id.group, change.id.kind), change.before or {}, change.after or {}
    field = ("spec", "selector")
    if kind in SELECTORS and (found := next(changes_of(field, before, after), None)) is not None:
        yield Refused(field, found)
    yield from refused(kind, before, after, _MINOR, server_side=False)


def _may_be_refused(change: ObjectChange) -> bool:
    """Whether the rules of immutable fields have to be loaded: everyday changes of everyday kinds need none."""
    guarded = _GUARDED.get(change.id.kind)
    if guarded is None or (change.before or {}).get("immutable") is True:
        return True
    return any(_meet(field.path, path) for field in change.fields for path in guarded)


def _meet(one: Path, other: Path) -> bool:
    """Whether one of two places is in the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _options(body: Mapping[str, Any] | None) -> set[str]:
    return set(str(_annotations(body).get(_OPTIONS, "")).replace(" ", "").split(","))


def _annotations(body: Mapping[str, Any] | None) -> Mapping[str, Any]:
    metadata = (body or {}).get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    return annotations if isinstance(annotations, dict) else {}


def _reasons(fields: Iterable[FieldChange]) -> tuple[str, ...]:
    """Return why pods are made anew, in a few words each."""
    found = list(dict.fromkeys(_reason(field) for field in fields))
    more = [f"{len(found) - _MOST_REASONS} more"] if len(found) > _MOST_REASONS else []
    return (*found[:_MOST_REASONS], *more)


def _reason(field: FieldChange) -> str:
    if field.consequence:
        return f"new {without_hash(field.after)}" if isinstance(field.after, str) else "new names"
    if field.path[-1] == "image":
        return "image"
    return _short(field.path) + (" (order)" if field.is_noise else "")


def _short(path: Path) -> str:
    """Return a path without the part that every workload shares."""
    text = path_text(path)
    for prefix in ("spec.template.spec.", "spec.template.metadata.", "spec.template."):
        if text.startswith(prefix):
            return text.removeprefix(prefix)
    return text


def _application_effects(change: ObjectChange) -> Iterator[Effect]:
    if change.kind is ObjectKind.ADDED:
        yield Effect(EffectKind.APPLICATION_ADDED, change.overlay, change.id, tuple(targets(change.after)))
    elif change.kind is ObjectKind.REMOVED:
        yield Effect(EffectKind.APPLICATION_REMOVED, change.overlay, change.id, (removal(change.before),), serious=True)
    else:
        told = retargeted(change.told)
        if told:
            yield Effect(EffectKind.APPLICATION_CHANGED, change.overlay, change.id, told)


def retargeted(fields: Iterable[FieldChange]) -> tuple[str, ...]:
    """Return what differs in what an Application syncs and where to."""
    return tuple(dict.fromkeys(_application_reason(field) for field in fields if _is_target(field.path)))


def _is_target(path: Path) -> bool:
    return path[:1] == ("spec",) and len(path) > 1 and path[1] in {"source", "sources", "destination", "project"}


def _application_reason(field: FieldChange) -> str:
    where = path_text(field.path).removeprefix("spec.")
    if not field.masked and all(isinstance(value, (str, int)) for value in (field.before, field.after)):
        return f"{where} {field.before} -> {field.after}"
    return where


def targets(body: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield what an Application syncs, and where to."""
    spec = (body or {}).get("spec")
    spec = spec if isinstance(spec, dict) else {}
    sources = spec.get("sources") or [spec.get("source")]
    for source in sources if isinstance(sources, list) else []:
        if isinstance(source, dict):
            yield f"syncs {source.get('path') or source.get('chart') or source.get('repoURL')}"
    destination = spec.get("destination")
    if isinstance(destination, dict):
        yield f"to {destination.get('name') or destination.get('server')}/{destination.get('namespace', '')}"


def removal(body: Mapping[str, Any] | None) -> str:
    """Return what happens to an Application's objects when it goes."""
    metadata = (body or {}).get("metadata")
    finalizers = metadata.get("finalizers") if isinstance(metadata, dict) else None
    cascades = any(str(one).startswith(_FINALIZER) for one in (finalizers if isinstance(finalizers, list) else []))
    return "with everything that it syncs" if cascades else "what it syncs keeps running, unmanaged"


def _in_place(changes: Sequence[ObjectChange]) -> Iterator[Effect]:
    """Yield the ConfigMaps and Secrets that change under their names, so that whoever reads them is not restarted."""
    restarted = {
        (change.overlay, name)
        for change in changes
        if any(field.path[:2] == ("spec", "template") for field in change.fields)
        for name in read_names(change.after)
    }
    for change in changes:
        name = (change.id.kind, change.id.name)
        if change.kind is not ObjectKind.CHANGED or change.id.kind not in {"ConfigMap", "Secret"}:
            continue
        if any(field.path[:1] in _CONTENT for field in change.told) and (change.overlay, name) not in restarted:
            reason = "its name stays, so nothing that reads it is restarted"
            yield Effect(EffectKind.NOT_RESTARTED, change.overlay, change.id, (reason,))
