"""What an API server rejects in the objects that a cluster is set up with, and that no bump of an image touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.cluster import admission, definitions, devices, limits, objects

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *limits.RULES,
    *admission.RULES,
    *definitions.RULES,
    *objects.RULES,
    *devices.RULES,
)
