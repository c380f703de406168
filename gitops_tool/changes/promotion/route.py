"""From which environment to which a promotion goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import TYPE_CHECKING

from gitops_tool.config import PROMOTION_ORDER
from gitops_tool.errors import UsageError
from gitops_tool.wording import did_you_mean, quoted

if TYPE_CHECKING:
    from gitops_tool.config import Settings
    from gitops_tool.model import App


def predecessors(settings: Settings, apps: Sequence[App]) -> Mapping[str, str]:
    """Return from which environment each one is promoted to.

    That is its `promotesFrom`; where no environment has one, the one before it in the list. Without settings it is
    the one before it by the usual names, of those that the apps have.
    """
    if any(environment.promotes_from for environment in settings.environments):
        return {e.name: e.promotes_from for e in settings.environments if e.promotes_from}
    names = [environment.name for environment in settings.environments]
    if not names:
        present = {overlay.environment for app in apps for overlay in app.overlays}
        names = [name for name in PROMOTION_ORDER if name in present]
    return dict(zip(names[1:], names, strict=False))


def find_route(before: Mapping[str, str], source: str | None, target: str | None) -> tuple[str, str]:
    """Return source and target of a promotion; what is not given follows if there is but one choice.

    Raises:
        UsageError: there are several choices, or none.
    """
    if source is not None and target is not None:
        if source == target:
            raise UsageError(f"{quoted(source)} is both the source and the target")
        return source, target
    pairs = [(old, new) for new, old in before.items() if source in {None, old} and target in {None, new}]
    if len(pairs) == 1:
        return pairs[0]
    known = {*before, *before.values()}
    listed = ", ".join(f"{new} (from {old})" for new, old in before.items())
    if target is not None:
        hint = _meant(target, known) or "say from where with --from"
        raise UsageError(f"nothing is promoted to {quoted(target)} in the promotion order", hint=hint)
    if source is not None and not pairs:
        hint = _meant(source, known) or "say where to with --to"
        raise UsageError(f"nothing is promoted from {quoted(source)} in the promotion order", hint=hint)
    if not pairs:
        raise UsageError("the promotion order is not known", hint="say --from and --to, or set it in gitops.yaml")
    choices = listed if source is None else ", ".join(new for _, new in pairs)
    raise UsageError("there are several environments to promote to", hint=f"choose with --to: {choices}")


def _meant(name: str, known: Set[str]) -> str | None:
    return None if name in known else did_you_mean(name, known)


def detours(before: Mapping[str, str], source: str, target: str) -> list[str]:
    """Return what speaks against a promotion: a step back or over an environment brings what was not tried there."""
    expected = before.get(target)
    if expected == source or not before:
        return []
    if expected is not None:
        return [f"{target} is promoted from {expected}, not from {source}"]
    return [f"nothing is promoted to {target} in the promotion order"]
