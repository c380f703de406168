"""What Argo CD refuses is found, with its place in the ApplicationSet."""

from __future__ import annotations

from typing import Any

import pytest

from gitops_tool.applicationsets import Fault

from .expanding import GO, application_set, expansion

LIST = "[{list: {elements: [{name: web, path: {path: p}}]}}]"
NAMES = "lower-case letters, digits, - and . only; see the function normalize"
NAME = ("spec", "template", "metadata", "name")


def only(body: dict[str, Any], files: dict[str, str] | None = None) -> Fault:
    """Return the one problem of an ApplicationSet."""
    found = expansion(body, files, clusters=())
    assert found.unchecked == ()
    (fault,) = found.problems
    return fault


@pytest.mark.parametrize(
    ("name", "reason", "hint"),
    [
        ("{{.nme}}", 'map has no entry for key "nme"', 'did you mean "name"?'),
        ("{{.path.q}}", 'map has no entry for key "q"', "parameters here: name, path"),
        ("{{.name", "unclosed action", None),
        ("{{.name | uper}}", 'function "uper" not defined', None),
        ("{{env .name}}", 'function "env" not defined', None),
    ],
)
def test_a_template_that_cannot_be_filled_in(name: str, reason: str, hint: str | None) -> None:
    body = application_set(LIST, GO.replace("{{.name}}", name), goTemplateOptions=["missingkey=error"])
    assert only(body) == Fault(f'"{name}" cannot be filled in for "web": {reason}', NAME, hint)


def test_a_name_that_the_api_server_refuses() -> None:
    body = application_set(LIST, GO.replace("{{.name}}", "My-{{.name}}"))
    assert only(body) == Fault('"My-web", made of "web", is not a name for an Application', NAME, NAMES)


def test_a_missing_parameter_is_found_without_the_option_too() -> None:
    fault = only(application_set("[{list: {elements: [{name: web}]}}]"))
    assert fault == Fault(
        '"<no value>" is left in what is made of "web": "<no value>"',
        ("spec", "template", "spec", "source", "path"),
        'parameters of "web": name',
    )


def test_a_misspelled_parameter_of_an_older_template() -> None:
    template = GO.replace("{{.name}}", "{{nam}}").replace("{{.path.path}}", "p")
    body = application_set("[{list: {elements: [{name: web}]}}]", template, goTemplate=False)
    assert [(item.pointer, item.hint) for item in expansion(body).problems] == [
        (NAME, "lower-case letters, digits, - and . only; see the function normalize")
    ]


def test_a_misspelled_parameter_of_a_path() -> None:
    template = GO.replace("{{.name}}", "{{name}}").replace("{{.path.path}}", "apps/{{nane}}")
    fault = only(application_set("[{list: {elements: [{name: web}]}}]", template, goTemplate=False))
    assert fault == Fault(
        '"{{nane}}" is left in what is made of "web": "apps/{{nane}}"',
        ("spec", "template", "spec", "source", "path"),
        'did you mean "name"?',
    )


def test_two_elements_of_one_name() -> None:
    body = application_set(
        "[{list: {elements: [{id: a, name: web, path: {path: p}}, {id: b, name: web, path: {path: q}}]}}]"
    )
    assert only(body) == Fault(
        'two Applications are named "web": of "a" and of "b"',
        NAME,
        "Argo CD refuses both; put more parameters into the name",
    )


def test_the_same_fault_of_many_elements_is_told_once() -> None:
    elements = ", ".join(f"{{id: n{number}}}" for number in range(50))
    body = application_set(
        f"[{{list: {{elements: [{elements}]}}}}]",
        GO.replace("{{.path.path}}", "p"),
        goTemplateOptions=["missingkey=error"],
    )
    assert only(body).message == '"{{.name}}" cannot be filled in for "n0": map has no entry for key "name"'


GENERATORS = ("spec", "generators", 0)
SELECTED = "[{list: {}, selector: {matchExpressions: [{key: a, operator: %s}]}}]"
REQUIREMENT = ("selector", "matchExpressions", 0)
FILES = {"text.yaml": "hello\n", "broken.yaml": "a: 1\na: 2\n"}
TWICE = "{list: {elements: [{k: x}, {k: x}]}}"


@pytest.mark.parametrize(
    ("generators", "message", "pointer"),
    [
        ("[{lists: {}}]", 'there is no generator "lists" here', ("lists",)),
        ("[{list: {elements: [web]}}]", "element 1 of the list is not a mapping", ("list", "elements", 0)),
        ("[{list: {elementsYaml: 'a: b'}}]", "elementsYaml is not a list of mappings", ("list", "elementsYaml")),
        ("[{git: {repoURL: u}}]", "the git generator has neither directories nor files", ("git",)),
        (
            "[{git: {files: [{path: ../x}]}}]",
            'git refuses a path: "../x" is outside the repository',
            ("git", "files"),
        ),
        (
            "[{git: {files: [{path: text.yaml}]}}]",
            '"text.yaml" holds neither a mapping nor a list of mappings',
            ("git", "files"),
        ),
        (
            "[{git: {files: [{path: broken.yaml}]}}]",
            '"broken.yaml" cannot be read: broken.yaml:2:1: the key "a" is written twice, first on line 1',
            ("git", "files"),
        ),
        ("[{matrix: {generators: [{list: {}}]}}]", "a matrix needs two generators, not 1", ("matrix",)),
        (
            "[{matrix: {generators: [{list: {elements: [{a: b}]}}, {}]}}]",
            "a generator inside another one is empty",
            ("matrix", "generators", 1),
        ),
        ("[{merge: {generators: [{list: {}}, {list: {}}]}}]", "a merge has no mergeKeys", ("merge",)),
        (
            f"[{{merge: {{mergeKeys: [k], generators: [{TWICE}, {{list: {{}}}}]}}}}]",
            'two sets of parameters of one generator are alike in the merge keys: {"k": "x"}',
            ("merge", "generators", 0),
        ),
        (SELECTED % "Is", '"Is" is not a valid selector operator', REQUIREMENT),
        (SELECTED % "In", 'the selector operator "In" needs values', REQUIREMENT),
        (
            "[{list: {}, selector: {matchLabels: {a b: c}}}]",
            '"a b" is not a valid label key',
            ("selector", "matchLabels", "a b"),
        ),
    ],
)
def test_a_generator_that_cannot_run(generators: str, message: str, pointer: tuple[str | int, ...]) -> None:
    fault = only(application_set(generators), FILES)
    assert (fault.message, fault.pointer) == (message, (*GENERATORS, *pointer))


def test_the_second_generator_of_a_matrix_is_not_run_for_nothing() -> None:
    assert expansion(application_set("[{matrix: {generators: [{list: {}}, {}]}}]")).problems == ()


def test_older_templates_take_texts_only() -> None:
    body = application_set("[{list: {elements: [{name: web, replicas: 3}]}}]", goTemplate=False)
    assert only(body) == Fault(
        'the parameter "replicas" is not a text',
        (*GENERATORS, "list", "elements", 0, "replicas"),
        "quote it, or set goTemplate: true",
    )


def test_the_two_generators_of_a_matrix_contradict_each_other() -> None:
    pair = "{list: {elements: [{name: a}]}}, {list: {elements: [{name: b}]}}"
    body = application_set(f"[{{matrix: {{generators: [{pair}]}}}}]", goTemplate=False)
    assert only(body).message == 'both generators of a matrix give "name", as "a" and as "b"'


def test_labels_that_argo_cd_panics_at() -> None:
    pair = "{list: {elements: [{values: {q: r}}]}}, {clusters: {values: {z: '1'}}}"
    body = application_set(f"[{{matrix: {{generators: [{pair}]}}}}]")
    assert only(body).message == (
        'the parameter "q" cannot be put among the labels, annotations or values of another generator'
    )


def test_an_unknown_option() -> None:
    body = application_set(LIST, goTemplateOptions=["missingkey=eror"])
    assert only(body) == Fault(
        'Go has no template option "missingkey=eror"',
        ("spec", "goTemplateOptions", 0),
        'did you mean "missingkey=error"?',
    )


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("- a", "the rendered templatePatch is not a mapping"),
        ("spec: null", "the rendered templatePatch leaves no spec"),
        ("{{ .nope.x }", '"{{ .nope.x }" cannot be filled in for "web": unexpected "}" in an action'),
    ],
)
def test_a_patch_that_cannot_be_laid_on(patch: str, message: str) -> None:
    fault = only(application_set(LIST, templatePatch=patch))
    assert (fault.message, fault.pointer) == (message, ("spec", "templatePatch"))
