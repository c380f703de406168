"""What holds and freezes say to a change, at a moment that the test chooses."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath

import pytest

from gitops_tool.changes.guard import NOTHING, Pass, judge
from gitops_tool.changes.images import ImageSetting
from gitops_tool.config import load_settings
from gitops_tool.errors import UsageError
from gitops_tool.images import ImageRef
from gitops_tool.model import Location, Overlay

from .trees import tree_of

DIGEST = "sha256:" + "0123456789abcdef" * 4
PATH = PurePosixPath("apps/web/overlays/production")
WEB = Overlay("web", "production", PATH)
HOLD = ".gitops/holds/web/production.yaml"
WEDNESDAY = "2026-03-04T12:30Z"
WEEKEND = "freeze: [{reason: weekend, environments: [production], from: 'fri 18:00', until: 'mon 09:00'}]\n"


def setting(version: str = "v2", old: str = "v1", overlay: Overlay = WEB) -> ImageSetting:
    name = "registry.example.org/web"
    versions = (ImageRef.parse_version(text) for text in (old, version))
    return ImageSetting(overlay, name, name, *versions, Location(PATH))


def said(
    files: dict[str, str], version: str = "v2", now: str = WEDNESDAY, override: str | None = None, **more: bool
) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Return what stands in the way, what is noted, and what the commit message gets."""
    tree = tree_of({"README.md": "", **files})
    card = Pass(override, datetime.fromisoformat(now).timestamp, **more)
    verdict = judge(tree, load_settings(tree), [setting(version)], card)
    return [one.message for one in verdict.findings], list(verdict.notes), verdict.trailers


@pytest.mark.parametrize(
    ("files", "now", "found"),
    [
        ({}, WEDNESDAY, []),
        ({HOLD: "reason: leak\n"}, WEDNESDAY, ["web(production) is held until it is lifted: leak"]),
        (
            {HOLD: "reason: leak\nauthor: Dana\nuntil: 2026-03-04T12:31:00Z\n"},
            WEDNESDAY,
            ["web(production) is held until 2026-03-04 12:31 UTC by Dana: leak"],
        ),
        ({HOLD: "reason: leak\nuntil: 2026-03-04T12:30:00Z\n"}, WEDNESDAY, []),
        ({HOLD: "reason: leak\nfrom: 2026-03-04T12:30:00Z\n"}, "2026-03-04T12:29:59Z", []),
        (
            {HOLD: "reason: leak\nfrom: 2026-03-04T12:30:00Z\n"},
            WEDNESDAY,
            ["web(production) is held until it is lifted: leak"],
        ),
        ({".gitops/holds/web/staging.yaml": "reason: x\n", ".gitops/holds/api/production.yaml": "["}, WEDNESDAY, []),
        (
            {".gitops/freeze.yaml": "reason: all\n", ".gitops/freezes/production.yaml": "reason: one\n"},
            WEDNESDAY,
            ["production is frozen until it is lifted: all", "production is frozen until it is lifted: one"],
        ),
        ({".gitops/freezes/staging.yaml": "reason: x\n"}, WEDNESDAY, []),
        ({"gitops.yaml": WEEKEND}, WEDNESDAY, []),
        ({"gitops.yaml": WEEKEND}, "2026-03-07T12:30Z", ["production is frozen until 2026-03-09 09:00 UTC: weekend"]),
        (
            {".gitops": "a file\n"},
            WEDNESDAY,
            [
                f'{place} counts as {word}, as the file cannot be read: ".gitops" is not a directory'
                for place, word in (("web(production)", "held"), ("production", "frozen"))
            ],
        ),
    ],
)
def test_what_stands_in_the_way_at_a_moment(files: dict[str, str], now: str, found: list[str]) -> None:
    assert said(files, now=now)[0] == found


@pytest.mark.parametrize(
    ("listed", "version", "is_refused"),
    [
        ("v2", "v2", True),
        ("v2", "v3", False),
        ("v2", f"v2@{DIGEST}", True),
        (DIGEST, f"v2@{DIGEST}", True),
        (f"v2@{DIGEST}", f"v2@{DIGEST}", True),
        (f"v2@{DIGEST}", "v2", False),
        ("registry.example.org/web:v2", "v2", True),
        ("registry.example.org/api:v2", "v2", False),
        (f"registry.example.org/web@{DIGEST}", DIGEST, True),
        ("2", "v2", False),
        ("xv2", "v2", False),
        ("registry.example.org/web2v2", "v2", False),
    ],
)
def test_a_hold_of_versions_refuses_these_alone(listed: str, version: str, is_refused: bool) -> None:
    found, _, _ = said({HOLD: f'reason: bad\nversions: ["{listed}"]\n'}, version)
    assert bool(found) == is_refused


def test_one_that_is_over_is_noted() -> None:
    assert said({HOLD: "reason: x\nuntil: 2026-03-01\n"})[1] == [
        f'"{HOLD}" ended at 2026-03-01 00:00 UTC; `gitops unhold web --env production` removes it'
    ]


def test_a_change_that_changes_nothing_is_not_held() -> None:
    assert said({HOLD: "reason: x\n"}, version="v1") == ([], [], ())


def test_an_override_is_noted_and_recorded() -> None:
    assert said({HOLD: "reason: leak\n"}, override=" hot\nfix ") == (
        [],
        ["overruled: web(production) is held until it is lifted: leak"],
        ("Gitops-Override: hot fix",),
    )


def test_an_override_of_nothing_is_not_recorded() -> None:
    assert said({}, override="x") == ([], ["nothing holds this back, so that --override is not recorded"], ())


@pytest.mark.parametrize("override", ["", " ", "\x1b[31m", "\udcff"])
def test_an_override_needs_words(override: str) -> None:
    with pytest.raises(UsageError, match="--override needs a reason in words"):
        said({HOLD: "reason: x\n"}, override=override)


def test_a_rollback_goes_on_behind_the_hold_of_a_rollback_alone() -> None:
    assert said({HOLD: "action: rollback\nreason: x\n"}, follows_rollbacks=True)[0] == []
    assert said({HOLD: "action: hold\nreason: x\n"}, follows_rollbacks=True)[0] != []
    assert said({HOLD: "action: rollback\nreason: x\nversions: [v2]\n"}, follows_rollbacks=True)[0] != []
    assert said({".gitops/freeze.yaml": "reason: x\n"}, follows_rollbacks=True)[0] != []


def test_without_holds_nothing_but_the_root_is_looked_at() -> None:
    tree = tree_of({"README.md": ""})
    asked: list[PurePosixPath] = []
    modes = tree.modes
    tree.modes = lambda path: (asked.append(path), modes(path))[1]  # type: ignore[method-assign]
    assert judge(tree, load_settings(tree_of({})), [setting()], Pass()) is NOTHING
    assert asked == [PurePosixPath()]


def test_the_moment_is_asked_once() -> None:
    moments = iter([datetime(2026, 3, 4, tzinfo=UTC).timestamp()])
    tree = tree_of({HOLD: "reason: x\n"})
    wanted = [setting(), setting("v3")]
    assert len(judge(tree, load_settings(tree), wanted, Pass(clock=lambda: next(moments))).held) == 1
