"""Turns what generators find into parameters: of paths, of files, of clusters.

Source: Argo CD 3.6, applicationset/generators/repo_path_utils.go and cluster.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gitops_tool.applicationsets.gotemplate import StringMap, TypedList, to_text
from gitops_tool.applicationsets.gotemplate.functions.texts import normalize_name

if TYPE_CHECKING:
    from gitops_tool.config import Cluster

_SECRET_LABELS = {"argocd.argoproj.io/secret-type": "cluster"}
"""What Argo CD finds its clusters by, and so is among the labels of each."""


def flattened(values: Mapping[str, Any]) -> dict[str, str]:
    """Return nested values as texts with dotted keys, items of lists by their number."""
    found: dict[str, str] = {}
    pending: list[tuple[str, Any]] = list(values.items())
    while pending:
        key, value = pending.pop()
        if isinstance(value, Mapping):
            pending.extend((f"{key}.{name}", item) for name, item in value.items())
        elif isinstance(value, list) and not isinstance(value, TypedList):
            pending.extend((f"{key}.{number}", item) for number, item in enumerate(value))
        else:
            found[key] = to_text(value)
    return found


def path_parameters(directory: PurePosixPath, prefix: str, *, file: str = "", nested: bool) -> dict[str, Any]:
    """Return the parameters of a directory, and of a file in it if there is one.

    Args:
        directory: from the repository's root.
        prefix: `pathParamPrefix`, empty if there is none.
        file: the file's name.
        nested: as maps, for Go templates; else with dots and brackets in their names.
    """
    base = directory.name or "."
    parts = {"basename": base, "basenameNormalized": normalize_name(base)}
    if file:
        parts |= {"filename": file, "filenameNormalized": normalize_name(file)}
    segments = str(directory).split("/")
    if nested:
        path = {"path": str(directory), **parts, "segments": TypedList(segments)}
        return {prefix: {"path": path}} if prefix else {"path": path}
    name = f"{prefix}.path" if prefix else "path"
    numbered = {f"{name}[{number}]": segment for number, segment in enumerate(segments)}
    return {name: str(directory), **{f"{name}.{key}": value for key, value in parts.items()}, **numbered}


def file_parameters(values: Mapping[str, Any], path: PurePosixPath, prefix: str, *, nested: bool) -> dict[str, Any]:
    """Return the parameters of what a file holds and of its path; see `path_parameters`."""
    content = dict(values) if nested else flattened(values)
    return content | path_parameters(path.parent, prefix, file=path.name, nested=nested)


def cluster_parameters(cluster: Cluster, *, nested: bool) -> dict[str, Any]:
    """Return the parameters of a cluster that Argo CD has a Secret of."""
    labels = StringMap({**cluster.labels, **_SECRET_LABELS})
    found: dict[str, Any] = {
        "name": cluster.name,
        "nameNormalized": normalize_name(cluster.name),
        "server": cluster.server,
        "project": "",
    }
    if nested:
        annotations = {"annotations": StringMap(cluster.annotations)} if cluster.annotations else {}
        return {**found, "metadata": {**annotations, "labels": labels}}
    found.update({f"metadata.annotations.{key}": value for key, value in cluster.annotations.items()})
    return {**found, **{f"metadata.labels.{key}": value for key, value in labels.items()}}


def cluster_labels(cluster: Cluster) -> dict[str, str]:
    """Return the labels that the selector of a cluster generator sees."""
    return {**cluster.labels, **_SECRET_LABELS}
