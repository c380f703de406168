"""Every format: the bytes that are expected, and what its consumers published about it."""

from __future__ import annotations

import json
import re
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from gitops_tool.model import Finding, Location, Overlay, ResourceId, Severity
from gitops_tool.output.github import result_github
from gitops_tool.output.gitlab import result_gitlab
from gitops_tool.output.junit import result_junit
from gitops_tool.output.sarif import result_sarif
from gitops_tool.output.tap import result_tap
from gitops_tool.output.text import result_text
from gitops_tool.validate import CheckedObject, Report
from gitops_tool.validate.run import Result

from . import golden, tap13
from .shop import RULES, Ran, files, gitops, write
from .xsd import Schema

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = Path(__file__).parent / "published"
ERRORS = ["schema", "selector-mismatch", "invalid-port-name"]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("shop"), files())


def report(shop: Path, name: str) -> Ran:
    return gitops(shop, "validate", "--select", RULES, "--output", name)


@pytest.mark.parametrize("name", golden.FILES)
def test_the_report_is_as_expected(shop: Path, name: str) -> None:
    done = report(shop, name)
    assert (done.code, done.err) == (1, "")
    assert golden.stable(name, done.out) == (golden.FOLDER / golden.FILES[name]).read_text("utf-8")


def test_both_engines_give_the_same_report(shop: Path) -> None:
    options = ("validate", "--select", RULES, "--output", "gitlab", "--engine")
    assert gitops(shop, *options, "kubeconform") == gitops(shop, *options, "embedded")


def sarif_violations(text: str) -> list[str]:
    schema = json.loads((PUBLISHED / "sarif-2.1.0-rtm.5.json").read_text())
    validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
    return [error.message for error in validator.iter_errors(json.loads(text))]


def junit_violations(text: str) -> list[str]:
    return Schema(PUBLISHED / "junit-4.xsd").violations(ET.fromstring(text))


def gitlab_violations(text: str) -> list[str]:
    """Judge by the documentation: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format."""
    entries = json.loads(text)
    prints = [entry["fingerprint"] for entry in entries]
    found = ["a fingerprint is there twice"] if len(set(prints)) < len(prints) else []
    for entry in entries:
        path, begin = entry["location"]["path"], entry["location"]["lines"]["begin"]
        good = entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        good = good and isinstance(begin, int) and begin >= 1 and not path.startswith(("./", "/"))
        good = good and all(isinstance(entry[key], str) and entry[key] for key in ("description", "check_name"))
        found += [] if good else [str(entry)]
    return found


def test_sarif_is_valid_and_names_each_mistake_once(shop: Path) -> None:
    text = report(shop, "sarif").out
    assert sarif_violations(text) == []
    (run,) = json.loads(text)["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["render", "schema-missing", *ERRORS]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_junit_is_valid_and_its_names_are_unique(shop: Path) -> None:
    text = report(shop, "junit").out
    assert junit_violations(text) == []
    for suite in ET.fromstring(text):
        names = [case.attrib["name"] for case in suite]
        assert len(set(names)) == len(names) == int(suite.attrib["tests"])
        assert len(suite.findall("testcase/failure")) == int(suite.attrib["failures"])
        assert len(suite.findall("testcase/skipped")) == int(suite.attrib["skipped"])


def test_code_quality_is_what_gitlab_documents(shop: Path) -> None:
    text = report(shop, "gitlab").out
    assert gitlab_violations(text) == []
    assert [entry["check_name"] for entry in json.loads(text)] == ["render", "schema-missing", *ERRORS]


def test_tap_is_valid_and_its_details_are_yaml(shop: Path) -> None:
    points = tap13.read(report(shop, "tap").out)
    assert [point.ok for point in points] == [False, True, True, *[False] * 6]
    assert [point.skipped for point in points if point.ok] == [None, "no schema"]
    assert [point.details[0]["rule"] for point in points if not point.ok] == ["render", *ERRORS, *ERRORS]


def test_workflow_commands_have_the_form_that_github_reads(shop: Path) -> None:
    for line in report(shop, "github").out.splitlines():
        assert re.fullmatch(r"::(error|warning) file=[^,:]+(,line=\d+,col=\d+)?,title=[a-z-]+::.+", line)


def test_json_follows_its_schema(shop: Path) -> None:
    schema = json.loads((ROOT / "schemas/output/validate.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = json.loads(report(shop, "json").out)
    jsonschema.Draft202012Validator(schema).validate(document)
    prints = {f["fingerprint"] for overlay in document["overlays"] for f in overlay["findings"]}
    assert len(prints) == document["summary"]["findings"]["error"] + document["summary"]["findings"]["warning"] == 5


def test_a_schema_can_fail() -> None:
    assert junit_violations('<testsuites><testsuite tests="1"/></testsuites>') == ["testsuite has no attribute name"]
    assert junit_violations('<testcase name="a"><failure/><skipped/></testcase>') == [
        "testcase has skipped where it may not be"
    ]
    assert sarif_violations('{"version": "2.1.0"}') == ["'runs' is a required property"]


NASTY = 'a "b" <c> & ]]> %0A,:# ::error::\n\x1b[31m\x07 \ud800 \U0001f600'


def nasty() -> Result:
    """Return a result whose texts hold what each format must escape."""
    path = PurePosixPath("apps/" + NASTY.replace("\ud800", "\udcff") + "/a b.yaml")  # a byte that is not UTF-8
    resource = ResourceId("apps", "v1", "Deployment", "", NASTY)
    findings = (
        Finding("schema", Severity.ERROR, NASTY, Location(path, 3, 5), resource, NASTY),
        Finding("schema", Severity.ERROR, NASTY, Location(path, 9, 5), resource),
        Finding("schema", Severity.WARNING, NASTY, Location(path), None, NASTY),
    )
    overlay = Overlay("web", NASTY, path.parent)
    return Result((Report(overlay, findings, (CheckedObject(resource),)),), kustomize="5.8.1")


def test_no_text_breaks_out_of_its_format() -> None:
    encoded = result_sarif(nasty()).encode("utf-8", "replace").decode()
    assert sarif_violations(encoded) == []
    assert gitlab_violations(result_gitlab(nasty())) == []
    assert junit_violations(result_junit(nasty())) == []
    names = [case.attrib["name"] for case in ET.fromstring(result_junit(nasty())).iter("testcase")]
    assert len(names) == len(set(names)) == 2
    assert [point.ok for point in tap13.read(result_tap(nasty()))] == [False, False]
    assert len(result_github(nasty()).splitlines()) == 3
    assert all(line.startswith(("::error ", "::warning ")) for line in result_github(nasty()).splitlines())
    assert not set(result_text(nasty(), {})) & {"\x1b", "\x07"}


def test_nothing_found_is_a_valid_report_in_every_format() -> None:
    empty = Result((), kustomize="5.8.1")
    assert result_gitlab(empty) == "[]\n"
    assert result_github(empty) == ""
    assert sarif_violations(result_sarif(empty)) == []
    assert junit_violations(result_junit(empty)) == []
    assert tap13.read(result_tap(empty)) == []
    assert result_text(empty, {}).splitlines()[1:] == [
        "0 overlays, 0 objects: 0 valid, 0 invalid, 0 skipped",
        "no findings",
    ]


def test_the_value_of_a_secret_is_in_no_report(tmp_path: Path) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: hunter2!\n"
    write(tmp_path, {"db/secret.yaml": secret})
    for name in golden.FILES:
        done = gitops(tmp_path, "validate", "db", "--select", "invalid-base64", "--output", name)
        assert done.code == 1
        assert "invalid-base64" in done.out
        assert "hunter2" not in done.out + done.err
    assert "6 |   password: ***\n" in gitops(tmp_path, "validate", "db", "--select", "invalid-base64").out
