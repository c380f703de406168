"""Reads a repository that nobody prepared, and writes the settings for it.

What is found is taken from directories, kustomizations and Argo CD's objects; what is guessed, and what is not
understood, is told.
"""

from gitops_tool.adoption.adopt import Adoption, adopt
from gitops_tool.adoption.report import report_lines
from gitops_tool.adoption.survey import Unclear

__all__ = ["Adoption", "Unclear", "adopt", "report_lines"]
