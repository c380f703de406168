"""A subset of Go's `text/template` with the functions that Argo CD gives to ApplicationSets.

Within the subset, texts and errors are those of Go 1.26 and sprig 3.3; what is outside raises `UnsupportedError` and
is never guessed. No template runs for long or writes much: both are bounded.
"""

from __future__ import annotations

from gitops_tool.applicationsets.gotemplate.budget import Budget
from gitops_tool.applicationsets.gotemplate.errors import MissingKeyError, TemplateError, UnsupportedError
from gitops_tool.applicationsets.gotemplate.evaluate import OPTIONS, render
from gitops_tool.applicationsets.gotemplate.values import StringMap, TypedList, from_json, to_text

__all__ = [
    "OPTIONS",
    "Budget",
    "MissingKeyError",
    "StringMap",
    "TemplateError",
    "TypedList",
    "UnsupportedError",
    "from_json",
    "render",
    "to_text",
]
