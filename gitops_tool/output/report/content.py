"""What a report is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_tool.records import field, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gitops_tool.diff.repository import RepositoryDiff
    from gitops_tool.model import Location, Overlay
    from gitops_tool.status.matrix import Status
    from gitops_tool.topology import Topology
    from gitops_tool.validate.run import Result


@record
class Report:
    """Everything that one report shows.

    `now` is when it is made, in seconds since 1970. `diff` is None where there is none, for the reason in
    `diff_note`; without one, the page has no such part. `lines` holds the source line of each finding that
    has one. `problems` tells of overlays that cannot be rendered.
    """

    title: str
    now: int
    status: Status
    result: Result
    lines: Mapping[Location, str]
    graphs: Mapping[Overlay, Topology]
    diff: RepositoryDiff | None = None
    diff_note: str | None = None
    problems: Mapping[Overlay, str] = field(default_factory=dict)
