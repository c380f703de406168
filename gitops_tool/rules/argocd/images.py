"""Rules on who decides which image runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.applications import override_files, sets_image
from gitops_tool.errors import GitopsError
from gitops_tool.images import ImageRef
from gitops_tool.model import Severity
from gitops_tool.rules.argocd.kustomizations import Kustomization, built
from gitops_tool.rules.argocd.landscape import landscape
from gitops_tool.rules.argocd.objects import Reported
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, dig, rule
from gitops_tool.yamledit import read_images

if TYPE_CHECKING:
    from gitops_tool.model import ImageOverride
    from gitops_tool.rules.base import RepositoryView

_AFTERWARDS = ("generators", "helmCharts", "replacements", "transformers", "vars")
"""Fields of a kustomization that may change an image behind `images:`."""


@rule("image-overridden", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.REPOSITORY)
def image_overridden(view: RepositoryView) -> Iterator[Reported]:
    """Argo CD sets an image that the kustomization sets, too.

    `spec.source.kustomize.images` of an Application and `.argocd-source.yaml` or
    `.argocd-source-<application>.yaml` beside the kustomization come last: a bump in the kustomization has no effect.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        images:
          - name: registry.example.com/web
            newTag: 1.5.0
        # apps/web/overlays/production/.argocd-source.yaml
        kustomize:
          images:
            - registry.example.com/web:1.3.0

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        images:
          - name: registry.example.com/web
            newTag: 1.5.0

    Source: https://argo-cd.readthedocs.io/en/stable/user-guide/kustomize/ (images),
    https://argo-cd.readthedocs.io/en/stable/user-guide/parameters/ (Store Overrides In Git)
    """
    found = landscape(view)
    for overlay in view.overlays:
        applications = found.syncing(overlay)
        overrides = [
            application.problem(text, *source.pointer, "kustomize", "images", index)
            for application in applications
            for source in application.sources
            if source.view is overlay
            for index, text in enumerate(_texts(dig(source.body, "kustomize", "images")))
        ]
        names = ("", *(application.name for application in applications))
        overrides.extend((overlay, Problem(text, location=place)) for text, place in _beside(overlay, names))
        if overrides:
            decided = _decided(overlay)
            for owner, problem in overrides:
                name = next((name for name in sorted(decided) if sets_image(problem.message, name)), None)
                if name is not None and problem.message not in decided[name]:
                    yield owner, _overridden(name, problem)


def _overridden(name: str, found: Problem) -> Problem:
    message = f'Argo CD sets image "{name}" to "{found.message}" whatever the kustomization says'
    hint = "remove the override, so that the repository decides which image runs"
    return Problem(message, found.resource, found.pointer, hint, location=found.location)


def _texts(values: Any) -> list[str]:
    return [str(value) for value in values] if isinstance(values, list) else []


def _beside(overlay: OverlayView, names: tuple[str, ...]) -> list[tuple[str, Any]]:
    try:
        return list(override_files(overlay.tree, overlay.overlay.path, names))
    except GitopsError:
        return []


def _decided(overlay: OverlayView) -> dict[str, set[str]]:
    """Return the images that the overlay's kustomizations set: by each name they have, what they are set to."""
    decided: dict[str, set[str]] = {}
    for kustomization in built(overlay):
        for entry in _entries(kustomization):
            values = {str(ImageRef(entry.new_name or entry.name, entry.new_tag or None, entry.digest or None))}
            for name in {entry.name, entry.new_name or entry.name}:
                decided[name] = decided.get(name, set()) | values
    return decided


def _entries(kustomization: Kustomization) -> tuple[ImageOverride, ...]:
    if b"image" not in kustomization.data:
        return ()
    try:
        return read_images(kustomization.data, kustomization.path)
    except GitopsError:
        return ()


@rule("image-entry-unused", family=Family.ARGOCD, severity=Severity.WARNING, scope=Scope.SOURCES)
def image_entry_unused(view: OverlayView) -> Iterator[Problem]:
    """An entry of `images:` sets no image, and kustomize says nothing.

    Its name matches no container's image; or the image is one of a custom resource, which kustomize sets only
    with a `configurations` file. A bump of such an entry has no effect.

    Bad:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        images:
          - name: registry.example.com/wep
            newTag: 1.5.0

    Good:

        # apps/web/overlays/production/kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - deployment.yaml
        images:
          - name: registry.example.com/web
            newTag: 1.5.0

    Source: https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
    """
    kustomizations = built(view)
    entries = [(item, entry) for item in kustomizations for entry in _entries(item)]
    if not entries:
        return
    rendered = {text for item in view.render.resources for text in _image_texts(item.body)}
    later = any(item.body.get(field) for item in kustomizations for field in _AFTERWARDS)
    for kustomization, entry in entries:
        own = [other for item, other in entries if item is kustomization and other.name == entry.name]
        names = _reachable(entry, [other for _, other in entries])
        is_last = kustomization is kustomizations[0] and own == [entry] and not later
        if any(_is_effect(entry, names, text, is_last=is_last) for text in rendered):
            continue
        if any(_is_effect(entry, names, text, is_last=False) for text in _all_texts(view)) and not is_last:
            continue
        message = f'this entry for image "{entry.name}" changes nothing: no image is set by it'
        hint = "does a container use the image? kustomize sets no images of custom resources by itself"
        yield Problem(message, hint=hint, location=entry.location)


def _reachable(entry: ImageOverride, entries: list[ImageOverride]) -> set[str]:
    """Return the names that an image may have in the end: other entries may rename it further."""
    names = {entry.new_name or entry.name}
    grown = True
    while grown:
        more = {other.new_name for other in entries if other.new_name and any(_named(other.name, n) for n in names)}
        grown = not more <= names
        names |= more
    return names


def _named(pattern: str, name: str) -> bool:
    """Whether an entry's name means an image: kustomize takes it for a regular expression."""
    if pattern == name:
        return True
    try:
        return re.fullmatch(pattern, name) is not None
    except re.error:
        return False


def _is_effect(entry: ImageOverride, names: set[str], text: str, *, is_last: bool) -> bool:
    """Whether a rendered text can be what an entry made; the last one to change an image has left its version."""
    image = ImageRef.split(text)
    if not any(_named(name, image.name) for name in names):
        return False
    version = ImageRef("", entry.new_tag or None, entry.digest or None).version
    return not is_last or not version or image.version == version


def _image_texts(body: Any) -> Iterator[str]:
    """Yield the texts under the keys `image` of an object."""
    pending = [body]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            image = value.get("image")
            if isinstance(image, str):
                yield image
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _all_texts(view: OverlayView) -> Iterator[str]:
    """Yield every text of a render that could be an image."""
    pending: list[Any] = [item.body for item in view.render.resources]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, str) and len(value) < 500:
            yield value


RULES = (image_overridden, image_entry_unused)
