"""A bump that reaches further than `images:`: refs of remote bases, YAML paths, markers, Helm values."""

from gitops_tool.changes.reach.proof import prove
from gitops_tool.changes.reach.propose import propose
from gitops_tool.changes.reach.work import Reach, ValueTarget

__all__ = ["Reach", "ValueTarget", "propose", "prove"]
