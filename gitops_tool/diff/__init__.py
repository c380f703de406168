"""Two renders -> what differs: by object and value for a bump's proof, by repository for people.

`resources` is the plain comparison that a change's proof needs, and all that is imported here. `repository` is the
value that `gitops diff` shows, `compare` makes it; nothing in it holds a value of a Secret.
"""

from __future__ import annotations

from gitops_tool.diff.resources import ValueChange, diff_resources, value_changes

__all__ = ["ValueChange", "diff_resources", "value_changes"]
