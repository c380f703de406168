"""What refers to other objects: Services, Ingresses, autoscalers, monitors, pods and policies.

An object is looked for in the same overlay first, then in everything that may go to the same namespace of
the same cluster. That something is missing is only said when the whole repository was looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.references import backends, configuration, monitors, policies, probes, scaling, services

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *services.RULES,
    *probes.RULES,
    *backends.RULES,
    *scaling.RULES,
    *monitors.RULES,
    *configuration.RULES,
    *policies.RULES,
)
