"""Templates: filled in a sandbox, held to YAML, blamed at their line."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from gitops_tool.errors import TemplateError
from gitops_tool.templating import Templates, as_yaml, built_in, templates_in

from .trees import tree_of

PATH = PurePosixPath("base/a.yaml")


def templates(text: str, **others: str) -> Templates:
    texts = {PurePosixPath("base/a.yaml.j2"): text} | {PurePosixPath(name): other for name, other in others.items()}
    return Templates(PurePosixPath("templates/app"), texts)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("web", "web"),
        ("on", '"on"'),
        ("null", '"null"'),
        ("1e3", '"1e3"'),
        ("a: b", '"a: b"'),
        ('"', '"\\""'),
        ("{{ x }}", '"{{ x }}"'),
        ("line\nbreak", '"line\\nbreak"'),
        ("", '""'),
        (8080, "8080"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_the_filter_writes_a_scalar(value: object, text: str) -> None:
    assert as_yaml(value) == text
    assert templates("a: {{ value | yaml }}\n").fill(PATH, {"value": value}) == f"a: {text}\n".encode()


def test_blocks_leave_no_lines_and_nothing_is_no_file() -> None:
    text = "{% if a %}\na: 1\n  {% for b in a %}\n  {# no trace #}\nb: {{ b }}\n  {% endfor %}\n{% endif %}\n"
    assert templates(text).fill(PATH, {"a": [2]}) == b"a: 1\nb: 2\n"
    assert templates(text).fill(PATH, {"a": []}) is None


def test_a_file_without_the_suffix_is_taken_as_it_is() -> None:
    own = Templates(PurePosixPath("t"), {PurePosixPath("base/run.sh"): "echo {{ x }}\n"})
    assert own.fill(PurePosixPath("base/run.sh"), {}) == b"echo {{ x }}\n"
    assert list(own.below("base")) == [PurePosixPath("base/run.sh")]


REFUSED = {
    "an unknown value": ("a: 1\nb: {{ nmae }}\n", ":2: 'nmae' is undefined", 'did you mean "name"?'),
    "a syntax error": ("a: 1\n{% if %}\n", ":2: Expected an expression, got 'end of statement block'", None),
    "Python's insides": ("a: {{ ''.__class__ }}\n", ":1: access to attribute '__class__' of 'str' object", None),
    "a change of a value": ("{{ names.append(1) }}\n", ":1: access to attribute 'append' of 'list' object", None),
    "a file of the machine": ("{% include '/etc/passwd' %}\n", ":1: /etc/passwd", None),
    "no functions": ("{{ range(3) }}\n", ":1: 'range' is undefined", None),
    "a division by zero": ("a: {{ 1 // 0 }}\n", ":1: integer division or modulo by zero", None),
    "a list as a scalar": ("a: {{ names | yaml }}\n", ":1: the filter yaml takes a text or a number, not list", None),
    "no YAML": ("a: {{ name }}: b\n", ": what the template makes is not YAML", "quote values"),
}


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_filled_is_refused_at_its_line(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(TemplateError) as refused:
        templates(text).fill(PATH, {"name": "web", "names": []})
    assert str(refused.value).startswith(f"templates/app/base/a.yaml.j2{message}")
    assert hint is None or (refused.value.hint or "").startswith(hint)


def test_an_error_in_an_included_template_names_that_one() -> None:
    own = templates("{% include 'base/b.j2' %}\n", **{"base/b.j2": "\n{{ nothing }}\n"})
    with pytest.raises(TemplateError, match=r"^templates/app/base/b.j2:2: 'nothing' is undefined$"):
        own.fill(PATH, {})


def test_the_repositorys_own_templates() -> None:
    tree = tree_of({"templates/app/base/a.yaml.j2": b"\xef\xbb\xbfa: {{ a }}\n", "templates/app/x": b"\xff"})
    with pytest.raises(TemplateError, match="templates/app/x: the template is not text in UTF-8"):
        templates_in(tree, PurePosixPath("templates/app"))
    with pytest.raises(TemplateError, match='there is no folder "templates/web" with templates'):
        templates_in(tree, PurePosixPath("templates/web"))


def test_the_tools_own_templates_are_there() -> None:
    assert {str(path) for path in built_in("app").below("base")} >= {"base/deployment.yaml", "base/kustomization.yaml"}
