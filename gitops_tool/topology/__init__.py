"""How the objects of one render hang together: who refers to whom, and by what."""

from gitops_tool.topology.links import Link, Node, Topology, topology

__all__ = ["Link", "Node", "Topology", "topology"]
