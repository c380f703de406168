"""A topology laid out in columns, from what is reached first to what is used last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gitops_tool.topology import Node, Topology

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 224, 46, 72, 16, 8
_CHARACTERS = 23
"""Of a name that fit into a box."""

_SWEEPS = 4


@record
class Box:
    """An object, at the place of its upper left corner."""

    node: Node
    x: int
    y: int
    label: str

    @property
    def family(self) -> str:
        """What the object is for: it decides the colour."""
        return _FAMILIES.get(self.node.kind, "other")


@record
class Curve:
    """A reference, as the path of an SVG."""

    path: str
    why: str


@record
class Drawing:
    """Boxes and curves within a width and a height."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]


_FAMILIES = {
    **dict.fromkeys(("Ingress", "Gateway", "HTTPRoute", "GRPCRoute", "Service", "NetworkPolicy"), "network"),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod", "Rollout", "ReplicaSet"), "workload"
    ),
    **dict.fromkeys(("ConfigMap", "Secret", "PersistentVolumeClaim", "ExternalSecret", "SealedSecret"), "data"),
    **dict.fromkeys(("HorizontalPodAutoscaler", "PodDisruptionBudget", "ScaledObject"), "scaling"),
    **dict.fromkeys(("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), "access"),
}
FAMILIES = ("network", "workload", "data", "scaling", "access", "other")


def draw(found: Topology) -> Drawing:
    """Lay out a topology: every reference goes to the right; objects without any stand below, in rows."""
    linked = {node for link in found.links for node in (link.source, link.target)}
    columns = _ordered(_columns(found, linked), found)
    places: dict[Node, tuple[int, int]] = {}
    tallest = max((len(column) for column in columns), default=0)
    for number, column in enumerate(columns):
        offset = (tallest - len(column)) * (_HEIGHT + _GAP_Y) // 2
        for row, node in enumerate(column):
            places[node] = (_MARGIN + number * (_WIDTH + _GAP_X), _MARGIN + offset + row * (_HEIGHT + _GAP_Y))
    below = _MARGIN + tallest * (_HEIGHT + _GAP_Y)
    across = max(3, len(columns))
    for number, node in enumerate(node for node in found.nodes if node not in linked):
        row, column_number = divmod(number, across)
        places[node] = (_MARGIN + column_number * (_WIDTH + _GAP_X), below + row * (_HEIGHT + _GAP_Y))
    boxes = tuple(Box(node, x, y, _label(node.name)) for node, (x, y) in places.items())
    width = max((box.x for box in boxes), default=0) + _WIDTH + _MARGIN
    height = max((box.y for box in boxes), default=0) + _HEIGHT + _MARGIN
    curves = (Curve(_path(places[link.source], places[link.target]), link.why) for link in found.links)
    return Drawing(width, height, boxes, tuple(curves))


def _label(name: str) -> str:
    return name if len(name) <= _CHARACTERS else f"{name[: _CHARACTERS - 9]}…{name[-8:]}"


def _columns(found: Topology, linked: set[Node]) -> list[list[Node]]:
    """Return the objects by their column: behind everything that refers to them, and no further left than needed."""
    targets: dict[Node, list[Node]] = {}
    for link in found.links:
        targets.setdefault(link.source, []).append(link.target)
    depth = _depths([node for node in found.nodes if node in linked], targets)
    sources = {node for node in depth if not any(node in ends for ends in targets.values())}
    for node in sources:
        depth[node] = min(depth[target] for target in targets[node]) - 1
    lowest = min(depth.values(), default=0)
    columns: list[list[Node]] = [[] for _ in range(max(depth.values(), default=-1) - lowest + 1)]
    for node, number in depth.items():
        columns[number - lowest].append(node)
    return columns


def _depths(nodes: Iterable[Node], targets: Mapping[Node, Sequence[Node]]) -> dict[Node, int]:
    """Return the length of the longest way to each object; references in a circle are cut where they close it."""
    depth = dict.fromkeys(nodes, 0)
    for _ in range(len(depth)):
        moved = False
        for source, ends in targets.items():
            for end in ends:
                if depth[end] <= depth[source] < len(depth):
                    depth[end], moved = depth[source] + 1, True
        if not moved:
            break
    return depth


def _ordered(columns: list[list[Node]], found: Topology) -> list[list[Node]]:
    """Order each column by where its neighbours stand, so that fewer curves cross."""
    neighbours: dict[Node, list[Node]] = {}
    for link in found.links:
        neighbours.setdefault(link.source, []).append(link.target)
        neighbours.setdefault(link.target, []).append(link.source)
    columns = [sorted(column, key=lambda node: (node.kind, node.name)) for column in columns if column]
    for _ in range(_SWEEPS):
        rows = {node: row - len(column) / 2 for column in columns for row, node in enumerate(column)}
        means = {node: sum(rows[other] for other in ends) / len(ends) for node, ends in neighbours.items()}
        columns = [sorted(column, key=lambda node: (means[node], node.kind, node.name)) for column in columns]
    return columns


def _path(source: tuple[int, int], target: tuple[int, int]) -> str:
    """Return a curve from the right side of one box to the left side of another."""
    x1, y1 = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    x2, y2 = target[0] - 7, target[1] + _HEIGHT // 2
    bend = max(_GAP_X // 2, (x2 - x1) // 2)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
