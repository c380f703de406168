"""Writes `gitops.yaml` for people: short, and every guess with its reason beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from gitops_tool.records import record
from gitops_tool.yamledit.quoting import write

_MOST = 12
"""Names that are listed where nobody knows their order."""


@record
class EnvironmentLines:
    """An environment, as far as it is known."""

    name: str
    promotes_from: str | None
    namespace: str | None
    cluster: str | None


@record
class Outline:
    """What the settings say. `unordered` are environments whose order nobody knows."""

    layout: tuple[str, ...]
    environments: tuple[EnvironmentLines, ...]
    unordered: tuple[str, ...]
    argocd_path: PurePosixPath | None
    argocd_namespace: str | None
    repo_url: str | None
    remote_bases: int
    markers: bool


def settings_text(outline: Outline) -> str:
    """Return the file."""
    lines = [
        "# Written by `gitops adopt` from what it found. Every key: docs/configuration.md of gitops.",
        "version: 1",
    ]
    for section in (_layout, _environments, _argocd, _rest):
        lines += section(outline)
    return "\n".join(lines) + "\n"


def _layout(outline: Outline) -> Iterator[str]:
    if not outline.layout:
        yield "# Where apps are, such as apps/{app}/overlays/{env}; no directory here says it."
        yield "# layout:"
    elif len(outline.layout) == 1:
        yield f"layout: {_text(outline.layout[0])}"
    else:
        yield "# The first pattern that an app has a directory for wins."
        yield "layout:"
        yield from (f"  - {_text(pattern)}" for pattern in outline.layout)


def _environments(outline: Outline) -> Iterator[str]:
    if outline.unordered:
        yield "# In the order of promotion, which these names do not tell: list them, and a bump goes to the first."
        yield "# environments:"
        yield from (f"#   - name: {_text(name)}" for name in outline.unordered[:_MOST])
        if len(outline.unordered) > _MOST:
            yield f"#   and {len(outline.unordered) - _MOST} more"
    if outline.environments:
        yield "# The order of promotion is guessed from the names."
        yield "environments:"
    for environment in outline.environments:
        yield f"  - name: {_text(environment.name)}"
        if environment.namespace:
            yield f"    namespace: {_text(environment.namespace)}"
        if environment.cluster:
            yield f"    cluster: {_text(environment.cluster)}"
        if environment.promotes_from:
            yield f"    promotesFrom: {_text(environment.promotes_from)}"


def _argocd(outline: Outline) -> Iterator[str]:
    values = {"path": outline.argocd_path, "namespace": outline.argocd_namespace, "repoURL": outline.repo_url}
    if any(values.values()):
        yield "argocd:"
        yield from (f"  {key}: {_text(str(value))}" for key, value in values.items() if value)


def _rest(outline: Outline) -> Iterator[str]:
    if outline.remote_bases:
        number = outline.remote_bases
        have = "1 directory has" if number == 1 else f"{number} directories have"
        yield f"# {have} bases over the network; without this they are not rendered."
        yield "# kustomize:"
        yield "#   allowRemote: true"
    if outline.markers:
        yield "bump:"
        yield "  markers: true"
    yield "# The version of the oldest cluster; without it, the newest that is known."
    yield '# kubernetesVersion: "1.36"'


def _text(value: str) -> str:
    return write(value, "", '"').text
