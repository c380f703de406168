"""The commit message of a bump: a subject people read, trailers that programs read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import UsageError
from gitops_tool.images import ImageRef
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting

_FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
PLACEHOLDERS = ("app", "environment", "image", "old", "new", "short")


def short(version: ImageRef) -> str:
    """Return a tag or digest in the length for a subject: commit ids in 7 digits, digests in 12."""
    if version.tag:
        return version.tag[:7] if _FULL_SHA.fullmatch(version.tag) else version.tag
    algorithm, _, value = (version.digest or "").partition(":")
    return f"{algorithm}:{value[:12]}"


def commit_message(settings: Sequence[Setting], template: str | None) -> str:
    """Return the whole message for what is set.

    Args:
        settings: at least one.
        template: replaces the subject (and body); its `{app}`, `{environment}`, `{image}`, `{old}`, `{new}` and
            `{short}` are filled in, several values joined by commas.

    Raises:
        UsageError: the template has another placeholder, is empty, or is no text.
    """
    head = _subject(settings) if template is None else _filled(template, settings)
    trailers = [line for setting in settings for line in _trailers(setting)]
    return f"{head}\n\n" + "\n".join(trailers) + "\n"


def _subject(settings: Sequence[Setting]) -> str:
    apps = list(dict.fromkeys(setting.overlay.app for setting in settings))
    where = ",".join(dict.fromkeys(setting.overlay.environment for setting in settings))
    if len(apps) == 1:
        image, version = settings[0].image, short(settings[0].new)
        return f"{apps[0]}({where}): bump {image} to {version}"
    lines = (f"- {s.overlay.app}({s.overlay.environment}): {s.image} to {short(s.new)}" for s in settings)
    subject = f"bump {', '.join(apps)} ({where})" if len(apps) <= 3 else f"bump {len(apps)} apps ({where})"
    return subject + "\n\n" + "\n".join(lines)


def _trailers(setting: Setting) -> list[str]:
    old, new = (ImageRef(setting.image, version.tag, version.digest) for version in (setting.old, setting.new))
    return [
        f"Gitops-App: {setting.overlay.app}",
        f"Gitops-Environment: {setting.overlay.environment}",
        f"Gitops-Image: {old} -> {new}",
    ]


def _filled(template: str, settings: Sequence[Setting]) -> str:
    values = {
        "app": [s.overlay.app for s in settings],
        "environment": [s.overlay.environment for s in settings],
        "image": [s.image for s in settings],
        "old": [s.old.version or "unset" for s in settings],
        "new": [s.new.version for s in settings],
        "short": [short(s.new) for s in settings],
    }

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            hint = did_you_mean(match[1], values) or f"known: {', '.join(PLACEHOLDERS)}"
            raise UsageError(f'the message template has an unknown "{{{match[1]}}}"', hint=hint)
        return ", ".join(dict.fromkeys(values[match[1]]))

    if not _is_text(template):
        raise UsageError("the message template is not text in UTF-8")
    text = _PLACEHOLDER.sub(fill, template).strip()
    if not text:
        raise UsageError("the message template is empty")
    return text


def _is_text(template: str) -> bool:
    """Whether the command line held text: Python passes on other bytes as halves of surrogate pairs."""
    return not any("\ud800" <= char <= "\udfff" or char == "\0" for char in template)
