"""Tells a webhook what was done: a JSON document, or what a template makes of it.

The address is a secret for most chats, so it comes from the environment (`GITOPS_WEBHOOK`) and is never printed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gitops_tool.errors import GitopsError, TemplateError, ToolError
from gitops_tool.web import ask, session

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDRESS, TEMPLATE, TOKEN = "GITOPS_WEBHOOK", "GITOPS_WEBHOOK_TEMPLATE", "GITOPS_WEBHOOK_TOKEN"
_NAME = PurePosixPath("webhook.json")


def wanted() -> bool:
    """Whether a webhook is configured."""
    return bool(os.environ.get(ADDRESS))


def notify(event: Mapping[str, Any]) -> str | None:
    """Send an event to the webhook; return why that failed, None if it did not.

    What was done is done: a chat that does not answer is a note, never a failure.
    """
    try:
        _send(os.environ[ADDRESS], _body(event))
    except GitopsError as error:
        return f"the webhook was not told: {error}"
    return None


def _body(event: Mapping[str, Any]) -> bytes:
    """Return the event as JSON, or as the template has it.

    Raises:
        TemplateError: the template cannot be filled in, or what it makes is not JSON.
        ToolError: its file cannot be read.
    """
    name = os.environ.get(TEMPLATE)
    if not name:
        return json.dumps(event, ensure_ascii=False).encode()
    from gitops_tool.templating import SUFFIX, Templates

    try:
        text = Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ToolError(f'"{name}" cannot be read', hint=f"{TEMPLATE} names it") from error
    templates = Templates(PurePosixPath(name).parent, {_NAME.with_name(_NAME.name + SUFFIX): text})
    data = templates.fill(_NAME, event) or b""
    try:
        json.loads(data)
    except ValueError as error:
        hint = "quote values with the filter tojson: {{ app | tojson }}"
        raise TemplateError(f'what "{name}" makes is not JSON: {error}', hint=hint) from error
    return data


def _send(url: str, body: bytes) -> None:
    """Post a document.

    Raises:
        ToolError: the address is not one, or its server does not take the document.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ToolError(f"{ADDRESS} is no https address")
    headers = {"Content-Type": "application/json"}
    if token := os.environ.get(TOKEN):
        headers["Authorization"] = f"Bearer {token}"
    with session(headers) as client:
        try:
            answer = ask(client, "POST", url, data=body)
        except ToolError as error:  # its words hold the address
            raise ToolError(f'"{parts.hostname}" cannot be reached') from error
    if not answer.ok:
        raise ToolError(f'"{parts.hostname}" answers with status {answer.status_code}')
