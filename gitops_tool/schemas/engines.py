"""Checks documents against schemas by either of two engines, which give the same verdict."""

from gitops_tool.schemas.documents import missing
from gitops_tool.schemas.embedded import check_embedded
from gitops_tool.schemas.kubeconform import check_kubeconform
from gitops_tool.schemas.violations import Violation

__all__ = ["Violation", "check_embedded", "check_kubeconform", "missing"]
