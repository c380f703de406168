"""What is known of the apps of a repository: images, Applications, objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.changes.argocd.objects import argocd_objects
from gitops_tool.changes.argocd.pruning import syncs
from gitops_tool.changes.targets import candidates
from gitops_tool.errors import GitopsError
from gitops_tool.layout import find_app, find_apps
from gitops_tool.records import record

if TYPE_CHECKING:
    from gitops_tool.changes.argocd.objects import Written
    from gitops_tool.config import Settings
    from gitops_tool.images import ImageRef
    from gitops_tool.model import App, Location, Overlay, ResourceId
    from gitops_tool.render import Renderer
    from gitops_tool.tree import Tree


@record
class ListedOverlay:
    """An overlay with its images; `problem` tells why they are not known."""

    overlay: Overlay
    images: tuple[ImageRef, ...]
    problem: str | None = None


@record
class ListedApp:
    """An app with its overlays."""

    app: App
    overlays: tuple[ListedOverlay, ...]


@record
class SyncedBy:
    """An Application, or the ApplicationSet that makes it: where it is written, and where it sends objects."""

    kind: str
    name: str
    project: str
    cluster: str
    namespace: str
    location: Location


@record
class ShownOverlay:
    """All that is known of an overlay; `problem` tells why it does not render."""

    listed: ListedOverlay
    applications: tuple[SyncedBy, ...]
    objects: tuple[ResourceId, ...]
    problem: str | None = None


@record
class ShownApp:
    """All that is known of an app."""

    app: App
    overlays: tuple[ShownOverlay, ...]


def listed(tree: Tree, settings: Settings) -> tuple[ListedApp, ...]:
    """Return every app with the images of its overlays."""
    return tuple(
        ListedApp(app, tuple(_listed(tree, overlay) for overlay in app.overlays)) for app in find_apps(tree, settings)
    )


def _listed(tree: Tree, overlay: Overlay) -> ListedOverlay:
    from gitops_tool.images import ImageRef

    try:
        found = candidates(tree, overlay.path)
    except GitopsError as error:
        return ListedOverlay(overlay, (), str(error))
    images = (ImageRef(one.image, one.version.tag, one.version.digest) for one in found)
    return ListedOverlay(overlay, tuple(dict.fromkeys(images)))


def shown(tree: Tree, settings: Settings, name: str, renderer: Renderer) -> ShownApp:
    """Return all that is known of one app.

    Raises:
        LayoutError: there is no such app.
        ToolError: nothing renders here.
    """
    app = find_app(tree, settings, name)
    found = argocd_objects(tree, settings)
    renders = renderer.render_each([(tree, overlay.path) for overlay in app.overlays])
    overlays = []
    for overlay, render in zip(app.overlays, renders, strict=True):
        by = tuple(_synced_by(item) for item in found if syncs(item, overlay.path))
        if isinstance(render, GitopsError):
            overlays.append(ShownOverlay(_listed(tree, overlay), by, (), str(render)))
        else:
            overlays.append(ShownOverlay(_listed(tree, overlay), by, tuple(item.id for item in render.resources)))
    return ShownApp(app, tuple(overlays))


def _synced_by(item: Written) -> SyncedBy:
    spec = item.application_spec
    where = spec.get("destination")
    destination = where if isinstance(where, dict) else {}
    cluster = destination.get("server") or destination.get("name") or ""
    namespace, project = destination.get("namespace") or "", spec.get("project") or "default"
    return SyncedBy(item.kind, item.name, str(project), str(cluster), str(namespace), item.at("metadata", "name"))
