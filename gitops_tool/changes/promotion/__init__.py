"""What runs in one environment, brought to the next."""

from gitops_tool.changes.promotion.change import Promote

__all__ = ["Promote"]
