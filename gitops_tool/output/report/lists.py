"""A topology as nested lists, for whoever cannot see the drawing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.records import record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gitops_tool.topology import Link, Node, Topology


@record
class Item:
    """An object under the one that refers to it; `why` is how."""

    kind: str
    name: str
    why: str
    note: str
    children: tuple[Item, ...]


def tree(found: Topology) -> tuple[Item, ...]:
    """Return the objects that nothing refers to, with what they refer to below them; each is unfolded once."""
    links: dict[Node, list[Link]] = {}
    for link in found.links:
        links.setdefault(link.source, []).append(link)
    reached = {link.target for link in found.links}
    seen: set[Node] = set()
    roots = [_item(node, "", links, seen) for node in found.nodes if node not in reached]
    return (*roots, *(_item(node, "", links, seen) for node in found.nodes if node not in seen))


def _item(node: Node, why: str, links: Mapping[Node, Sequence[Link]], seen: set[Node]) -> Item:
    again = node in seen and node in links
    seen.add(node)
    below = () if again else tuple(_item(link.target, link.why, links, seen) for link in links.get(node, ()))
    note = "see above" if again else "" if node.is_rendered else "not part of this overlay"
    return Item(node.kind, node.name, why, note, below)
