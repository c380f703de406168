"""Argo CD as it runs: the state of an Application, by its API or through kubectl."""

from gitops_tool.argocd.state import State, Verdict, verdict
from gitops_tool.argocd.waiting import Waited, wait

__all__ = ["State", "Verdict", "Waited", "verdict", "wait"]
