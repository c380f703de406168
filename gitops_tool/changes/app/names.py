"""What an app may be called."""

from __future__ import annotations

import re

from gitops_tool.errors import UsageError
from gitops_tool.wording import quoted

# RFC 1035: what a Service may be called; see
# https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#rfc-1035-label-names
_LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?", re.ASCII)
_LONGEST = 63
_RESERVED = frozenset({"argocd", "base", "bases", "common", "components", "environments", "envs", "overlays", "root"})


def check_app_name(name: str) -> None:
    """Refuse what a new app cannot be called.

    Raises:
        UsageError: it is no name for a Service, or it means something else in a repository of manifests.
    """
    if len(name) > _LONGEST:
        raise UsageError(f"{quoted(name)} is longer than {_LONGEST} characters, which a Service's name may have")
    if not _LABEL.fullmatch(name):
        hint = "lower-case letters, digits and hyphens; a letter first, no hyphen last: as a Service is named"
        raise UsageError(f"{quoted(name)} is not a name for an app", hint=hint)
    if name in _RESERVED:
        raise UsageError(f'"{name}" is not a name for an app: it means something else here')
