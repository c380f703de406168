"""The kinds of changes: pure functions from a repository's files to edits, a message, and a proof of effect."""

from gitops_tool.changes.base import Change, Proposal, Setting

__all__ = ["Change", "Proposal", "Setting"]
