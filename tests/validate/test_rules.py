"""What is said about the rules: `gitops rules`, `gitops explain`, docs/rules.md, the pre-commit hook."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from gitops_tool.rules import all_rules, own_drift_rules
from gitops_tool.validate.built_in import built_in, descriptions, rule_ids

from .shop import CONFIG, gitops, kustomization, write

ROOT = Path(__file__).resolve().parents[2]


def schema(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads((ROOT / f"schemas/output/{name}.schema.json").read_text())
    return loaded


def test_every_rule_is_described_once() -> None:
    ids = [one.id for one in descriptions()]
    assert sorted(ids) == sorted({*ids}) == sorted(rule_ids())
    rules = (*all_rules(), *own_drift_rules())
    assert {rule.id for rule in rules} | {one.id for one in built_in()} == {*ids}


@pytest.mark.parametrize("one", descriptions(), ids=lambda one: one.id)
def test_a_description_has_all_its_parts(one: object) -> None:
    parts = {name: getattr(one, name) for name in ("summary", "bad", "good", "source")}
    assert [name for name, text in parts.items() if not text] == []
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.id)  # type: ignore[attr-defined]


def test_the_page_of_rules_is_up_to_date() -> None:
    script = ROOT / "scripts/generate_rules.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_link_of_the_page_leads_to_a_rule() -> None:
    page = (ROOT / "docs/rules.md").read_text("utf-8")
    links = re.findall(r"^\| \[`[a-z0-9-]+`\]\(#([a-z0-9-]+)\)", page, re.MULTILINE)
    assert links == re.findall(r"^### ([a-z0-9-]+)$", page, re.MULTILINE) == [one.id for one in descriptions()]


def test_rules_are_listed_by_family(tmp_path: Path) -> None:
    done = gitops(tmp_path, "rules")
    assert (done.code, done.err) == (0, "")
    listed = [line.split()[1] for line in done.out.splitlines() if line.startswith("  ")]
    assert listed == [one.id for one in descriptions()]
    schemas = gitops(tmp_path, "rules", "--family", "schema").out
    assert [line.split()[:2] for line in schemas.splitlines()[1:]] == [
        ["error", "schema"],
        ["warning", "schema-missing"],
    ]


def test_the_list_as_json_follows_its_schema(tmp_path: Path) -> None:
    document = json.loads(gitops(tmp_path, "rules", "--output", "json").out)
    jsonschema.validate(document, schema("rules"))
    assert [rule["id"] for rule in document["rules"]] == [one.id for one in descriptions()]


def test_a_rule_is_explained(tmp_path: Path) -> None:
    done = gitops(tmp_path, "explain", "schema-missing")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[:3] == ["schema-missing (warning, schema)", "", "There is no schema for an object's kind."]
    assert lines[lines.index("bad:") + 2 : lines.index("bad:") + 4] == [
        "    apiVersion: policy/v1beta1",
        "    kind: PodDisruptionBudget",
    ]
    assert lines[-1] == "source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/"


def test_an_explanation_as_json_follows_its_schema(tmp_path: Path) -> None:
    document = json.loads(gitops(tmp_path, "explain", "selector-mismatch", "--output", "json").out)
    jsonschema.validate(document, schema("explain"))
    assert yaml.safe_load(document["bad"])["kind"] == yaml.safe_load(document["good"])["kind"] == "Deployment"


def test_an_unknown_rule_gets_a_suggestion(tmp_path: Path) -> None:
    done = gitops(tmp_path, "explain", "selector-mismach")
    assert (done.code, done.out) == (2, "")
    assert done.err == 'error: there is no rule "selector-mismach"\nhint: did you mean "selector-mismatch"?\n'


def examples() -> list[tuple[str, str, str]]:
    return [(one.id, one.bad, one.good) for one in built_in() if one.id in {"schema", "schema-missing"}]


@pytest.mark.parametrize(("rule", "bad", "good"), examples())
def test_the_examples_about_schemas_are_true(tmp_path: Path, rule: str, bad: str, good: str) -> None:
    write(tmp_path, {"bad/a.yaml": bad, "good/a.yaml": good})
    options = ("--select", "schema", "--output", "gitlab")
    assert [entry["check_name"] for entry in json.loads(gitops(tmp_path, "validate", "bad", *options).out)] == [rule]
    assert gitops(tmp_path, "validate", "good", *options).out == "[]\n"


def example(rule: str, part: str) -> str:
    text: str = next(getattr(one, part) for one in built_in() if one.id == rule)
    return text


@pytest.mark.parametrize("rule", ["render", "remote-base", "empty-render"])
def test_the_examples_about_renders_are_true(tmp_path: Path, rule: str) -> None:
    crds = {"vendor/argo-cd/crds/kustomization.yaml": kustomization("a.yaml"), "vendor/argo-cd/crds/a.yaml": CONFIG}
    for part in ("bad", "good"):
        write(
            tmp_path, {f"apps/{part}/kustomization.yaml": example(rule, part), f"apps/{part}/deployment.yaml": CONFIG}
        )
    write(tmp_path, crds)
    options = ("--select", "render,remote-base,empty-render", "--output", "gitlab")
    assert [e["check_name"] for e in json.loads(gitops(tmp_path, "validate", "apps/bad", *options).out)] == [rule]
    assert gitops(tmp_path, "validate", "apps/good", *options).out == "[]\n"


def test_the_examples_about_unknown_rules_are_true(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: tool\nspec:\n"
    for part in ("bad", "good"):
        inner = "".join(f"  {line}\n" for line in example("unknown-rule", part).splitlines())
        write(tmp_path, {f"{part}/pod.yaml": pod + inner})
    options = ("--select", "unknown-rule", "--output", "gitlab")
    (found,) = json.loads(gitops(tmp_path, "validate", "bad", *options).out)
    assert (found["check_name"], found["location"]["lines"]) == ("unknown-rule", {"begin": 8})
    assert gitops(tmp_path, "validate", "good", *options).out == "[]\n"


def test_the_pre_commit_hook_runs_a_command_that_exists(repository: object) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= {*hook}
    assert hook["pass_filenames"] is False
    folder: Path = repository({"app/a.yaml": CONFIG}).path  # type: ignore[operator]
    program, *args = hook["entry"].split()
    assert program == "gitops"
    assert gitops(folder, *args).code == 0
    write(folder, {"app/a.yaml": CONFIG.replace("  mode: fast", "  mode: [fast]")})
    assert gitops(folder, *args).code == 1
