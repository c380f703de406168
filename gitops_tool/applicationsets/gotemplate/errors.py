"""What can go wrong with a template."""

from __future__ import annotations


class TemplateError(Exception):
    """Go refuses the template, or fails while it executes it; the message is close to Go's own."""


class MissingKeyError(TemplateError):
    """A parameter is missing under `missingkey=error`, or a field is asked of what has none."""


class UnsupportedError(Exception):
    """Go may well accept the template, but this interpreter does not know.

    Args:
        what: the construct or limit in question, such as `template function "regexMatch"`.
    """

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
