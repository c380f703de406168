"""The one road of every mutating command: plan, then write, commit or publish."""

from gitops_tool.pipeline.local import commit, dry_run, dry_run_of_files, first_commit, write_files
from gitops_tool.pipeline.plan import Outcome, OverlayEffect, Plan, Status, make_plan
from gitops_tool.pipeline.publish import PushOptions, publish

__all__ = [
    "Outcome",
    "OverlayEffect",
    "Plan",
    "PushOptions",
    "Status",
    "commit",
    "dry_run",
    "dry_run_of_files",
    "first_commit",
    "make_plan",
    "publish",
    "write_files",
]
