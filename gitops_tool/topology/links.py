"""Objects and the references among them, read from what was rendered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gitops_tool.records import record
from gitops_tool.rules.base import dig
from gitops_tool.rules.pods import PodMaker, pod_maker
from gitops_tool.topology.names import Reference, references
from gitops_tool.topology.selectors import selects

if TYPE_CHECKING:
    from gitops_tool.model import Resource


@record
class Node:
    """An object; `is_rendered` is false for one that is only referred to."""

    kind: str
    name: str
    is_rendered: bool = True


@record
class Link:
    """A reference from one object to another; `why` is the field's or the relation's name."""

    source: Node
    target: Node
    why: str


@record
class Topology:
    """The objects of one overlay with those they refer to, and how they do; both in a stable order."""

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]


def topology(resources: Sequence[Resource]) -> Topology:
    """Return how the objects of one render hang together. No value of any object is kept, only kinds and names."""
    nodes = {(one.id.kind, one.id.name): Node(one.id.kind, one.id.name) for one in resources}
    makers = [(nodes[one.id.kind, one.id.name], maker) for one in resources if (maker := pod_maker(one)) is not None]
    links: dict[tuple[Node, Node], str] = {}
    for resource in resources:
        source = nodes[resource.id.kind, resource.id.name]
        for reference in references(resource, pod_maker(resource)):
            links.setdefault((source, _target(nodes, reference)), reference.why)
        for target in _selected(resource, makers, resources, nodes):
            links.setdefault((source, target), "selects")
    shown = sorted(nodes.values(), key=_order)
    ordered = sorted(links.items(), key=lambda item: (_order(item[0][0]), _order(item[0][1])))
    return Topology(tuple(shown), tuple(Link(*ends, why) for ends, why in ordered if ends[0] != ends[1]))


def _order(node: Node) -> tuple[str, str]:
    return node.kind, node.name


def _target(nodes: dict[tuple[str, str], Node], reference: Reference) -> Node:
    """Return the object of a reference; one that is not rendered here is noted as such."""
    key = (reference.kind, reference.name)
    if key not in nodes:
        nodes[key] = Node(reference.kind, reference.name, is_rendered=False)
    return nodes[key]


def _selected(
    resource: Resource,
    makers: Sequence[tuple[Node, PodMaker]],
    resources: Sequence[Resource],
    nodes: Mapping[tuple[str, str], Node],
) -> Iterator[Node]:
    """Yield what an object selects by labels: pods, or for a ServiceMonitor Services."""
    if resource.id.kind == "ServiceMonitor":
        selector = dig(resource.body, "spec", "selector")
        for other in resources:
            labels = dig(other.body, "metadata", "labels")
            if other.id.kind == "Service" and selects(selector, _labels(labels)):
                yield nodes["Service", other.id.name]
        return
    selector = _pod_selector(resource)
    if selector is not None:
        yield from (node for node, maker in makers if selects(selector, maker.labels))


def _pod_selector(resource: Resource) -> Any:
    """Return how an object selects pods, in the form with `matchLabels`; None if it does not."""
    kind, body = resource.id.kind, resource.body
    if kind == "Service" and resource.id.group == "":
        labels = dig(body, "spec", "selector")
        return {"matchLabels": labels} if isinstance(labels, dict) and labels else None
    if kind == "NetworkPolicy":
        selector = dig(body, "spec", "podSelector")
        return selector if isinstance(selector, dict) else {}
    if kind in {"PodDisruptionBudget", "PodMonitor"}:
        selector = dig(body, "spec", "selector")
        return selector if isinstance(selector, dict) else None
    return None


def _labels(value: Any) -> Mapping[str, str]:
    return value if isinstance(value, dict) else {}
