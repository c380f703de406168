"""Moments, weekly windows, and the files of holds and freezes."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import jsonschema
import pytest
import yaml

from gitops_tool.config import load_settings
from gitops_tool.errors import ConfigError, GitopsError, UsageError, YamlError
from gitops_tool.holds import Hold, freeze_path, hold_path, list_holds, read_hold
from gitops_tool.holds.times import parse_until, shown
from gitops_tool.holds.windows import Window, parse_span, parse_zone
from gitops_tool.model import Location, Overlay

from .trees import tree_of

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)
WEB = Overlay("web", "production", PurePosixPath("apps/web/overlays/production"))
PATH = ".gitops/holds/web/production.yaml"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("7d", "2026-03-11 12:30 UTC"),
        ("1w2d3h4m", "2026-03-13 15:34 UTC"),
        ("90m", "2026-03-04 14:00 UTC"),
        ("2026-03-05", "2026-03-05 00:00 UTC"),
        ("2026-03-05T09:00+09:00", "2026-03-05 00:00 UTC"),
        ("2026-03-05T09:00:00Z", "2026-03-05 09:00 UTC"),
        ("never", "it is lifted"),
    ],
)
def test_an_end_is_a_duration_or_a_date(text: str, end: str) -> None:
    assert shown(parse_until(text, NOW)) == end


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", '"" is neither a duration nor a date'),
        ("soon", '"soon" is neither a duration nor a date'),
        ("7 d", '"7 d" is neither a duration nor a date'),
        ("-1d", '"-1d" is neither a duration nor a date'),
        ("9999-12-31T23:59-23:00", '"9999-12-31T23:59-23:00" is neither a duration nor a date'),
        ("0d", '"0d" is not in the future'),
        ("2026-03-04", '"2026-03-04" is not in the future'),
    ],
)
def test_what_is_no_end_in_the_future_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_until(text, NOW)
    assert caught.value.message == message


def window(zone: str = "UTC", first: str | None = None, last: str | None = None, *days: str) -> Window:
    begins, length = parse_span(days, first, last)
    return Window("x", (), begins, length, parse_zone(zone), Location(PurePosixPath("gitops.yaml")))


WEEKEND = window("UTC", "fri 18:00", "mon 09:00")
NIGHT = window("Asia/Seoul", "18:00", "09:00")
FRIDAY_NIGHT = window("UTC", "22:00", "06:00", "fri")
SUNDAY = window("UTC", None, None, "sun")
NEW_YORK = window("America/New_York", "01:00", "04:00", "sun")


@pytest.mark.parametrize(
    ("frozen", "now", "end"),
    [
        (WEEKEND, "2026-03-06T17:59Z", None),  # a Friday
        (WEEKEND, "2026-03-06T18:00Z", "2026-03-09 09:00 UTC"),
        (WEEKEND, "2026-03-08T23:00Z", "2026-03-09 09:00 UTC"),
        (WEEKEND, "2026-03-09T08:59:59Z", "2026-03-09 09:00 UTC"),
        (WEEKEND, "2026-03-09T09:00Z", None),
        (NIGHT, "2026-03-04T08:59Z", None),  # 17:59 in Seoul
        (NIGHT, "2026-03-04T09:00Z", "2026-03-05 00:00 UTC"),
        (NIGHT, "2026-03-04T23:59Z", "2026-03-05 00:00 UTC"),
        (NIGHT, "2026-03-05T00:00Z", None),
        (FRIDAY_NIGHT, "2026-03-06T21:00Z", None),
        (FRIDAY_NIGHT, "2026-03-07T05:00Z", "2026-03-07 06:00 UTC"),
        (FRIDAY_NIGHT, "2026-03-08T05:00Z", None),
        (SUNDAY, "2026-03-08T00:00Z", "2026-03-09 00:00 UTC"),
        (SUNDAY, "2026-03-09T00:00Z", None),
        # On that Sunday New York's clocks go from 2:00 to 3:00.
        (NEW_YORK, "2026-03-08T05:59Z", None),
        (NEW_YORK, "2026-03-08T06:00Z", "2026-03-08 08:00 UTC"),
        (NEW_YORK, "2026-03-08T08:00Z", None),
    ],
)
def test_a_window_is_open_by_the_clocks_of_its_zone(frozen: Window, now: str, end: str | None) -> None:
    found = frozen.end(datetime.fromisoformat(now))
    assert (shown(found) if found else None) == end


def test_a_window_from_a_time_to_the_same_is_a_whole_day_or_week() -> None:
    assert parse_span((), "09:00", "09:00")[1] == timedelta(days=1)
    assert parse_span((), "mon 09:00", "mon 09:00")[1] == timedelta(days=7)


HOSTILE = [
    "quotes \" and ' \\",
    "- dash",
    "# hash",
    "on",
    "1.10",
    "emoji \U0001f525",
    "{{ x }}",
    "a: b",
    "\u2028\u0085",
]


@pytest.mark.parametrize("reason", HOSTILE)
def test_what_is_written_is_read_back(reason: str) -> None:
    hold = Hold(PurePosixPath(PATH), reason, reason, NOW, NOW, NOW + timedelta(days=1), (reason, "1.10"), "rollback")
    assert read_hold(tree_of({PATH: hold.text()}), hold.path) == hold


def test_only_a_reason_is_needed() -> None:
    assert read_hold(tree_of({PATH: "reason: x\n"}), PurePosixPath(PATH)) == Hold(PurePosixPath(PATH), "x")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", None, f'"{PATH}" must hold one mapping'),
        ("- reason: x\n", None, f'"{PATH}" must hold one mapping'),
        ("until: 2026-01-01\n", "1:1", 'there is no "reason"'),
        ("reason: 5\n", "1:9", '"reason" must be a text, in quotes'),
        ("reason: x\nuntill: 2026-01-01\n", "2:9", 'unknown key "untill"'),
        ("reason: x\nuntil: tomorrow\n", "2:8", '"until" is "tomorrow", which is not a time'),
        ("reason: x\nuntil: 20260101\n", "2:8", '"until" must be a text, in quotes'),
        ("reason: x\nversions: v2\n", "2:11", '"versions" must be a list of texts, in quotes'),
        ("reason: x\nversions: []\n", "2:11", '"versions" must be a list of texts, in quotes'),
        ("reason: x\nversions: [1.10]\n", "2:11", '"versions" must be a list of texts, in quotes'),
        ("reason: x\naction: stop\n", "2:9", '"action" is "stop"'),
    ],
)
def test_a_malformed_file_is_told_with_its_place(text: str, place: str | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_hold(tree_of({PATH: text}), PurePosixPath(PATH))
    assert str(caught.value) == (f"{PATH}:{place}: {message}" if place else message)


def test_a_file_that_is_no_yaml_is_an_error() -> None:
    with pytest.raises(YamlError):
        read_hold(tree_of({PATH: "reason: [\n"}), PurePosixPath(PATH))


def test_all_holds_and_freezes_are_listed_and_nothing_else() -> None:
    files = {
        PATH: "reason: a\n",
        ".gitops/freeze.yaml": "reason: b\n",
        ".gitops/freezes/staging.yaml": "[",
        ".gitops/README.md": "",
        ".gitops/holds/x.yaml": "",
        ".gitops/other/web/x.yaml": "",
    }
    found = {
        str(path): error if isinstance(error, GitopsError) else error.reason
        for path, error in list_holds(tree_of(files))
    }
    assert set(found) == {PATH, ".gitops/freeze.yaml", ".gitops/freezes/staging.yaml"}
    assert (found[PATH], found[".gitops/freeze.yaml"]) == ("a", "b")
    assert isinstance(found[".gitops/freezes/staging.yaml"], YamlError)


@pytest.mark.parametrize("path", [".gitops", ".gitops/holds", ".gitops/holds/web"])
def test_a_file_where_a_folder_should_be_holds_everything(path: str) -> None:
    tree = tree_of({path: "reason: x\n"})
    with pytest.raises(ConfigError) as caught:
        read_hold(tree, PurePosixPath(PATH))
    assert str(caught.value) == f'{path}: "{path}" is not a directory'
    assert [(str(where), str(error)) for where, error in list_holds(tree)] == (
        [(path, str(caught.value))] if path != ".gitops/holds/web" else []
    )


def test_where_the_files_are() -> None:
    assert str(hold_path(WEB)) == PATH
    assert str(freeze_path(None)) == ".gitops/freeze.yaml"
    assert str(freeze_path("production")) == ".gitops/freezes/production.yaml"


def test_the_examples_of_the_documentation_are_read() -> None:
    root = Path(__file__).parents[2]
    schema = json.loads((root / "schemas/gitops.schema.json").read_text("utf-8"))
    blocks = re.findall(r"```yaml\n(.*?)```", (root / "docs/promote.md").read_text("utf-8"), re.DOTALL)
    settings = [block for block in blocks if block.startswith(("promote:", "freeze:"))]
    for block in settings:
        load_settings(tree_of({"gitops.yaml": block}))
        jsonschema.Draft7Validator(schema).validate(yaml.safe_load(block))
    [hold] = [block for block in blocks if block not in settings]
    found = read_hold(tree_of({PATH: hold}), PurePosixPath(PATH))
    assert found is not None
    assert (found.reason, found.versions) == ("memory leak, OPS-1234", ("1a2b3c4",))
    assert len(settings) == 2
