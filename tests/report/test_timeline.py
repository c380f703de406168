"""The plot of versions over time."""

from __future__ import annotations

from pathlib import PurePosixPath

from gitops_tool.git.log import Commit
from gitops_tool.images import ImageRef
from gitops_tool.model import Overlay
from gitops_tool.output.report.timeline import timeline
from gitops_tool.status import How, VersionChange

DAY = 86_400
NOW = 1_700_000_000


def change(environment: str, tag: str | None, ago: int, until: int | None) -> VersionChange:
    commit = Commit("a" * 40, (), NOW - ago * DAY, "Dana <b>", "subject")
    overlay = Overlay("web", environment, PurePosixPath("web"))
    version = ImageRef("", tag) if tag else None
    ended = None if until is None else NOW - until * DAY
    return VersionChange(overlay, "web", "web", version, None, commit, commit, How.BUMP, 0, ended)


def test_a_version_has_one_colour_and_bars_are_as_long_as_it_ran() -> None:
    changes = [
        change("production", "v2", 2, None),
        change("staging", "v3", 3, None),
        change("staging", "v2", 6, 3),
        change("production", "v1", 10, 2),
        change("staging", "v1", 10, 6),
    ]
    plot = timeline(changes, ["staging", "production"], NOW)
    assert plot is not None
    staging, production = plot.rows
    assert [row.name for row in plot.rows] == ["staging", "production"]
    assert [bar.label for bar in staging.bars] == ["v1", "v2", "v3"]
    assert staging.bars[0].colour == production.bars[0].colour != staging.bars[1].colour == production.bars[1].colour
    width = sum(bar.width + 1 for bar in staging.bars)
    assert abs(staging.bars[0].width + 1 - width * 0.4) < 1
    assert staging.bars[0].title == "v1, 2023-11-04 22:13 to 2023-11-08 22:13, Dana <b>"
    assert 3 <= len(plot.ticks) <= 8


def test_time_without_an_image_is_a_gap_and_old_versions_are_counted() -> None:
    tags = {number: None if number % 2 else f"v{number}" for number in range(1, 41)}
    changes = [change("staging", tag, number, number - 1) for number, tag in tags.items()]
    plot = timeline(changes, ["staging"], NOW)
    assert plot is not None
    assert len(plot.rows[0].bars) == 12
    assert plot.older == 16


def test_everything_at_one_moment() -> None:
    plot = timeline([change("staging", "v1", 0, None)], ["staging"], NOW)
    assert plot is not None
    assert plot.rows[0].bars[0].width > 100
    assert timeline([], ["staging"], NOW) is None


def test_clocks_that_were_wrong() -> None:
    changes = [
        change("staging", "v3", -(10**9), None),
        change("staging", "v2", 1, -(10**9)),
        change("staging", "v1", 10**9, 1),
    ]
    plot = timeline(changes, ["staging"], NOW)
    assert plot is not None
    assert [bar.x for bar in plot.rows[0].bars] == sorted(bar.x for bar in plot.rows[0].bars)
    assert all(bar.x + bar.width <= 960 for bar in plot.rows[0].bars)
    assert timeline(changes[:1], ["staging"], NOW) is not None
