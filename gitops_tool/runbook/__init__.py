"""The commands that look into an app that is in trouble, with the names of what is rendered filled in."""

from gitops_tool.runbook.build import build
from gitops_tool.runbook.running import Result, run
from gitops_tool.runbook.steps import Command, Runbook, Step
from gitops_tool.runbook.syncing import applications_of

__all__ = ["Command", "Result", "Runbook", "Step", "applications_of", "build", "run"]
