"""The token for git and the forge: from the environment, a file that it names, or git's credential helpers."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from gitops_tool import process
from gitops_tool.errors import ToolError

_TIMEOUT = 30.0
"""Seconds; a helper may ask a key chain, never a person."""


def token_from_environment() -> str:
    """Return `GITOPS_TOKEN`, or what the file `GITOPS_TOKEN_FILE` holds; empty without either.

    Raises:
        ToolError: the file cannot be read.
    """
    if token := os.environ.get("GITOPS_TOKEN", ""):
        return token
    name = os.environ.get("GITOPS_TOKEN_FILE", "")
    if not name:
        return ""
    try:
        return Path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ToolError(f'"{name}" cannot be read: {reason}', hint="GITOPS_TOKEN_FILE names it") from error


def token_from_helper(url: str) -> str:
    """Return the password that git's credential helpers have for a server; empty if they have none."""
    parts = urlsplit(url)
    question = f"protocol={parts.scheme}\nhost={parts.netloc}\n\n"
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "SSH_ASKPASS": ""}
    done = process.run(("git", "credential", "fill"), stdin=question.encode(), timeout=_TIMEOUT, env=env)
    answer = done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
    pairs = dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    return pairs.get("password", "")
