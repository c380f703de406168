"""The command line: parse, call one function, print, exit. The only place that imports click."""

from gitops_tool.cli.app import run

__all__ = ["run"]
