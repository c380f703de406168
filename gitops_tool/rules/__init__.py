"""The rules: what an API server, Argo CD or a reviewer objects to, one file a family."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitops_tool.rules.base import Rule


@cache
def sync_rules() -> tuple[Rule, ...]:
    """Return the rules that decide whether an API server and Argo CD take what is rendered.

    A change is held against these: it has to be quick, and a hotfix must not wait for a reviewer's remark.
    """
    from gitops_tool.rules import api_server, argocd, images

    return (*api_server.RULES, *argocd.RULES, *images.RULES)


@cache
def change_rules() -> tuple[Rule, ...]:
    """Return the rules that compare what is rendered with what was."""
    from gitops_tool.rules import changes

    return changes.RULES


_BETWEEN = frozenset(
    {
        *("application-path", "application-destination", "application-duplicate", "object-shared", "project-missing"),
        *("project-denies-application", "project-denies-repository", "project-denies-destination"),
        *("project-denies-object", "unlisted-file"),
    }
)
"""The rules of `gitops validate` on what directories and Argo CD's objects say of each other."""


def own_drift_rules() -> tuple[Rule, ...]:
    """Return the rules that only `gitops argocd check` has."""
    from gitops_tool.rules.argocd import drift

    return drift.RULES


@cache
def drift_rules() -> tuple[Rule, ...]:
    """Return the rules of `gitops argocd check`: its own, and those of `gitops validate` that are about the same."""
    return (*own_drift_rules(), *(rule for rule in all_rules() if rule.id in _BETWEEN))


@cache
def all_rules() -> tuple[Rule, ...]:
    """Return every rule, in the order of the documentation."""
    from gitops_tool.rules import (
        api_server,
        argocd,
        changes,
        cluster,
        deprecations,
        hygiene,
        images,
        references,
        security,
    )

    return (
        *api_server.RULES,
        *cluster.RULES,
        *changes.RULES,
        *deprecations.RULES,
        *argocd.RULES,
        *references.RULES,
        *images.RULES,
        *security.RULES,
        *hygiene.RULES,
    )
