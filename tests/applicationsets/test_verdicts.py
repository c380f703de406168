"""Templates, generators and patterns answer as Argo CD itself does.

The files hold the answers of Argo CD 3.6.1's own code to questions written for them: `templates.jsonl` of
applicationset/utils (Render.Replace), `expansions.jsonl` of applicationset/controllers/template (GenerateApplications,
with the generators of applicationset/generators over a git repository and a list of clusters), both built with Go 1.26;
`paths.jsonl` of Go's `path.Match`. An error counts as one whatever its words.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from gitops_tool.applicationsets.globs import path_match
from gitops_tool.applicationsets.gotemplate import TemplateError, UnsupportedError, from_json
from gitops_tool.applicationsets.substitution import Substitution
from gitops_tool.config import Cluster

from .expanding import expansion


def lines(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    first, *others = map(json.loads, Path(__file__).with_name(name).read_text().splitlines())
    return first, others


PARAMETERS, TEMPLATES = lines("templates.jsonl")
WORLD, EXPANSIONS = lines("expansions.jsonl")
OWN_RULES = ("is left in what", "is not a name for an Application", "two Applications are named", "has no name")
"""What `expand` objects to and Argo CD's generators do not: the API server does, or nobody."""


def answer(case: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a template becomes; None where the interpreter does not know."""
    parameters = copy.deepcopy(PARAMETERS[case["parameters"]])
    try:
        text = Substitution(case["go"], tuple(case.get("options", []))).text(
            case["template"], from_json(parameters) if case["go"] else parameters
        )
    except TemplateError:
        return {"error": case.get("error", "none")}
    except UnsupportedError:
        return None
    return {"text": text}


def test_templates_become_what_argo_cd_makes_of_them() -> None:
    wrong = [
        (case, found)
        for case in TEMPLATES
        if (found := answer(case)) and found != {key: case[key] for key in ("text", "error") if key in case}
    ]
    assert wrong == []


def test_few_templates_are_outside_the_subset() -> None:
    unknown = [case["template"] for case in TEMPLATES if answer(case) is None]
    assert len(TEMPLATES) > 500
    assert unknown == [
        "{{ call .name }}",
        '{{ html "<a>" }}',
        '{{ template "x" }}',
        '{{ define "x" }}a{{ end }}',
        '{{ regexMatch "^P" .name }}',
        "{{ chunk 2 .list }}",
    ]


def normal(value: Any) -> Any:
    """Return a manifest without what Go's types leave out or add: empty values, and whole floats."""
    if isinstance(value, dict):
        items = {key: normal(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item not in ({}, [], None, "", False)}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def manifests(case: dict[str, Any]) -> list[dict[str, Any]] | str:
    body = {"metadata": {"name": "s", "namespace": "argocd"}, "spec": case["spec"]}
    clusters = [Cluster(**cluster) for cluster in WORLD["clusters"][case["clusters"]]]
    found = expansion(copy.deepcopy(body), WORLD["files"], clusters=clusters)
    if any(not any(words in problem.message for words in OWN_RULES) for problem in found.problems):
        return "error"
    made = [normal(item.manifest) for item in found.applications]
    return [{key: item[key] for key in ("metadata", "spec")} for item in made]


def ordered(found: list[dict[str, Any]] | str) -> list[str] | str:
    """Return manifests in an order of their own: Argo CD's is that of Go's maps."""
    return found if isinstance(found, str) else sorted(json.dumps(item, sort_keys=True) for item in found)


def test_application_sets_expand_as_in_argo_cd() -> None:
    assert len(EXPANSIONS) > 300
    wrong = []
    for case in EXPANSIONS:
        found = manifests(case)
        expected = "error" if "error" in case else [normal(item) for item in case["applications"]]
        if isinstance(found, list) and isinstance(expected, list):
            found, expected = (
                sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) for items in (found, expected)
            )
        if found != expected:
            wrong.append((case["spec"], found, expected))
    assert wrong == []


@pytest.mark.parametrize("matches", [True, False])
def test_directories_match_as_in_go(matches: bool) -> None:
    first, others = lines("paths.jsonl")
    cases = [case for case in (first, *others) if case["matches"] is matches]
    assert len(cases) == 150
    assert [case for case in cases if bool(path_match(case["pattern"]).fullmatch(case["path"])) is not matches] == []
