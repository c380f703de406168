"""`gitops service init`: the files of an application's own repository, by the rules for such files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.e2e.world import PACKAGE_ROOT, Checkout, contents, environment

BASIC = ("--app", "web", "--image", "registry.example.org/team/web", "--manifests", "https://git.example.org/p/m.git")
FILES = [".dockerignore", ".gitlab-ci.yml", "Dockerfile", "docs", "docs/metrics.md"]


@pytest.fixture
def empty(tmp_path: Path) -> Checkout:
    (tmp_path / "service").mkdir()
    return Checkout(tmp_path / "service", environment(tmp_path / "home"))


def hadolint(path: Path) -> str:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "--no-color", path], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("language", ["node", "python"])
def test_the_dockerfile_keeps_the_rules(empty: Checkout, language: str) -> None:
    options = ("--language", language, "--port", "8080", "--metrics-port", "9090")
    result = empty.gitops("service", "init", *BASIC, *options)
    assert (result.code, result.err) == (0, "")
    assert list(contents(empty.folder)) == FILES
    assert hadolint(empty.folder / "Dockerfile") == ""
    text = empty.read("Dockerfile")
    assert "EXPOSE 8080 9090\n" in text
    assert "USER 1001:1001\n" in text
    assert 'ENTRYPOINT ["dumb-init", "--"]\n' in text
    assert "HEALTHCHECK" in text


def test_the_tools_own_dockerfile_keeps_them_too() -> None:
    assert hadolint(PACKAGE_ROOT / "Dockerfile") == ""


def test_the_pipeline_bumps_staging_at_once_and_production_by_hand(empty: Checkout) -> None:
    pairs = ("--staging", "trunk=test", "--production", "release/live=live")
    assert empty.gitops("service", "init", *BASIC, *pairs).code == 0
    pipeline = yaml.safe_load(empty.read(".gitlab-ci.yml"))
    assert pipeline["variables"]["GITOPS_REPO"] == "https://git.example.org/p/m.git"
    assert pipeline["bump:test"]["rules"] == [{"if": '$CI_COMMIT_BRANCH == "trunk"'}]
    assert pipeline["bump:test"]["script"] == ['gitops bump --env test --push -- "$APP" "$CI_COMMIT_SHA"']
    assert pipeline["bump:live"]["rules"] == [{"if": '$CI_COMMIT_BRANCH == "release/live"', "when": "manual"}]


def test_what_is_there_is_not_overwritten(empty: Checkout) -> None:
    empty.write({"Dockerfile": "FROM scratch\n", "docs/metrics.md": "mine\n"})
    before = contents(empty.folder)
    result = empty.gitops("service", "init", *BASIC)
    assert (result.code, result.out) == (3, "")
    assert 'error: "Dockerfile", "docs/metrics.md" would be overwritten; nothing was written\n' in result.err
    assert contents(empty.folder) == before


def test_the_json_is_that_of_every_change(empty: Checkout) -> None:
    schema = json.loads((PACKAGE_ROOT / "schemas/output/change.schema.json").read_text())
    for options, status in ((("--dry-run",), "planned"), ((), "written")):
        result = empty.gitops("service", "init", *BASIC, "--output", "json", *options)
        assert (result.code, result.err) == (0, "")
        document = json.loads(result.out)
        jsonschema.validate(document, schema)
        assert document["status"] == status
        assert [edit["path"] for edit in document["edits"]] == [
            "Dockerfile",
            ".dockerignore",
            ".gitlab-ci.yml",
            "docs/metrics.md",
        ]


def test_a_dry_run_shows_the_files(empty: Checkout) -> None:
    result = empty.gitops("service", "init", *BASIC, "--dry-run")
    assert result.code == 0
    assert "  +FROM node:24-alpine AS build\n" in result.out
    assert list(empty.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--app", "../x"), "--app is"),
        (("--app", "-x"), "--app is"),
        (("--app", "wéb"), "--app is"),
        (("--image", "r/x:1"), "--image takes a name without tag or digest"),
        (("--image", "R/X"), "R/X"),
        (("--manifests", "https://ci:secret@x.example.org/m.git"), "--manifests holds a password"),
        (("--staging", "develop"), '"develop" is not BRANCH=ENV'),
        (("--staging", 'a"b=staging'), "BRANCH is"),
        (("--port", "0"), "--port"),
    ],
)
def test_what_makes_no_sense_is_refused(empty: Checkout, args: tuple[str, ...], words: str) -> None:
    result = empty.gitops("service", "init", *BASIC, *args)
    assert (result.code, result.out) == (2, "")
    assert words in result.err
    assert "secret" not in result.err
    assert list(empty.folder.iterdir()) == []
