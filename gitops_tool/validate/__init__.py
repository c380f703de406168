"""Runs schemas and rules over renders and traces what they find to the source lines."""

from gitops_tool.schemas import SchemaEngine
from gitops_tool.validate.objects import CheckedObject
from gitops_tool.validate.schema_check import SchemaChecker
from gitops_tool.validate.validator import Before, Report, Validator

__all__ = ["Before", "CheckedObject", "Report", "SchemaChecker", "SchemaEngine", "Validator"]
