"""What runs where, since when, and what ran before: read from the manifests and from git, never from a cluster."""

from gitops_tool.status.changes import How, VersionChange
from gitops_tool.status.history import History, overlay_history

__all__ = ["History", "How", "VersionChange", "overlay_history"]
