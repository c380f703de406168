"""The commit message of a change: a subject people read, trailers that programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gitops_tool.errors import UsageError
from gitops_tool.patterns import lazy_pattern
from gitops_tool.wording import did_you_mean

if TYPE_CHECKING:
    from gitops_tool.changes.base import Setting
    from gitops_tool.images import ImageRef

_FULL_SHA = lazy_pattern(r"[0-9a-f]{40}|[0-9a-f]{64}")
_PLACEHOLDER = lazy_pattern(r"\{(\w*)\}")


def short(version: ImageRef) -> str:
    """Return a tag or digest in the length for a subject: commit ids in 7 digits, digests in 12."""
    if version.tag:
        return version.tag[:7] if _FULL_SHA.fullmatch(version.tag) else version.tag
    algorithm, _, value = (version.digest or "").partition(":")
    return f"{algorithm}:{value[:12]}"


def commit_message(
    settings: Sequence[Setting], template: str | None, action: str = "bump", trailers: Sequence[str] = ()
) -> str:
    """Return the whole message for what is set.

    Args:
        settings: at least one.
        template: replaces the subject (and body); its `{app}`, `{environment}`, `{image}`, `{old}`, `{new}` and
            `{short}` are filled in, several values joined by commas.
        action: what is done, in one word; other ones than a bump are also told to programs.
        trailers: what else is told to programs.

    Raises:
        UsageError: the template has another placeholder, is empty, or is no text.
    """
    head = _subject(settings, action) if template is None else filled(template, _values(settings))
    first = [] if action == "bump" else [f"Gitops-Action: {action}"]
    return with_trailers(head, [*first, *trailers, *(line for setting in settings for line in setting.trailers())])


def with_trailers(head: str, trailers: Sequence[str]) -> str:
    """Return a commit message of a subject (and body) for people and lines for programs."""
    return f"{head}\n\n" + "\n".join(trailers) + "\n"


def _subject(settings: Sequence[Setting], action: str) -> str:
    apps = list(dict.fromkeys(setting.overlay.app for setting in settings))
    where = ",".join(dict.fromkeys(setting.overlay.environment for setting in settings))
    if len(apps) == 1:
        return f"{apps[0]}({where}): {action} {settings[0].name} to {settings[0].short_text}"
    lines = (f"- {s.overlay.app}({s.overlay.environment}): {s.name} to {s.short_text}" for s in settings)
    subject = f"{action} {', '.join(apps)} ({where})" if len(apps) <= 3 else f"{action} {len(apps)} apps ({where})"
    return subject + "\n\n" + "\n".join(lines)


def _values(settings: Sequence[Setting]) -> Mapping[str, Sequence[str]]:
    return {
        "app": [s.overlay.app for s in settings],
        "environment": [s.overlay.environment for s in settings],
        "image": [s.name for s in settings],
        "old": [s.old_text or "unset" for s in settings],
        "new": [s.new_text for s in settings],
        "short": [s.short_text for s in settings],
    }


def filled(template: str, values: Mapping[str, Sequence[str]]) -> str:
    """Return a template of the user's with the values for its placeholders.

    Raises:
        UsageError: the template has another placeholder, is empty, or is no text.
    """

    def fill(match: re.Match[str]) -> str:
        if match[1] not in values:
            hint = did_you_mean(match[1], values) or f"known: {', '.join(values)}"
            raise UsageError(f'the message template has an unknown "{{{match[1]}}}"', hint=hint)
        return ", ".join(dict.fromkeys(values[match[1]]))

    if not _is_text(template):
        raise UsageError("the message template is not text in UTF-8")
    text = _PLACEHOLDER.sub(fill, template).strip()
    if not text:
        raise UsageError("the message template is empty")
    return text


def one_line(text: str, option: str) -> str:
    """Return a user's words as one line.

    Raises:
        UsageError: there are none, or they are no text that can be printed.
    """
    line = " ".join(text.split()) if _is_text(text) else ""
    if not line or not line.isprintable():
        raise UsageError(f"{option} needs a reason in words", hint="such as a ticket's number, or who decided")
    return line


def _is_text(template: str) -> bool:
    """Whether the command line held text: Python passes on other bytes as halves of surrogate pairs."""
    return not any("\ud800" <= char <= "\udfff" or char == "\0" for char in template)


def app_message(action: str, app: str, environments: Sequence[str], template: str | None, detail: str = "") -> str:
    """Return the whole message for what is done to an app as a whole.

    Args:
        action: what is done, in one word.
        app: the app's name.
        environments: where it is done.
        template: replaces the subject (and body); its `{app}` and `{environment}` are filled in.
        detail: what the subject says behind the action.

    Raises:
        UsageError: the template has another placeholder, is empty, or is no text.
    """
    where = ",".join(environments)
    values = {"app": [app], "environment": list(environments)}
    head = f"{app}({where}): {action}{detail}" if template is None else filled(template, values)
    trailers = [
        f"Gitops-Action: {action}",
        f"Gitops-App: {app}",
        *(f"Gitops-Environment: {name}" for name in environments),
    ]
    return with_trailers(head, trailers)
