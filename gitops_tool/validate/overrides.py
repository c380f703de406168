"""What the command line says over the head of `gitops.yaml`: which rules count, and for which Kubernetes version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from gitops_tool.config import SETTINGS_PATH
from gitops_tool.errors import ConfigError, UsageError
from gitops_tool.records import replace
from gitops_tool.rules import all_rules, own_drift_rules
from gitops_tool.rules.base import Family
from gitops_tool.validate.built_in import RENDER, built_in, rule_ids
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.config import Settings

OFF = "off"


def with_rules(settings: Settings, selected: Collection[str], ignored: Collection[str]) -> Settings:
    """Return settings under which only some rules count; a name is a rule's or a family's.

    That an overlay cannot be rendered always counts unless it is ignored by name: nothing else
    can be said about it.

    Raises:
        UsageError: there is no such rule.
    """
    if not selected and not ignored:
        return settings
    on = _expanded(selected)
    off = _expanded(ignored) | ({*rule_ids()} - on - {RENDER} if on else set())
    levels = dict.fromkeys(off, OFF)
    by_environment = {name: {**rules, **levels} for name, rules in settings.environment_rules.items()}
    return replace(settings, rules={**settings.rules, **levels}, environment_rules=by_environment)


def _expanded(names: Iterable[str]) -> set[str]:
    families = _families()
    known = {*rule_ids(), *families}
    found: set[str] = set()
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or "`gitops rules` lists them"
            raise UsageError(f"there is no rule {quoted(name)}", hint=hint)
        found.update(families.get(name, {name}))
    return found


def _families() -> Mapping[str, set[str]]:
    """Return the ids of each family's rules; a family that has the name of a rule means all of it."""
    found: dict[str, set[str]] = {family.value: set() for family in Family}
    rules = [(one.id, one.family) for one in (*all_rules(), *own_drift_rules())]
    for rule_id, family in [*((one.id, one.family) for one in built_in()), *rules]:
        found[family].add(rule_id)
    return found


def with_kubernetes_version(settings: Settings, version: str) -> Settings:
    """Return settings under which every environment has one Kubernetes version.

    Raises:
        UsageError: there are no schemas for that version.
    """
    from gitops_tool.schemas.catalogue import versions

    known = versions()
    minor = ".".join(version.removeprefix("v").split(".")[:2])
    if minor not in known:
        hint = f"there are schemas for {known[0]} to {known[-1]}"
        raise UsageError(f"Kubernetes {quoted(version)} is not known", hint=hint)
    environments = tuple(replace(environment, kubernetes_version=None) for environment in settings.environments)
    return replace(settings, kubernetes_version=minor, environments=environments)


def check_rule_names(settings: Settings) -> None:
    """Refuse settings that set the severity of a rule that does not exist.

    Raises:
        ConfigError: the name is misspelt, or the rule is gone.
    """
    named: list[Collection[str]] = [settings.rules, *settings.environment_rules.values()]
    known = rule_ids() if any(named) else ()
    for name in (name for names in named for name in names):
        if name not in known:
            hint = did_you_mean(name, known) or "`gitops rules` lists them"
            raise ConfigError(f'"{SETTINGS_PATH}" sets the severity of {quoted(name)}, which is no rule', hint=hint)
