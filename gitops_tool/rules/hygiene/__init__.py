"""What works, and should not be left as it is: forgotten files, old fields, plain secrets, ambiguous YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.rules.hygiene import holds, ingress_nginx, kustomizations, scalars, secrets, workloads

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule

RULES: tuple[Rule, ...] = (
    *scalars.RULES,
    *kustomizations.RULES,
    *secrets.RULES,
    *ingress_nginx.RULES,
    *workloads.RULES,
    *holds.RULES,
)
