"""What only two revisions show together: fields that an API server lets nobody change, and what a sync would delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.changes import immutable, pruning

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (*immutable.RULES, *pruning.RULES)
