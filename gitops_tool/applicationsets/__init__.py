"""Argo CD's ApplicationSets: which Applications the files of a repository make of them.

`expand` runs the generators whose parameters are in the repository or in `gitops.yaml`, fills in the templates and
says of everything else that it was not checked. It knows Argo CD 3.6.
"""

from __future__ import annotations

from gitops_tool.applicationsets.expand import expand
from gitops_tool.applicationsets.repository import IsHere
from gitops_tool.applicationsets.results import Expansion, Fault, Generated, Unchecked

__all__ = ["Expansion", "Fault", "Generated", "IsHere", "Unchecked", "expand"]
