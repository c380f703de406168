"""`gitops hold`, `unhold`, `freeze`, `unfreeze`, `holds`: who may change what, until when, and who says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from . import shop
from .conftest import Team
from .test_race import all_at_once_of
from .world import PACKAGE_ROOT, Checkout, Inside, bare, contents

PRODUCTION = shop.overlay_path("web", "production")
HOLD = ".gitops/holds/web/production.yaml"
HELD = ("web", "--env", "production")
DANA = "Dana Deployer <dana@example.org>"


@pytest.fixture
def web(web: Checkout) -> Checkout:
    return Inside.of(web)


def bump(checkout: Checkout, *options: str, env: str = "production") -> tuple[int, str]:
    """Try to bump; returns the exit status and the first line on stderr."""
    result = checkout.gitops("bump", "web", "v2", "--env", env, *options)
    return result.code, result.err.partition("\n")[0]


class TestHold:
    def test_the_file_and_the_message(self, web: Checkout) -> None:
        result = web.gitops("hold", *HELD, "--reason", "audit, OPS-1", "--until", "2999-01-05")
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            "web(production): held until 2999-01-05 00:00 UTC: audit, OPS-1\n\n"
            f"{HOLD}: new, 6 lines\n\ncommitted {web.short}\n"
        )
        lines = web.read(HOLD).splitlines()
        assert [line for line in lines if not line.startswith(("#", "created: 20"))] == [
            "action: hold",
            'reason: "audit, OPS-1"',
            f'author: "{DANA}"',
            "until: 2999-01-05T00:00:00Z",
        ]
        assert str(web.commits()[0].message) == (
            "web(production): hold until 2999-01-05 00:00 UTC: audit, OPS-1\n\n"
            "Gitops-Action: hold\nGitops-App: web\nGitops-Environment: production\nGitops-Reason: audit, OPS-1\n"
        )
        assert bump(web)[0] == 1
        assert bump(web, env="staging") == (0, "")

    def test_unhold_is_its_inverse(self, web: Checkout) -> None:
        before = {name: file for name, file in contents(web.folder).items() if not name.startswith(".git/")}
        web.gitops("hold", *HELD, "--reason", "x")
        result = web.gitops("unhold", *HELD)
        assert (result.code, result.err) == (0, "")
        assert result.out == (f"web(production): no longer held\n\n{HOLD}: removed, 6 lines\n\ncommitted {web.short}\n")
        assert {n: f for n, f in contents(web.folder).items() if not n.startswith(".git/")} == before
        again = web.gitops("unhold", *HELD)
        assert (again.code, again.out) == (0, "web(production): not held\n")

    def test_a_version_alone(self, web: Checkout) -> None:
        web.gitops("hold", *HELD, "--reason", "bad", "--tag", "v2", "--until", "never")
        web.gitops("hold", *HELD, "--reason", "worse", "--tag", f"{shop.image('web')}:v3", "--until", "never")
        assert bump(web) == (1, f"error[held] {HOLD}: web(production): v2 is held until it is lifted by {DANA}: worse")
        assert web.gitops("bump", "web", "v3", "--env", "production").code == 1
        assert web.gitops("bump", "web", "v4", "--env", "production").code == 0

    def test_another_hold_is_not_replaced_unless_asked(self, web: Checkout) -> None:
        web.gitops("hold", *HELD, "--reason", "audit", "--until", "2999-01-05")
        assert web.gitops("hold", *HELD, "--reason", "audit").out == (
            "web(production): held already, until 2999-01-05 00:00 UTC: audit\n"
        )
        result = web.gitops("hold", *HELD, "--reason", "leak")
        assert (result.code, result.out) == (5, "")
        assert result.err == (
            f"error: {HOLD}: web(production): held already, until 2999-01-05 00:00 UTC by {DANA}: audit\n"
            "hint: --replace puts this in its place\n"
        )
        assert web.gitops("hold", *HELD, "--reason", "audit", "--tag", "v2", "--until", "never").code == 5
        assert web.gitops("hold", *HELD, "--reason", "leak", "--until", "2999-02-05", "--replace").code == 0
        head = web.head
        assert web.gitops("hold", *HELD, "--reason", "leak", "--until", "2999-02-05").code == 0
        assert web.head == head
        assert web.gitops("hold", *HELD, "--reason", "leak", "--until", "2999-03-05").code == 0
        assert "2999-03-05 00:00 UTC" in bump(web)[1]

    def test_one_that_has_ended_is_told_and_does_nothing(self, web: Checkout) -> None:
        web.commit({HOLD: "reason: x\nuntil: 2001-01-01\n"}, "ended")
        assert bump(web) == (
            0,
            f'note: "{HOLD}" ended at 2001-01-01 00:00 UTC; `gitops unhold web --env production` removes it',
        )
        assert web.gitops("hold", *HELD, "--reason", "y").code == 0

    def test_one_that_cannot_be_read_holds_and_can_be_overruled_and_lifted(self, web: Checkout) -> None:
        web.commit({HOLD: "reason: x\nuntil: tomorrow\n"}, "malformed")
        assert bump(web) == (
            1,
            f"error[held] {HOLD}:2:8: web(production) counts as held, as the file cannot be read:"
            ' "until" is "tomorrow", which is not a time',
        )
        assert bump(web, "--override", "hotfix")[0] == 0
        assert web.gitops("unhold", *HELD).code == 0

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            (("web", "--reason", "x"), "missing option '--env'"),
            ((*HELD,), "missing option '--reason'"),
            ((*HELD, "--reason", " "), "--reason needs a reason in words"),
            ((*HELD, "--reason", "bell \a"), "--reason needs a reason in words"),
            ((*HELD, "--reason", "x", "--until", "2001-01-01"), '"2001-01-01" is not in the future'),
            ((*HELD, "--reason", "x", "--until", "soon"), '"soon" is neither a duration nor a date'),
            ((*HELD, "--reason", "x", "--tag", "no tag"), '"no tag" is not a valid tag'),
            (("web", "--env", "prod", "--reason", "x"), 'app "web" has no environment "prod"'),
            (("../web", "--env", "production", "--reason", "x"), "'../web' is not an app's name"),
        ],
    )
    def test_what_cannot_be_meant(self, web: Checkout, arguments: tuple[str, ...], error: str) -> None:
        before = web.snapshot()
        result = web.gitops("hold", *arguments)
        assert (result.code, result.out) == (2, "")
        assert error in result.err
        assert web.snapshot() == before

    @pytest.mark.parametrize("app", ["../holds/web", "..", "-x", "we\nb"])
    def test_unhold_stays_in_its_folder(self, web: Checkout, app: str) -> None:
        web.gitops("hold", *HELD, "--reason", "x")
        assert web.gitops("unhold", "--env", "production", "--", app).code in {2, 3}
        assert (web.folder / HOLD).exists()

    def test_the_hold_of_an_app_that_is_gone_can_be_lifted(self, web: Checkout) -> None:
        web.commit({".gitops/holds/gone/production.yaml": "reason: x\n"}, "gone")
        assert web.gitops("unhold", "gone", "--env", "production").code == 0
        assert not (web.folder / ".gitops").exists()


class TestFreeze:
    def test_all_environments_and_one(self, web: Checkout) -> None:
        result = web.gitops("freeze", "--reason", "year-end", "--until", "2999-01-05")
        assert result.out.startswith("all environments: frozen until 2999-01-05 00:00 UTC: year-end\n")
        for env in shop.ENVIRONMENTS:
            assert bump(web, env=env) == (
                1,
                f"error[held] .gitops/freeze.yaml: {env} is frozen until 2999-01-05 00:00 UTC by {DANA}: year-end",
            )
        assert web.gitops("unfreeze").code == 0
        both = ("--env", "staging", "--env", "production")
        assert web.gitops("freeze", *both, "--reason", "audit").code == 0
        assert str(web.commits()[0].message) == (
            "freeze staging, production\n\n- staging: freeze until it is lifted: audit\n"
            "- production: freeze until it is lifted: audit\n\n"
            "Gitops-Action: freeze\nGitops-Environment: staging\nGitops-Environment: production\n"
            "Gitops-Reason: audit\n"
        )
        assert web.gitops("unfreeze", "--env", "staging").code == 0
        assert bump(web, env="staging") == (0, "")
        assert bump(web)[1].endswith(f"production is frozen until it is lifted by {DANA}: audit")
        assert web.gitops("rollback", "web", "--env", "production", "--to", "HEAD").code in {0, 1}

    def test_one_that_begins_later(self, web: Checkout) -> None:
        assert web.gitops("freeze", "--reason", "x", "--from", "2998-01-01", "--until", "2999-01-01").code == 0
        assert bump(web) == (0, "")
        result = web.gitops("freeze", "--env", "staging", "--reason", "x", "--from", "2d", "--until", "1d")
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("error: the freeze would end before it begins\n")

    def test_a_weekly_window(self, web: Checkout) -> None:
        web.commit({"gitops.yaml": shop.SETTINGS + "freeze: [{reason: always, environments: [production]}]\n"}, "x")
        code, error = bump(web)
        assert code == 1
        assert error.startswith("error[held] gitops.yaml:8:10: production is frozen until ")
        assert error.endswith(": always")
        assert bump(web, env="staging") == (0, "")
        assert bump(web, "--override", "hotfix")[0] == 0

    def test_an_unknown_environment(self, web: Checkout) -> None:
        result = web.gitops("freeze", "--env", "prodction", "--reason", "x")
        assert (result.code, result.out) == (2, "")
        assert result.err == 'error: no environment "prodction" in this repository\nhint: did you mean "production"?\n'


class TestList:
    def test_as_text_and_json(self, web: Checkout) -> None:
        assert web.gitops("holds").out == "nothing is held or frozen\n"
        web.commit(
            {
                HOLD: "reason: leak\nauthor: Dana\nuntil: 2999-01-05\nversions: [v2]\n",
                ".gitops/holds/web/staging.yaml": "reason: \u202e old\nuntil: 2001-01-05\n",
                ".gitops/freeze.yaml": "reason: year-end\nfrom: 2999-01-01\n",
                ".gitops/freezes/staging.yaml": "reasn: x\n",
            },
            "holds",
        )
        result = web.gitops("holds")
        assert (result.code, result.err) == (0, "")
        assert result.out == (
            "all environments: frozen from 2999-01-01 00:00 UTC until it is lifted\n  year-end\n"
            "staging: frozen, as the file cannot be read\n"
            '  .gitops/freezes/staging.yaml:1:8: unknown key "reasn"\n'
            "web(production): held until 2999-01-05 00:00 UTC, v2 only, by Dana\n  leak\n"
            "web(staging): was held until 2001-01-05 00:00 UTC\n  \\u202e old\n"
        )
        assert web.gitops("status", "--env", "production").err == (
            "note: web(production): held until 2999-01-05 00:00 UTC, v2 only, by Dana: leak\n"
        )
        document: dict[str, Any] = json.loads(web.gitops("holds", "--output", "json").out)
        schema = json.loads((PACKAGE_ROOT / "schemas/output/holds.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
        assert [one["state"] for one in document["holds"]] == ["future", "malformed", "active", "ended"]

    def test_a_hold_as_json(self, web: Checkout) -> None:
        document = json.loads(web.gitops("hold", *HELD, "--reason", "x", "--output", "json").out)
        schema = json.loads((PACKAGE_ROOT / "schemas/output/change.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)
        assert [edit["path"] for edit in document["edits"]] == [HOLD]


def test_a_bump_that_races_with_a_hold_either_landed_before_it_or_is_refused(team: Team) -> None:
    bumped, held = all_at_once_of(
        (team.mine, ("bump", "web", "v2", "--env", "production", "--push")),
        (team.theirs, ("hold", *HELD, "--reason", "stop", "--push")),
    )
    assert held.code == 0, held.err
    order = [str(commit.summary).partition(": ")[2].split()[0] for commit in team.server.commits("main")[::-1][1:]]
    if bumped.code == 0:
        assert order == ["bump", "hold"]
    else:
        assert (bumped.code, order) == (1, ["hold"])
        assert "web(production) is held" in bumped.err


def test_two_who_hold_at_once(team: Team) -> None:
    results = all_at_once_of(
        (team.mine, ("hold", *HELD, "--reason", "mine", "--push")),
        (team.theirs, ("hold", *HELD, "--reason", "theirs", "--push")),
    )
    assert sorted(result.code for result in results) == [0, 5]
    assert len(team.server.commits("main")) == 2


def test_many_commands_at_once_on_one_branch(tmp_path: Path, env: dict[str, str]) -> None:
    apps = [f"app{number}" for number in range(4)]
    first = Checkout.create(tmp_path / "first", env, shop.files(*apps))
    first.commit({shop.overlay_path(app): shop.overlay(app, "v2") for app in apps}, "v2")
    server = bare(tmp_path / "server.git", first)
    commands = [
        ("promote", "app0"),
        ("promote", "app0", "app1"),
        ("promote", "app2"),
        ("hold", "app2", "--env", "production", "--reason", "stop"),
        ("rollback", "app3", "--env", "staging", "--no-hold"),
        ("freeze", "--env", "staging", "--reason", "stop"),
    ]
    people = [server.clone(tmp_path / f"clone{number}") for number in range(len(commands))]
    results = all_at_once_of(
        *((mine, (*command, "--push", "--timeout=600")) for mine, command in zip(people, commands, strict=True))
    )

    codes = [result.code for result in results]
    assert [*codes[:2], codes[3], codes[5]] == [0] * 4, results
    subjects = [str(commit.summary) for commit in server.commits("main")[::-1][2:]]
    actions = [subject.partition(": ")[2].split()[0] for subject in subjects if ": " in subject]
    after = {app: server.git("show", f"main:{shop.overlay_path(app, 'production')}") + "\n" for app in apps}
    assert [after[app] for app in apps[:2]] == [shop.overlay(app, "v2") for app in apps[:2]]
    # Whoever came behind a hold or a freeze was refused.
    assert codes[2] == (0 if after["app2"] == shop.overlay("app2", "v2") else 1)
    assert codes[4] == (0 if "rollback" in actions else 1)
    if codes[4] == 0:
        assert actions.index("rollback") < actions.index("freeze")
    assert [len(commit.parents) for commit in server.commits("main")[:-1]] == [1] * (len(subjects) + 1)
    server.git("fsck", "--no-dangling", "--strict")
    for mine in people:
        assert mine.git("status", "--porcelain") == ""
