"""Rules on YAML that does not mean what it looks like: ambiguous scalars, empty items and duplicate keys."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gitops_tool.model import Location, Severity
from gitops_tool.patterns import lazy_pattern
from gitops_tool.rules.base import Family, OverlayView, Problem, Scope, rule
from gitops_tool.rules.hygiene.sources import named_resources, nodes, sources
from gitops_tool.yamlload import Rules, locate
from gitops_tool.yamlload.nodes import Mapping, Node, Scalar, Sequence, descendants, is_merge
from gitops_tool.yamlload.scalars import resolve

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from gitops_tool.yamlload.nodes import Stream

_WORDS = rb"[yYnN]|[yY]es|YES|[nN]o|NO|[oO]n|ON|[oO]ff|OFF"
_NUMBERS = rb"[-+]?(?:0[0-9][0-9_]*|0[xXbBoO][0-9a-fA-F_]+|[0-9]+_[0-9_]+|[0-9.]+[eE][-+]?[0-9]+)"
_DATES = rb"\d{4}-\d\d?-\d\d?"
_SUSPECT = lazy_pattern(
    rb"(?:: +|- +|[\[,{] *)(?:" + rb"|".join((_WORDS, _NUMBERS, _DATES)) + rb")[ \t\r]*(?:$|[,\]}]| #)", re.MULTILINE
)
"""What may be an ambiguous scalar. Most files have none and need not be parsed."""

_DATE = lazy_pattern(_DATES.decode())
_DECIMAL = lazy_pattern(r"[-+]?(?:0|[1-9][0-9]*|[0-9]*\.[0-9]*)")
_OCTAL_FIELDS = frozenset({"defaultMode", "mode"})


@rule("ambiguous-scalar", family=Family.HYGIENE, severity=Severity.WARNING, scope=Scope.SOURCES)
def ambiguous_scalar(view: OverlayView) -> Iterator[Problem]:
    """An unquoted scalar is not the text it looks like, or not to everyone who reads it.

    `yes` and `on` are texts to kustomize and true to the reader that Argo CD uses for plain directories; `1e3`
    is the number 1000, `0x1f` is 31, and kustomize makes a point in time of a date. File modes may be octal.

    Bad:

        apiVersion: example.com/v1
        kind: Widget
        metadata:
          name: web
        spec:
          enabled: on

    Good:

        apiVersion: example.com/v1
        kind: Widget
        metadata:
          name: web
        spec:
          enabled: "on"

    Source: https://github.com/yaml/go-yaml, resolve.go of v2 and v3; https://yaml.org/type/bool.html
    """
    directory = not view.render.closure.kustomizations
    for path, data in sources(view).manifests:
        if _SUSPECT.search(data):
            for location, message in _ambiguous(data, path, directory):
                yield Problem(message, hint="quote it if a text is meant", location=location)


@lru_cache(maxsize=1024)
def _ambiguous(data: bytes, path: PurePosixPath, directory: bool) -> tuple[tuple[Location, str], ...]:
    """Look through each file once, however many overlays use it."""
    stream = nodes(data, path)
    if stream is None:
        return ()
    found = [
        (stream.source.location(node.start), message)
        for node, field in _plain_values(stream)
        if (message := _meaning(node.value, field, directory))
    ]
    return tuple(found)


def _plain_values(stream: Stream) -> Iterator[tuple[Scalar, str]]:
    """Yield every unquoted value, with the key it belongs to."""
    todo: list[tuple[Node, str]] = [(root, "") for root in reversed(stream.roots)]
    while todo:
        node, field = todo.pop()
        if isinstance(node, Scalar) and not node.style and node.tag is None:
            yield node, field
        elif isinstance(node, Sequence):
            todo.extend((item, field) for item in reversed(node.items))
        elif isinstance(node, Mapping):
            todo.extend((value, _text(key)) for key, value in reversed(node.pairs))


def _meaning(text: str, field: str, directory: bool) -> str | None:
    """Return what is wrong with an unquoted text, None if nothing is."""
    rendered, plain = resolve(text, Rules.KYAML), resolve(text, Rules.SIGS)
    if type(rendered) is not type(plain):
        if directory:
            return f"unquoted {text} is {_shown(plain)} to Argo CD"
        return f'unquoted {text} is the text "{text}" to kustomize, and {_shown(plain)} to other readers of YAML'
    if isinstance(rendered, int | float) and not isinstance(rendered, bool) and not _DECIMAL.fullmatch(text):
        return None if field in _OCTAL_FIELDS else f"unquoted {text} is the number {_shown(rendered)}"
    if _DATE.fullmatch(text) and not directory:
        return f"kustomize makes a point in time of the unquoted date {text}"
    return None


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(node: Node) -> str:
    return node.value if isinstance(node, Scalar) else ""


_EMPTY_ITEM = lazy_pattern(rb"-(?<!\S-)[ \t\r]*(?:#|$)", re.MULTILINE)
"""A dash with nothing behind it; more often, the item's text begins on the next line."""

_NULLS = (b"null", b"~", b"Null", b"NULL")


@rule("null-item", family=Family.HYGIENE, severity=Severity.WARNING, scope=Scope.SOURCES)
def null_item(view: OverlayView) -> Iterator[Problem]:
    """A list in an object of Kubernetes' own kinds has an item that is null: a dash with nothing behind it.

    The API server reads it as an empty item, which in the rules of a NetworkPolicy allows everything. kustomize keeps
    it in a resource and drops it in a patch, and `kubectl apply` fails on such a list when the object is there already.

    Bad:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            -

    Good:

        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: web
        spec:
          podSelector: {}
          ingress:
            - {}

    Source: https://pkg.go.dev/encoding/json#Unmarshal; k8s.io/apimachinery, pkg/util/strategicpatch/patch.go,
    sliceElementType
    """
    for path, data in sources(view).manifests:
        if _EMPTY_ITEM.search(data) or any(word in data for word in _NULLS):
            for location, field in _null_items(data, path):
                hint = 'take it out, or write {} or "" if an empty item is meant'
                yield Problem(f'an item of "{field}" is null', hint=hint, location=location)


@lru_cache(maxsize=1024)
def _null_items(data: bytes, path: PurePosixPath) -> tuple[tuple[Location, str], ...]:
    stream = nodes(data, path)
    found = []
    for root in stream.roots if stream else ():
        todo: list[tuple[Node, str]] = [(root, "")] if _is_built_in(root) else []
        while todo:
            node, field = todo.pop()
            if isinstance(node, Mapping):
                todo.extend((value, _text(key)) for key, value in reversed(node.pairs))
            for item in reversed(node.items) if isinstance(node, Sequence) else ():
                if isinstance(item, Scalar) and not item.style and item.tag is None:
                    if stream and resolve(item.value, Rules.KYAML) is None:
                        found.append((stream.source.location(item.start), field))
                else:
                    todo.append((item, field))
    return tuple(sorted(found, key=lambda pair: (pair[0].line, pair[0].column)))


def _is_built_in(root: Node) -> bool:
    """Tell whether a document is an object of Kubernetes itself; a schema of custom ones may have null in its lists."""
    from gitops_tool.schemas.catalogue import is_core_group

    fields = {_text(key): _text(value) for key, value in root.pairs} if isinstance(root, Mapping) else {}
    version, kind = fields.get("apiVersion", ""), fields.get("kind", "")
    return bool(version and kind) and kind != "CustomResourceDefinition" and is_core_group(version.rpartition("/")[0])


@rule("duplicate-key", family=Family.HYGIENE, severity=Severity.ERROR, scope=Scope.SOURCES)
def duplicate_key(view: OverlayView) -> Iterator[Problem]:
    """A mapping of a patch has a key twice: kustomize takes the first one and drops the second without a word.

    In a resource or a kustomization kustomize refuses it, which is an error of `render`.

    Bad:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        patches:
          - path: patch.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # patch.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: debug
          LOG_FORMAT: json
          LOG_LEVEL: warning

    Good:

        # kustomization.yaml
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - settings.yaml
        patches:
          - path: patch.yaml
        # settings.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: info
        # patch.yaml
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: settings
        data:
          LOG_LEVEL: debug
          LOG_FORMAT: json

    Source: https://yaml.org/spec/1.2.2/#3213-node-comparison; kubernetes-sigs/kustomize#5815
    """
    found = sources(view)
    objects = {place for item in found.kustomizations for place in named_resources(item)}
    for path, data in found.manifests if found.kustomizations else ():
        if str(path) not in objects:
            for location, key in _duplicates(data, path):
                yield Problem(f'the key "{key}" is written twice', hint="keep one of them", location=location)
    for kustomization in found.kustomizations:
        patches = kustomization.body.get("patches")
        for index, patch in enumerate(patches if isinstance(patches, list) else ()):
            text = patch.get("patch") if isinstance(patch, dict) else None
            for _, key in _duplicates(text.encode(), kustomization.path) if isinstance(text, str) else ():
                place = locate(kustomization.data, 0, ("patches", index, "patch"), kustomization.path)
                yield Problem(f'the key "{key}" is written twice in this patch', location=place)


@lru_cache(maxsize=1024)
def _duplicates(data: bytes, path: PurePosixPath) -> tuple[tuple[Location, str], ...]:
    stream = nodes(data, path)
    found = []
    for root in stream.roots if stream else ():
        for node in descendants(root):
            if not isinstance(node, Mapping):
                continue
            keys = [key for key, _ in node.pairs if isinstance(key, Scalar) and not is_merge(key)]
            counts = Counter(key.value for key in keys)
            seen: set[str] = set()
            for key in keys if len(counts) < len(keys) else ():
                if key.value in seen and stream:
                    found.append((stream.source.location(key.start), key.value))
                seen.add(key.value)
    return tuple(found)


RULES = (ambiguous_scalar, null_item, duplicate_key)
