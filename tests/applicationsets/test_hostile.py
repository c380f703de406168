"""Hostile ApplicationSets end soon: with a fault, or with the reason why they are not checked."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gitops_tool.applicationsets import expand
from gitops_tool.applicationsets.globs import path_match, pathspec
from gitops_tool.applicationsets.gotemplate import UnsupportedError, render
from gitops_tool.config import Settings
from gitops_tool.tree import DirTree

from .expanding import GO, application_set, expansion

LIST = "[{list: {elements: [{name: a, path: {path: p}}]}}]"


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    before = time.process_time()
    yield
    assert time.process_time() - before < 15


def of(count: int) -> str:
    elements = ", ".join(f"{{k{count}: v{number}}}" for number in range(count))
    return f"{{list: {{elements: [{elements}]}}}}"


def test_a_product_of_many_elements_is_bounded() -> None:
    body = application_set(f"[{{matrix: {{generators: [{of(300)}, {of(301)}]}}}}]")
    found = expansion(body)
    assert [item.reason for item in found.unchecked] == ["it gives more than 10000 sets of parameters"]
    assert found.applications == ()


def test_many_applications_of_a_large_template_are_bounded() -> None:
    labels = ", ".join(f"l{number}: '{{{{.k9000}}}}'" for number in range(300))
    found = expansion(application_set(f"[{of(9000)}]", GO.replace("{name:", f"{{labels: {{{labels}}}, name:")))
    assert [item.reason for item in found.unchecked] == ["templates that take too long"]


@pytest.mark.parametrize(
    ("template", "what"),
    [
        ("{{ range until 2000000 }}x{{ end }}", "more than 1000000 characters or items"),
        ("{{ range 2000000 }}{{ end }}", "templates that take too long"),
        ("{{ range until 9999 }}{{ range until 9999 }}{{ end }}{{ end }}", "templates that take too long"),
        ('{{ repeat 100000000 "x" }}', "more than 1000000 characters or items"),
        ('{{ $x := "xxxxxxxxxx" }}{{ range until 60 }}{{ $x = cat $x $x }}{{ end }}', "templates that take too long"),
        ('{{ range until 100 }}{{ repeat 900000 "x" }}{{ end }}', "templates that write too much"),
        ('{{ printf "%99999999d" 1 }}', '"%99999999d" in printf'),
        ('{{ indent 999999999 "x" }}', "more than 1000000 characters or items"),
        ("{{" + "(" * 5000 + ".a" + ")" * 5000 + "}}", "nested deeper than 40 levels"),
        ("{{ if .a }}" * 5000 + "{{ end }}" * 5000, "nested deeper than 40 levels"),
        ('{{ fromYaml (printf "a: %s1%s" (repeat 500 "[") (repeat 500 "]")) }}', "nested deeper than 60 levels"),
    ],
)
def test_a_templates_work_is_bounded(template: str, what: str) -> None:
    with pytest.raises(UnsupportedError, match=what):
        render(template, {"a": "b"})


def test_a_template_cannot_call_itself_for_ever() -> None:
    body = application_set(
        '[{list: {elements: [{name: "{{ tpl .name . }}", path: {path: p}}]}}]',
        GO.replace("{{.name}}", "{{ tpl .name . }}"),
    )
    assert [item.message.rpartition(": ")[2] for item in expansion(body).problems] == [
        "maximum recursion depth 3 exceeded in tpl function"
    ]


def test_a_map_that_holds_itself_is_not_walked() -> None:
    with pytest.raises(UnsupportedError, match="a map that holds itself"):
        render('{{ $d := dict "a" 1 }}{{ $d = set $d "d" $d }}{{ $d }}', {})


def test_deep_values_are_not_walked() -> None:
    deep: object = "x"
    for _ in range(900):
        deep = {"k": deep}
    body = application_set(LIST)
    body["spec"]["template"]["spec"]["source"] = {"helm": {"valuesObject": deep}}
    assert [item.reason for item in expansion(body).unchecked] == ["values nested deeper than 60 levels"]


@pytest.mark.parametrize("pattern", ["*a" * 40 + "b", "**/" * 40 + "x", "[!a]*" * 40 + "z", "?*" * 40 + "!"])
def test_no_pattern_takes_long(pattern: str) -> None:
    path = "a/" * 200 + "a" * 200
    assert not path_match(pattern).fullmatch(path)
    assert not pathspec(pattern).fullmatch(path)


DOUBLED = "".join(f"b{n + 1}: &b{n + 1} [*b{n}, *b{n}]\n" for n in range(30))
BOMB = f"a: &b0 [x, x]\n{DOUBLED}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (BOMB, "aliases expand to more than"),
        ("[" * 5000, "nested deeper than"),
        ("name: \x00\n", "cannot be read"),
    ],
    ids=["aliases", "depth", "control"],
)
def test_a_hostile_parameter_file_is_a_fault(content: str, message: str) -> None:
    found = expansion(application_set("[{git: {files: [{path: x.yaml}]}}]"), {"x.yaml": content})
    (fault,) = found.problems
    assert fault.message.startswith('"x.yaml" cannot be read: x.yaml')
    assert message in fault.message


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root.parent / "secret.yaml").write_text("name: secret\n")
    (root / "x.yaml").symlink_to("../secret.yaml")
    found = expand(application_set("[{git: {files: [{path: x.yaml}]}}]"), DirTree(root), Settings())
    assert [item.message for item in found.problems] == [
        '"x.yaml" cannot be read: x.yaml: "x.yaml" leads out of the repository'
    ]


@pytest.mark.parametrize(
    "spec",
    [
        None,
        [],
        "x",
        {},
        {"generators": "x"},
        {"generators": [None, 1, "x", {"list": "x"}, {"git": None}]},
        {"template": []},
    ],
)
def test_an_application_set_of_the_wrong_shape_is_no_bug(spec: object) -> None:
    found = expansion({"spec": spec, "metadata": "x"})
    assert found.applications == ()
