"""What an environment ran before, put back and kept there."""

from gitops_tool.changes.rollback.change import Rollback

__all__ = ["Rollback"]
