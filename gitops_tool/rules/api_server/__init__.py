"""What an API server rejects and no schema finds.

The rules say what `kube-apiserver` 1.31 to 1.37 says when an object is created. Where versions
differ, the most lenient one counts: what one of them accepts is no error here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.api_server import (
    addresses,
    autoscalers,
    conflicts,
    duplicates,
    emptiness,
    empty_values,
    entries,
    enums,
    jobs,
    metadata,
    names,
    networking,
    podfields,
    quantities,
    ranges,
    rbac,
    references,
    rollouts,
    selectors,
    systems,
    unions,
    values,
)

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *metadata.RULES,
    *names.RULES,
    *selectors.RULES,
    *enums.RULES,
    *ranges.RULES,
    *quantities.RULES,
    *values.RULES,
    *addresses.RULES,
    *unions.RULES,
    *references.RULES,
    *duplicates.RULES,
    *entries.RULES,
    *emptiness.RULES,
    *empty_values.RULES,
    *conflicts.RULES,
    *podfields.RULES,
    *systems.RULES,
    *jobs.RULES,
    *networking.RULES,
    *rollouts.RULES,
    *autoscalers.RULES,
    *rbac.RULES,
)
