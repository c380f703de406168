"""Rules on container images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gitops_tool.errors import ImageError
from gitops_tool.images import ImageRef
from gitops_tool.model import Severity
from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Family, Problem, dig, rule
from gitops_tool.rules.pods import pod_maker

if TYPE_CHECKING:
    from gitops_tool.model import Resource
    from gitops_tool.rules.api_server.objects import parts
from gitops_tool.rules.base import Pointer, Rule

_MOVING = frozenset(
    {"latest", "main", "master", "trunk", "head", "dev", "develop", "edge", "nightly", "canary", "snapshot", "rolling"}
)
"""Tags that are moved to each new build."""

_UNFINISHED = frozenset("$<>{}% \n")
_TRIGGERS = "image.openshift.io/triggers"


@rule("mutable-image", family=Family.IMAGES, severity=Severity.WARNING)
def mutable_image(resource: Resource) -> Iterator[Problem]:
    """A container's image has no tag, or one that is moved to each new build, and no digest.

    What runs is then whatever was newest when a node pulled it: git does not tell it, and a rollback in
    git does not bring the former image back.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: registry.example.com:5000/web:latest

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: registry.example.com:5000/web:1.4.2

    Source: https://kubernetes.io/docs/concepts/containers/images/#image-names
    """
    for text, pointer in _images(resource):
        image = ImageRef.split(text)
        if image.digest:
            continue
        if not image.tag:
            yield Problem(f'the image "{text}" has no tag, which means "latest"', resource, pointer, _HINT)
        elif image.tag.lower() in _MOVING:
            yield Problem(f'the tag of the image "{text}" is moved to each new build', resource, pointer, _HINT)


_HINT = "set a version, or a digest"


@rule("invalid-image", family=Family.IMAGES, severity=Severity.WARNING)
def invalid_image(resource: Resource) -> Iterator[Problem]:
    """A container's image is not a valid reference: no node can pull it (`InvalidImageName`).

    The API server takes any text.

    Bad:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: registry.example.com/Web:1.4.2

    Good:

        apiVersion: v1
        kind: Pod
        metadata:
          name: web
        spec:
          containers:
            - name: web
              image: registry.example.com/web:1.4.2

    Source: https://pkg.go.dev/github.com/distribution/reference
    """
    for text, pointer in _images(resource):
        try:
            ImageRef.parse(text)
        except ImageError as error:
            yield Problem(error.message, resource, pointer, error.hint)


def _images(resource: Resource) -> Iterator[tuple[str, Pointer]]:
    """Yield the images of containers and of image volumes; not those that are filled in later."""
    pods = pod_maker(resource)
    if pods is None or _is_triggered(resource):
        return
    for container, pointer in pods.containers():
        yield from _written(container.get("image"), (*pointer, "image"))
    spec, pointer = pods.spec
    for index, volume in parts(spec.get("volumes")):
        yield from _written(dig(volume, "image", "reference"), (*pointer, "volumes", index, "image", "reference"))


def _written(image: Any, pointer: Pointer) -> Iterator[tuple[str, Pointer]]:
    if isinstance(image, str) and image and _UNFINISHED.isdisjoint(image):
        yield image, pointer


def _is_triggered(resource: Resource) -> bool:
    """Whether OpenShift puts the image in: https://docs.openshift.com, "Triggering updates on image stream changes"."""
    if resource.id.kind == "DeploymentConfig":
        triggers = dig(resource.body, "spec", "triggers")
        return any(trigger.get("type") == "ImageChange" for _, trigger in parts(triggers))
    return dig(resource.body, "metadata", "annotations", _TRIGGERS) is not None


RULES: tuple[Rule, ...] = (mutable_image, invalid_image)
